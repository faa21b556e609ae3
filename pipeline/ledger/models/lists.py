"""Pages that are made of many articles, and which article stands on which of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import models

from pipeline.documents import Enclosure, Teaser
from pipeline.ledger.models.claimable import Claimable
from pipeline.ledger.models.deliveries import Delivery


class Refresh(Claimable):
    """A page made of many articles, such as a front page: written once for many changes.

    ``page`` says which: ``front``, ``archive``, ``feed``, ``sitemap:3``; a list by its key (``archive:2026-11``,
    ``kind:news``, ``series:…``, ``author:…``, ``tag:…``), and its full older pages with their number behind
    (``kind:news/3``). What belongs to a whole section (``root``, ``404``, ``robots``, ``sitemap``) has no language.
    ``front`` is the list of all articles as well: feeds and sitemaps are made from its places.
    """

    output = models.CharField(max_length=40)
    section = models.CharField(max_length=40)
    language = models.CharField(max_length=35, blank=True, default="")
    page = models.CharField(max_length=200, default="front")
    name = models.CharField(max_length=300, blank=True, default="")  # of a series, an author or a tag, as first written
    numbered = models.PositiveIntegerField(default=0)  # places given out so far
    listed = models.PositiveIntegerField(default=0)  # places taken now
    touched = models.JSONField(default=list, blank=True)  # parts of a series whose neighbours don't know of it yet
    dirty_seq = models.PositiveIntegerField(default=0)
    sending_seq = models.PositiveIntegerField(default=0)
    done_seq = models.PositiveIntegerField(default=0)

    class Meta(Claimable.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Claimable.Meta.constraints,
            models.UniqueConstraint(fields=["output", "section", "language", "page"], name="refresh_page"),
        ]

    def __str__(self) -> str:
        where = f"{self.section} in {self.language}" if self.language else self.section
        return f"page “{self.page}” of {where} at {self.output}"


class Listed(models.Model):
    """An article that readers can see at an output, as front pages, lists and feeds tell of it.

    The row is written when the output confirms the page, and goes when it confirms that the page is gone.
    """

    delivery = models.OneToOneField(Delivery, primary_key=True, on_delete=models.CASCADE, related_name="listed")
    teaser = models.JSONField()

    def __str__(self) -> str:
        return f"teaser of {self.delivery}"


class Place(models.Model):
    """One article's place in one list. Numbers are given once, as articles come, and never move.

    That is what makes a list's older pages stay as they are when new articles come: page 3 has the numbers 101 to 150,
    for good.
    """

    refresh = models.ForeignKey(Refresh, on_delete=models.CASCADE, related_name="places")
    listed = models.ForeignKey(Listed, on_delete=models.CASCADE, related_name="places")
    number = models.PositiveIntegerField()
    published_at = models.DateTimeField()
    part = models.PositiveIntegerField(null=True, blank=True)  # of a series

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["refresh", "number"], name="place_number"),
            models.UniqueConstraint(fields=["listed", "refresh"], name="place_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["refresh", "-published_at", "-number"], name="place_newest"),
            models.Index(
                fields=["refresh", "part", "number"], condition=models.Q(part__isnull=False), name="place_part"
            ),
        ]

    def __str__(self) -> str:
        return f"place {self.number} of {self.refresh}"


def pack_teaser(teaser: Teaser) -> dict[str, Any]:
    """A teaser as JSON values, times in UTC; what is empty is left out."""
    values: dict[str, Any] = {
        name: value for name in Teaser.__slots__ if (value := getattr(teaser, name)) not in ("", None, ())
    }
    for name in ("published_at", "updated_at"):
        if name in values:
            values[name] = values[name].astimezone(UTC).isoformat()
    for name in ("authors", "tags"):
        if name in values:
            values[name] = list(values[name])
    if teaser.enclosures:
        values["enclosures"] = [[each.url, each.type] for each in teaser.enclosures]
    return values


def unpack_teaser(packed: dict[str, Any]) -> Teaser:
    """What :func:`pack_teaser` has packed."""
    empty: dict[str, Any] = dict.fromkeys(("title", "summary", "url", "image", "image_alt", "kind"), "")
    values = empty | packed
    for name in ("published_at", "updated_at"):
        if name in values:
            values[name] = datetime.fromisoformat(values[name])
    for name in ("authors", "tags"):
        values[name] = tuple(values.get(name, ()))
    values["enclosures"] = tuple(Enclosure(*each) for each in values.get("enclosures", ()))
    return Teaser(**values)
