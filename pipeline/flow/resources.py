"""What people have laid down for a pair of languages, read from the ledger for the stages translate and check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.documents import Segment, Term
from pipeline.flow import aligners
from pipeline.flow.memory import ApprovedMemory
from pipeline.ledger import glossary
from pipeline.ledger.models import Edition
from pipeline.stages.translate import Resources
from pipeline.stages.translate.terms import overlaid


def resources(source: str, target: str) -> Resources:
    """Approved memory, glossary terms and aligner for a pair of bases (BCP 47)."""
    return Resources(
        approved=ApprovedMemory(source, target),
        terms=terms_of(source, target),
        aligner=aligners.find(source, target),
    )


def terms_of(source: str, target: str) -> tuple[Term, ...]:
    """The glossary terms that hold from one base into another (BCP 47)."""
    return _held(glossary.terms(source, target))


@lru_cache(maxsize=16)
def _held(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """The very same tuple again while the terms are the same: the stages make ready for them once."""
    return terms


@lru_cache(maxsize=16)
def digest_of(terms: tuple[Term, ...]) -> str:
    """Tells which terms held: :func:`pipeline.ledger.glossary.digest`, made once while they are the same."""
    return glossary.digest(terms)


@dataclass(slots=True)
class OwnTerms:
    """The terms of sections' own languages on top of their bases, read once for many pages."""

    _known: dict[tuple[str, str, str], tuple[tuple[Term, ...], tuple[Term, ...]]] = field(default_factory=dict)

    def over(self, edition: Edition, segments: Iterable[Segment], targets: Mapping[str, str]) -> Mapping[str, str]:
        """The targets of the base as an edition's language has them. Nothing is written to the ledger."""
        source, base, language = edition.article.base, edition.translation.base, edition.language
        if language == base or source == base:
            return targets
        pair = (source, base, language)
        if pair not in self._known:
            own = _held(glossary.own_terms(source, language))
            self._known[pair] = (glossary.terms(source, base) if own else (), own)
        return overlaid(segments, targets, *self._known[pair], (source, language))
