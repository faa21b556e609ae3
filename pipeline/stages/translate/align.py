"""Windows of a translated sentence that look like a phrase, though not word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from rapidfuzz.distance import JaroWinkler

from pipeline.stages.translate.words import Word, is_function

Window = tuple[int, int]
"""Half-open, in words of the sentence."""

_MOST_PAIRS: Final = 60  # seeds of windows; a long phrase in a long sentence has enough in these
_SLACK: Final = 3  # words that a translation may be longer in the sentence than alone


class Alignment:
    """Pairs of like words: ``texts`` is the phrase, ``found[bounds]`` the sentence. ``content`` counts its words."""

    def __init__(
        self, texts: Sequence[str], found: Sequence[Word], bounds: Window, language: str, least: float
    ) -> None:
        self.found, self.bounds, self.language = found, bounds, language
        self.texts = [text for text in texts if not is_function(text, language)] or list(texts)
        self.content = len(self.texts)
        self.pairs = [
            (index, at, likeness)
            for index, text in enumerate(self.texts)
            for at in range(*bounds)
            if (likeness := _likeness(text, found[at].norm, least))
        ][:_MOST_PAIRS]

    def windows(self, wanted: int, breaks: frozenset[int]) -> Iterator[tuple[Window, float]]:
        """Windows grown from each pair, with the share of the phrase that they hold (0 to 100).

        Words that the phrase has before and after those found are taken in, up to a comma (``breaks``) and to
        ``wanted`` words of content.
        """
        for seed in self.pairs:
            members = self._cluster(seed)
            at = [position for _, position, _ in members.values()]
            recall = 100 * sum(likeness for _, _, likeness in members.values()) / self.content
            window = min(at), max(at) + 1
            yield window, recall
            left, right = min(members), self.content - 1 - max(members)
            missing = max(0, wanted - len(members))
            yield self._grown(window, min(left, missing), min(right, max(0, missing - left)), breaks), recall

    def _cluster(self, seed: tuple[int, int, float]) -> dict[int, tuple[int, int, float]]:
        """For each word of the phrase the pair that is nearest to the seed."""
        members = {seed[0]: seed}
        taken = {seed[1]}
        reach = len(self.texts) * 2 + _SLACK
        for pair in sorted(self.pairs, key=lambda pair: (abs(pair[1] - seed[1]), -pair[2])):
            if pair[0] not in members and pair[1] not in taken and abs(pair[1] - seed[1]) <= reach:
                members[pair[0]] = pair
                taken.add(pair[1])
        return members

    def _grown(self, window: Window, left: int, right: int, breaks: frozenset[int]) -> Window:
        start, end = window
        while left and (step := self._content_before(start, breaks)) is not None:
            start, left = step, left - 1
        while right and (step := self._content_after(end, breaks)) is not None:
            end, right = step, right - 1
        return start, end

    def _content_before(self, at: int, breaks: frozenset[int]) -> int | None:
        while at > self.bounds[0] and at not in breaks:
            at -= 1
            if not is_function(self.found[at].norm, self.language):
                return at
        return None

    def _content_after(self, at: int, breaks: frozenset[int]) -> int | None:
        while at < self.bounds[1] and at not in breaks:
            at += 1
            if not is_function(self.found[at - 1].norm, self.language):
                return at
        return None


def _likeness(one: str, other: str, least: float) -> float:
    """How alike two words are (0 to 1); 0 below ``least``. Short words and numbers must be the same."""
    if one == other:
        return 1.0
    if min(len(one), len(other)) < 4 or one[0].isdigit() or other[0].isdigit():
        return 0.0
    return JaroWinkler.similarity(one, other, score_cutoff=least)
