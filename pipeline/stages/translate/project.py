"""Where the spans of a sentence stand in its translation.

Each span gets the window of words for which most speaks: the whole sentence; the very words, where they came out as
they went in; its own translation, found in the sentence; then the window that ``window`` finds with all witnesses
together: the aligner, likeness, the spans placed so far, the order of the words. Windows of siblings never overlap,
parents contain their children, a window holds the atoms of its span and no others, and no word is cut.

Own translations cost the engine's time: spans are placed without first, and ``unsure`` names those that need theirs.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from pipeline.stages.translate.align import Sides, Sought, Window
from pipeline.stages.translate.resources import Aligner
from pipeline.stages.translate.window import Found, Search
from pipeline.stages.translate.words import (
    Word,
    is_article,
    is_atom,
    is_function,
    mark_end,
    mark_start,
    shared_marks,
    trimmed,
    words,
)

ROUNDS: Final = 3
"""Of weighing the spans against each other; of those that want the same words, each round places one."""
SURE: Final = 0.4
"""Least ``sure`` of a window that stands without the span's own translation. Of 1,332 judged spans of tests/quality one
in ten is asked for then, and 98.5 % are right, as many as when all are asked for; without any 96.2 %. At 0.3 it is
98.4 %, at 0.6 as well with nearly twice as many asked for."""
WITNESSED_SHARE: Final = 0.5
"""Of a span's words of content: with witnesses for fewer, its place rests on the order of the words."""
_TELLING_LENGTH: Final = 4  # letters of function words that may be looked for, as in an emphasised *when*

WHOLE, VERBATIM, OWN, ALIGNED, FUZZY, POSITION = "whole", "verbatim", "own", "aligned", "fuzzy", "position"
_ANCHORED: Final = -2
"""The key of the word before an anchor while its place is looked for."""


class NoPlaceError(Exception):
    """The translation has fewer words than spans."""


@dataclass(frozen=True, slots=True)
class Span:
    """A code's part of one sentence: ``source[start:end]``; ``own`` is that part's own translation, or empty.

    ``parent`` is the key of the span around it, or -1. A span that goes on in the next sentence must reach the end of
    this one (``to_end``), one that comes from the sentence before its beginning (``from_start``).
    """

    key: int
    parent: int
    start: int
    end: int
    own: str = ""
    from_start: bool = False
    to_end: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """``target[start:end]``, and what that rests on."""

    start: int
    end: int
    evidence: str


