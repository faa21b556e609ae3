"""Trying again what has failed, once a person has mended the cause."""

from __future__ import annotations

from django.db.models import QuerySet

from pipeline.flow import bell
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, Delivery, Refresh, Revision, Translation


def failed(article: Article | None = None) -> dict[str, int]:
    """Make everything that failed ready again, of one article or of all. Returns how many rows, by stage."""
    revisions, translations = Revision.objects.all(), Translation.objects.all()
    pages, fronts = Delivery.objects.all(), Refresh.objects.all()
    if article is not None:
        revisions, translations = revisions.filter(article=article), translations.filter(article=article)
        pages, fronts = pages.filter(edition__article=article), fronts.none()
    return {"clean": cleaning(revisions), "translate": rows(translations), "publish": rows(pages) + rows(fronts)}


def cleaning(revisions: QuerySet[Revision]) -> int:
    """Make the failed ones among some revisions ready again, from the beginning. Returns how many."""
    Revision.objects.filter(pk__in=revisions.filter(status="failed")).update(state=Revision.State.RECEIVED)
    return rows(revisions)


def deliveries(pages: QuerySet[Delivery]) -> int:
    """Make the failed ones among some deliveries ready again. Returns how many."""
    return rows(pages)


def front_pages() -> int:
    """Make failed front pages ready again. Returns how many."""
    return rows(Refresh.objects.all())


def rows(some: QuerySet[claims.M]) -> int:
    """Make the failed ones among some rows ready again. Returns how many. Of revisions: :func:`cleaning`."""
    changed, lanes = claims.retry(some)
    for lane in sorted(lanes):
        bell.announce(lane)
    return changed
