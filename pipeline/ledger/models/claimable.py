"""What every row that workers claim has in common."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class Status(models.TextChoices):
    """What the ledger knows of a piece of work. ``running`` ⇔ token and lease are set."""

    READY = "ready"
    RUNNING = "running"
    WAITING = "waiting"  # for something that no retry brings: ``reason`` says what
    FAILED = "failed"  # a person must act: ``reason`` says how
    DONE = "done"


class Claimable(models.Model):
    """A row that is claimed, worked on under a lease, and finished only while its token still matches."""

    status = models.CharField(max_length=8, choices=Status.choices, default=Status.READY)
    reason = models.TextField(blank=True, default="")
    lane = models.CharField(max_length=80)
    priority = models.SmallIntegerField(default=50)  # lower is more urgent
    due_at = models.DateTimeField(db_default=Now())
    token = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)  # claims since the last success
    deaths = models.PositiveSmallIntegerField(default=0)  # leases that ran out since the last success

    class Meta:
        abstract = True
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["lane", "status", "priority", "due_at", "id"], name="%(class)s_claim"),
            models.Index(fields=["lease_until"], condition=models.Q(status="running"), name="%(class)s_lease"),
            # What waits for a person is looked for in every lane at once: few rows of very many.
            models.Index(fields=["id"], condition=models.Q(status="failed"), name="%(class)s_failed"),
        ]
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=models.Q(status="running", token__isnull=False, lease_until__isnull=False)
                | (~models.Q(status="running") & models.Q(token__isnull=True, lease_until__isnull=True)),
                name="%(class)s_running_has_lease",
            ),
            models.CheckConstraint(
                condition=~models.Q(status__in=["failed", "waiting"]) | ~models.Q(reason=""),
                name="%(class)s_says_why",
            ),
        ]
