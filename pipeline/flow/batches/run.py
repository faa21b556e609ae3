"""The lane ``batch``: claims a run, does its next pieces, and lets it go again.

A run that waits, for translations or for pages, holds no worker: it is ready again, due some seconds later. What is
done is written into the row piece by piece, so that whoever claims a run after a death goes on where it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Max, Model, Q
from django.db.models.functions import Now
from django.utils.dateparse import parse_datetime

from pipeline.errors import Permanent, PipelineError
from pipeline.flow import clock, installation, lanes, work
from pipeline.flow.batches import actions, report, steps, stopping, telling
from pipeline.flow.batches.steps import Action, Did, Job, Later, Problem, Step, Told
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, BatchRun, Receipt, Revision, ScheduleState, Status, Version
from pipeline.masking import mask
from pipeline.network import Network
from pipeline.network.schedules import Selection

log = structlog.get_logger()

SLICE_SECONDS: Final = 5.0
"""So long a run is worked on at most before it is let go, if its pieces are short: others wait as well."""

TURN_SECONDS: Final = 15.0
"""How often a run that waits for an earlier one of its schedule looks again, should nobody wake it."""

MOST_TRIES: Final = 3
"""How often a piece is tried that may succeed later; then it is told of, and the run goes on."""

REPORT: Final = "report"
"""The last step of every run."""

_MARKED: Final[Mapping[str, type[Model]]] = {
    "article": Article,
    "revision": Revision,
    "version": Version,
    "receipt": Receipt,
}


def run() -> tuple[int, bool]:
    """Work the lane ``batch``; see :func:`work.drain`."""
    return work.drain(BatchRun, lanes.BATCH, 1, _process)


def _process(claim: claims.Claim[BatchRun], rows: Any) -> None:
    for row in rows:
        structlog.contextvars.bind_contextvars(schedule=row.schedule, run=row.pk)
        try:
            work.guarded(row, claim, lambda row=row: _go_on(row, claim))  # type: ignore[misc]
        finally:
            structlog.contextvars.unbind_contextvars("schedule", "run")


def _go_on(row: BatchRun, claim: claims.Claim[BatchRun]) -> None:
    net = installation.network()
    if not row.has_begun:
        if all(schedule.key != row.schedule for schedule in net.schedules):
            why = "There is no such schedule in network.toml any more."
            _end(row, claim, BatchRun.Outcome.SKIPPED, why)
            return
        if not _has_begun(row, claim):
            why = "The run before is still at work: this one comes after it."
            claims.finish(row, claim.token, Status.READY, why, due_at=Now() + timedelta(seconds=TURN_SECONDS))
            return
    started = time.monotonic()
    _heed(row, claim)
    while time.monotonic() - started < SLICE_SECONDS:
        pause = _advance(row, claim, net)
        if pause is None:
            return
        if not _heed(row, claim) and pause > 0:
            claims.finish(row, claim.token, Status.READY, due_at=Now() + timedelta(seconds=pause))
            return
    claims.finish(row, claim.token, Status.READY, due_at=Now())


def _has_begun(row: BatchRun, claim: claims.Claim[BatchRun]) -> bool:
    """Begin a run, if it is its turn: one at a time looks at a schedule."""
    with transaction.atomic():
        list(ScheduleState.objects.select_for_update().filter(schedule=row.schedule))
        if _waits_for_another(row):
            return False
        _begin(row, claim)
    return True


def _waits_for_another(row: BatchRun) -> bool:
    """Whether an earlier run of the same schedule is not over. One order for all: two never wait for each other."""
    earlier = Q(planned_at__lt=row.planned_at) | Q(planned_at=row.planned_at, pk__lt=row.pk)
    mine = BatchRun.objects.filter(schedule=row.schedule, outcome="").exclude(status=Status.FAILED)
    return mine.filter(earlier | Q(started_at__isnull=False)).exclude(pk=row.pk).exists()


def _begin(row: BatchRun, claim: claims.Claim[BatchRun]) -> None:
    row.started_at = clock.now()
    row.marks = {name: _newest(model) for name, model in _MARKED.items()}
    row.steps = steps.pack([Step(name) for name in (*row.actions, REPORT)])
    _keep(row, claim, started_at=row.started_at, marks=row.marks, steps=row.steps)
    # What could not be ended is told of until the schedule works again.
    BatchRun.objects.filter(schedule=row.schedule, status=Status.FAILED).exclude(outcome="").update(status=Status.DONE)
    log.info("run begins", actions=row.actions)


def _newest(model: type[Model]) -> int:
    return model._default_manager.aggregate(newest=Max("pk"))["newest"] or 0


def _keep(row: BatchRun, claim: claims.Claim[BatchRun], **changes: Any) -> None:
    """Write down how far a run has come.

    Raises:
        LostClaim: it is another worker's.
    """
    mine = BatchRun.objects.filter(pk=row.pk, token=claim.token, status=Status.RUNNING)
    if not mine.update(**changes):
        raise claims.LostClaim


def _heed(row: BatchRun, claim: claims.Claim[BatchRun]) -> bool:
    """Leave out what is not done, where somebody has asked to stop the run. Returns whether something was left out."""
    known = steps.unpack(row.steps)
    if not any(step.is_open for step in known if step.action != REPORT):
        return False
    if not stopping.wish(report.kept(row)):
        return False
    now = clock.now()
    row.steps = steps.pack([step.left_out(now) if step.is_open and step.action != REPORT else step for step in known])
    _keep(row, claim, steps=row.steps)
    log.info("run is stopped")
    return True


def _advance(row: BatchRun, claim: claims.Claim[BatchRun], net: Network) -> float | None:
    """Do the next piece. Gives the seconds until there is more to do; ``None`` when the run is over."""
    known = steps.unpack(row.steps)
    index = next((number for number, step in enumerate(known) if step.is_open), None)
    if index is None:
        trouble = any(step.has_trouble for step in known)
        why = f"{wish['by']} has stopped it." if (wish := stopping.wish(report.kept(row))) else ""
        _end(row, claim, BatchRun.Outcome.TROUBLE if trouble else BatchRun.Outcome.DONE, why)
        return None

    def keep(step: Step) -> None:
        known[index] = step
        row.steps = steps.pack(known)
        _keep(row, claim, steps=row.steps)

    step, now = known[index], clock.now()
    job = _job(row, step, net, now)
    action = _action(step.action, row)
    if step.state == "planned":
        keep(step := step.begun(action.pieces(job), now))
    pause = 0.0
    if step.at < len(step.pieces):
        result = _work(action, job, step, _Progress(step, keep))
        step = step.after(result)
        pause = result.seconds if isinstance(result, Later) else 0.0
    keep(step.ended(clock.now()) if step.at >= len(step.pieces) else step)
    return pause


def _job(row: BatchRun, step: Step, net: Network, now: datetime) -> Job:
    began = parse_datetime(step.started_at) if step.started_at else None
    impatient = began is not None and now - began > timedelta(hours=row.patience_hours)
    return Job(net, Selection(**row.selection), row.pk, row.marks, now, impatient)


def _action(name: str, row: BatchRun) -> Action:
    if name == REPORT:
        return telling.action(row)
    return actions.ACTIONS[name]


def _work(action: Action, job: Job, step: Step, told: Told) -> Did | Later:
    """Do a piece; what goes wrong with it is tried again, and then told of: the run goes on with the next one.

    That is no failure of the run: of those, with their longer and longer pauses, a row has only so many in a row.
    """
    try:
        return action.work(job, step.piece, step.memo, told)
    except (claims.LostClaim, DatabaseError):
        raise
    except Permanent as error:
        return _trouble(step, error.message, error.remedy)
    except PipelineError as error:
        why, remedy = error.message, error.remedy or "The next run tries it again."
    except Exception as error:  # a fault in one action must not end the night: it is told of, and the next piece begins
        log.exception("an action failed unexpectedly", action=step.action, piece=step.piece)
        why = f"Unexpected {type(error).__name__}: {error}"
        remedy = "The worker's log has the traceback; tell us of it."
    tries = step.tries + 1
    if tries < MOST_TRIES:
        return Later(claims.backoff(tries), mask(why), max(0, step.total - step.done), step.memo, tries=tries)
    return _trouble(step, why, remedy)


def _trouble(step: Step, why: str, remedy: str) -> Did:
    """What a report says is read in the desk, in e-mails, by webhooks."""
    return Did(problems=[Problem(step.piece, mask(why), mask(remedy))])


class _Progress:
    """Is told how much of a piece is done, and writes it down, not too often."""

    def __init__(self, step: Step, keep: Callable[[Step], None]) -> None:
        self.step, self.keep, self.kept_at = step, keep, time.monotonic()

    def __call__(self, done: int, of: int) -> None:
        if time.monotonic() - self.kept_at >= 1.0:
            self.kept_at = time.monotonic()
            self.keep(replace(self.step, done=min(done, of), total=of))


def _end(row: BatchRun, claim: claims.Claim[BatchRun], outcome: BatchRun.Outcome, why: str = "") -> None:
    now = clock.now()
    changes: dict[str, Any] = {"report": report.final(row, outcome, now)} if row.has_begun else {}
    claims.finish(row, claim.token, Status.DONE, why, outcome=outcome, ended_at=now, **changes)
    # Who waited for this one need not wait any longer.
    BatchRun.objects.filter(schedule=row.schedule, status=Status.READY, outcome="").update(due_at=Now())
    log.info("run is over", outcome=str(outcome))
