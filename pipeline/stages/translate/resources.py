"""What people have laid down for a pair of languages, which the stage takes into account beside memory and engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from numpy.typing import ArrayLike

from pipeline.documents import SegmentedDocument, Term, TranslatedSegment


class Approved(Protocol):
    """The approved side of the translation memory: whole segments that a person stands for."""

    def find(self, document: SegmentedDocument) -> Mapping[str, TranslatedSegment]:
        """The segments of a document that are known, by their key, ready to stand in the translation."""
        ...


class Aligner(Protocol):
    """Says which words of a sentence and of its translation belong together."""

    def strengths(self, source: Sequence[str], target: Sequence[str]) -> ArrayLike:
        """For each word of ``source`` how surely each of ``target`` translates it (0 to 1), wherever they stand.

        Words are casefolded.
        """
        ...


@dataclass(frozen=True, slots=True)
class Resources:
    """For one pair of languages; what is missing is left out."""

    approved: Approved | None = None
    terms: tuple[Term, ...] = ()
    aligner: Aligner | None = None
