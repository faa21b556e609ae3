"""One segment on its way through memory and engine: what it asks for, and what it makes of the answers."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise
from operator import attrgetter
from typing import Final

from pipeline.documents import Failure, Origin, Segment, TranslatedSegment
from pipeline.stages.translate import inline, literals, mask, sentences, verify
from pipeline.stages.translate.enforce import Enforcement
from pipeline.stages.translate.inline import Inline
from pipeline.stages.translate.literals import LONGEST_WORD
from pipeline.stages.translate.mask import Request
from pipeline.stages.translate.place import MOST_SEARCHED, Piece, UnplacedError, assemble
from pipeline.stages.translate.project import NoPlaceError
from pipeline.stages.translate.resources import Resources
from pipeline.stages.translate.terms import glossary
from pipeline.stages.translate.words import is_function, words

FAULT: Final = "Sectionwire failed at this segment"


@dataclass(frozen=True, slots=True)
class Answer:
    """What memory or an engine says of one request, and by which of the routes."""

    text: str | Failure
    remembered: bool
    route: int = 0


class Attempt(IntEnum):
    """The ways to translate a segment, tried in order."""

    SENTENCES = 0
    OTHER_TOKENS = 1  # for sentences in which a token or a number was lost; then these in pieces
    TERMS = 2  # for sentences in which a term is not as the glossary wants it
    PIECES = 3  # all sentences around atoms and tags: safe, but torn


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
    unplaced: Piece | None = None  # whose spans the last attempt found no place for
    enforcement: Enforcement | None = None

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
        torn = self.attempt is Attempt.PIECES
        self.pieces = [
            Piece(start, end, mask.request(text[start:end], self.inline), codes, torn=torn)
            for start, end, codes in spans
        ]
        # Where nothing says which words belong together, all places are in doubt.
        for piece in self.pieces if self.resources.aligner is None and not torn else ():
            if piece.request.text:
                self._ask_all_own(piece)

    def _ask_own(self, piece: Piece, codes: Iterable[int], anchors: Iterable[int]) -> None:
        """Ask for the own translations of spans, and of the words before anchors.

        Which is done where their places are in doubt, and once: of most spans the places are sure without, and what a
        piece has more than one round of asking for would hardly be better, but keep engines waiting.
        """
        for key in codes:
            code = self.inline.codes[key]
            text = self.inline.text[max(code.start, piece.start) : min(code.end, piece.end)]
            piece.own[key] = self._own_request(text.strip(), piece)
        for index in anchors:
            at = self.inline.anchors[index].at
            last = next(reversed(words(self.inline.text[max(piece.start, at - LONGEST_WORD) : at])), None)
            known = last and not is_function(last.norm, self.source_language)
            piece.own_before[index] = self._own_request(last.text if last and known else "", piece)

    def _own_request(self, text: str, piece: Piece) -> Request:
        return mask.request(text, self.inline, shouted=piece.request.shouted)

    def _ask_all_own(self, piece: Piece) -> None:
        """The same of all but those that take up the whole sentence."""
        text = self.inline.text
        codes = (self.inline.codes[key] for key in piece.codes)
        parts = [
            key
            for key, code in zip(piece.codes, codes, strict=True)
            if words(text[piece.start : code.start]) or words(text[code.end : piece.end])
        ]
        anchors = self._anchors_inside(piece)
        self._ask_own(piece, parts, anchors if len(anchors) <= MOST_SEARCHED else ())

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
        if self.enforcement:
            asked += self.enforcement.requests()
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
        if self.attempt is Attempt.TERMS:
            return self._settled_terms(answers)
        if not any(piece.request.text for piece in self.pieces):
            return self._untouched()
        lost = [piece for piece in self.pieces if not piece.take(answers, self.target_language)]
        if lost:
            self._again(lost)
            return None
        if self._has_wrong_terms():
            self.attempt = Attempt.TERMS
            return self._settled_terms(answers)
        if (result := self._assembled(answers)) or not self._is_answered(answers):
            return result
        if self.unplaced and not self.unplaced.torn:
            self._tear([self.unplaced])
            return None
        if self.attempt is Attempt.PIECES:
            self.problem = "The translation could not be fitted to the markup of the segment."
            return self._kept()
        self._torn()
        return None

    def _again(self, lost: Sequence[Piece]) -> None:
        """Ask for sentences in another way: with other tokens, then in pieces, at last with their numbers apart."""
        self.attempt = max(self.attempt, Attempt.OTHER_TOKENS)
        for piece in lost:
            piece.tries += 1
        self._tear([piece for piece in lost if piece.torn or piece.tries == mask.TRIES])
        for piece in lost:
            piece.request = mask.request(
                piece.request.source, self.inline, tries=piece.tries % mask.TRIES, with_numbers=piece.numbers
            )

    def _tear(self, pieces: Sequence[Piece]) -> None:
        """Put their parts in the place of sentences: those between codes, anchors and atoms.

        The numbers of a sentence that the engine changed stay as they are.
        """
        if not pieces:
            return
        self.attempt = max(self.attempt, Attempt.OTHER_TOKENS)
        borders = _borders(self.inline)
        kept = {match.span() for piece in pieces if piece.numbers for match in self._numbers(piece)}
        borders = sorted({*borders, *(at for span in kept for at in span)})
        torn = {id(piece) for piece in pieces}
        ranges = [each for piece in self.pieces for each in (self._parts(piece, borders) if id(piece) in torn else ())]
        parts: dict[int, list[Piece]] = defaultdict(list)
        starts = [piece.start for piece in self.pieces]
        for start, end, codes in _sweep(self.inline, ranges):
            text = self.inline.text[start:end]
            request = Request(text, "") if (start, end) in kept else mask.request(text, self.inline)
            parts[bisect_right(starts, start) - 1].append(Piece(start, end, request, codes, torn=True))
        self.pieces = [new for number, old in enumerate(self.pieces) for new in parts.get(number, [old])]

    def _numbers(self, piece: Piece) -> Iterator[re.Match[str]]:
        return mask.NUMBERS.finditer(self.inline.text, piece.start, piece.end)

    def _parts(self, piece: Piece, borders: Sequence[int]) -> list[sentences.Range]:
        inside = borders[bisect_right(borders, piece.start) : bisect_left(borders, piece.end)]
        ranges = [sentences.strip(self.inline.text, *each) for each in pairwise([piece.start, *inside, piece.end])]
        return [(start, end) for start, end in ranges if start < end]

    def _torn(self) -> None:
        self.attempt = Attempt.PIECES
        self._plan(_borders(self.inline))

    def _has_wrong_terms(self) -> bool:
        """Whether the glossary wants something otherwise than the engine, and can do something about it."""
        if not self.resources.terms or self.attempt is Attempt.PIECES or self.enforcement:
            return False  # or it was tried, and the markup didn't fit
        languages = (self.source_language, self.target_language)
        terms = glossary(self.resources.terms, *languages)
        self.enforcement = Enforcement(terms, self.inline, self.pieces, languages, self.resources.aligner)
        self.enforcement.replace_literals(escape=self.segment.markup)
        return self.enforcement.choose(self.pieces)

    def _settled_terms(self, answers: Mapping[str, Answer]) -> TranslatedSegment | None:
        assert self.enforcement is not None
        if not self._is_answered(answers):
            return None
        changed = self._mask_terms(answers)
        if not self._is_answered(answers):
            return None
        taken = {number: self.enforcement.take(number, self.pieces[number], answers) for number in changed}
        if not all(taken.values()):
            self.enforcement.give_up(number for number, good in taken.items() if not good)
            return self._settled_terms(answers)
        if self.enforcement.choose(self.pieces):
            return self._settled_terms(answers)
        self.enforcement.write(self.inline, self.pieces, escape=self.segment.markup)
        if (result := self._assembled(answers)) or not self._is_answered(answers):
            return result
        self.enforcement.give_up(range(len(self.pieces)))
        self._mask_terms(answers)
        self.attempt, self.unplaced = Attempt.OTHER_TOKENS, None
        return self._settled(answers)

    def _mask_terms(self, answers: Mapping[str, Answer]) -> list[int]:
        assert self.enforcement is not None
        self.inline, self.pieces, changed = self.enforcement.masked(answers)
        for number in changed:
            if self.pieces[number].request.text and not self.pieces[number].torn:
                self._ask_all_own(self.pieces[number])
        return changed

    def _is_answered(self, answers: Mapping[str, Answer]) -> bool:
        return all(text in answers for text in self.requests())

    def _assembled(self, answers: Mapping[str, Answer]) -> TranslatedSegment | None:
        failed = [piece for piece in self.pieces if piece.failure]
        asked = [piece for piece in self.pieces if piece.request.text]
        if failed:
            count = "" if len(asked) == 1 else f"{len(failed)} of {len(asked)} sentences: "
            self.problem = f"Not translated: {count}{failed[0].failure}."
        if failed and len(failed) == len(asked):
            return self._kept()
        self.unplaced = None
        try:
            made = assemble(
                self.inline,
                self.pieces,
                answers,
                (self.source_language, self.target_language),
                self.resources.aligner,
                escape=self.segment.markup,
            )
        except UnplacedError as error:
            self.unplaced = error.piece
            if not error.piece.asked:
                self._ask_all_own(error.piece)
            return None
        except NoPlaceError:
            return None
        for doubt in made.doubts:
            if not doubt.piece.asked:
                self._ask_own(doubt.piece, doubt.codes, doubt.anchors)
        if not self._is_answered(answers) or (
            self.segment.markup and verify.problems(self.segment.source, made.target)
        ):
            return None
        share = _remembered(asked, answers)
        origin = Origin.KEPT if failed else Origin.MEMORY if share == 1.0 else Origin.ENGINE
        routes = _routes(asked, answers)
        return TranslatedSegment(self.segment.key, made.target, origin, share, made.evidence, self.problem, routes)

    def _kept(self) -> TranslatedSegment:
        return TranslatedSegment(self.segment.key, self.segment.source, Origin.KEPT, problem=self.problem)

    def _untouched(self) -> TranslatedSegment:
        """Nothing in it is for translating: it stands as it is in every language."""
        return TranslatedSegment(self.segment.key, self.segment.source, Origin.SOURCE)


def _routes(asked: Sequence[Piece], answers: Mapping[str, Answer]) -> tuple[int, ...]:
    """By which routes the sentences came; empty when all came by the first, and none failed."""
    found = sorted({answers[piece.request.text].route for piece in asked if not piece.failure})
    return () if found == [0] and not any(piece.failure for piece in asked) else tuple(found)


def _remembered(asked: Sequence[Piece], answers: Mapping[str, Answer]) -> float:
    total = sum(len(piece.request.text) for piece in asked)
    remembered = sum(len(piece.request.text) for piece in asked if answers[piece.request.text].remembered)
    return remembered / total if total else 0.0


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
    cuts.update(at for anchor in parsed.anchors for at in (anchor.at, anchor.at + len(anchor.mark)))
    atoms = [at for at, character in enumerate(parsed.text) if parsed.is_atom(character)]
    cuts.update(atoms)
    cuts.update(at + 1 for at in atoms)
    return sorted(cuts)
