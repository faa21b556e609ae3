"""The text of a segment with the place of each of its characters, so that it can be changed below its markup.

``reading`` says what a reader sees; here a change of it finds its way back into the HTML, tags untouched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import unescape
from typing import Final

from pipeline.stages import markup
from pipeline.stages.check.reading import OBJECT
from pipeline.stages.markup import Kind, Token

_CHARACTER: Final = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,31});|.", re.DOTALL)
_CLOSING_TAGS: Final = re.compile(r"(?:</[a-zA-Z][a-zA-Z0-9]*>)*")
_NOT_PROSE: Final = markup.LITERAL | frozenset(["sup", "rt", "rp"])

Edit = tuple[int, int, str]
"""Start and end in the text, and what stands there instead: an insertion where both are the same."""

_Spot = tuple[str, int, int]
"""A character, and where it begins and ends in the HTML."""


@dataclass(frozen=True, slots=True)
class Prose:
    """``text`` is what is written as sentences; code, images and raised references are one ``OBJECT`` each."""

    html: str
    is_markup: bool
    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def edited(self, edits: Iterable[Edit]) -> str:
        """The HTML (or plain text) after changes that do not overlap; empty when one of them touches an ``OBJECT``."""
        out: list[str] = []
        at = 0
        for start, end, new in sorted(edits):
            if OBJECT in self.text[start:end]:
                return ""
            for cut, past, put in self._cuts(start, end, markup.escape_text(new) if self.is_markup else new):
                out += [self.html[at:cut], put]
                at = max(at, past)
        return "".join([*out, self.html[at:]])

    def _cuts(self, start: int, end: int, new: str) -> Iterator[tuple[int, int, str]]:
        """Stretches of HTML that go, tags between them left; the new text comes where the first was."""
        if start == end:
            at = self._gap(start)
            yield at, at, new
        for place in range(start, end):
            yield self.starts[place], self.ends[place], new if place == start else ""

    def _gap(self, place: int) -> int:
        """Where something new goes: behind the character before, and outside of the elements that end there."""
        if not place:
            return 0
        match = _CLOSING_TAGS.match(self.html, self.ends[place - 1]) if self.is_markup else None
        return match.end() if match else self.ends[place - 1]


def prose(html: str, *, is_markup: bool) -> Prose:
    """Read a segment, inline HTML or plain text; linear, never raises."""
    spots = list(_spots(html)) if is_markup else [(each, at, at + 1) for at, each in enumerate(html)]
    text = "".join(character for character, _, _ in spots)
    return Prose(html, is_markup, text, tuple(each[1] for each in spots), tuple(each[2] for each in spots))


def _spots(html: str) -> Iterator[_Spot]:
    inside: list[Token] = []  # open elements that are no prose, the outermost first
    for token in markup.tokenize(html):
        if token.kind is Kind.TEXT and not inside:
            yield from _characters(html, token)
        elif token.kind is Kind.VOID and not inside and token.name != "wbr":
            yield ("\n" if token.name == "br" else OBJECT), token.start, token.end
        elif token.name in _NOT_PROSE and token.kind is Kind.OPEN:
            inside.append(token)
        elif inside and token.kind is Kind.CLOSE and inside[-1].name == token.name:
            opened = inside.pop()
            if not inside:
                yield OBJECT, opened.start, token.end


def _characters(html: str, token: Token) -> Iterator[_Spot]:
    for match in _CHARACTER.finditer(html, token.start, token.end):
        character = unescape(match[0])
        yield (character if len(character) == 1 else OBJECT), match.start(), match.end()
