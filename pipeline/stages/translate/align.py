"""Windows of a translated sentence for a span of the source, judged by all that speaks for their words.

The witnesses are a word aligner trained on the memory, words that are alike (names, numbers, cognates), the own
translations of spans, the spans that have their place already, and last the order of the words. Together they say of
each pair of words how surely the two belong together; words compete for their partners, and neighbours support each
other. A window is then good that holds the partners of the span's words, and few of others.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler

from pipeline.stages.translate.resources import Aligner
from pipeline.stages.translate.words import Word, is_article, is_atom, is_degree, is_function

Window = tuple[int, int]
"""Half-open, in words of the sentence."""
Matrix = NDArray[np.float64]
"""A row for each word of the source, a column for each of the target."""

Indices = NDArray[np.intp]

# Judged by eye on inflected forms, en→pt: “milhão” and “milhões” are at 0.87, “porto” and “posto” at 0.83.
NEAR: Final = 0.86
"""Least likeness (Jaro–Winkler) of a word to one of the span's own translation."""
NEAR_ACROSS: Final = 0.9
"""The same to a word of the source: names and cognates."""

# The weights below were set by the judged spans of tests/quality, by aligners that had not seen their page and by none.
BASE = 0.01  # of any pair of words
ALIKE = 0.6  # of words that are alike
OWN = 0.75  # of a word of the span's own translation, shared by the words of the span
UNLIKE = 0.4  # factor for a function word and another
DIAGONAL = 5.0  # how steeply pairs lose that stand at different shares of their sentences
PLACED = 0.02  # factor for pairs that a placed span forbids
UNPAIRED = 0.1  # how easily a word stays alone
ALONE = 0.25  # what a pair keeps without neighbours
SUPPORT = 1.0
PASSES = 4

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
WITNESSED: Final = 0.1
"""Least strength of a pair that counts as evidence."""
MOST_PAIRS: Final = 30_000
"""Pairs of words that are weighed, some 5 ms: what is longer is no sentence but a table, or garbage of an engine."""
_SLACK: Final = 4  # words that a translation may be longer than twice its source

