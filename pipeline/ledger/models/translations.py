"""Translations into a base, their immutable versions, and what checks say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.db import models

from pipeline.documents import Origin, Severity, TranslatedSegment
from pipeline.ledger.models.articles import Article, Revision
from pipeline.ledger.models.claimable import Claimable


class Translation(Claimable):
    """An article in one base language: made once, for all sections of that language.

    ``waiting`` with a reason that begins with ``no_engine`` until a live worker has the pair.
    """

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="translations")
    base = models.CharField(max_length=35)
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")  # the one that is wanted
    version = models.ForeignKey("Version", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    asked = models.TextField(blank=True, default="")  # Route.name that was asked first, when an engine last had it

    class Meta(Claimable.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Claimable.Meta.constraints,
            models.UniqueConstraint(fields=["article", "base"], name="translation_base"),
        ]

    def __str__(self) -> str:
        return f"{self.article} in {self.base}"


class Version(models.Model):
    """One immutable state of a translation's text. ``digest`` is what an approver approves."""

    class By(models.TextChoices):
        SOURCE = "source"
        MACHINE = "machine"
        PERSON = "person"

    translation = models.ForeignKey(Translation, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveIntegerField()
    revision = models.ForeignKey(Revision, on_delete=models.PROTECT, related_name="+")
    parent = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    restored = models.ForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # its text
    origin = models.CharField(max_length=8, choices=By.choices)
    author = models.CharField(max_length=150)
    digest = models.CharField(max_length=64)
    segments = models.JSONField()
    title = models.TextField(blank=True, default="")  # the translated title, which stands in segments too: searched
    engines = models.JSONField(default=list)  # Route.name of each route taken; a segment's routes count in it
    # ledger.glossary.digest of the terms that held when it was translated; empty where there were none
    glossary = models.CharField(max_length=64, blank=True, default="", db_default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["translation", "number"], name="version_number"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            # What engines made each day is counted.
            models.Index(fields=["created_at"], condition=models.Q(origin="machine"), name="version_made"),
        ]

    def __str__(self) -> str:
        return f"{self.translation} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Write the row, with its title beside the segments. Whoever writes in bulk gives the title."""
        if self._state.adding:
            self.title = self.targets.get("title", "")
        super().save(*args, **kwargs)

    @property
    def targets(self) -> dict[str, str]:
        """Target text by segment key."""
        return {row["key"]: row["target"] for row in self.segments}


class Finding(models.Model):
    """What a check says of one segment of a version. ``decided_at`` is when it was dismissed, or found to be fixed."""

    class State(models.TextChoices):
        OPEN = "open"
        FIXED = "fixed"
        DISMISSED = "dismissed"

    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="findings")
    check_id = models.CharField(max_length=40)
    severity = models.CharField(max_length=5, choices=[(s.value, s.value) for s in Severity])
    segment = models.CharField(max_length=200, blank=True, default="")
    message = models.TextField()
    state = models.CharField(max_length=9, choices=State.choices, default=State.OPEN)
    decided_by = models.CharField(max_length=150, blank=True, default="")
    why = models.TextField(blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["version", "severity", "state"], name="finding_of_version")
        ]

    def __str__(self) -> str:
        return f"{self.check_id}: {self.message}"


def pack_segments(segments: tuple[TranslatedSegment, ...]) -> list[dict[str, Any]]:
    """Translated segments as JSON values; what is empty is left out."""
    return [
        {"key": s.key, "target": s.target, "origin": s.origin.value}
        | ({"score": round(s.score, 3)} if s.score else {})
        | ({"evidence": list(s.evidence)} if s.evidence else {})
        | ({"problem": s.problem} if s.problem else {})
        | ({"routes": list(s.routes)} if s.routes else {})
        | ({"sureness": round(s.sureness, 3)} if s.sureness else {})
        for s in segments
    ]


def unpack_segments(rows: Sequence[Mapping[str, Any]]) -> tuple[TranslatedSegment, ...]:
    """What :func:`pack_segments` has packed."""
    return tuple(
        TranslatedSegment(
            row["key"],
            row["target"],
            Origin(row["origin"]),
            row.get("score", 0.0),
            tuple(row.get("evidence", ())),
            row.get("problem", ""),
            tuple(row.get("routes", ())),
            row.get("sureness", 0.0),
        )
        for row in rows
    )