class Projection:
    """A sentence and its translation, in words."""

    def __init__(
        self,
        source: str,
        target: str,
        languages: tuple[str, str],
        aligner: Aligner | None = None,
        before: Projection | None = None,
    ) -> None:
        """``before`` is a projection of the same texts, of whose spans less was known: what was weighed there stays."""
        self.source, self.target, self.languages = source, target, languages
        texts = source, target
        self.sides: Sides = before.sides if before else Sides(texts, (words(source), words(target)), languages, aligner)
        self.ours, self.theirs = self.sides.ours, self.sides.theirs
        self.our_starts = [word.start for word in self.ours]
        self.our_ends = [word.end for word in self.ours]
        self.ranges: dict[int, Window] = {}  # of placed spans, in words of the source
        self.windows: dict[int, Window] = {}
        self.places: dict[int, Place] = {}
        self.unsure: set[int] = set()
        """Keys of spans whose own translation is not known, and might change their places."""
        self.unsure_anchors: set[int] = set()
        """The same of anchors: ``at`` in the source."""

    def place(self, spans: Sequence[Span]) -> dict[int, Place]:
        """Find a place for every span.

        Raises:
            NoPlaceError: there are not words enough, or two spans share a word.
        """
        children: dict[int, list[Span]] = defaultdict(list)
        for span in spans:
            children[span.parent].append(span)
            self.ranges[span.key] = self.within(span.start, span.end)
        self._siblings(children[-1], (0, len(self.ours)), (0, len(self.theirs)))
        for span in spans:  # parents come before their children
            if inner := children.get(span.key):
                self._siblings(inner, self.ranges[span.key], self.windows[span.key])
        self._to_characters(spans)
        return self.places

    def within(self, start: int, end: int) -> Window:
        """The words of the source that ``source[start:end]`` touches."""
        return bisect_right(self.our_ends, start), bisect_left(self.our_starts, end)

    def _siblings(self, spans: Sequence[Span], ours: Window, theirs: Window) -> None:
        group = _Group(self, ours, theirs)
        waiting = sorted(spans, key=lambda span: (not (span.from_start or span.to_end), span.start))
        if not _disjoint([self.ranges[span.key] for span in waiting]):
            raise NoPlaceError
        for search, evidence in ((group.whole, WHOLE), *group.exact()):
            waiting = [span for span in waiting if not group.take(span, search(span), evidence)]
        waiting = group.by_score(waiting)
        for left, span in zip(range(len(waiting), 0, -1), waiting, strict=True):
            group.by_position(span, left)

    def _to_characters(self, spans: Sequence[Span]) -> None:
        for span in spans:
            first, last = self.windows[span.key]
            start, end = self.theirs[first].start, self.theirs[last - 1].end
            low, high = self.ranges[span.key]
            start -= self._punctuation_before(span.start, self.ours[low].start, start)
            end += self._punctuation_after(span.end, self.ours[high - 1].end, end)
            if span.from_start or (span.start == 0 and first == 0 and low == 0):
                start = 0
            if span.to_end or (span.end >= len(self.source) and last == len(self.theirs)):
                end = len(self.target)
            self.places[span.key] = Place(start, end, self.places[span.key].evidence)

    def _punctuation_before(self, begin: int, word: int, at: int) -> int:
        """How many marks before the target's word belong into the span, as they do in the source."""
        start = mark_start(self.target, at)
        return shared_marks(self.source[min(begin, word) : word][::-1], self.target[start:at][::-1])

    def _punctuation_after(self, finish: int, word: int, at: int) -> int:
        end = mark_end(self.target, at)
        return shared_marks(self.source[word : max(finish, word)], self.target[at:end])

    def anchor(self, at: int, parent: int, own: str | None) -> int:
        """Where in the target stands what follows ``source[:at]``: after the translation of the word before it.

        ``own`` is that word's own translation, or empty; ``None`` asks for no search.
        """
        ours = self.ranges.get(parent, (0, len(self.ours)))
        theirs = self.windows.get(parent, (0, len(self.theirs)))
        place = self.places.get(parent, Place(0, len(self.target), WHOLE))
        word = bisect_right(self.our_ends, at) - 1
        if word < ours[0] or theirs[0] == theirs[1]:
            return place.start
        end = self._end_of(word, parent, ours, theirs, own)
        if _ANCHORED in self.unsure:
            self.unsure.remove(_ANCHORED)
            self.unsure_anchors.add(at)
        return min(end + self._punctuation_after(at, self.ours[word].end, end), place.end)

    def _end_of(self, word: int, parent: int, ours: Window, theirs: Window, own: str | None) -> int:
        if word + 1 >= ours[1]:
            return self.theirs[theirs[1] - 1].end
        ending = [key for key, window in self.ranges.items() if window[1] == word + 1 and key != parent]
        if ending:
            return max(self.places[key].end for key in ending)
        if own is None:
            share = (word + 1 - ours[0]) * (theirs[1] - theirs[0]) // (ours[1] - ours[0])
            return self.theirs[theirs[0] + max(share - 1, 0)].end
        group = _Group(self, ours, theirs)
        first = word
        while first > ours[0] and is_function(self.ours[first].norm, self.languages[0]):
            first -= 1
        span = Span(_ANCHORED, parent, self.ours[first].start, self.ours[word].end, own)
        self.ranges[_ANCHORED] = (first, word + 1)
        if not any(group.take(span, search(span), evidence) for search, evidence in group.exact()):
            for left in group.by_score([span]):
                group.by_position(left, 1)
        _, last = self.windows.pop(_ANCHORED)
        del self.ranges[_ANCHORED], self.places[_ANCHORED]
        return self.theirs[last - 1].end


