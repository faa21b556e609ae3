"""Deliveries as promises, their receipts, and the pages that follow from many articles."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.claimable import Claimable
from pipeline.ledger.models.editions import Edition


class Delivery(Claimable):
    """What one output shall hold of one edition: wanted against confirmed, by sequence; one send at a time.

    ``sending_seq`` is the sequence that the running send carries. ``due_at`` in the future is an embargo or a debounce.
    """

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="deliveries")
    output = models.CharField(max_length=40)
    wanted_seq = models.PositiveIntegerField(default=0)
    wanted_digest = models.CharField(max_length=64, blank=True, default="")
    sending_seq = models.PositiveIntegerField(default=0)
    confirmed_seq = models.PositiveIntegerField(default=0)
    confirmed_digest = models.CharField(max_length=64, blank=True, default="")  # of the bytes that stand there
    confirmed_at = models.DateTimeField(null=True, blank=True)
    url = models.CharField(max_length=2000, blank=True, default="")

    class Meta(Claimable.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Claimable.Meta.constraints,
            models.UniqueConstraint(fields=["edition", "output"], name="delivery_key"),
            models.CheckConstraint(
                condition=models.Q(confirmed_seq__lte=models.F("wanted_seq")), name="delivery_confirmed_was_wanted"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.edition} to {self.output}"


class Receipt(models.Model):
    """One attempt to send. Append only."""

    class Outcome(models.TextChoices):
        CONFIRMED = "confirmed"
        TRANSIENT = "transient"
        PERMANENT = "permanent"

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="receipts")
    sequence = models.PositiveIntegerField()
    outcome = models.CharField(max_length=9, choices=Outcome.choices)
    digest = models.CharField(max_length=64, blank=True, default="")
    url = models.CharField(max_length=2000, blank=True, default="")
    detail = models.TextField(blank=True, default="")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["delivery", "id"], name="receipt_of_delivery")]

    def __str__(self) -> str:
        return f"{self.outcome} at {self.sequence}"


class Refresh(Claimable):
    """A page made of many articles, such as a front page: written once for many changes."""

    output = models.CharField(max_length=40)
    section = models.CharField(max_length=40)
    language = models.CharField(max_length=35)
    dirty_seq = models.PositiveIntegerField(default=0)
    sending_seq = models.PositiveIntegerField(default=0)
    done_seq = models.PositiveIntegerField(default=0)

    class Meta(Claimable.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Claimable.Meta.constraints,
            models.UniqueConstraint(fields=["output", "section", "language"], name="refresh_page"),
        ]

    def __str__(self) -> str:
        return f"front page of {self.section} in {self.language} at {self.output}"
