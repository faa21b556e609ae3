"""What must hold between the inline HTML of a segment and its translation, whatever an engine answered."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import unescape
from typing import Final

from pipeline.stages import markup
from pipeline.stages.markup import Kind, Token
from pipeline.stages.translate.words import joins

_BARE: Final = re.compile(r"[<>]|&(?!(?:[a-zA-Z][a-zA-Z0-9]*|#\d+|#[xX][0-9a-fA-F]+);)")
ADDRESSES: Final = frozenset(["href", "src", "cite"])


@dataclass(frozen=True, slots=True)
class Element:
    """``tag`` is the start tag as written; ``parent`` that of the element around it, or empty."""

    tag: str
    name: str
    parent: str
    filled: bool  # has a letter or digit in it


@dataclass(slots=True)
class Shape:
    """What of a piece of inline HTML a translation must not change."""

    elements: Counter[Element]
    literals: Counter[str]  # code and what else is kept, whole
    joins: Counter[str]  # tags at which two words touch
    bare: int  # signs that should be escaped
    faults: list[str]


def problems(source: str, target: str) -> list[str]:
    """What is broken, each in a short sentence; empty when the translation may stand."""
    ours, theirs = shape(source), shape(target)
    found = list(theirs.faults)
    if lost := ours.elements - theirs.elements:
        found.append(f"lost or moved: {_listed(each.tag for each in lost)}")
    if added := theirs.elements - ours.elements:
        found.append(f"added or moved: {_listed(each.tag for each in added)}")
    if changed := (ours.literals - theirs.literals) + (theirs.literals - ours.literals):
        found.append(f"changed: {_listed(changed)}")
    if joined := theirs.joins - ours.joins:
        found.append(f"words joined at: {_listed(joined)}")
    if theirs.bare > ours.bare:
        found.append("a sign of markup is not escaped")
    return found


def _listed(tags: Iterable[str]) -> str:
    return ", ".join(sorted(set(tags)))


def links(html: str) -> Counter[str]:
    """The addresses in a piece of HTML, with how often each stands there."""
    found: Counter[str] = Counter()
    for token in markup.tokenize(html):
        if token.kind in (Kind.OPEN, Kind.VOID):
            found.update(a.value for a in markup.attributes(html[token.start : token.end]) if a.name in ADDRESSES)
    return found


@lru_cache(maxsize=2048)  # a portion of articles is verified segment by segment, and then checked
def shape(html: str) -> Shape:
    """Read the shape of a piece of inline HTML; never raises. It is shared: read it only."""
    return _Reader(html, markup.tokenize(html)).read()


class _Reader:
    def __init__(self, html: str, tokens: Sequence[Token]) -> None:
        self.html, self.tokens = html, tokens
        self.shape = Shape(Counter(), Counter(), Counter(), 0, [])
        self.stack: list[Token] = []  # start tags of open elements
        self.filled: list[bool] = []  # whether each has a letter or digit in it yet
        self.before = ""  # the last visible character
        self.pending: list[tuple[str, str, bool]] = []  # tags since the last text: tag, character before, opening

    def read(self) -> Shape:
        index = 0
        while index < len(self.tokens):
            index = self._token(index)
        for token in self.stack:
            self.shape.faults.append(f"not closed: <{token.name}>")
        return self.shape

    def _token(self, index: int) -> int:
        token = self.tokens[index]
        raw = self.html[token.start : token.end]
        if token.kind is Kind.TEXT:
            self._text(raw)
        elif token.kind is Kind.CLOSE:
            self._close(token)
        elif token.kind is Kind.OPEN:
            if token.name in markup.LITERAL and (end := self._literal_end(index)):
                self.shape.literals[self.html[token.start : self.tokens[end].end]] += 1
                self._text("".join(self.html[t.start : t.end] for t in self.tokens[index:end] if t.kind is Kind.TEXT))
                return end + 1
            self.stack.append(token)
            self.filled.append(False)
            self.pending.append((raw, self.before, True))
        elif token.kind is Kind.VOID:
            self._count(raw, token.name, filled=False)
            if token.name != "wbr":
                self.pending.append((raw, self.before, False))
        return index + 1

    def _literal_end(self, index: int) -> int:
        depth = 0
        for at in range(index, len(self.tokens)):
            depth += {Kind.OPEN: 1, Kind.CLOSE: -1}.get(self.tokens[at].kind, 0)
            if not depth:
                return at
        return 0

    def _text(self, raw: str) -> None:
        self.shape.bare += len(_BARE.findall(raw))
        text = unescape(raw)
        if not text:
            return
        # A reference or a number may touch the word before it: river¹. Two words may not.
        reference = not text[0].isalpha() and any(opening for _, _, opening in self.pending)
        for tag, before, _ in self.pending:
            if before and not reference and joins(before, text[0]):
                self.shape.joins[tag] += 1
        self.pending.clear()
        self.before = text[-1]
        if any(map(str.isalnum, text)):
            for at in range(len(self.filled) - 1, -1, -1):
                if self.filled[at]:
                    break  # so are those around it
                self.filled[at] = True

    def _close(self, token: Token) -> None:
        if not self.stack or self.stack[-1].name != token.name:
            self.shape.faults.append(f"closes nothing: </{token.name}>")
            return
        start, filled = self.stack.pop(), self.filled.pop()
        tag = self.html[start.start : start.end]
        self._count(tag, start.name, filled=filled)
        self.pending.append(("/" + tag, self.before, False))

    def _count(self, tag: str, name: str, *, filled: bool) -> None:
        parent = self.html[self.stack[-1].start : self.stack[-1].end] if self.stack else ""
        self.shape.elements[Element(tag, name, parent, filled)] += 1
