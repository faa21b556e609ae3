"""What people write at the desk beside versions: drafts, notes, and who is looking at what."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from pipeline.ledger.models.editions import Edition


class Scope(models.TextChoices):
    """What an edit changes: the base, which all sections of the language share, or one section's edition."""

    BASE = "base"
    EDITION = "edition"


class Draft(models.Model):
    """What a person has typed into a segment and not saved. ``seen`` is the target from which they began.

    Texts are in the coded form of ``stages/translate/approved``: inline elements as numbered codes.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="drafts")
    scope = models.CharField(max_length=7, choices=Scope.choices, default=Scope.BASE)
    segment = models.CharField(max_length=200)
    seen = models.TextField()
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "edition", "scope", "segment"], name="draft_key"),
        ]

    def __str__(self) -> str:
        return f"draft of {self.user} at {self.segment}"


class Presence(models.Model):
    """That a person has an edition open: renewed while the page is open, and old after a minute."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="present")
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "edition"], name="presence_key"),
        ]

    def __str__(self) -> str:
        return f"{self.user} at {self.edition}"


class Note(models.Model):
    """What people tell each other about an edition. Append only."""

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="notes")
    author = models.CharField(max_length=150)
    text = models.TextField()
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["edition", "id"], name="note_of_edition")]

    def __str__(self) -> str:
        return f"{self.author}: {self.text[:60]}"