class _Group:
    """Siblings that share a range of the source's words and one of the target's."""

    def __init__(self, projection: Projection, ours: Window, theirs: Window) -> None:
        self.projection = projection
        self.ours, self.theirs = ours, theirs
        self.taken: set[int] = set()

    def take(self, span: Span, windows: Sequence[Window], evidence: str) -> bool:
        """Give the span the first window that is still free."""
        for window in windows:
            start = self.theirs[0] if span.from_start else window[0]
            end = self.theirs[1] if span.to_end else window[1]
            if start < end and self.taken.isdisjoint(range(start, end)) and self._same_atoms(span, (start, end)):
                self.taken.update(range(start, end))
                self.projection.windows[span.key] = start, end
                self.projection.places[span.key] = Place(0, 0, evidence)
                return True
        return False

    def exact(self) -> tuple[tuple[Callable[[Span], list[Window]], str], ...]:
        """The searches for the very words, surest first, and the evidence that each gives."""
        return (self.untranslated, VERBATIM), (self.verbatim, VERBATIM), (self.own, OWN)

    def whole(self, span: Span) -> list[Window]:
        start, end = self.projection.ranges[span.key]
        return [self.theirs] if start <= self.ours[0] and end >= self.ours[1] else []

    def untranslated(self, span: Span) -> list[Window]:
        """The same words, where nothing was translated."""
        ours, theirs = self.projection.ours[slice(*self.ours)], self.projection.theirs[slice(*self.theirs)]
        if [word.norm for word in ours] != [word.norm for word in theirs]:
            return []
        start, end = self.projection.ranges[span.key]
        moved = self.theirs[0] - self.ours[0]
        return [(start + moved, end + moved)]

    def verbatim(self, span: Span) -> list[Window]:
        """Numbers, names and atoms, which come out as they went in."""
        texts = self._norms(span)
        start, end = self.projection.ranges[span.key]
        if not any(self._telling(word) for word in self.projection.ours[start:end]):
            return []
        return self._nearest(span, self._occurrences(texts), texts)

    def own(self, span: Span) -> list[Window]:
        """The span's own translation, with or without the articles around it."""
        texts = self._without_article(span)
        found = self._matching(span, texts)
        return self._nearest(span, found, self._norms(span))

    def _matching(self, span: Span, texts: Sequence[str]) -> list[Window]:
        """Where the words stand. Function words stand everywhere: they count if there can be no mistake."""
        ours, theirs = self.projection.languages
        found = self._occurrences(texts)
        if not all(is_function(text, theirs) for text in texts):
            return found
        alike = all(is_function(text, ours) for text in self._norms(span))
        return found if alike or (len(found) == 1 and len(" ".join(texts)) >= _TELLING_LENGTH) else []

    def by_score(self, waiting: Sequence[Span]) -> list[Span]:
        """Give spans the windows for which most speaks, the surest first. Returns those that find none."""
        waiting = list(waiting)
        for _ in range(ROUNDS if self.projection.sides.weighable else 0):
            for found, span in self._candidates(waiting) if waiting else ():
                evidence = self._evidence(span, found)
                if self.take(span, [found.window], evidence):
                    waiting.remove(span)
                    if found.sure < SURE or evidence == POSITION:
                        self._doubt(span)
        return waiting

    def _doubt(self, span: Span) -> None:
        if not span.own:
            self.projection.unsure.add(span.key)

    def _candidates(self, waiting: Sequence[Span]) -> list[tuple[Found, Span]]:
        """The best window of each span, the surest first; none is so long that it leaves the others without words."""
        projection = self.projection
        sought = [self._sought(span) for span in waiting]
        placed = [(projection.ranges[key], window) for key, window in projection.windows.items()]
        strengths = projection.sides.strengths(sought, placed)
        longest = self.theirs[1] - self.theirs[0] - len(self.taken) - len(waiting) + 1
        found = [
            (best, span)
            for each, span in zip(sought, waiting, strict=True)
            if (best := Search(projection.sides, strengths, each).best(self.taken, longest))
        ]
        return sorted(found, key=lambda pair: -pair[0].score)

    def _sought(self, span: Span) -> Sought:
        ours = self.projection.ranges[span.key]
        return Sought(ours, tuple(self._without_article(span)), self.theirs, span.from_start, span.to_end)

    def _evidence(self, span: Span, found: Found) -> str:
        content = self._content(self._without_article(span))
        if content and _occurrences(self.projection.theirs, content, found.window):
            return OWN
        if max(found.aligned, found.alike) < WITNESSED_SHARE:
            return POSITION
        return ALIGNED if found.aligned >= found.alike else FUZZY

    def by_position(self, span: Span, left: int) -> None:
        """The words that take the same share of the sentence; ``left`` spans, this included, still need words."""
        start, end = self.projection.ranges[span.key]
        free = self.theirs[1] - self.theirs[0] - len(self.taken)
        share = (end - start) * (self.theirs[1] - self.theirs[0]) / max(1, self.ours[1] - self.ours[0])
        most = free - left + 1
        usual = max(1, min(round(share), most))
        for length in (*range(usual, 0, -1), *range(usual + 1, most + 1)):
            windows = [(at, at + length) for at in range(self.theirs[0], self.theirs[1] - length + 1)]
            windows.sort(key=lambda window: (self._empty(window), abs(self._offset(span, window)), window))
            if self.take(span, [*map(self._tight, windows), *windows], POSITION):
                self._doubt(span)
                return
        raise NoPlaceError

    def _same_atoms(self, span: Span, window: Window) -> bool:
        mine = self.projection.ours[slice(*self.projection.ranges[span.key])]
        theirs = self.projection.theirs[slice(*window)]
        return sorted(filter(is_atom, (word.norm for word in mine))) == sorted(
            filter(is_atom, (word.norm for word in theirs))
        )

    def _norms(self, span: Span) -> list[str]:
        start, end = self.projection.ranges[span.key]
        return [word.norm for word in self.projection.ours[start:end]]

    def _own_norms(self, span: Span) -> list[str]:
        return [word.norm for word in words(span.own)]

    def _without_article(self, span: Span) -> list[str]:
        """The words of the own translation; without an article that only it begins with (children: *as* crianças)."""
        ours, theirs = self.projection.languages
        texts = self._own_norms(span)
        if len(texts) > 1 and is_article(texts[0], theirs) and not is_function(self._norms(span)[0], ours):
            return texts[1:]
        return texts

    def _content(self, texts: list[str]) -> list[str]:
        found = [Word(0, 0, text, text) for text in texts]
        start, end = trimmed(found, self.projection.languages[1])
        return texts[start:end]

    def _telling(self, word: Word) -> bool:
        if any(map(str.isdigit, word.text)) or not any(map(str.isalpha, word.text)):
            return True
        return word.text[0].isupper() and not is_function(word.norm, self.projection.languages[0])

    def _occurrences(self, texts: Sequence[str]) -> list[Window]:
        return _occurrences(self.projection.theirs, texts, self.theirs)

    def _nearest(self, span: Span, found: list[Window], texts: Sequence[str]) -> list[Window]:
        """Those found, nearest first; of as many as in the source, the one of the same rank."""
        found = sorted(found, key=lambda window: (abs(self._offset(span, window)), window))
        same = _occurrences(self.projection.ours, texts, self.ours)
        here = self.projection.ranges[span.key]
        if len(found) == len(same) > 1 and here in same:
            ranked = sorted(found)[same.index(here)]
            found.remove(ranked)
            found.insert(0, ranked)
        return found

    def _offset(self, span: Span, window: Window) -> float:
        """How far a window is from where the span's share would be, as a part of the sentence (−1 to 1)."""
        start, end = self.projection.ranges[span.key]
        mine = ((start + end) / 2 - self.ours[0]) / max(1, self.ours[1] - self.ours[0])
        return ((window[0] + window[1]) / 2 - self.theirs[0]) / max(1, self.theirs[1] - self.theirs[0]) - mine

    def _empty(self, window: Window) -> bool:
        return all(
            is_function(word.norm, self.projection.languages[1]) for word in self.projection.theirs[slice(*window)]
        )

    def _tight(self, window: Window) -> Window:
        start, end = trimmed(self.projection.theirs[slice(*window)], self.projection.languages[1])
        return window[0] + start, window[0] + end


def _occurrences(found: Sequence[Word], texts: Sequence[str], bounds: Window) -> list[Window]:
    if not texts:
        return []
    length = len(texts)
    return [
        (at, at + length)
        for at in range(bounds[0], bounds[1] - length + 1)
        if found[at].norm == texts[0] and all(found[at + i].norm == texts[i] for i in range(1, length))
    ]


def _disjoint(ranges: Sequence[Window]) -> bool:
    ordered = sorted(ranges)
    return all(start < end for start, end in ordered) and all(
        before[1] <= after[0] for before, after in pairwise(ordered)
    )
