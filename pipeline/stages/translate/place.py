"""From translated sentences and placed spans to the segment's inline HTML."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pipeline.documents import Failure
from pipeline.stages.translate import mask
from pipeline.stages.translate.inline import ANCHORED, Anchor, Inline
from pipeline.stages.translate.mask import Request
from pipeline.stages.translate.project import NoPlaceError, Place, Projection, Span
from pipeline.stages.translate.resources import Aligner
from pipeline.stages.translate.words import joins

_FOLLOWED: Final = frozenset(',;:!?)]}”"»、，；：！？،؛؟')
"""Marks that a footnote's number follows. A full stop may be one of an abbreviation."""
_PLAIN_QUOTES: Final = str.maketrans({**dict.fromkeys("“”„‟«»", '"'), **dict.fromkeys("‘’‚‛‹›", "'")})

_STRENGTH: Final = ("position", "fuzzy", "aligned", "own", "verbatim", "whole")


MOST_SEARCHED: Final = 24
"""Anchors of one sentence that are placed by a search; of more (a row of icons) each gets its share of the sentence."""


class UnplacedError(Exception):
    """The translation of ``piece`` has no place for all of its spans."""

    def __init__(self, piece: Piece) -> None:
        super().__init__(piece)
        self.piece = piece


class Answered(Protocol):
    """An answer of memory or engine; see ``draft.Answer``."""

    @property
    def text(self) -> str | Failure: ...


