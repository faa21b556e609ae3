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
    Revision.objects.filter(pk__in=revisions.filter(status="failed")).update(state=Revision.State.RECEIVED)
    return {
        "clean": _retry(revisions),
        "translate": _retry(translations),
        "publish": _retry(pages) + _retry(fronts),
    }


def deliveries(pages: QuerySet[Delivery]) -> int:
    """Make the failed ones among some deliveries ready again. Returns how many."""
    return _retry(pages)


def front_pages() -> int:
    """Make failed front pages ready again. Returns how many."""
    return _retry(Refresh.objects.all())


def _retry(rows: QuerySet[claims.M]) -> int:
    changed, lanes = claims.retry(rows)
    for lane in sorted(lanes):
        bell.announce(lane)
    return changed
