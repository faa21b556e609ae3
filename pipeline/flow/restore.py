"""Restoring: an earlier text is published again, as a new version that says which one it repeats."""

from __future__ import annotations

from django.db import transaction

from pipeline.errors import Permanent
from pipeline.flow import clock, decisions, versions
from pipeline.ledger.models import Edition, Event, Finding, Version
from pipeline.ledger.models.articles import hold
from pipeline.network import Network


def restore(edition_id: int, number: int, *, by: str, net: Network, dismiss: str = "") -> Edition:
    """Publish the text of an earlier version again, for one edition: as a new version, approved by who restores it.

    The shared text of the language, other sections, and what waits for a decision here stay as they are; where the
    section asks for a second pair of eyes, it waits for these. ``dismiss`` is as in :func:`decisions.approve`.

    Raises:
        Permanent: there is no such version, it is what is published, it is withdrawn, or a finding blocks it.
    """
    with transaction.atomic():
        hold(Edition.objects.values_list("article_id", flat=True).get(pk=edition_id))
        editions = Edition.objects.select_related("article", "translation", "candidate", "approved")
        edition = editions.get(pk=edition_id)
        old = _version(edition, number)
        if edition.approved_id is None:
            raise Permanent(f"{edition} was never published.", "Approve the version that waits instead.")
        if edition.approved is not None and edition.approved.digest == old.digest:
            raise Permanent(f"Version {number} says what is published now.", "There is nothing to restore.")
        new = _repeat(edition, old, by)
        decisions.take(edition, new, by=by, net=net, dismiss=dismiss)
        message = f"version {old.number} restored as version {new.number}"
        Event.objects.create(
            article_id=edition.article_id,
            at=clock.now(),
            stage="review",
            section=edition.section,
            language=edition.language,
            actor=by,
            message=message,
        )
    return edition


def _version(edition: Edition, number: int) -> Version:
    found = edition.translation.versions.select_related("revision").order_by("number")
    version = found.filter(number=number).first()
    if version is None:
        known = ", ".join(map(str, found.values_list("number", flat=True)))
        raise Permanent(f"{edition} has no version {number}.", f"Its versions: {known or 'none yet'}.")
    return version


def _repeat(edition: Edition, old: Version, by: str) -> Version:
    """A new version with an old one's text and findings: this edition's alone, the translation keeps its newest."""
    version = Version.objects.create(
        translation=edition.translation,
        number=versions.next_number(edition.translation),
        revision=old.revision,
        parent=edition.approved,
        restored=old.restored or old,
        origin=old.origin,
        author=by,
        digest=old.digest,
        segments=old.segments,
        engines=old.engines,
        glossary=old.glossary,
        created_at=clock.now(),
    )
    for finding in old.findings.exclude(state=Finding.State.FIXED).order_by("id"):
        finding.pk, finding.version = None, version
        finding._state.adding = True  # noqa: SLF001 - Django's documented way to copy a row
        finding.save()
    return version
