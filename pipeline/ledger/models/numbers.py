"""What the numbers are counted from: how each approved version came through its section."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.editions import Edition
from pipeline.ledger.models.translations import Version


class Passage(models.Model):
    """One approved version's way through one edition. Written with the approval, completed when readers have it.

    ``engine`` names the engines that made the text which was proposed; it is empty where none did. ``by_person`` says
    that somebody of the section decided, and not a policy. ``is_first`` marks the first approved version of its
    revision: only that one's ``lead`` is the time from submit to published. ``distance`` (edits, in characters) is
    that of what was approved from what was proposed; empty until the two have been compared. Times are in seconds.
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="passages")
    version = models.ForeignKey(Version, on_delete=models.CASCADE, related_name="+")
    section = models.CharField(max_length=40)
    language = models.CharField(max_length=35)
    source = models.CharField(max_length=35)  # bases, BCP 47
    target = models.CharField(max_length=35)
    engine = models.CharField(max_length=120, blank=True, default="")
    by_person = models.BooleanField()
    is_first = models.BooleanField()
    submitted_at = models.DateTimeField()
    approved_at = models.DateTimeField()
    published_at = models.DateTimeField(null=True, blank=True)
    lead = models.PositiveIntegerField(null=True, blank=True)  # from submitted to published
    review = models.PositiveIntegerField(null=True, blank=True)  # from proposed to approved
    characters = models.PositiveIntegerField(default=0)  # of the text that was compared
    distance = models.PositiveIntegerField(null=True, blank=True)
    is_edited = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["edition", "version"], name="passage_key"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["published_at", "section", "language", "lead"],
                condition=models.Q(is_first=True, published_at__isnull=False),
                name="passage_published",
            ),
            models.Index(fields=["approved_at"], condition=models.Q(by_person=True), name="passage_decided"),
            models.Index(fields=["id"], condition=models.Q(distance=None), name="passage_uncompared"),
        ]

    def __str__(self) -> str:
        return f"{self.edition_id}: version {self.version_id}"
