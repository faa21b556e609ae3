"""Editions: what each section decides about an article in each of its languages."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.articles import Article
from pipeline.ledger.models.translations import Translation, Version


class Edition(models.Model):
    """One article for one section in one of its languages.

    ``candidate`` is the version that waits for a decision, ``approved`` the one that was decided for. A candidate may
    wait while an earlier approved version is live.
    """

    class State(models.TextChoices):
        TARGETED = "targeted"  # the translation is not there yet
        IN_REVIEW = "in_review"
        FOLLOWING = "following"  # waits for the approval of the section it follows
        HELD = "held"  # a blocking finding keeps it from going out by itself
        RETURNED = "returned"  # an editor sent it back with a note
        APPROVED = "approved"  # its deliveries are on their way, or due later
        LIVE = "live"  # every output has confirmed it
        DECLINED = "declined"  # not for this section

    article = models.ForeignKey(Article, on_delete=models.CASCADE, related_name="editions")
    section = models.CharField(max_length=40)
    language = models.CharField(max_length=35)
    translation = models.ForeignKey(Translation, on_delete=models.PROTECT, related_name="editions")
    state = models.CharField(max_length=9, choices=State.choices, default=State.TARGETED)
    reason = models.TextField(blank=True, default="")
    candidate = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    approved = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_by = models.CharField(max_length=150, blank=True, default="")
    decided_at = models.DateTimeField(null=True, blank=True)
    slug = models.CharField(max_length=120, blank=True, default="")
    path = models.CharField(max_length=300, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)  # what the page says; set at the first approval
    updated_at = models.DateTimeField(null=True, blank=True)  # when the approved version was approved
    release_at = models.DateTimeField(null=True, blank=True)  # the embargo

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["article", "section", "language"], name="edition_key"),
            models.UniqueConstraint(
                fields=["section", "language", "path"], condition=~models.Q(path=""), name="edition_path"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["section", "language", "state"], name="edition_state"),
            models.Index(fields=["section", "language", "-published_at", "path"], name="edition_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.article} for {self.section} in {self.language}"
