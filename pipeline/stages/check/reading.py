"""The text of a segment as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass
from html import unescape
from typing import Final

from pipeline.stages import markup
from pipeline.stages.markup import Kind

OBJECT: Final = "\ufffc"
"""What stands in ``prose`` for that which is no prose: code, images, raised references."""

_RAISED: Final = frozenset(["sup", "rt", "rp"])
_NOT_PROSE: Final = markup.LITERAL | _RAISED


@dataclass(frozen=True, slots=True)
class Text:
    """``visible`` is every character that is shown, ``prose`` leaves out what is not written as sentences."""

    visible: str
    prose: str


def read(html: str, *, is_markup: bool) -> Text:
    """The text of inline HTML, or of plain text as it is; linear, never raises."""
    if not is_markup:
        return Text(html, html)
    if "<" not in html:
        text = unescape(html)
        return Text(text, text)
    visible: list[str] = []
    prose: list[str] = []
    inside: list[str] = []  # open elements that are no prose, the outermost first
    for token in markup.tokenize(html):
        if token.kind is Kind.TEXT:
            text = unescape(html[token.start : token.end])
            visible.append(text)
            if not inside:
                prose.append(text)
        elif token.kind is Kind.VOID:
            visible.append("\n" if token.name == "br" else "")
            if not inside and token.name != "wbr":
                prose.append("\n" if token.name == "br" else OBJECT)
        elif token.name in _NOT_PROSE:
            if token.kind is Kind.OPEN:
                if not inside:
                    prose.append(OBJECT)
                inside.append(token.name)
            elif inside and inside[-1] == token.name:
                inside.pop()
    return Text("".join(visible), "".join(prose))