@dataclass(slots=True)
class Piece:
    """One sentence of a segment: ``inline.text[start:end]``, with the codes that touch it."""

    start: int
    end: int
    request: Request
    codes: list[int]
    own: dict[int, Request] = field(default_factory=dict)  # by code, where it was asked for
    own_before: dict[int, Request] = field(default_factory=dict)  # the word before, by anchor
    target: str = ""
    failure: str = ""
    torn: bool = False  # ends at every code, so that places need no search
    tries: int = 0  # forms of tokens in which something was lost
    numbers: bool = False  # the engine can't be trusted with the sentence's numbers
    projected: tuple[str, str, list[Span], Projection] | None = None  # of this source, target and spans

    def take(self, answers: Mapping[str, Answered], language: str) -> bool:
        """Set the target; false when the answer lost a token or a number. A failure keeps the sentence as it is."""
        self.target, self.failure = self.request.source, ""
        if not self.request.text:
            return True
        answer = answers[self.request.text].text
        if isinstance(answer, Failure):
            self.failure = answer.reason
            return True
        target = mask.answered(self.request, answer, language)
        if isinstance(target, mask.Lost):
            self.numbers = self.numbers or target is mask.Lost.NUMBER
            return False
        self.target = target
        return True

    @property
    def same(self) -> bool:
        """Whether the target is the source as it was, so that everything keeps its place."""
        return bool(self.failure) or not self.request.text

    @property
    def asked(self) -> bool:
        """Whether own translations were asked for."""
        return bool(self.own or self.own_before)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Codes and anchors of a piece that would stand surer with their own translations."""

    piece: Piece
    codes: tuple[int, ...]
    anchors: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Assembled:
    """A segment in the target language, the evidence for each of its inline codes, and what is in doubt."""

    target: str
    evidence: tuple[str, ...]
    doubts: tuple[Doubt, ...]


def assemble(
    inline: Inline,
    pieces: Sequence[Piece],
    answers: Mapping[str, Answered],
    languages: tuple[str, str],
    aligner: Aligner | None,
    *,
    escape: bool,
) -> Assembled:
    """Put a segment together.

    Raises:
        UnplacedError: a translation has fewer words than spans.
        NoPlaceError: the same, but of which sentence is not known.
    """
    builder = _Builder(inline, pieces, answers, languages, aligner)
    builder.build()
    return Assembled(builder.written(escape=escape).strip(), builder.evidence(), tuple(builder.doubts))


class _Builder:
    def __init__(
        self,
        inline: Inline,
        pieces: Sequence[Piece],
        answers: Mapping[str, Answered],
        languages: tuple[str, str],
        aligner: Aligner | None,
    ) -> None:
        self.inline, self.pieces, self.answers, self.languages = inline, pieces, answers, languages
        self.aligner = aligner
        self.places: dict[int, Place] = {}
        self.anchors: list[tuple[int, str]] = []  # position in the text, what stands there
        self.text = ""
        self.offsets: list[int] = []  # where the target of each piece begins
        self.doubts: list[Doubt] = []

    def build(self) -> None:
        self._join()
        starts = [piece.start for piece in self.pieces]
        anchors: dict[int, list[int]] = defaultdict(list)
        for index, anchor in enumerate(self.inline.anchors):
            anchors[bisect_right(starts, anchor.at - 1) - 1].append(index)
        positions: dict[int, tuple[int, str]] = {}
        for number, piece in enumerate(self.pieces):
            if piece.codes or anchors[number]:
                self._piece(piece, self.offsets[number], anchors[number], positions)
        for index in anchors[-1]:
            positions[index] = self.inline.anchors[index].at, self.inline.anchors[index].raw
        self.anchors = [positions[index] for index in range(len(self.inline.anchors))]

    def _join(self) -> None:
        parts = []
        at = length = 0
        for piece in self.pieces:
            gap = self.inline.text[at : piece.start]
            self.offsets.append(length + len(gap))
            parts += [gap, piece.target]
            length += len(gap) + len(piece.target)
            at = piece.end
        self.text = "".join([*parts, self.inline.text[at:]])

    def _piece(self, piece: Piece, offset: int, anchors: Sequence[int], positions: dict[int, tuple[int, str]]) -> None:
        projection = None
        if piece.same or piece.torn:
            found = self._unmoved(piece)
        else:
            try:
                projection = self._projected(piece)
            except NoPlaceError as error:
                raise UnplacedError(piece) from error
            found = projection.places
        for key, place in found.items():
            self._merge(key, Place(place.start + offset, place.end + offset, place.evidence))
        for index in anchors:
            own = self._own(piece.own_before.get(index)) if len(anchors) <= MOST_SEARCHED else None
            positions[index] = self._anchor(piece, offset, self.inline.anchors[index], own, projection)
        if projection and (projection.unsure or projection.unsure_anchors):
            unsure = [at + piece.start for at in projection.unsure_anchors]
            before = tuple(index for index in anchors if self.inline.anchors[index].at in unsure)
            self.doubts.append(Doubt(piece, tuple(projection.unsure), before))

    def _projected(self, piece: Piece) -> Projection:
        """A sentence that was projected before, and of whose spans no more is known, is not projected again."""
        known = self.inline.text[piece.start : piece.end], piece.target, self._spans(piece)
        if piece.projected is None or piece.projected[:3] != known:
            source, target, spans = known
            same = piece.projected is not None and piece.projected[:2] == (source, target)
            before = piece.projected[3] if piece.projected and same else None
            projection = Projection(source, target, self.languages, self.aligner, before)
            projection.place(spans)
            piece.projected = *known, projection
        return piece.projected[3]

    def _unmoved(self, piece: Piece) -> dict[int, Place]:
        places = {}
        for key in piece.codes:
            code = self.inline.codes[key]
            start, end = max(code.start - piece.start, 0), min(code.end, piece.end) - piece.start
            if start == 0 and end == piece.end - piece.start:
                end = len(piece.target)
            # Torn sentences are put together in the order of the source: nothing but that speaks for the place.
            places[key] = Place(start, end, "position" if piece.torn else "verbatim")
        return places

    def _spans(self, piece: Piece) -> list[Span]:
        spans = []
        for key in piece.codes:
            code = self.inline.codes[key]
            start, end = max(code.start, piece.start), min(code.end, piece.end)
            spans.append(
                Span(
                    key,
                    code.parent,
                    start - piece.start,
                    end - piece.start,
                    self._own(piece.own.get(key)),
                    from_start=code.start < piece.start and bool(self.inline.text[code.start : piece.start].strip()),
                    to_end=code.end > piece.end and bool(self.inline.text[piece.end : code.end].strip()),
                )
            )
        return spans

    def _own(self, request: Request | None) -> str:
        answer = self.answers[request.text].text if request and request.text else ""
        if request is None or not isinstance(answer, str):
            return ""
        own = mask.answered(request, answer, self.languages[1])
        return own if isinstance(own, str) else ""

    def _merge(self, key: int, place: Place) -> None:
        """A span over several sentences has a place in each; it rests on the weakest evidence."""
        known = self.places.get(key, place)
        evidence = min(known.evidence, place.evidence, key=_STRENGTH.index)
        self.places[key] = Place(min(known.start, place.start), max(known.end, place.end), evidence)

    def _anchor(
        self, piece: Piece, offset: int, anchor: Anchor, own: str | None, projection: Projection | None
    ) -> tuple[int, str]:
        if anchor.at >= piece.end:
            return offset + len(piece.target) + anchor.at - piece.end, anchor.raw
        if projection is None:
            return offset + min(anchor.at - piece.start, len(piece.target)), anchor.raw
        position = offset + projection.anchor(anchor.at - piece.start, anchor.parent, own)
        position = self._at_mark(piece, offset, anchor, position)
        return position, anchor.raw if anchor.mark else self._spaced(anchor, position)

    def _at_mark(self, piece: Piece, offset: int, anchor: Anchor, position: int) -> int:
        """Where the mark stands that the element holds, or that it follows; ``position`` when the target has none.

        Of as many marks as in the source it is the same in order, else the nearest.
        """
        mark = anchor.mark or self.inline.text[anchor.at - 1 : anchor.at]
        if not anchor.mark and mark not in _FOLLOWED:
            return position
        mark = mark.translate(_PLAIN_QUOTES)
        ours = _occurrences(self.inline.text[piece.start : piece.end], mark)
        place = self.places.get(anchor.parent, Place(0, len(self.text), ""))
        shift = offset + (0 if anchor.mark else len(mark))
        found = [at + shift for at in _occurrences(piece.target, mark)]
        rank = bisect_left(ours, anchor.at - piece.start - (0 if anchor.mark else len(mark)))
        if len(found) == len(ours) > rank:
            found = [found[rank]]
        found = [at for at in found if place.start <= at <= place.end - len(anchor.mark)]
        return min(found, key=lambda at: abs(at - position), default=position)

    def _spaced(self, anchor: Anchor, position: int) -> str:
        """The element with the white space around it that it has in the source."""
        before, after = self.text[max(position - 1, 0) : position], self.text[position : position + 1]
        space_before = anchor.space_before and before and not before.isspace()
        space_after = anchor.space_after and after and joins("a", after)
        return f"{' ' if space_before else ''}{anchor.raw}{' ' if space_after else ''}"

    def evidence(self) -> tuple[str, ...]:
        words = []
        for mark in self.inline.marks:
            if mark >= 0:
                words.append(self.places[mark].evidence)
            else:
                words.append("anchor" if mark == ANCHORED else "verbatim")
        return tuple(words)

    def written(self, *, escape: bool) -> str:
        """The text with its codes, anchors and atoms."""
        children: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)  # start, end, order, key
        for key, place in self.places.items():
            children[self.inline.codes[key].parent].append((place.start, place.end, key, key))
        for index, (position, _) in enumerate(self.anchors):
            order = len(self.inline.codes) + index
            children[self.inline.anchors[index].parent].append((position, position, order, ~index))
        return self._written(-1, 0, len(self.text), children, escape=escape)

    def _repeated(self, index: int, at: int, wanted: int) -> int:
        """The length of the mark at this place of the text that the element holds already."""
        mark = self.inline.anchors[index].mark
        here = self.text[at : at + len(mark)].translate(_PLAIN_QUOTES)
        return len(mark) if at == wanted and here == mark.translate(_PLAIN_QUOTES) else 0

    def _written(
        self, parent: int, low: int, high: int, children: dict[int, list[tuple[int, int, int, int]]], *, escape: bool
    ) -> str:
        parts = []
        at = low
        for child_start, child_end, _, key in sorted(children[parent]):
            start, end = min(max(child_start, at), high), min(child_end, high)
            parts.append(self.inline.raw(self.text[at:start], escape=escape))
            at = start
            if key < 0:
                parts.append(self.anchors[~key][1])
                at += self._repeated(~key, at, child_start)
                continue
            if start >= end:
                raise NoPlaceError
            code = self.inline.codes[key]
            parts += [code.open, self._written(key, start, end, children, escape=escape), code.close]
            at = end
        parts.append(self.inline.raw(self.text[at:high], escape=escape))
        return "".join(parts)


def _occurrences(text: str, mark: str) -> list[int]:
    """Where a mark stands, whatever the shape of the quotation marks; apostrophes don't count."""
    plain = text.translate(_PLAIN_QUOTES)
    return [
        match.start() for match in re.finditer(re.escape(mark), plain) if mark != "'" or not _within_word(plain, match)
    ]


def _within_word(text: str, mark: re.Match[str]) -> bool:
    return text[: mark.start()][-1:].isalnum() and text[mark.end() :][:1].isalnum()
