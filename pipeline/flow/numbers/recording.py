"""What the numbers are counted from is written where it happens, in the same transaction: nothing is guessed later."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pipeline.ledger.bulk import update_each
from pipeline.ledger.models import Edition, Passage, Version

LONGEST_ENGINE = 120


def approved(editions: Sequence[Edition], version: Version, *, by_person: Iterable[int], now: datetime) -> None:
    """Note that a version was approved for some editions. Call it in the transaction that approves.

    Args:
        editions: of one translation, with their article.
        version: with its revision.
        by_person: the ids of those for which somebody of the section decided.
        now: the moment of the approval.
    """
    proposed = _proposed(version)
    known = _known(editions, version)
    deciders = set(by_person)
    Passage.objects.bulk_create(
        (
            Passage(
                edition=edition,
                version=version,
                section=edition.section,
                language=edition.language,
                source=edition.article.base,
                target=edition.translation.base,
                engine=_engine(proposed),
                by_person=edition.pk in deciders,
                is_first=edition.pk not in known,
                submitted_at=version.revision.submitted_at,
                approved_at=now,
                review=_seconds(proposed.created_at, now) if proposed else None,
                distance=None if proposed and edition.pk in deciders else 0,
            )
            for edition in editions
        ),
        ignore_conflicts=True,  # approved again, with other words of the section's own: it stays the passage it was
    )


def published(pages: Iterable[tuple[int, int | None]], now: datetime) -> None:
    """Note that readers have what was approved: ids of editions, with those of the versions that were sent.

    Call it in the transaction that confirms.
    """
    sent = set(pages)
    out = Passage.objects.filter(edition__in={edition for edition, _ in sent}, published_at=None)
    rows = out.values_list("pk", "edition_id", "version_id", "submitted_at")
    leads = {pk: (now, _seconds(submitted, now)) for pk, *passage, submitted in rows if tuple(passage) in sent}
    update_each(Passage, ("published_at", "lead"), leads)


def taken_back(editions: Sequence[Edition], version: Version) -> None:
    """Forget an approval that was taken back before anybody outside has seen what came of it."""
    Passage.objects.filter(edition__in=editions, version=version, published_at=None).delete()


def proposal_of(version: Version) -> Version | None:
    """What an engine proposed and people made a version of: the newest machine's of the same revision up to it."""
    machine = Version.objects.filter(
        translation=version.translation_id,
        revision=version.revision_id,
        origin=Version.By.MACHINE,
        number__lte=version.number,
    )
    return machine.order_by("-number").first()


def _proposed(version: Version) -> Version | None:
    return version if version.origin == Version.By.MACHINE else proposal_of(version)


def _known(editions: Sequence[Edition], version: Version) -> set[int]:
    """Those of some editions that had a version of this revision approved before."""
    earlier = Passage.objects.filter(edition__in=editions, version__revision=version.revision_id)
    return set(earlier.values_list("edition_id", flat=True))


def _engine(proposed: Version | None) -> str:
    """The engines of a text without their models, each once: ``firefox``, ``argos+firefox``."""
    if proposed is None:
        return ""
    names = {hop.partition(":")[0] for route in proposed.engines for hop in str(route).split("+")}
    return "+".join(sorted(filter(None, names)))[:LONGEST_ENGINE]


def _seconds(start: datetime, end: datetime) -> int:
    return max(0, int((end - start).total_seconds()))
