"""Batch runs: what schedules have asked for, how far each run has come, and what it reports."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from pipeline.ledger.models.claimable import Claimable


class ScheduleState(models.Model):
    """What the ledger knows of a schedule of network.toml: up to when its due times have become runs, and whether it is
    paused.
    """

    schedule = models.CharField(max_length=40, unique=True)
    cron = models.CharField(max_length=200)  # with its time zone; a changed one begins anew
    looked_at = models.DateTimeField()
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=150, blank=True, default="")

    def __str__(self) -> str:
        return f"schedule {self.schedule}"


class BatchRun(Claimable):
    """One run of a schedule, for one due time or because a person asked. Claimed by the lane ``batch``.

    Between two pieces of work it is ``ready``: a run that waits for translations holds no worker. ``actions``,
    ``selection`` and ``patience_hours`` are those of the moment at which it was made; ``steps`` are how far each action
    has come, ``marks`` the newest ids of the ledger when it began.
    """

    class Outcome(models.TextChoices):
        DONE = "done"
        TROUBLE = "trouble"  # something needs a person
        SKIPPED = "skipped"  # it never began: ``reason`` says why
        FAILED = "failed"  # it could not be ended

    schedule = models.CharField(max_length=40)
    planned_at = models.DateTimeField()  # the due time, or when somebody asked
    requested_by = models.CharField(max_length=150, blank=True, default="")  # empty: the clock
    missed = models.PositiveIntegerField(default=0)  # earlier due times for which it stands
    actions = models.JSONField(default=list)
    selection = models.JSONField(default=dict)
    patience_hours = models.FloatField(default=6)
    steps = models.JSONField(default=list, blank=True)
    marks = models.JSONField(default=dict, blank=True)
    report = models.JSONField(default=dict, blank=True)
    outcome = models.CharField(max_length=7, choices=Outcome.choices, blank=True, default="")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta(Claimable.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Claimable.Meta.constraints,
            models.UniqueConstraint(fields=["schedule", "planned_at"], name="batchrun_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            *Claimable.Meta.indexes,
            models.Index(fields=["-planned_at", "-id"], name="batchrun_newest"),
            models.Index(fields=["schedule", "planned_at"], condition=models.Q(outcome=""), name="batchrun_unfinished"),
        ]

    def __str__(self) -> str:
        return f"run of {self.schedule} at {self.planned_at:%Y-%m-%d %H:%M} UTC"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it."""
        return bool(self.outcome)

    @property
    def has_begun(self) -> bool:
        """Whether a worker has begun with it."""
        return self.started_at is not None


class Rendering(models.Model):
    """With which templates, styles and labels a section's pages were last written again as a whole."""

    section = models.CharField(max_length=40, unique=True)
    digest = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"rendering of {self.section}"
