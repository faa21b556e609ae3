"""Where a text is cut into the sentences that memory and engines are asked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

import sentencex

from pipeline.stages.translate.words import UNSPACED, base_language

LONGEST: Final = 600
"""Characters of one sentence: models are trained on shorter ones, and their time grows with the square."""

_BLOCK: Final = 10_000  # sentencex takes quadratic time on some text: 28 ms for 20,000 characters
_CLAUSE: Final = re.compile(rf"[;:,—–、，；。)\]]\s+|[、，；。]|\s+|(?<=[{UNSPACED}])")

Range = tuple[int, int]


def split(text: str, language: str, cuts: Sequence[int] = ()) -> list[Range]:
    """The sentences of ``text`` as ranges without the white space around them, in order.

    ``cuts`` are positions at which a sentence ends in any case. No sentence is longer than ``LONGEST``, but for one
    that has no place to cut it at.
    """
    text = text.replace("\xa0", " ")  # sentencex ends no sentence after one
    ends = sorted({*_sentence_ends(text, base_language(language)), *cuts, len(text)})
    ranges: list[Range] = []
    start = 0
    for end in ends:
        ranges += [strip(text, *piece) for piece in _shortened(text, start, end)]
        start = end
    return [(start, end) for start, end in ranges if start < end]


def _sentence_ends(text: str, language: str) -> Iterator[int]:
    at = 0
    for start, end in _blocks(text):
        for sentence in sentencex.segment(language or "en", text[start:end]):
            at += len(sentence)
            yield min(at, len(text))


def _blocks(text: str) -> Iterator[Range]:
    start = 0
    while len(text) - start > _BLOCK:
        space = text.rfind(" ", start, start + _BLOCK) + 1
        end = space if space > start else start + _BLOCK
        yield start, end
        start = end
    yield start, len(text)


def _shortened(text: str, start: int, end: int) -> Iterator[Range]:
    """Cut a long sentence after the last clause that fits, else after the last word."""
    while end - start > LONGEST:
        found = list(_CLAUSE.finditer(text, start + LONGEST // 3, start + LONGEST))
        clauses = [match for match in found if not match[0].isspace() and match[0]]
        best = (clauses or found)[-1].end() if found else start + LONGEST
        yield start, best
        start = best
    yield start, end


def strip(text: str, start: int, end: int) -> Range:
    """A range without the white space at its ends."""
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), start + len(inner.rstrip())
