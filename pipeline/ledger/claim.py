"""Claim, renew, finish: how a row goes from ready to done although every worker may die at any moment.

Times come from the database, so that machines with wrong clocks agree. Every write that ends a claim asks for the token
of that claim; when no row matches, another worker got there first (the lease ran out) and the result is thrown away.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

from django.db import connection, transaction
from django.db.models import Case, Exists, F, OuterRef, QuerySet, Value, When
from django.db.models.functions import Now

from pipeline.errors import PipelineError, Transient
from pipeline.ledger.models import (
    BatchRun,
    Claimable,
    Delivery,
    Receipt,
    Refresh,
    Revision,
    Status,
    Translation,
    WebhookSend,
)

MAX_DEATHS: Final = 5
MAX_ATTEMPTS: Final = 18  # with the backoff below: about a day of transient errors
LONGEST_BACKOFF: Final = 4 * 3600.0
CLAIMABLES: Final[tuple[type[Claimable], ...]] = (Revision, Translation, Delivery, Refresh, WebhookSend, BatchRun)

M = TypeVar("M", bound=Claimable)

_ENDED: Final[dict[str, Any]] = {"reason": "", "token": None, "lease_until": None, "attempts": 0, "deaths": 0}
_DIED: Final[dict[str, Any]] = {"token": None, "lease_until": None, "deaths": F("deaths") + 1}


class LostClaim(Exception):  # noqa: N818 - an expected outcome that rolls a transaction back
    """The lease ran out and another worker has the row, or something newer is wanted: throw the result away."""


@dataclass(frozen=True, slots=True)
class Claim(Generic[M]):
    """Some rows of one lane that are this worker's until the lease runs out."""

    model: type[M]
    ids: tuple[int, ...]
    token: uuid.UUID
    lease: timedelta

    def rows(self) -> QuerySet[M]:
        """The claimed rows that are still this claim's, in claim order."""
        return self.model._default_manager.filter(id__in=self.ids, token=self.token).order_by(
            "priority", "due_at", "id"
        )

    def renew(self) -> None:
        """Push the lease out. Rows that were lost meanwhile stay lost."""
        self.model._default_manager.filter(id__in=self.ids, token=self.token).update(lease_until=Now() + self.lease)


def take(model: type[M], lane: str, budget: int, lease_seconds: float) -> Claim[M] | None:
    """Claim up to ``budget`` ready and due rows of a lane, most urgent first, oldest first.

    A row during which a worker has died is claimed alone: should it be the cause, it takes no others along.
    Returns ``None`` when nothing is ready.
    """
    lease = timedelta(seconds=lease_seconds)
    claim = Claim(model, (), uuid.uuid4(), lease)
    due = model._default_manager.filter(lane=lane, status=Status.READY, due_at__lte=Now()).order_by(
        "priority", "due_at", "id"
    )
    with transaction.atomic():
        if connection.features.has_select_for_update_skip_locked:
            due = due.select_for_update(skip_locked=True)
        found = list(due.values_list("id", "deaths")[:budget])
        if not found:
            return None
        ids = [found[0][0]] if found[0][1] else [row_id for row_id, deaths in found if not deaths]
        changes: dict[str, Any] = {"status": Status.RUNNING, "token": claim.token, "lease_until": Now() + lease}
        if hasattr(model, "sending_seq"):
            changes["sending_seq"] = F("dirty_seq" if model is Refresh else "wanted_seq")
        # Without SKIP LOCKED (SQLite) the immediate transaction has already excluded every other writer.
        model._default_manager.filter(id__in=ids, status=Status.READY).update(attempts=F("attempts") + 1, **changes)
    return Claim(model, tuple(ids), claim.token, lease)


def finish(row: Claimable, token: uuid.UUID, status: Any = Status.DONE, reason: str = "", **changes: Any) -> None:
    """End the claim of one row with its next status; call it in the transaction that writes the result.

    Raises:
        LostClaim: the row is no longer this claim's; the transaction must be rolled back.
    """
    changed = (
        type(row)
        ._default_manager.filter(pk=row.pk, token=token, status=Status.RUNNING)
        .update(status=status, **{**_ENDED, "reason": reason, **changes})
    )
    if not changed:
        raise LostClaim