# Neighbours of a pair: how many words further in the source and in the target, and what they count.
_NEIGHBOURS: Final = (
    (1, 1, 1.0), (-1, -1, 1.0), (1, -1, 0.6), (-1, 1, 0.6), (2, 2, 0.3), (-2, -2, 0.3),
    (1, 0, 0.3), (-1, 0, 0.3), (0, 1, 0.3), (0, -1, 0.3),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sought:
    """A span: its words in the source, and those of its own translation (none when it is not known)."""

    ours: Window
    own: tuple[str, ...]
    bounds: Window
    """The window around it in the target: all of it, or the parent's."""
    from_start: bool = False
    to_end: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """A window with its score; ``aligned`` and ``alike`` say how much of the span has such a witness in it (0 to 1)."""

    window: Window
    score: float
    aligned: float
    alike: float


class Sides:
    """A sentence and its translation."""

    def __init__(
        self,
        texts: tuple[str, str],
        found: tuple[Sequence[Word], Sequence[Word]],
        languages: tuple[str, str],
        aligner: Aligner | None,
    ) -> None:
        self.texts, self.languages, self.aligner = texts, languages, aligner
        self.ours, self.theirs = found

    # All that follows is for sentences that need it, half of them: the others' spans are found word by word.

    @cached_property
    def our_norms(self) -> list[str]:
        """The words of the source."""
        return [word.norm for word in self.ours]

    @cached_property
    def their_norms(self) -> list[str]:
        """The words of the target."""
        return [word.norm for word in self.theirs]

    @cached_property
    def our_breaks(self) -> frozenset[int]:
        """The words of the source before which a comma or another mark stands."""
        return _breaks(self.texts[0], self.ours)

    @cached_property
    def their_breaks(self) -> frozenset[int]:
        """The same in the target."""
        return _breaks(self.texts[1], self.theirs)

    @property
    def weighable(self) -> bool:
        """Whether both are short enough to weigh each pair of words."""
        return 0 < len(self.ours) * len(self.theirs) <= MOST_PAIRS

    @cached_property
    def our_function(self) -> NDArray[np.bool_]:
        """Which words of the source are function words."""
        return np.array([is_function(norm, self.languages[0]) for norm in self.our_norms])

    @cached_property
    def their_function(self) -> NDArray[np.bool_]:
        """Which words of the target are function words."""
        return np.array([is_function(norm, self.languages[1]) for norm in self.their_norms])

    @cached_property
    def their_articles(self) -> NDArray[np.bool_]:
        """Which words of the target are articles."""
        return np.array([is_article(norm, self.languages[1]) for norm in self.their_norms])

    @cached_property
    def aligned(self) -> Matrix:
        """What the aligner says."""
        if self.aligner is None:
            return np.zeros((len(self.ours), len(self.theirs)))
        return np.asarray(self.aligner.strengths(self.our_norms, self.their_norms), dtype=np.float64)

    @cached_property
    def alike(self) -> Matrix:
        """Names, numbers, cognates; short words only where both are the same capitals."""
        found = likenesses(self.our_norms, self.their_norms, NEAR_ACROSS)
        for index, word in enumerate(self.ours):
            if len(word.norm) < 4 and word.norm.isalpha():
                found[index] = [word.text.isupper() and word.text == other.text for other in self.theirs]
        return found

    @cached_property
    def base(self) -> Matrix:
        """What is known of the pairs before any span is looked at."""
        found = BASE + self.aligned + ALIKE * self.alike
        found = np.where(self.our_function[:, None] == self.their_function[None, :], found, found * UNLIKE)
        shares = [(np.arange(len(side)) + 0.5) / len(side) for side in (self.ours, self.theirs)]
        return np.asarray(found * np.exp(-DIAGONAL * np.abs(shares[0][:, None] - shares[1][None, :])))

    def likeness_to(self, own: Sequence[str]) -> Matrix:
        """For each word of the target how like it is to one of ``own``, function words left out (0 to 1)."""
        texts = [text for text in own if not is_function(text, self.languages[1])] or list(own)
        return np.asarray(likenesses(texts, self.their_norms, NEAR).max(axis=0, initial=0.0))

    def strengths(self, spans: Sequence[Sought], placed: Sequence[tuple[Window, Window]]) -> Matrix:
        """How surely each pair belongs together (0 to 1); ``placed`` are spans and the windows they have."""
        pairs = self.base.copy()
        for span in spans:
            if span.own:
                rows = np.arange(*span.ours)
                rows = rows[~self.our_function[rows]] if not self.our_function[rows].all() else rows
                pairs[rows] += OWN / len(rows) * self.likeness_to(span.own)
        for ours, theirs in placed:
            kept = pairs[slice(*ours), slice(*theirs)].copy()
            pairs[slice(*ours)] *= PLACED
            pairs[:, slice(*theirs)] *= PLACED
            pairs[slice(*ours), slice(*theirs)] = kept
        found = _balanced(pairs)
        for _ in range(PASSES):
            found = _balanced(pairs * (ALONE + SUPPORT * _supported(found)))
        return found


def _balanced(pairs: Matrix) -> Matrix:
    """Let words compete: no word has more than one partner's worth of strength."""
    for _ in range(3):
        pairs = pairs / (pairs.sum(axis=1, keepdims=True) + UNPAIRED)
        pairs = pairs / (pairs.sum(axis=0, keepdims=True) + UNPAIRED)
    return pairs


def _supported(pairs: Matrix) -> Matrix:
    """What the neighbours of each pair say for it."""
    height, width = pairs.shape
    padded = np.zeros((height + 4, width + 4))
    padded[2:-2, 2:-2] = pairs
    return np.asarray(
        sum(
            weight * padded[2 + down : 2 + down + height, 2 + right : 2 + right + width]
            for down, right, weight in _NEIGHBOURS
        )
    )


class Search:
    """The best windows for one span."""

    def __init__(self, sides: Sides, strengths: Matrix, span: Sought) -> None:
        self.sides, self.span = sides, span
        self.marks = sum(span.ours[0] < at < span.ours[1] for at in sides.our_breaks)
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
        inside = strengths[slice(*span.ours), theirs]
        self.inside = inside.sum(axis=0)
        known = (sides.aligned >= WITNESSED) | (sides.alike > 0)
        content_rows = np.ones_like(function) if self.light else ~function
        self.by_content = (inside * known[slice(*span.ours), theirs])[content_rows].sum(axis=0)
        self.outside = strengths[:, theirs].sum(axis=0) - self.inside
        self.own = sides.likeness_to(span.own)[theirs] if span.own else np.zeros(inside.shape[1])
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
        longest = min(longest, size, max(len(self.mine), len(self.span.own)) * 2 + _SLACK)
        starts = np.repeat(np.arange(size), max(longest, 0))
        ends = starts + np.tile(np.arange(1, longest + 1), size)
        return starts[ends <= size], ends[ends <= size]

    def _allowed(self, starts: Indices, ends: Indices, taken: Set[int]) -> NDArray[np.bool_]:
        low, high = self.span.bounds
        barred = _running([at in taken for at in range(low, high)])
        atoms = _running([is_atom(norm) for norm in self.sides.their_norms[low:high]])
        bare = self.function & (self.by_content <= 0.4)
        allowed = (barred[ends] == barred[starts]) & (
            atoms[ends] - atoms[starts] == sum(is_atom(w.norm) for w in self.mine)
        )
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
        first = self.span.own[0] if self.span.own and is_function(self.span.own[0], self.sides.languages[1]) else ""
        return np.array([norm == first for norm in self.sides.their_norms[low:high]])

    def _degrees(self) -> NDArray[np.bool_]:
        """Words for more and less, which do not end a span that has none of its own (oldest: *mais antiga*)."""
        ours, theirs = self.sides.languages
        if any(is_degree(word.norm, ours) for word in self.mine):
            return np.zeros(len(self.inside), dtype=bool)
        return np.array([is_degree(norm, theirs) for norm in self.sides.their_norms[slice(*self.span.bounds)]])

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
        counts, frees = _running(~self.function), _running(free)
        breaks = _running([at in self.sides.their_breaks for at in range(low, high)])
        count, extra = counts[ends] - counts[starts], frees[ends] - frees[starts]
        useful = np.minimum(extra, np.maximum(0.0, self.least - count + extra))
        more = np.minimum(extra - useful, np.maximum(0.0, self.most - count + extra - useful))
        sums = _running(values)
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
        return Found(window, score, float(aligned.mean()), max(float(alike.mean()), min(1.0, own)))


def _running(values: Sequence[bool] | NDArray[np.float64] | NDArray[np.bool_]) -> NDArray[np.float64]:
    return np.concatenate([[0.0], np.cumsum(values, dtype=np.float64)])


def _breaks(text: str, found: Sequence[Word]) -> frozenset[int]:
    return frozenset(
        index
        for index, (before, after) in enumerate(pairwise(found), 1)
        if any(mark in text[before.end : after.start] for mark in ',;:.!?()[]"“”«»–—،؛、，；')
    )


def likenesses(ours: Sequence[str], theirs: Sequence[str], least: float) -> Matrix:
    """How alike words are (0 to 1); 0 below ``least``. Short words must be the same, numbers have the same digits."""
    one, other = list(map(_comparable, ours)), list(map(_comparable, theirs))
    found = process.cdist(one, other, scorer=JaroWinkler.similarity, score_cutoff=least, dtype=np.float64)
    strict = np.array([_is_strict(text) for text in one])[:, None] | np.array([_is_strict(text) for text in other])
    found[strict & (found < 1.0)] = 0.0
    return found


def _comparable(text: str) -> str:
    return "".join(filter(str.isdigit, text)) if text[0].isdigit() else text


def _is_strict(text: str) -> bool:
    return len(text) < 4 or text[0].isdigit()
