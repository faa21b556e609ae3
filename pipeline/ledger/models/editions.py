"""Editions: what each section decides about an article in each of its languages."""

from __future__ import annotations

import hashlib
import json
from typing import ClassVar

from django.conf import settings
from django.db import models

from pipeline.documents import OwnSegment
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
        SECOND = "second"  # approved once; the section asks for a second person
        RETURNED = "returned"  # an editor sent it back with a note
        APPROVED = "approved"  # its deliveries are on their way, or due later
        LIVE = "live"  # every output has confirmed it; or it stands where it stood before Sectionwire came
        DECLINED = "declined"  # not for this section
        WITHDRAWN = "withdrawn"  # taken back from readers, or kept from them: ``reason`` says by whom and why

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
    # The first of the two approvals that the section asks for: whose, of what was seen, and when it may go out.
    first_approved_by = models.CharField(max_length=150, blank=True, default="")
    first_approved_at = models.DateTimeField(null=True, blank=True)
    first_approved_digest = models.CharField(max_length=64, blank=True, default="")
    first_release_at = models.DateTimeField(null=True, blank=True)
    # What was published before an urgent correction that nobody has reviewed yet.
    urgent_from = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    urgent_overlay = models.JSONField(default=list, blank=True)
    slug = models.CharField(max_length=120, blank=True, default="")
    path = models.CharField(max_length=300, blank=True, default="")
    published_at = models.DateTimeField(null=True, blank=True)  # what the page says; set at the first approval
    updated_at = models.DateTimeField(null=True, blank=True)  # when the approved version was approved
    release_at = models.DateTimeField(null=True, blank=True)  # the embargo
    withdrawn_at = models.DateTimeField(null=True, blank=True)  # when that was decided
    # The edition of another section that took this one's place: its old addresses lead there.
    moved_to = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="moved_from")
    existing_url = models.CharField(max_length=2000, blank=True, default="")  # where it stood before Sectionwire came
    overlay = models.JSONField(default=list, blank=True)  # the section's own segments; see stages/overlay
    approved_overlay = models.JSONField(default=list, blank=True)  # as it was when the approved version was approved
    own_title = models.TextField(blank=True, default="")  # the overlay's title, to be searched
    assigned_to = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )

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
            models.Index(
                fields=["section", "state"], condition=models.Q(candidate__isnull=False), name="edition_waiting"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.article} for {self.section} in {self.language}"

    @property
    def own_segments(self) -> list[OwnSegment]:
        """The section's own segments as they stand now, in the order in which they were written."""
        return [OwnSegment(**row) for row in self.overlay]

    @property
    def approved_segments(self) -> list[OwnSegment]:
        """The section's own segments that were approved together with the approved version."""
        return [OwnSegment(**row) for row in self.approved_overlay]


def seen_digest(version: Version, overlay: list[dict[str, str]]) -> str:
    """What an approver has on the screen: a version, with a section's own segments on top of it."""
    if not overlay:
        return version.digest
    text = json.dumps([version.digest, overlay], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