def put_off(row: Delivery, token: uuid.UUID, status: Status, reason: str = "", **changes: Any) -> None:
    """End the claim of a promise that is not sent now: ready again later, or waiting for what ``reason`` says.

    Where something newer was wanted meanwhile, it is ready at once: that may have nothing to wait for.

    Raises:
        LostClaim: as :func:`finish`.
    """
    mine = Delivery.objects.filter(pk=row.pk, token=token, status=Status.RUNNING)
    newer = mine.filter(wanted_seq__gt=F("sending_seq"))
    if not newer.update(status=Status.READY, **_ENDED) and not mine.update(
        status=status, **{**_ENDED, "reason": reason, **changes}
    ):
        raise LostClaim


def give_back(claim: Claim[M], ids: Sequence[int]) -> None:
    """End the claim of rows at which nobody has worked: ready as before, as if they had not been claimed.

    Of a page that was never sent, nothing says that it was: it can still be undone. Call it in a transaction; of pages,
    in one that holds their articles.
    """
    still_held(claim)  # locks them in one order
    rows = claim.model._default_manager.filter(pk__in=ids, token=claim.token, status=Status.RUNNING)
    if claim.model is Delivery:
        sent = Exists(Receipt.objects.filter(delivery=OuterRef("pk")))
        # Withdrawn meanwhile, it leaves nothing, as if it had been withdrawn before it was claimed.
        action = Case(When(action=Delivery.Action.NOTICE, then=Value("remove")), default=F("action"))
        rows.filter(~sent, confirmed_seq=0).update(sending_seq=0, action=action)
    rows.update(status=Status.READY, token=None, lease_until=None, attempts=F("attempts") - 1)


def put_off_ready(rows: QuerySet[M], due: Any) -> None:
    """Let rows be due no sooner than at a moment; those that somebody is changing right now stay as they will be.

    Whoever changes rows holds their articles first, and this does not: so it must wait for no row.
    """
    rows = rows.filter(status=Status.READY, due_at__lt=due)
    if connection.features.has_select_for_update_skip_locked:
        ids = list(rows.select_for_update(skip_locked=True, of=("self",)).values_list("pk", flat=True))
        rows = rows.model._default_manager.filter(pk__in=ids)
    rows.update(due_at=due)


def still_held(claim: Claim[M]) -> set[int]:
    """The ids of the claim's rows that are still its own, locked for the rest of the transaction."""
    rows = claim.model._default_manager.filter(id__in=claim.ids, token=claim.token, status=Status.RUNNING)
    return set(rows.select_for_update().order_by("id").values_list("id", flat=True))


def finish_promise(row: Delivery | Refresh, token: uuid.UUID, **changes: Any) -> None:
    """End the claim of a promise: done, or ready again when something newer was wanted meanwhile.

    Raises:
        LostClaim: as :func:`finish`.
    """
    finish_promises(type(row), [row.pk], token, **changes)


def finish_promises(
    model: type[Delivery] | type[Refresh], ids: Sequence[int], token: uuid.UUID, **changes: Any
) -> None:
    """End the claim of several promises in one statement; see :func:`finish_promise`.

    Raises:
        LostClaim: one of them is no longer this claim's; the transaction must be rolled back.
    """
    wanted = "dirty_seq" if model is Refresh else "wanted_seq"
    changed = model._default_manager.filter(pk__in=ids, token=token, status=Status.RUNNING).update(
        status=Case(When(**{f"{wanted}__gt": F("sending_seq")}, then=Value("ready")), default=Value("done")),
        **{**_ENDED, **changes},
    )
    if changed != len(ids):
        raise LostClaim


