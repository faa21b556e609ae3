"""The text of a segment as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from pipeline.stages import markup

OBJECT: Final = "\ufffc"
"""What stands in ``prose`` for that which is no prose: code, images, raised references."""

_RAISED: Final = frozenset(["sup", "rt", "rp"])
_NOT_PROSE: Final = markup.LITERAL | _RAISED | (markup.VOID - {"br", "wbr"})


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
        text = markup.visible(html)
        return Text(text, text)
    tokens = markup.tokenize(html)
    return Text(
        markup.visible(html, tokens=tokens), markup.visible(html, tokens=tokens, without=_NOT_PROSE, mark=OBJECT)
    )
