"""The way through a series: which parts a section shows in a language, and which pages name them."""

from __future__ import annotations

from typing import Final

from django.db.models import Max, QuerySet

from pipeline.documents import Metadata, Part, SeriesNavigation
from pipeline.ledger.models import Delivery, Edition, Place, Refresh
from pipeline.stages.publish import lists

FEW: Final = 20
"""Up to so many parts, each page names them all, and all are written again when one comes."""


def navigation(edition: Edition, output: str, metadata: Metadata) -> SeriesNavigation | None:
    """The parts that an output shows around an article; ``None`` where it is no numbered part of a series."""
    key = lists.named("series", metadata.series)
    if key is None or metadata.part is None:
        return None
    head = Refresh.objects.filter(
        output=output, section=edition.section, language=edition.language, page=key.page
    ).first()
    if head is None:
        return None
    few = head.listed <= FEW
    places = _parts(head) if few else _neighbours(head, metadata.part)
    total = places.aggregate(highest=Max("part"))["highest"] or 0 if few else 0
    return SeriesNavigation(tuple(_part(place) for place in places.select_related("listed")), total)


def around(row: Refresh) -> QuerySet[Delivery]:
    """The pages that name a part of a series which has come, gone or changed."""
    if row.listed <= FEW:
        places = _parts(row)
        if len(row.touched) == 1:  # it knew the others when it was written; of several, none knew the rest
            places = places.exclude(part=row.touched[0])
        return Delivery.objects.filter(pk__in=places.order_by().values("listed_id"))
    beside = [place.listed_id for part in row.touched for place in _neighbours(row, part)]
    return Delivery.objects.filter(pk__in=beside)


def _parts(head: Refresh) -> QuerySet[Place]:
    return Place.objects.filter(refresh=head, part__isnull=False).order_by("part", "number")


def _neighbours(head: Refresh, part: int) -> QuerySet[Place]:
    """The part before and the part after; other pages' numbers may be missing."""
    before = _parts(head).filter(part__lt=part).order_by("-part", "-number").values_list("pk", flat=True).first()
    after = _parts(head).filter(part__gt=part).values_list("pk", flat=True).first()
    return Place.objects.filter(pk__in=[pk for pk in (before, after) if pk]).order_by("part")


def _part(place: Place) -> Part:
    assert place.part is not None
    return Part(place.part, place.listed.teaser["title"], place.listed.teaser["url"])
