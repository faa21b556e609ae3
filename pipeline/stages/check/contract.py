"""What every check promises, and what it is given."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pipeline.documents import CheckFinding, Origin, Segment, SegmentedDocument, Severity, Term, TranslatedSegment
from pipeline.stages import markup
from pipeline.stages.check import reading
from pipeline.stages.markup import Kind

Pair = tuple[Segment, TranslatedSegment]


@dataclass(frozen=True)
class Translation:
    """A translated document as the checks see it: ``pairs`` are the segments that have a target, in order.

    Language tags are BCP 47.
    """

    document: SegmentedDocument
    pairs: tuple[Pair, ...]
    source_language: str
    target_language: str
    terms: tuple[Term, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Keys of segments that have no target."""
        found = {segment.key for segment, _ in self.pairs}
        return [segment.key for segment in self.document.segments if segment.key not in found]

    @cached_property
    def retagged(self) -> frozenset[str]:
        """Keys of the segments whose tags are not, in whatever order, those of the source: looked at once for all."""
        return frozenset(
            segment.key
            for segment, target in self.pairs
            if segment.markup and segment.source != target.target and _tags(segment.source) != _tags(target.target)
        )

    @cached_property
    def read(self) -> tuple[Read, ...]:
        """The pairs as a reader sees them, without markup: read once for all checks.

        Left out is what has its own finding or nothing to be found in: empty and kept targets, and those that are the
        same as their source.
        """
        return tuple(
            Read(segment, target, reading.read(segment.source, is_markup=segment.markup), text, self)
            for segment, target in self.pairs
            if target.origin is not Origin.KEPT
            and segment.source != target.target
            and (text := reading.read(target.target, is_markup=segment.markup)).visible.strip()
        )


@dataclass(frozen=True, slots=True)
class Read:
    """One pair with both its texts as a reader sees them."""

    segment: Segment
    translated: TranslatedSegment
    source: reading.Text
    target: reading.Text
    translation: Translation


def _tags(html: str) -> list[str]:
    if "<" not in html:
        return []
    tokens = markup.tokenize(html)
    return sorted(html[token.start : token.end] for token in tokens if token.kind is not Kind.TEXT)


class Check(Protocol):
    """One rule. ``id`` stands in findings and never changes, ``name`` is for people."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def severity(self) -> Severity: ...

    def run(self, translation: Translation) -> Iterable[CheckFinding]:
        """What breaks the rule, each with the segment it is about."""
        ...


class SegmentCheck(ABC):
    """A check that looks at each segment for itself, as HTML."""

    id: str
    name: str
    severity: Severity = Severity.WARN

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for segment, target in translation.pairs:
            if message := self.problem((segment, target)):
                yield CheckFinding(self.id, self.severity, segment.key, message)

    @abstractmethod
    def problem(self, pair: Pair) -> str:
        """One sentence that says what is wrong with the segment; empty when nothing is."""


class TextCheck(ABC):
    """A check that looks at each segment for itself, as a reader sees it."""

    id: str
    name: str
    severity: Severity = Severity.WARN

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for read in translation.read:
            if message := self.problem(read):
                yield CheckFinding(self.id, self.severity, read.segment.key, message)

    @abstractmethod
    def problem(self, read: Read) -> str:
        """One sentence that says what is wrong with the segment; empty when nothing is."""
