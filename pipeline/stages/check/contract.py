"""What every check promises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from pipeline.documents import CheckFinding, Segment, SegmentedDocument, Severity, Term, TranslatedSegment

Pair = tuple[Segment, TranslatedSegment]


@dataclass(frozen=True, slots=True)
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


class Check(Protocol):
    """One rule. ``id`` stands in findings and never changes, ``name`` is for people."""

    id: str
    name: str
    severity: Severity

    def run(self, translation: Translation) -> Iterable[CheckFinding]:
        """What breaks the rule, each with the segment it is about."""
        ...


class SegmentCheck(ABC):
    """A check that looks at each segment for itself."""

    id: str
    name: str
    severity: Severity

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for segment, target in translation.pairs:
            if message := self.problem((segment, target)):
                yield CheckFinding(self.id, self.severity, segment.key, message)

    @abstractmethod
    def problem(self, pair: Pair) -> str:
        """One sentence that says what is wrong with the segment; empty when nothing is."""
