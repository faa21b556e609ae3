"""The last gate: nothing leaves cleaning that ``nh3`` has not let through."""

from __future__ import annotations

from functools import lru_cache
from html import escape
from secrets import token_hex

import nh3

from pipeline.stages.clean.vocabulary import ATTRIBUTES, BLOCKS, CLASSED, GLOBAL, INLINE, SCHEMES
from pipeline.stages.intake.tree import Element, Node, serialise

_TAGS = set(INLINE | BLOCKS | {"source", "track"})
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"*": set(GLOBAL), **{tag: set(allowed) for tag, allowed in ATTRIBUTES.items()}},
    allowed_classes={tag: set(classes) for tag, classes in CLASSED.items()},
    url_schemes=set(SCHEMES),
    link_rel=None,  # our own rel stands
    strip_comments=True,
)


_PIECE = 1_000
"""Characters of text that the gate is given at a time: writing a text takes it the square of its length when there is
much to escape (2 MB of no-break spaces: 179 s)."""


def passed(nodes: list[Node]) -> str:
    """``nodes`` as HTML, with only what the vocabulary allows, as an HTML5 parser understands it.

    Long texts are cut by marks that nobody can foresee, and that go again: between two pieces of escaped text stands
    nothing but text.
    """
    mark = Element("wbr", {"id": f"cut-{token_hex(16)}"})
    html = _CLEANER.clean(serialise(_cut(nodes, mark)))
    return html.replace(serialise([mark]), "")


def _cut(nodes: list[Node], mark: Element) -> list[Node]:
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, Element):
            result.append(Element(node.tag, node.attrs, _cut(node.children, mark)))
            continue
        result.append(node[:_PIECE])
        for start in range(_PIECE, len(node), _PIECE):
            result += [mark, node[start : start + _PIECE]]
    return result


@lru_cache(maxsize=4096)
def admits(address: str) -> bool:
    """Whether the gate lets this address through in a link, so that no link loses it there."""
    return "href=" in _CLEANER.clean(f'<a href="{escape(address)}">x</a>')
