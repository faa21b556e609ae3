"""Which words of a sentence and of its translation belong together, by all that speaks for it.

The witnesses are a word aligner trained on the memory, words that are alike (names, numbers, cognates), the own
translations of spans, the spans that have their place already, and last the order of the words. Together they say of
each pair of words how surely the two belong together; words compete for their partners, and neighbours support each
other. What windows this makes for a span, ``window`` says.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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
PASSES = 2

WITNESSED: Final = 0.1
"""Least strength of a pair that counts as evidence."""
MOST_PAIRS: Final = 30_000
"""Pairs of words that are weighed, some 5 ms: what is longer is no sentence but a table, or garbage of an engine."""

_MARK: Final = re.compile(r"[,;:.!?()\[\]\"“”«»–—،؛、，；]")

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


class Sides:
    """A sentence and its translation."""

    def __init__(
        self,
        texts: tuple[str, str],
        found: tuple[list[Word], list[Word]],
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
    def our_breaks(self) -> NDArray[np.bool_]:
        """Before which words of the source a comma or another mark stands."""
        return _breaks(self.texts[0], self.ours)

    @cached_property
    def their_breaks(self) -> NDArray[np.bool_]:
        """The same in the target."""
        return _breaks(self.texts[1], self.theirs)

    @cached_property
    def their_atom_sums(self) -> Matrix:
        """How many atoms stand before each word of the target, and before its end."""
        return running(self.their_atoms)

    @cached_property
    def their_break_sums(self) -> Matrix:
        """The same of breaks."""
        return running(self.their_breaks)

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
    def their_atoms(self) -> NDArray[np.bool_]:
        """Which of them are never translated."""
        return np.array([is_atom(norm) for norm in self.their_norms])

    @cached_property
    def their_degrees(self) -> NDArray[np.bool_]:
        """Which of them make comparatives."""
        return np.array([is_degree(norm, self.languages[1]) for norm in self.their_norms])

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
    def known(self) -> NDArray[np.bool_]:
        """For which pairs there is a witness."""
        return (self.aligned >= WITNESSED) | (self.alike > 0)

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
    pairs = pairs.copy()
    for _ in range(3):  # by ``reduce``, since ``sum`` is a detour that counts where matrices are as small
        pairs /= np.add.reduce(pairs, axis=1, keepdims=True) + UNPAIRED
        pairs /= np.add.reduce(pairs, axis=0, keepdims=True) + UNPAIRED
    return pairs


def _supported(pairs: Matrix) -> Matrix:
    """What the neighbours of each pair say for it."""
    height, width = pairs.shape
    padded = np.zeros((height + 4, width + 4))
    padded[2:-2, 2:-2] = pairs
    found, counted = np.zeros((height, width)), np.empty((height, width))
    for down, right, weight in _NEIGHBOURS:
        neighbours = padded[2 + down : 2 + down + height, 2 + right : 2 + right + width]
        found += np.multiply(neighbours, weight, out=counted)
    return found


def running(values: NDArray[np.float64] | NDArray[np.bool_]) -> Matrix:
    """The sums of the first values: of none, of one, …, of all."""
    sums = np.zeros(len(values) + 1)
    np.add.accumulate(values, out=sums[1:], dtype=np.float64)
    return sums


def _breaks(text: str, found: Sequence[Word]) -> NDArray[np.bool_]:
    gaps = ((before.end, after.start) for before, after in pairwise(found))
    # Most gaps are a space, which needs no search.
    return np.array([False, *(end - start > 1 and bool(_MARK.search(text, start, end)) for start, end in gaps)])


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
