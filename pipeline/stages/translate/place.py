"""From translated sentences and placed spans to the segment's inline HTML."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from pipeline.documents import Failure
from pipeline.stages.translate import mask
from pipeline.stages.translate.inline import ANCHORED, Anchor, Inline
from pipeline.stages.translate.mask import Request
from pipeline.stages.translate.project import NoPlaceError, Place, Projection, Span
from pipeline.stages.translate.words import joins

_STRENGTH: Final = ("position", "fuzzy", "own", "verbatim", "whole")


MOST_SEARCHED: Final = 24
"""Anchors of one sentence that are placed by a search; of more (a row of icons) each gets its share of the sentence."""


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
    own: dict[int, Request] = field(default_factory=dict)  # by code
    own_before: dict[int, Request] = field(default_factory=dict)  # the word before, by anchor
    target: str = ""
    failure: str = ""

    def take(self, answers: Mapping[str, Answered], language: str) -> bool:
        """Set the target; false when the answer lost a token. A failure keeps the sentence as it is."""
        self.target, self.failure = self.request.source, ""
        if not self.request.text:
            return True
        answer = answers[self.request.text].text
        if isinstance(answer, Failure):
            self.failure = answer.reason
            return True
        target = mask.answered(self.request, answer, language)
        if target is None:
            return False
        self.target = target
        return True

    @property
    def same(self) -> bool:
        """Whether the target is the source as it was, so that everything keeps its place."""
        return bool(self.failure) or not self.request.text


def assemble(
    inline: Inline,
    pieces: Sequence[Piece],
    answers: Mapping[str, Answered],
    languages: tuple[str, str],
    *,
    torn: bool,
    escape: bool,
) -> tuple[str, tuple[str, ...]]:
    """The segment in the target language, and the evidence for each of its inline codes.

    ``torn`` says that the pieces end at every code, so that places need no search.

    Raises:
        NoPlaceError: the translation has fewer words than spans.
    """
    builder = _Builder(inline, pieces, answers, languages, torn=torn)
    builder.build()
    return builder.written(escape=escape).strip(), builder.evidence()


class _Builder:
    def __init__(
        self,
        inline: Inline,
        pieces: Sequence[Piece],
        answers: Mapping[str, Answered],
        languages: tuple[str, str],
        *,
        torn: bool,
    ) -> None:
        self.inline, self.pieces, self.answers, self.languages, self.torn = inline, pieces, answers, languages, torn
        self.places: dict[int, Place] = {}
        self.anchors: list[tuple[int, str]] = []  # position in the text, what stands there
        self.text = ""
        self.offsets: list[int] = []  # where the target of each piece begins

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
        if piece.same or self.torn:
            found = self._unmoved(piece)
        else:
            projection = Projection(
                self.inline.text[piece.start : piece.end], piece.target, self.languages[0], self.languages[1]
            )
            found = projection.place(self._spans(piece))
        for key, place in found.items():
            self._merge(key, Place(place.start + offset, place.end + offset, place.evidence))
        for index in anchors:
            own = self._own(piece.own_before.get(index)) if len(anchors) <= MOST_SEARCHED else None
            positions[index] = self._anchor(piece, offset, self.inline.anchors[index], own, projection)

    def _unmoved(self, piece: Piece) -> dict[int, Place]:
        places = {}
        for key in piece.codes:
            code = self.inline.codes[key]
            start, end = max(code.start - piece.start, 0), min(code.end, piece.end) - piece.start
            if start == 0 and end == piece.end - piece.start:
                end = len(piece.target)
            # Torn sentences are put together in the order of the source: nothing but that speaks for the place.
            places[key] = Place(start, end, "position" if self.torn else "verbatim")
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
        return mask.answered(request, answer, self.languages[1]) or ""

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
        return position, self._spaced(anchor, position)

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
                continue
            if start >= end:
                raise NoPlaceError
            code = self.inline.codes[key]
            parts += [code.open, self._written(key, start, end, children, escape=escape), code.close]
            at = end
        parts.append(self.inline.raw(self.text[at:high], escape=escape))
        return "".join(parts)
