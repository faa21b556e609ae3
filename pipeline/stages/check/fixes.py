"""Fixes: what would put a finding right, where a machine can tell.

A fix is a whole translation of the segment. It is offered only if the check that found the fault finds it no more, and
if every link and mark of the source is where it was. A person takes it, or not.

A check of another package offers fixes of its own by a method ``fixes(case)``; see :class:`Mends`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, Protocol, runtime_checkable

from pipeline.documents import Metadata, Origin, Segment, SegmentedDocument, Term, TranslatedSegment
from pipeline.stages.check.contract import Check, Translation
from pipeline.stages.check.mending import MENDERS, Case
from pipeline.stages.check.prose import prose
from pipeline.stages.check.registry import AsSevere
from pipeline.stages.translate import verify

LONGEST: Final = 20_000
"""Characters of a segment beyond which nothing is proposed: a hostile text must not keep a page waiting."""

_TRIED: Final = 6
"""Proposals that are looked at: those of a check come best first."""


@runtime_checkable
class Mends(Protocol):
    """A check that knows how to put right what it finds."""

    def fixes(self, case: Case) -> Iterable[str]:
        """Targets, best first, that would put the case right. They need not be: each is checked before it is shown."""
        ...


def fixes(
    check: str,
    message: str,
    segment: Segment,
    target: str,
    languages: tuple[str, str],
    terms: tuple[Term, ...] = (),
    checks: Sequence[Check] = (),
    most: int = 2,
) -> list[str]:
    """Targets with which a finding is gone, best first; none where only a person can tell what is right.

    Args:
        check: the id of the check that found something.
        message: what it said.
        segment: the source.
        target: its translation: inline HTML where the source is, else plain text.
        languages: those of source and target (BCP 47), as the checks had them.
        terms: the glossary's terms, as the checks had them.
        checks: all checks there are, that of the finding among them; without it nothing is offered.
        most: how many are wanted.
    """
    found = next((each for each in checks if each.id == check), None)
    if found is None or max(len(segment.source), len(target)) > LONGEST:
        return []
    case = Case(
        segment,
        target,
        message,
        languages,
        terms,
        prose(segment.source, is_markup=segment.markup),
        prose(target, is_markup=segment.markup),
    )
    before = _messages(found, case, target)
    if message not in before:
        return []  # the finding is about another text, or another glossary: what would mend it is not known
    good = (
        each
        for each in dict.fromkeys(islice(_proposals(found, case), _TRIED))
        if each.strip() and each != target and _is_mended(found, case, each, before)
    )
    return list(islice(good, most))


def _proposals(found: Check, case: Case) -> Iterator[str]:
    inner = found.check if isinstance(found, AsSevere) else found
    if isinstance(inner, Mends):
        yield from inner.fixes(case)
    elif found.id in MENDERS:
        yield from MENDERS[found.id](case)


def _is_mended(found: Check, case: Case, proposed: str, before: Sequence[str]) -> bool:
    if case.segment.markup and verify.problems(case.segment.source, proposed):
        return False
    after = _messages(found, case, proposed)
    return case.message not in after and len(after) < len(before)


def _messages(found: Check, case: Case, target: str) -> list[str]:
    """What the check says of one target, on its own."""
    pair = (case.segment, TranslatedSegment(case.segment.key, target, Origin.PERSON))
    document = SegmentedDocument(Metadata(), "", (case.segment,))
    try:
        said = list(found.run(Translation(document, (pair,), *case.languages, case.terms)))
    except Exception:  # noqa: BLE001  # a check may be a third party's: what it can't look at it can't mend
        return []
    return [each.message for each in said if each.segment == case.segment.key]
