"""Ids that stand once, and links within the article that lead somewhere."""

from __future__ import annotations

import re
from urllib.parse import unquote

from pipeline.stages.clean.nodes import without_id
from pipeline.stages.clean.notes import Notes
from pipeline.stages.intake.tree import Element, Node, walk

_BACK = re.compile(
    r"#(?:user-content-)?_?(?:fn|ftn|ftnref|fnref|edn|ednref|footnote|cite)(?:[-_:]?(?:ref|back|note))?[-_:]?\w{0,40}"
)
"""How systems name the places that footnotes and their marks point to."""


def settle(nodes: list[Node], notes: Notes) -> list[Node]:
    """``nodes`` with the first of each id, and without links to places that are not there.

    Links between footnotes and their marks stay: the mark may be in a part of the article that comes later.
    """
    seen: set[str] = set()
    for element in walk(nodes):
        if (name := element.attrs.get("id")) is None:
            continue
        if name in seen:
            notes.add("id")
            element.attrs = without_id(element.attrs)
        seen.add(name)
    return _linked(nodes, seen, notes)


def _linked(nodes: list[Node], ids: set[str], notes: Notes) -> list[Node]:
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            result.append(node)
            continue
        node.children = _linked(node.children, ids, notes)
        href = node.attrs.get("href", "")
        if not href.startswith("#") or href[1:] in ids or unquote(href[1:]) in ids or _BACK.fullmatch(href):
            result.append(node)
            continue
        notes.add("link_lost")
        result += [Element("a", {"id": node.attrs["id"]}), *node.children] if "id" in node.attrs else node.children
    return result
