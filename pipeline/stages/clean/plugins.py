"""Plugin tags of other systems, ``{youtube}id{/youtube}``: they stay as text, and none may span two blocks."""

from __future__ import annotations

import re

from pipeline.stages.clean.notes import Notes
from pipeline.stages.intake.tree import Element, Node

_NAME = r"[a-zA-Z][\w-]{0,40}"
_PARAMETERS = r"(?:[\s=:][^{}]{0,300})?"
_PAIR = rf"\{{({_NAME}){_PARAMETERS}\}}[^{{}}\ufffc]{{0,500}}\{{/\1\}}"
TAG = re.compile(rf"{_PAIR}|\{{/?{_NAME}{_PARAMETERS}\}}")
"""A pair of plugin tags with what is between them, or a single one; U+FFFC stands for what is no text."""

_OPEN = re.compile(rf"\{{({_NAME}){_PARAMETERS}\}}[^{{}}]{{0,200}}$")
_REACH = 4
"""How many paragraphs a torn pair may span: its id or address, not an article."""


def joined(blocks: list[Node], notes: Notes) -> list[Node]:
    """``blocks`` with each pair of plugin tags that spans a few short paragraphs in one of them."""
    result: list[Node] = []
    skip = 0
    for index, block in enumerate(blocks):
        if skip:
            skip -= 1
        elif text := _whole(blocks, index):
            notes.add("plugin")
            skip = text[1]
            assert isinstance(block, Element)
            result.append(Element("p", block.attrs, [text[0]]))
        else:
            result.append(block)
    return result


def _whole(blocks: list[Node], index: int) -> tuple[str, int] | None:
    """The text of the paragraph at ``index`` with the rest of its pair, and how many paragraphs that takes up."""
    text = _text(blocks[index])
    opening = _OPEN.search(text) if "{" in text else None
    if opening is None:
        return None
    closing = re.compile(rf"[^{{}}]{{0,200}}\{{/{opening[1]}\}}")
    for count, block in enumerate(blocks[index + 1 : index + 1 + _REACH], 1):
        following = _text(block)
        text += following
        if closing.match(following):
            return text, count
        if not following or "{" in following or len(following) > 200:
            return None
    return None


def _text(block: Node) -> str:
    """The text of a paragraph that has nothing else in it; else empty."""
    if isinstance(block, Element) and block.tag == "p" and len(block.children) == 1:
        only = block.children[0]
        return only if isinstance(only, str) else ""
    return ""
