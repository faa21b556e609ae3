"""Articles and their revisions."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC
from typing import Any, ClassVar

from django.db import models

from pipeline.documents import Metadata, Original, Segment, SegmentedDocument, SegmentKind
from pipeline.ledger.models.claimable import Claimable


class Article(models.Model):
    """One article of the organisation, whatever its languages; ``uid`` never changes and stands on every page."""

    uid = models.CharField(max_length=16, unique=True)
    source = models.CharField(max_length=80, default="submit")  # who handed it in: a source's key, or "submit"
    key = models.CharField(max_length=200, blank=True, default="")
    canonical_url = models.CharField(max_length=2000, blank=True, default="")
    title = models.TextField()
    language = models.CharField(max_length=35)  # BCP 47, as written
    base = models.CharField(max_length=35)  # the base on which that language stands
    current = models.ForeignKey(
        "Revision", null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )  # the newest segmented revision
    series = models.CharField(max_length=300, blank=True, default="", db_index=True)  # its current revision's
    withdrawn = models.BooleanField(default=False)  # as a whole: nothing of it goes out, whatever comes in
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["source", "key"], condition=~models.Q(key=""), name="article_source_key"),
            models.UniqueConstraint(
                fields=["canonical_url"], condition=~models.Q(canonical_url=""), name="article_canonical"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["-created_at", "-id"], name="article_newest")]

    def __str__(self) -> str:
        return self.key or self.uid


class Revision(Claimable):
    """The article as it was handed in once; numbered from 1. Claimed by the lane ``prepare``."""

    class State(models.TextChoices):
        RECEIVED = "received"
        CURRENT = "current"
        SUPERSEDED = "superseded"
        REJECTED = "rejected"

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    checksum = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.RECEIVED)
    metadata = models.JSONField()
    notes = models.JSONField(default=list)  # what cleaning did
    characters = models.PositiveIntegerField(default=0)  # of all its segments; what an editor has before them
    submitted_as = models.CharField(max_length=500)  # the file name or address, for messages
    submitted_by = models.CharField(max_length=150, blank=True, default="")
    submitted_at = models.DateTimeField()

    class Meta(Claimable.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Claimable.Meta.constraints,
            models.UniqueConstraint(fields=["article", "number"], name="revision_number"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            *Claimable.Meta.indexes,
            models.Index(fields=["checksum"], name="revision_checksum"),
            models.Index(fields=["submitted_by", "-id"], name="revision_by"),
        ]

    def __str__(self) -> str:
        return f"{self.article} r{self.number}"


class RevisionText(models.Model):
    """The long texts of a revision, apart from the row that is claimed so that a claim stays cheap."""

    revision = models.OneToOneField(Revision, primary_key=True, on_delete=models.CASCADE, related_name="text")
    original = models.TextField()
    format = models.CharField(max_length=10)
    body = models.TextField(blank=True, default="")  # after cleaning
    skeleton = models.TextField(blank=True, default="")
    segments = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"text of revision {self.revision_id}"

    def as_original(self, metadata: dict[str, Any]) -> Original:
        """The document that cleaning takes."""
        return Original(metadata=unpack_metadata(metadata), html=self.original, format=self.format)

    def as_segmented(self, metadata: dict[str, Any]) -> SegmentedDocument:
        """The document that translating takes."""
        return SegmentedDocument(
            metadata=unpack_metadata(metadata),
            skeleton=self.skeleton,
            segments=tuple(
                Segment(key=key, kind=SegmentKind(kind), source=source, markup=markup)
                for key, kind, source, markup in self.segments
            ),
        )


class Event(models.Model):
    """What happened to an article, and who did it. Append only."""

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField()
    stage = models.CharField(max_length=10)
    section = models.CharField(max_length=40, blank=True, default="")
    language = models.CharField(max_length=35, blank=True, default="")
    actor = models.CharField(max_length=150, blank=True, default="")
    message = models.TextField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["article", "id"], name="event_of_article")]

    def __str__(self) -> str:
        return self.message


def hold(article_id: int) -> Article:
    """Lock an article for the rest of the transaction.

    Whoever touches what hangs on an article holds it first: one order for all, and no deadlocks.
    """
    return Article.objects.select_for_update().get(pk=article_id)


def hold_all(article_ids: Iterable[int]) -> None:
    """Lock several articles for the rest of the transaction, in the order of their ids: see :func:`hold`."""
    list(Article.objects.select_for_update().filter(pk__in=set(article_ids)).order_by("pk").values_list("pk"))


def pack_metadata(metadata: Metadata) -> dict[str, Any]:
    """The metadata as JSON values, times in UTC; :func:`unpack_metadata` gives them back."""
    return {
        name: value.astimezone(UTC).isoformat() if name in {"published_at", "embargo"} else value
        for name in Metadata.__slots__
        if (value := getattr(metadata, name)) not in ("", None, ())
    }


def unpack_metadata(packed: dict[str, Any]) -> Metadata:
    """The metadata from their JSON values."""
    values = dict(packed)
    for name in ("authors", "tags", "only_sections"):
        values[name] = tuple(values.get(name, ()))
    for name in ("published_at", "embargo"):
        if values.get(name):
            values[name] = models.DateTimeField().to_python(values[name])
    return Metadata(**values)
