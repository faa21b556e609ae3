"""Windows of a translated sentence for a span of the source.

A window is good that holds the partners of the span's words, as ``align`` finds them, and few of others.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.translate.align import WITNESSED, Matrix, Sides, Sought, Window, running
from pipeline.stages.translate.words import Word, is_article, is_atom, is_degree, is_function

Indices = NDArray[np.intp]

# The weights below were set by the judged spans of tests/quality, as those of ``align``.
ELSEWHERE = -0.36  # for a word whose partner is outside the span
FUNCTION = 0.35  # for function words, of what words of content count
ARTICLE = 0.1
FOUND = 0.5  # for a word of the own translation, besides
STRAY = 0.4  # for a function word that translates a word of content
EDGE = 0.1
LEAD = 0.25  # for a window that begins with a function word, as the span does
ARTICLE_LEAD = 0.12
UNEXPLAINED = 0.4  # for a word without partner, where the window has fewer words than the span
MORE = 0.1  # the same, where it has fewer than the span or its own translation, whichever is longer
SURPLUS = -0.35
MISMATCH = 0.3
BREAK = 0.7
AWAY = 0.025
_SLACK: Final = 4  # words that a translation may be longer than twice its source


@dataclass(frozen=True, slots=True)
class Found:
    """A window with its score; ``aligned`` and ``alike`` say how much of the span has such a witness in it (0 to 1).

    ``sure`` is how much surer its words belong to the span, and the span's to it, than to any others (−1 to 1).
    """

    window: Window
    score: float
    aligned: float
    alike: float
    sure: float


class Search:
    """The best windows for one span."""

    def __init__(self, sides: Sides, strengths: Matrix, span: Sought) -> None:
        self.sides, self.span = sides, span
        self.marks = int(sides.our_breaks[span.ours[0] + 1 : span.ours[1]].sum())
        self.mine = sides.ours[slice(*span.ours)]
        function = sides.our_function[slice(*span.ours)]
        self.light = bool(function.all())
        """A span of function words alone: they mean what they say."""
        theirs = slice(*span.bounds)
        articles = sides.their_articles[theirs]
        of_articles = all(is_article(word.norm, sides.languages[0]) for word in self.mine)
        self.function = (articles & (not of_articles)) if self.light else sides.their_function[theirs]
        content = [text for text in span.own if self.light or not is_function(text, sides.languages[1])]
        counts = sorted([len(function) if self.light else int((~function).sum()), len(content)])
        self.least, self.most = counts if span.own else (counts[1], counts[1])
        hyphens = (sum(text.count("-") for text in texts) for texts in ((w.norm for w in self.mine), content))
        self.most += max(hyphens)
        rows = np.arange(*span.ours) if self.light else np.arange(*span.ours)[~function]
        self.content = strengths[rows]
        """What speaks for each word of the sentence as the partner of the span's words of content."""
        self.inside = np.add.reduce(strengths[slice(*span.ours), theirs], axis=0)
        self.by_content = np.add.reduce(self.content[:, theirs] * sides.known[rows, theirs], axis=0)
        self.outside = np.add.reduce(strengths[:, theirs], axis=0) - self.inside
        self.own = sides.likeness_to(span.own)[theirs] if span.own else np.zeros_like(self.inside)
        self.articles = articles

    def best(self, taken: Set[int], longest: int) -> Found | None:
        """The best window without a taken word, of ``longest`` words at most, or none."""
        starts, ends = self._windows(longest)
        score = np.where(self._allowed(starts, ends, taken), self._score(starts, ends), -np.inf)
        at = int(score.argmax()) if score.size else 0
        if not score.size or score[at] == -np.inf:
            return None
        low = self.span.bounds[0]
        return self._found((low + int(starts[at]), low + int(ends[at])), float(score[at]))

    def _windows(self, longest: int) -> tuple[Indices, Indices]:
        """All windows that are in question, from the beginning of the bounds."""
        size = self.span.bounds[1] - self.span.bounds[0]
        if self.span.from_start or self.span.to_end:
            starts = np.zeros(size, dtype=np.intp) if self.span.from_start else np.arange(size)
            ends = np.full(size, size) if self.span.to_end else np.arange(1, size + 1)
            return starts, ends
        return _windows(size, min(longest, size, max(len(self.mine), len(self.span.own)) * 2 + _SLACK))

    def _allowed(self, starts: Indices, ends: Indices, taken: Set[int]) -> NDArray[np.bool_]:
        low, high = self.span.bounds
        atoms = self.sides.their_atom_sums[low : high + 1]
        bare = self.function & (self.by_content <= 0.4)
        allowed = atoms[ends] - atoms[starts] == sum(is_atom(w.norm) for w in self.mine)
        if taken:
            barred = running(np.array([at in taken for at in range(low, high)]))
            allowed &= barred[ends] == barred[starts]
        if self.span.from_start:
            allowed &= starts == 0
        elif not self._opens():
            allowed &= (~bare | self._as_own())[starts]
        if self.span.to_end:
            allowed &= ends == high - low
        elif not self._loose(self.mine[-1]):
            allowed &= ~(bare | self._degrees())[ends - 1]
        return np.asarray(allowed)

    def _as_own(self) -> NDArray[np.bool_]:
        """The function word with which the own translation begins, though the span does not (one goose: *um ganso*)."""
        low, high = self.span.bounds
        if not self.span.own or not is_function(self.span.own[0], self.sides.languages[1]):
            return np.zeros(high - low, dtype=bool)  # no word is empty
        return np.array([norm == self.span.own[0] for norm in self.sides.their_norms[low:high]])

    def _degrees(self) -> NDArray[np.bool_]:
        """Words for more and less, which do not end a span that has none of its own (oldest: *mais antiga*)."""
        ours, _ = self.sides.languages
        if any(is_degree(word.norm, ours) for word in self.mine):
            return np.zeros(len(self.inside), dtype=bool)
        return self.sides.their_degrees[slice(*self.span.bounds)]

    def _loose(self, word: Word) -> bool:
        language = self.sides.languages[0]
        return self.light or (is_function(word.norm, language) and not is_article(word.norm, language))

    def _opens(self) -> bool:
        return self._loose(self.mine[0]) or is_article(self.mine[0].norm, self.sides.languages[0])

    def _score(self, starts: Indices, ends: Indices) -> Matrix:
        low, high = self.span.bounds
        weight = np.where(self.function, FUNCTION, 1.0)
        weight[self.articles & self.function] = ARTICLE
        values = weight * (self.inside + ELSEWHERE * self.outside + FOUND * self.own * (1 - self.inside))
        values += np.where(self.function, STRAY * self.by_content - EDGE, 0.0)
        free = np.where(self.function, 0.0, np.maximum(0.0, 1 - self.inside - self.outside - self.own))
        counts, frees = running(~self.function), running(free)
        breaks = self.sides.their_break_sums[low : high + 1]
        count, extra = counts[ends] - counts[starts], frees[ends] - frees[starts]
        useful = np.minimum(extra, np.maximum(0.0, self.least - count + extra))
        more = np.minimum(extra - useful, np.maximum(0.0, self.most - count + extra - useful))
        sums = running(values)
        score = sums[ends] - sums[starts] + UNEXPLAINED * useful + MORE * more + SURPLUS * (extra - useful - more)
        score = score - MISMATCH * np.maximum(0, np.maximum(self.least - count, count - self.most))
        score = score - BREAK * np.maximum(0, breaks[ends] - breaks[np.minimum(starts + 1, ends)] - self.marks)
        score = score - AWAY * np.abs((starts + ends - 1) / 2 - self._expected())
        if self._opens() and not self.light:
            lead = LEAD if self._loose(self.mine[0]) else ARTICLE_LEAD
            score = score + lead * self.sides.their_function[slice(low, high)][starts]
        elif not self.light:
            score = score + LEAD * self._as_own()[starts]
        return np.asarray(score)

    def _expected(self) -> float:
        """Where the middle of the window should be."""
        size = len(self.inside)
        share = (sum(self.span.ours) / 2) / len(self.sides.ours)
        weight = 0.1
        at = share * len(self.sides.theirs) - self.span.bounds[0] - 0.5
        return (float((self.inside * np.arange(size)).sum()) + weight * at) / (float(self.inside.sum()) + weight)

    def _found(self, window: Window, score: float) -> Found:
        rows = np.arange(*self.span.ours)
        rows = rows if self.light else rows[~self.sides.our_function[rows]]
        aligned = self.sides.aligned[rows, slice(*window)].max(axis=1) >= WITNESSED
        alike = self.sides.alike[rows, slice(*window)].max(axis=1) > 0
        own = 0.0
        if self.span.own:
            low = self.span.bounds[0]
            own = float((self.own[window[0] - low : window[1] - low] > 0).sum()) / max(1, self.least)
        # By hand: for a few words numpy's mean takes ten times as long.
        likeness = max(int(alike.sum()) / len(rows), min(1.0, own))
        return Found(window, score, int(aligned.sum()) / len(rows), likeness, self._sure(window))

    def _sure(self, window: Window) -> float:
        low = self.span.bounds[0]
        inner = slice(window[0] - low, window[1] - low)
        columns = np.ones(window[1] - window[0], dtype=bool) if self.light else ~self.function[inner]
        kept = np.add.reduce(self.content[:, slice(*window)], axis=1)
        least = min(float(kept.min()), float(self.inside[inner][columns].min(initial=1.0)))
        most = max(
            float((np.add.reduce(self.content, axis=1) - kept).max()),
            float(self.outside[inner][columns].max(initial=0.0)),
        )
        return least - most if columns.any() else -1.0


@lru_cache(maxsize=1024)
def _windows(size: int, longest: int) -> tuple[Indices, Indices]:
    starts = np.repeat(np.arange(size), max(longest, 0))
    ends = starts + np.tile(np.arange(1, longest + 1), size)
    return starts[ends <= size], ends[ends <= size]
