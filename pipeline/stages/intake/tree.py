"""A light tree of HTML, for stages that rebuild markup instead of changing it in place.

BeautifulSoup (with lxml) parses; its tree is copied once into :class:`Element`. Taking a BeautifulSoup tree apart costs
a search through the siblings for every ``unwrap`` or ``extract`` (20,000 nested tags take 53 s); building new lists of
children costs nothing of the kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import escape

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from pipeline.stages.intake.text import characters, collapse


def names(text: str) -> frozenset[str]:
    """The words in ``text``."""
    return frozenset(text.split())


MAX_DEPTH = 256
"""How deep elements may be nested: the walks over a tree use the interpreter's stack, about two frames a level."""

VOID = names("area base basefont bgsound br col embed frame hr image img input keygen link meta param source track wbr")
"""Elements that have no end tag."""

BREAKING = names(
    "address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre search "
    "section summary table tbody td tfoot th thead tr ul"
)
"""Elements at whose borders a reader sees words end."""

UNSEEN = names("head script style template noscript title textarea select iframe video audio object svg math")
"""Elements whose text a reader doesn't see as text."""


class TooDeepError(ValueError):
    """Elements are nested deeper than allowed."""


@dataclass(slots=True)
class Element:
    """One element: its lower-case name, its attributes, and its children in order."""

    tag: str
    attrs: dict[str, str] = field(default_factory=dict)
    children: list[Node] = field(default_factory=list)


Node = Element | str


def parse(text: str, max_depth: int = MAX_DEPTH) -> Element:
    """The tree of a page or fragment; comments, declarations and processing instructions are left out.

    The caller has bounded bytes and elements before (see ``intake.bounds``).

    Raises:
        TooDeepError: elements are nested deeper than ``max_depth``.
    """
    # With a doctype in front, BeautifulSoup takes the text neither for a file name nor for XML, and warns of neither.
    soup = BeautifulSoup(f"<!doctype html>{text}", "lxml", multi_valued_attributes=None)
    root = Element("html")
    waiting: list[tuple[Tag, Element, int]] = [(soup, root, 0)]
    while waiting:
        source, target, depth = waiting.pop()
        if depth > max_depth + 2:  # html and body come on top
            raise TooDeepError
        for child in _children(source):
            if isinstance(child, Tag):
                attrs = {name.lower(): characters(str(value)) for name, value in child.attrs.items()}
                element = Element(child.name.lower(), attrs)
                target.children.append(element)
                waiting.append((child, element, depth + 1))
            else:
                target.children.append(characters(str(child)))
    return next((child for child in elements(root.children) if child.tag == "html"), root)


def _children(source: Tag) -> Iterator[Tag | NavigableString]:
    """The elements and texts in ``source``; what the parser put into elements that hold nothing (``embed``, ``wbr``)
    comes after them.
    """
    waiting = [iter(source.children)]
    while waiting:
        child = next(waiting[-1], None)
        if child is None:
            waiting.pop()
        elif isinstance(child, Tag):
            if child.name.lower() in VOID:
                waiting.append(iter(child.children))
                child = Tag(name=child.name, attrs=child.attrs)
            yield child
        elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
            yield child


def body_of(root: Element) -> Element:
    """The body of a parsed page."""
    return next((child for child in elements(root.children) if child.tag == "body"), Element("body"))


def elements(nodes: list[Node]) -> Iterator[Element]:
    """The elements among ``nodes``, without their descendants."""
    return (node for node in nodes if isinstance(node, Element))


def walk(nodes: list[Node]) -> Iterator[Element]:
    """Every element in ``nodes`` and below, in document order."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, Element):
            yield node
            waiting.extend(reversed(node.children))


@dataclass(slots=True)
class _End:
    tag: str


def serialise(nodes: list[Node]) -> str:
    """``nodes`` as HTML."""
    parts: list[str] = []
    waiting: list[Node | _End] = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, _End):
            parts.append(f"</{node.tag}>")
        elif isinstance(node, str):
            parts.append(escape(node, quote=False))
        else:
            parts.append(f"<{node.tag}{_attributes(node.attrs)}>")
            if node.tag not in VOID:
                waiting.append(_End(node.tag))
                waiting.extend(reversed(node.children))
    return "".join(parts)


def _attributes(attrs: Mapping[str, str]) -> str:
    return "".join(f' {name}="{escape(value)}"' for name, value in attrs.items())


def visible_text(nodes: list[Node]) -> str:
    """The words that a reader sees in ``nodes``, with single spaces; blocks and line breaks part words."""
    parts: list[str] = []
    waiting: list[Node] = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            parts.append(node)
        elif node.tag in BREAKING:
            parts.append(" ")
            waiting.append(" ")
            waiting.extend(reversed(node.children))
        elif node.tag not in UNSEEN:
            waiting.extend(reversed(node.children))
    return collapse("".join(parts))
