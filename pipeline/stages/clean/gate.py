"""The last gate: nothing leaves cleaning that ``nh3`` has not let through."""

from __future__ import annotations

from functools import lru_cache
from html import escape

import nh3

from pipeline.stages.clean.vocabulary import ATTRIBUTES, BLOCKS, CLASSED, GLOBAL, INLINE, SCHEMES

_TAGS = set(INLINE | BLOCKS | {"source", "track"})
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes={"*": set(GLOBAL), **{tag: set(allowed) for tag, allowed in ATTRIBUTES.items()}},
    allowed_classes={tag: set(classes) for tag, classes in CLASSED.items()},
    url_schemes=set(SCHEMES),
    link_rel=None,  # our own rel stands
    strip_comments=True,
)


def passed(html: str) -> str:
    """``html`` with only what the vocabulary allows, as an HTML5 parser understands it."""
    return _CLEANER.clean(html)


@lru_cache(maxsize=4096)
def admits(address: str) -> bool:
    """Whether the gate lets this address through in a link, so that no link loses it there."""
    return "href=" in _CLEANER.clean(f'<a href="{escape(address)}">x</a>')
