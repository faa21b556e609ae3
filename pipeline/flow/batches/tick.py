"""The tick: due times become rows, one for each. Two clocks that tick at once do no harm."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction

from pipeline.flow import bell, lanes
from pipeline.flow.batches import due
from pipeline.ledger.models import BatchRun, ScheduleState, Status
from pipeline.network import Network, Schedule

log = structlog.get_logger()

CLOCK_SLACK: Final = timedelta(hours=1)
"""A state that is so far in the future was written by a clock that was wrong: it begins anew."""

Outcome = BatchRun.Outcome


def tick(net: Network, now: datetime) -> list[BatchRun]:
    """Make a run of every due time since the last tick; gives those that are new. Call it as often as you like.

    A schedule that is new, or has another cron than before, begins now: nothing is made up for. While it is paused, due
    times pass. A run that could not be ended (its worker died again and again) is told of.
    """
    _end_failed(now)
    made = [run for schedule in net.schedules for run in _look(schedule, now)]
    if BatchRun.objects.filter(status=Status.READY, outcome="", due_at__lte=now).exists():
        bell.announce(lanes.BATCH)
    return made


def _look(schedule: Schedule, now: datetime) -> list[BatchRun]:
    """What is due of one schedule. The times are found before anything is locked: a year of minutes takes its time."""
    state = state_of(schedule, now)
    if state.cron != _table(schedule) or state.looked_at > now + CLOCK_SLACK:
        log.warning("a schedule begins anew", schedule=schedule.key, was=state.cron, looked_at=state.looked_at)
        ScheduleState.objects.filter(pk=state.pk, looked_at=state.looked_at).update(
            cron=_table(schedule), looked_at=now
        )
        return []
    times = due.between(schedule.cron, schedule.zone, state.looked_at, now)
    if not times:
        return []
    with transaction.atomic():
        mine = ScheduleState.objects.filter(pk=state.pk, looked_at=state.looked_at)
        if not mine.update(looked_at=times[-1]):
            return []  # another clock got there first
        if _is_paused(state.pk):
            return []
        return _make(schedule, times, now)


def state_of(schedule: Schedule, now: datetime) -> ScheduleState:
    """What the ledger knows of a schedule; it begins now where it is new."""
    return ScheduleState.objects.get_or_create(
        schedule=schedule.key, defaults={"cron": _table(schedule), "looked_at": now}
    )[0]


def _is_paused(state: int) -> bool:
    return ScheduleState.objects.filter(pk=state, paused_at__isnull=False).exists()


def _table(schedule: Schedule) -> str:
    return f"{schedule.cron} {schedule.time_zone}"


def _make(schedule: Schedule, times: Sequence[datetime], now: datetime) -> list[BatchRun]:
    """The rows of some due times. Where a run still waits for its turn, it stands for the new ones as well."""
    planned = due.plan(times, now, schedule.catch_up)
    waiting = BatchRun.objects.filter(schedule=schedule.key, outcome="", started_at=None, requested_by="")
    if schedule.catch_up != "all" and waiting.exists():
        planned = [due.Due(each.at, each.missed, skipped=True) for each in planned]
    rows = [run_of(schedule, each.at, missed=each.missed) for each in planned]
    for row, each in zip(rows, planned, strict=True):
        if each.skipped:
            row.status, row.outcome, row.ended_at = Status.DONE, Outcome.SKIPPED, now
            row.reason = _why_skipped(schedule, each, now)
    # A row that is there already was made by another clock at this very moment.
    BatchRun.objects.bulk_create(rows, ignore_conflicts=True)
    bell.announce(lanes.BATCH)
    for row in rows:
        log.info("a run is due", schedule=schedule.key, planned_at=row.planned_at.isoformat(), left_out=row.is_over)
    return list(BatchRun.objects.filter(schedule=schedule.key, planned_at__in=[row.planned_at for row in rows]))


def _why_skipped(schedule: Schedule, what: due.Due, now: datetime) -> str:
    if now - what.at > due.GRACE and schedule.catch_up == "none":
        return "Nobody was there at that time, and this schedule makes up for nothing (catch_up)."
    return "The run before had not even begun: it stands for this one as well."


def run_of(schedule: Schedule, at: datetime, *, missed: int = 0, by: str = "") -> BatchRun:
    """A run that is not kept yet, with all that it needs to know of its schedule."""
    return BatchRun(
        schedule=schedule.key,
        planned_at=at,
        due_at=at,
        requested_by=by[:150],
        missed=missed,
        lane=lanes.BATCH,
        priority=lanes.URGENT if by else lanes.NORMAL,
        actions=list(schedule.actions),
        selection=schedule.selection.model_dump(mode="json"),
        patience_hours=schedule.patience_hours,
    )


def _end_failed(now: datetime) -> None:
    """A run whose workers died five times stands still: it is over, and what comes after it may begin."""
    BatchRun.objects.filter(status=Status.FAILED, outcome="").update(outcome=Outcome.FAILED, ended_at=now)
