"""Corrections: that a text puts right what was published before, with date and note, in the ledger and on the pages."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Q

from pipeline.documents import Corrected
from pipeline.errors import Permanent
from pipeline.flow import clock, deliveries
from pipeline.ledger.models import Article, Correction, Delivery, Edition, Event, Version
from pipeline.ledger.models.articles import hold

LONGEST = 1_000
"""Characters of a note; what readers need to know fits in a paragraph."""


def label(article: Article, note: str, *, by: str, edition_id: int | None = None, language: str = "") -> Correction:
    """Label the newest revision of an article as a correction; or what a section shows, or has before it, as its own.

    Pages that show such a text already are written again with the note; others show it once it is approved. With
    ``edition_id`` it is the edition's: of the version that waits, else of the approved one. ``language`` (BCP 47) is
    that of the note: the article's, or the edition's.

    Raises:
        Permanent: the note is empty or too long, or there is no text to which it could belong.
    """
    text = _checked(note)
    with transaction.atomic():
        hold(article.pk)
        if edition_id is None:
            newest = article.revisions.exclude(state="rejected").order_by("-number").first()
            if newest is None:
                raise Permanent(f"{article} has no text that could be a correction.", "Hand in a mended text first.")
            correction = Correction.objects.create(
                article=article,
                revision=newest,
                note=text,
                language=language or article.language,
                by=by,
                at=clock.now(),
            )
        else:
            edition = Edition.objects.select_related("candidate", "approved").get(pk=edition_id, article=article)
            version = edition.candidate or edition.approved
            if version is None:
                raise Permanent(f"{edition} has no text yet.", "Correct it once it is translated.")
            correction = of_version(edition, version, text, by=by, language=language)
        _show(correction)
        where = f" {correction.edition.language}" if correction.edition else ""
        message = f"revision {correction.revision.number}{where} is labelled as a correction: {text}"
        Event.objects.create(article=article, at=correction.at, stage="publish", actor=by, message=message)
    return correction


def of_version(edition: Edition, version: Version, note: str, *, by: str, language: str = "") -> Correction:
    """Label a version, for one edition, as a correction. Call it in a transaction that holds the article.

    Raises:
        Permanent: as :func:`label`.
    """
    return Correction.objects.create(
        article_id=edition.article_id,
        edition=edition,
        revision=version.revision,
        version=version,
        note=_checked(note),
        language=language or edition.language,
        by=by,
        at=clock.now(),
    )


def shown(editions: Iterable[Edition]) -> dict[int, tuple[Corrected, ...]]:
    """What the pages of some editions say of corrections, newest first, by edition: of their approved versions.

    An edition's own note of a revision stands in the place of the article's, which is in another language perhaps.
    """
    by_article: dict[int, list[Edition]] = defaultdict(list)
    for edition in editions:
        if edition.approved_id:
            by_article[edition.article_id].append(edition)
    found: dict[int, list[Correction]] = defaultdict(list)
    rows = (
        Correction.objects.filter(article__in=by_article).select_related("revision", "version").order_by("-at", "-id")
    )
    for row in rows:
        for edition in by_article[row.article_id]:
            if row.edition_id in (None, edition.pk) and _holds(row, edition):
                found[edition.pk].append(row)
    return {
        pk: tuple(Corrected(row.at, row.note, row.language) for row in _own_first(rows)) for pk, rows in found.items()
    }


def _holds(row: Correction, edition: Edition) -> bool:
    approved = edition.approved
    assert approved is not None
    if row.version_id == approved.pk:
        return True
    text = approved.restored or approved  # where an old text came back, what corrected it later is not in it
    if row.version is not None:
        return text.number >= row.version.number
    return text.revision.number >= row.revision.number


def _own_first(rows: Sequence[Correction]) -> list[Correction]:
    own = {row.revision_id for row in rows if row.edition_id is not None}
    return [row for row in rows if row.edition_id is not None or row.revision_id not in own]


def _show(correction: Correction) -> None:
    """Want the pages again that show the corrected text already. Others will find the correction by themselves."""
    pages = Delivery.objects.filter(edition__article=correction.article)
    if correction.edition_id is not None:
        pages = pages.filter(edition=correction.edition)
    newest = Q(edition__approved__revision__number__gte=correction.revision.number)
    if correction.version is not None:
        newest = Q(edition__approved__number__gte=correction.version.number)
    deliveries.rewrite(pages.filter(newest))


def _checked(note: str) -> str:
    text = " ".join(note.split())
    if not text:
        raise Permanent("A correction needs a note.", "Say in a sentence what was wrong.")
    if len(text) > LONGEST:
        raise Permanent(f"The note has {len(text):,} characters.", f"Readers are told in {LONGEST:,} at most.")
    return text
