"""Words of a translation that are looked for and taken away, so that none of them counts twice."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from pipeline.stages import markup
from pipeline.stages.translate.words import UNSPACED, WORD, norm

TOKEN: Final = re.compile(rf"{WORD.pattern}|\S")

Words = tuple[str, ...]
Form = Callable[[str, str, str], bool]
"""Whether a word that was found may be a form of one that is wanted, in a language."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word or a sign at ``start`` to ``end``; ``norm`` is what it shares with other ways to write it."""

    start: int
    end: int
    norm: str
    text: str


def tokenize(text: str, at: int = 0) -> list[Token]:
    """The words and signs of a text that stands at ``at``."""
    return [Token(at + m.start(), at + m.end(), norm(m[0]), m[0]) for m in TOKEN.finditer(text)]


class Taken:
    """A translation of which the words that were found are taken away, so that nothing counts twice.

    What is taken stays so: the next look for the same words goes on where the last one ended. So a text that has its
    terms a thousand times is gone through once for each of them, not a thousand times.
    """

    def __init__(self, text: str, language: str) -> None:
        self.text, self.language = text, language
        self._places = tokenize(text)
        self._starts = [token.start for token in self._places]
        self._left: list[Token | None] = [*self._places]  # what of each is not taken
        self._next: dict[tuple[Words, Form], int] = {}
        self._next_verbatim: dict[str, int] = {}

    def take(self, words: Words, is_form: Form) -> bool:
        key = words, is_form
        last = len(self._left) - len(words)
        for at in range(self._next.get(key, 0), last + 1):
            if self._stand_at(at, words, is_form):
                self._left[at : at + len(words)] = [None] * len(words)
                self._next[key] = at + len(words)
                return True
        self._next[key] = last + 1
        return False

    def _stand_at(self, at: int, words: Words, is_form: Form) -> bool:
        for place, word in enumerate(words, at):
            token = self._left[place]
            if token is None or not is_form(token.norm, word, self.language):
                return False
        return True

    def take_verbatim(self, texts: Iterable[str]) -> bool:
        for text in texts:
            pattern = _compiled(bounded(text))
            while match := pattern.search(self.text, self._next_verbatim.get(text, 0)):
                self._next_verbatim[text] = match.end()
                if self._cut(*match.span()):
                    return True
            self._next_verbatim[text] = len(self.text)
        return False

    def _cut(self, start: int, end: int) -> bool:
        """Take these characters, unless one of them is taken; of a longer word (*Relief-boat*) the rest is left."""
        places = range(bisect_right(self._starts, start) - 1, bisect_right(self._starts, end - 1))
        for place in places:
            whole, left = self._places[place], self._left[place]
            if left is None or left.start > max(start, whole.start) or left.end < min(end, whole.end):
                return False
        for place in places:
            self._leave(place, start, end)
        return True

    def _leave(self, place: int, start: int, end: int) -> None:
        token = self._left[place]
        assert token is not None  # or nothing would be cut
        before = [] if token.start >= start else tokenize(self.text[token.start : start], token.start)[:1]
        after = [] if token.end <= end else tokenize(self.text[end : token.end], end)[-1:]
        self._left[place] = next(iter([*after, *before]), None)
        if self._left[place]:  # it may be one that was looked for before
            self._next = {key: min(at, place - len(key[0]) + 1) for key, at in self._next.items()}


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def bounded(text: str, *, escape: bool = False) -> str:
    """A pattern for ``text`` where it is no part of a longer word; ``escape`` looks for it in HTML."""
    words = (re.escape(markup.escape_text(word) if escape else word) for word in text.split())
    pattern = r"(?:\s|&nbsp;)+".join(words)
    before = r"(?<!\w)" if _is_spaced(text[:1]) else ""
    after = r"(?!\w)" if _is_spaced(text[-1:]) else ""
    return f"{before}{pattern}{after}"


def _is_spaced(character: str) -> bool:
    return bool(re.match(rf"(?![{UNSPACED}])\w", character))
