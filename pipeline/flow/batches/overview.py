"""Schedules and runs as people see them, and what they may ask for: run now, pause, resume."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from pipeline.errors import Permanent
from pipeline.flow import bell, clock, lanes
from pipeline.flow.batches import due, steps, stopping, tick
from pipeline.flow.batches.steps import Step
from pipeline.ledger.models import BatchRun, ScheduleState, Status
from pipeline.network import Network, Schedule

COMING: Final = 3
RECENT: Final = 14
"""So many coming due times, and past runs, stand beside a schedule."""


class Phase(StrEnum):
    """How a run stands."""

    DUE = "due"  # nobody has begun
    RUNNING = "running"
    DONE = "done"
    TROUBLE = "trouble"
    STOPPED = "stopped"  # somebody has left something out
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class View:
    """A schedule with what it did and will do. ``coming`` is empty while it is paused."""

    schedule: Schedule
    paused_at: datetime | None
    paused_by: str
    coming: tuple[datetime, ...]
    recent: tuple[BatchRun, ...]  # the newest first

    @property
    def now(self) -> BatchRun | None:
        """The run that is at work, or waits to begin."""
        return next((run for run in reversed(self.recent) if not run.is_over), None)

    @property
    def last(self) -> BatchRun | None:
        """The last run that is over."""
        return next((run for run in self.recent if run.is_over), None)


def phase(run: BatchRun) -> Phase:
    """How a run stands."""
    if run.outcome in {BatchRun.Outcome.DONE, BatchRun.Outcome.TROUBLE} and steps.was_stopped(run.steps):
        return Phase.STOPPED
    if run.outcome:
        return Phase(run.outcome)
    if run.status == Status.FAILED:
        return Phase.FAILED
    return Phase.RUNNING if run.has_begun else Phase.DUE


def schedules(net: Network) -> list[View]:
    """All schedules, in the order of the network file: two queries, and one for each schedule's runs."""
    states = {state.schedule: state for state in ScheduleState.objects.all()}
    return [_view(schedule, states.get(schedule.key)) for schedule in net.schedules]


def view(schedule: Schedule) -> View:
    """One schedule."""
    return _view(schedule, ScheduleState.objects.filter(schedule=schedule.key).first())


def _view(schedule: Schedule, state: ScheduleState | None) -> View:
    paused = state.paused_at if state else None
    coming = () if paused else tuple(islice(due.upcoming(schedule.cron, schedule.zone, clock.now()), COMING))
    recent = runs(schedule.key)[:RECENT]
    return View(schedule, paused, state.paused_by if state and paused else "", coming, tuple(recent))


def runs(schedule: str = "") -> QuerySet[BatchRun]:
    """Runs of one schedule or of all, the newest first."""
    found = BatchRun.objects.defer("report").order_by("-planned_at", "-pk")
    return found.filter(schedule=schedule) if schedule else found


def waiting(schedule: Schedule) -> QuerySet[BatchRun]:
    """The runs of a schedule that nobody has begun."""
    return runs(schedule.key).filter(outcome="", started_at=None).exclude(status=Status.FAILED)


def find(run_id: int) -> BatchRun:
    """The run of this number.

    Raises:
        Permanent: there is none.
    """
    row = BatchRun.objects.filter(pk=run_id).first()
    if row is None:
        raise Permanent(f"There is no run {run_id}.", "See them: sectionwire batch list")
    return row


def last_of(schedule: Schedule) -> BatchRun:
    """The newest run of a schedule.

    Raises:
        Permanent: there was none.
    """
    row = BatchRun.objects.filter(schedule=schedule.key).order_by("-planned_at", "-pk").first()
    if row is None:
        raise Permanent(f"{schedule.key} has not run yet.", f"Run it: sectionwire batch run {schedule.key}")
    return row


def steps_of(run: BatchRun) -> list[Step]:
    """How far each action has come; those that are planned, before anybody has begun."""
    return steps.unpack(run.steps) or [Step(name) for name in run.actions]


def share(run: BatchRun) -> float:
    """How much of a run is done, from 0 to 1: each action counts the same."""
    known = steps_of(run)
    return sum(step.share for step in known) / len(known) if known else 0.0


def request(schedule: Schedule, by: str) -> tuple[BatchRun, bool]:
    """Run a schedule now, also while it is paused. Gives the run, and whether it is new.

    A run that somebody asked for already, and that nobody has begun, is that run.
    """
    with transaction.atomic():
        state_of(schedule)
        list(ScheduleState.objects.select_for_update().filter(schedule=schedule.key))
        waiting = BatchRun.objects.filter(schedule=schedule.key, outcome="", started_at=None).exclude(requested_by="")
        if (known := waiting.first()) is not None:
            return known, False
        row = tick.run_of(schedule, clock.now(), by=by)
        row.save()
        bell.announce(lanes.BATCH)
    return row, True


def state_of(schedule: Schedule) -> ScheduleState:
    """What the ledger knows of a schedule; it begins now where it is new."""
    return tick.state_of(schedule, clock.now())


def pause(schedule: Schedule, by: str) -> bool:
    """Let due times pass until somebody resumes. A run that has begun ends, one that has not is left out.

    Returns whether it was not paused before.
    """
    now = clock.now()
    with transaction.atomic():
        state = state_of(schedule)
        mine = ScheduleState.objects.filter(pk=state.pk, paused_at=None)
        if not mine.update(paused_at=now, paused_by=by[:150]):
            return False
        waiting = BatchRun.objects.filter(
            schedule=schedule.key, status=Status.READY, outcome="", started_at=None, requested_by=""
        )
        waiting.update(
            status=Status.DONE, outcome=BatchRun.Outcome.SKIPPED, ended_at=now, reason=f"{by} has paused the schedule."
        )
    return True


def resume(schedule: Schedule) -> bool:
    """Let it run again from the next due time on; what passed meanwhile is not made up for.

    Returns whether it was paused.
    """
    state = state_of(schedule)
    mine = ScheduleState.objects.filter(pk=state.pk, paused_at__isnull=False)
    return bool(mine.update(paused_at=None, paused_by="", looked_at=clock.now()))


def record(run: BatchRun) -> dict[str, Any]:
    """A run as JSON values; its report is ``run.report``."""
    return {
        "run": run.pk,
        "schedule": run.schedule,
        "phase": phase(run).value,
        "planned_at": run.planned_at,
        "requested_by": run.requested_by,
        "missed": run.missed,
        "reason": run.reason,
        "stop": stopping.wish(run.report),
        "started_at": run.started_at,
        "ended_at": run.ended_at,
        "share": round(share(run), 3),
        "steps": [_step(step) for step in steps_of(run)],
    }


def _step(step: Step) -> Mapping[str, Any]:
    problems: Sequence[Any] = [{"what": p.what, "why": p.why, "remedy": p.remedy} for p in step.problems]
    return {
        "action": step.action,
        "state": step.state,
        "share": round(step.share, 3),
        "said": step.said,
        "counts": dict(step.counts),
        "problems": problems,
        "more_problems": step.more_problems,
    }
