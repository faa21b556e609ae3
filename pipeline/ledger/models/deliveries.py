"""Deliveries as promises, and their receipts."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models

from pipeline.ledger.models.claimable import Claimable
from pipeline.ledger.models.editions import Edition
from pipeline.ledger.models.translations import Version

SHOWN: Final = models.Q(confirmed_seq__gt=0, action="put", confirmed_action="put")
"""Deliveries whose page readers can see, and shall: what front pages, feeds, sitemaps and alternates may name."""


class Delivery(Claimable):
    """What one output shall hold of one edition: wanted against confirmed, by sequence; one send at a time.

    ``sending_seq`` is the sequence that the running send carries. ``due_at`` in the future is an embargo or a debounce.
    ``action`` is what is wanted, ``confirmed_action`` what the output has confirmed last (once it confirmed anything).
    """

    class Action(models.TextChoices):
        PUT = "put"  # the page
        NOTICE = "notice"  # in its place, a page that says that it was withdrawn
        REMOVE = "remove"
        REDIRECT = "redirect"  # it has moved: see flow/placing

    edition = models.ForeignKey(Edition, on_delete=models.CASCADE, related_name="deliveries")
    output = models.CharField(max_length=40)
    action = models.CharField(max_length=8, choices=Action.choices, default=Action.PUT)
    confirmed_action = models.CharField(max_length=8, choices=Action.choices, default=Action.PUT)
    wanted_seq = models.PositiveIntegerField(default=0)
    wanted_digest = models.CharField(max_length=64, blank=True, default="")
    sending_seq = models.PositiveIntegerField(default=0)
    confirmed_seq = models.PositiveIntegerField(default=0)
    confirmed_digest = models.CharField(max_length=64, blank=True, default="")  # of the bytes that stand there
    confirmed_at = models.DateTimeField(null=True, blank=True)
    url = models.CharField(max_length=2000, blank=True, default="")
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT, related_name="+")  # confirmed

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