def give_up(row: Claimable, token: uuid.UUID, error: PipelineError) -> bool:
    """Record a failure: a transient one is due again later, a permanent one waits for a person.

    A page of which something newer was wanted meanwhile is ready at once: what failed is not what is wanted any more.
    Returns whether the row was still this claim's.
    """
    mine = type(row)._default_manager.filter(pk=row.pk, token=token, status=Status.RUNNING)
    reason = str(error)
    if isinstance(row, Delivery):
        page = Delivery.objects.filter(pk=row.pk, token=token, status=Status.RUNNING)
        newer = page.filter(wanted_seq__gt=F("sending_seq"))
        if newer.update(status=Status.READY, reason=reason, token=None, lease_until=None):
            return True
    if isinstance(error, Transient) and row.attempts < MAX_ATTEMPTS:
        delay = timedelta(seconds=backoff(row.attempts, error.retry_after))
        return bool(mine.update(status=Status.READY, reason=reason, token=None, lease_until=None, due_at=Now() + delay))
    if isinstance(error, Transient):
        reason = f"Tried {row.attempts} times: {reason}"
    return bool(mine.update(status=Status.FAILED, reason=reason, token=None, lease_until=None))


def backoff(attempts: int, retry_after: float | None = None) -> float:
    """Seconds until the next try: exponential from 2 s, jittered by half, never sooner than the other side asked."""
    jittered = min(2.0**attempts, LONGEST_BACKOFF) * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
    return max(jittered, retry_after or 0.0)


def release_expired(tell: Callable[[type[Claimable], Sequence[int]], None] | None = None) -> int:
    """Make rows whose lease ran out ready again, or failed after the fifth time. Returns how many.

    ``tell`` is given the ids of those that failed, in the transaction that fails them.
    """
    released = 0
    for model in CLAIMABLES:
        expired = model._default_manager.filter(status=Status.RUNNING, lease_until__lt=Now())
        released += _fail_poisonous(model, expired, tell)
        released += expired.update(status=Status.READY, **_DIED)
    return released


def _fail_poisonous(
    model: type[M], expired: QuerySet[M], tell: Callable[[type[Claimable], Sequence[int]], None] | None
) -> int:
    """Fail those of some rows over which a worker died for the last time. Returns how many."""
    with transaction.atomic():
        last = expired.filter(deaths__gte=MAX_DEATHS - 1).order_by("pk")
        if ids := list(last.select_for_update().values_list("pk", flat=True)):
            reason = f"The worker died {MAX_DEATHS} times during this work. Look at the log, then retry it."
            model._default_manager.filter(pk__in=ids).update(status=Status.FAILED, reason=reason, **_DIED)
            if tell is not None:
                tell(model, ids)
    return len(ids)


def due_lanes() -> list[str]:
    """The lanes that have ready and due work, most urgent first."""
    lanes: dict[str, int] = {}
    for model in CLAIMABLES:
        due = model._default_manager.filter(status=Status.READY, due_at__lte=Now())
        for lane, priority in due.values_list("lane", "priority").distinct():
            lanes[lane] = min(priority, lanes.get(lane, priority))
    return sorted(lanes, key=lambda lane: (lanes[lane], lane))


def seconds_until_due(lane: str, horizon: float) -> float | None:
    """Seconds until a row of a lane that is ready becomes due; ``None`` if none does within ``horizon`` seconds."""
    soonest: float | None = None
    for model in CLAIMABLES:
        coming = model._default_manager.filter(
            lane=lane, status=Status.READY, due_at__lte=Now() + timedelta(seconds=horizon)
        )
        row = coming.order_by("due_at").values_list("due_at", Now()).first()
        if row is not None:
            seconds = max(0.0, (row[0] - row[1]).total_seconds())
            soonest = seconds if soonest is None else min(soonest, seconds)
    return soonest


def retry(rows: QuerySet[M]) -> tuple[int, set[str]]:
    """Make the failed ones among these rows ready again, from the beginning. Returns how many, and their lanes."""
    failed = rows.filter(status=Status.FAILED)
    lanes = set(failed.order_by().values_list("lane", flat=True).distinct())
    changed = failed.update(status=Status.READY, reason="", attempts=0, deaths=0, due_at=Now())
    return changed, lanes
