"""One segment on its way through memory and engine: what it asks for, and what it makes of the answers."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from operator import attrgetter
from typing import Final

from pipeline.documents import Failure, Origin, Segment, TranslatedSegment
from pipeline.stages.translate import inline, literals, mask, sentences, verify
from pipeline.stages.translate.inline import Inline
from pipeline.stages.translate.literals import LONGEST_WORD
from pipeline.stages.translate.mask import Request
from pipeline.stages.translate.place import MOST_SEARCHED, Piece, assemble
from pipeline.stages.translate.project import NoPlaceError
from pipeline.stages.translate.resources import Resources
from pipeline.stages.translate.words import is_function, words

FAULT: Final = "Sectionwire failed at this segment"


@dataclass(frozen=True, slots=True)
class Answer:
    """What memory or an engine says of one request."""

    text: str | Failure
    remembered: bool


class Attempt(IntEnum):
    """The ways to translate a segment, tried in order."""

    SENTENCES = 0
    OTHER_TOKENS = 1  # for sentences in which a token was lost
    PIECES = 2  # around atoms and tags: safe, but torn


@dataclass(slots=True)
class Draft:
    """The working state of one segment. Raises nothing: what can't be translated is kept."""

    segment: Segment
    source_language: str
    target_language: str
    resources: Resources
    attempt: Attempt = Attempt.SENTENCES
    inline: Inline = field(default_factory=Inline)
    pieces: list[Piece] = field(default_factory=list)
    problem: str = ""

    def __post_init__(self) -> None:
        pattern = literals.carried(self.source_language, self.target_language)
        try:
            self.inline = inline.parse(
                self.segment.source, self.source_language, is_markup=self.segment.markup, carried=pattern
            )
        except inline.UnreadableError as error:
            self.problem = f"The markup of the segment can't be read: {error}."
            return
        self._plan(())

    def _plan(self, cuts: Sequence[int]) -> None:
        text = self.inline.text
        spans = _sweep(self.inline, sentences.split(text, self.source_language, cuts))
        self.pieces = [
            Piece(start, end, mask.request(text[start:end], self.inline), codes) for start, end, codes in spans
        ]
        for piece in self.pieces:
            if piece.request.text and self.attempt is not Attempt.PIECES:
                self._plan_own(piece)

    def _plan_own(self, piece: Piece) -> None:
        """Ask for the spans' own translations, too, where placing them may need it."""
        for key in piece.codes:
            code = self.inline.codes[key]
            start, end = max(code.start, piece.start), min(code.end, piece.end)
            if words(self.inline.text[piece.start : start]) or words(self.inline.text[end : piece.end]):
                self._plan_request(piece.own, key, self.inline.text[start:end].strip())
        anchors = self._anchors_inside(piece)
        for index in anchors if len(anchors) <= MOST_SEARCHED else ():
            at = self.inline.anchors[index].at
            last = next(reversed(words(self.inline.text[max(piece.start, at - LONGEST_WORD) : at])), None)
            if last and not is_function(last.norm, self.source_language):
                self._plan_request(piece.own_before, index, last.text)

    def _plan_request(self, requests: dict[int, Request], key: int, text: str) -> None:
        if mask.translatable(text):
            requests[key] = mask.request(text, self.inline)

    def _anchors_inside(self, piece: Piece) -> range:
        anchors = self.inline.anchors  # in order of their places
        return range(
            bisect_right(anchors, piece.start, key=attrgetter("at")),
            bisect_left(anchors, piece.end, key=attrgetter("at")),
        )

    def requests(self) -> list[str]:
        """The sentences of which it needs a translation now."""
        asked = [
            request
            for piece in self.pieces
            for request in (piece.request, *piece.own.values(), *piece.own_before.values())
        ]
        return [request.text for request in asked if request.text]

    def settle(self, answers: Mapping[str, Answer]) -> TranslatedSegment | None:
        """The translated segment, or ``None``: then it has further ``requests`` (of another attempt)."""
        try:
            return self._settled(answers)
        except Exception as error:  # noqa: BLE001  # a fault of ours in one segment must not stop a batch of articles
            self.problem = f"{FAULT} ({type(error).__name__}): please report it with the text of the segment."
            return self._kept()

    def _settled(self, answers: Mapping[str, Answer]) -> TranslatedSegment | None:
        if self.problem:
            return self._kept()
        if not any(piece.request.text for piece in self.pieces):
            return self._untouched()
        lost = [piece for piece in self.pieces if not piece.take(answers, self.target_language)]
        if lost and self.attempt is Attempt.SENTENCES:
            self.attempt = Attempt.OTHER_TOKENS
            for piece in lost:
                piece.request = mask.request(piece.request.source, self.inline, second=True)
            return None
        if not lost and (result := self._assembled(answers)):
            return result
        if self.attempt is Attempt.PIECES:
            self.problem = "The translation could not be fitted to the markup of the segment."
            return self._kept()
        self.attempt = Attempt.PIECES
        self._plan(_borders(self.inline))
        return None

    def _assembled(self, answers: Mapping[str, Answer]) -> TranslatedSegment | None:
        failed = [piece for piece in self.pieces if piece.failure]
        asked = [piece for piece in self.pieces if piece.request.text]
        if failed:
            count = "" if len(asked) == 1 else f"{len(failed)} of {len(asked)} sentences: "
            self.problem = f"Not translated: {count}{failed[0].failure}."
        if len(failed) == len(asked):
            return self._kept()
        try:
            target, evidence = assemble(
                self.inline,
                self.pieces,
                answers,
                (self.source_language, self.target_language),
                torn=self.attempt is Attempt.PIECES,
                escape=self.segment.markup,
            )
        except NoPlaceError:
            return None
        if self.segment.markup and verify.problems(self.segment.source, target):
            return None
        share = _remembered(asked, answers)
        origin = Origin.KEPT if failed else Origin.MEMORY if share == 1.0 else Origin.ENGINE
        return TranslatedSegment(self.segment.key, target, origin, share, evidence, self.problem)

    def _kept(self) -> TranslatedSegment:
        return TranslatedSegment(self.segment.key, self.segment.source, Origin.KEPT, problem=self.problem)

    def _untouched(self) -> TranslatedSegment:
        """Nothing in it is for translating: it stands as it is in every language."""
        return TranslatedSegment(self.segment.key, self.segment.source, Origin.SOURCE)


def _remembered(asked: Sequence[Piece], answers: Mapping[str, Answer]) -> float:
    total = sum(len(piece.request.text) for piece in asked)
    remembered = sum(len(piece.request.text) for piece in asked if answers[piece.request.text].remembered)
    return remembered / total


def _sweep(parsed: Inline, ranges: Sequence[sentences.Range]) -> list[tuple[int, int, list[int]]]:
    """Each sentence with the codes that touch it, parents first."""
    found = []
    following = 0
    running: list[int] = []
    for start, end in ranges:
        while following < len(parsed.codes) and parsed.codes[following].start < end:
            running.append(following)
            following += 1
        running = [key for key in running if parsed.codes[key].end > start]
        found.append((start, end, list(running)))
    return found


def _borders(parsed: Inline) -> list[int]:
    """Every place at which a code begins or ends, an anchor or an atom stands."""
    cuts = {position for code in parsed.codes for position in (code.start, code.end)}
    cuts.update(anchor.at for anchor in parsed.anchors)
    atoms = [at for at, character in enumerate(parsed.text) if parsed.is_atom(character)]
    cuts.update(atoms)
    cuts.update(at + 1 for at in atoms)
    return sorted(cuts)
