"""Stopping a run that has begun: the piece in hand is done, the rest is left out, and the report says so.

The wish stands in the run's ``report`` until that is composed, so that it outlives every worker: whoever has the run,
or takes it up after a death, finds it there before the next piece.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from django.db import transaction
from django.db.models.functions import Now

from pipeline.flow import bell, clock, lanes
from pipeline.flow.batches import steps
from pipeline.ledger.models import BatchRun, Status
from pipeline.network import Schedule

_WISH: Final = "stop"
_NAME: Final = 150


class Answer(StrEnum):
    """What comes of a wish to stop a run; none is an error."""

    ASKED = "asked"  # it ends after the piece in hand
    ALREADY = "already"  # somebody has asked for it before
    LEFT_OUT = "left out"  # it had not begun, and does not begin
    ENDING = "ending"  # everything is done but the report
    OVER = "over"


def wish(report: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Who has asked to stop the run (``by``) and when (``at``, ISO 8601), as ``BatchRun.report`` has it; else ``None``.

    It stands there before the report is composed; afterwards only where something was left out.
    """
    found: Mapping[str, str] | None = report.get(_WISH)
    return found


def request(run_id: int, by: str) -> Answer:
    """Ask that a run be stopped; the first who asks is named. The run must be there."""
    with transaction.atomic():
        row = BatchRun.objects.select_for_update().get(pk=run_id)
        if row.is_over or row.status == Status.FAILED:
            return Answer.OVER
        if wish(row.report):
            return Answer.ALREADY
        mine = BatchRun.objects.filter(pk=row.pk)
        now = clock.now()
        if not row.has_begun and row.status == Status.READY:
            why = f"{by} has stopped it before it began."
            mine.update(status=Status.DONE, outcome=BatchRun.Outcome.SKIPPED, ended_at=now, reason=why)
            return Answer.LEFT_OUT
        if row.has_begun and not any(step.is_open for step in steps.unpack(row.steps)[:-1]):
            return Answer.ENDING
        mine.update(report={_WISH: {"by": by[:_NAME], "at": now.isoformat()}})
        # One that waits for translations or pages waits no longer.
        mine.filter(status=Status.READY).update(due_at=Now())
        bell.announce(lanes.BATCH)
    return Answer.ASKED


def current(schedule: Schedule) -> BatchRun | None:
    """The run of a schedule that is at work, else the one that waits to begin; ``None`` where there is neither."""
    rows = BatchRun.objects.filter(schedule=schedule.key, outcome="").exclude(status=Status.FAILED)
    begun = rows.filter(started_at__isnull=False).order_by("planned_at", "pk").first()
    return begun or rows.order_by("planned_at", "pk").first()
