"""Working a lane: claim rows, hand each to its stage, record what came of it, until none is ready."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final, TypeVar

import structlog
from django.conf import settings
from django.db import DatabaseError, OperationalError, connection, transaction

from pipeline.errors import PipelineError, Transient
from pipeline.flow import webhooks
from pipeline.flow.context import working
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Claimable, Delivery
from pipeline.masking import mask

log = structlog.get_logger()
M = TypeVar("M", bound=Claimable)

SLICE_SECONDS: Final = 5.0
"""How long one call works a lane before it lets others have the thread."""


LONGEST_HOLD: Final = 1800.0
"""Seconds after which a lease is no longer renewed: a thread that hangs for so long has lost its rows."""


def drain(
    model: type[M], lane: str, budget: int, process: Callable[[claims.Claim[M], Sequence[M]], None]
) -> tuple[int, bool]:
    """Claim and process rows of a lane until none is ready or the slice of time is over.

    Returns how many rows were claimed, and whether more may be ready. ``process`` records the outcome of every row
    itself (see :func:`guarded`); what it raises is recorded as the failure of all rows that it left unfinished.
    """
    done = 0
    started = time.monotonic()
    while (claim := claims.take(model, lane, budget, settings.LEASE_SECONDS)) is not None:
        done += len(claim.ids)
        rows = list(claim.rows())
        try:
            with _kept_alive(claim):
                process(claim, rows)
        except Exception as error:  # noqa: BLE001 - whatever it is, the rows must not hang until their lease runs out
            for row in rows:
                record_failure(row, claim, error)
        if time.monotonic() - started > SLICE_SECONDS:
            return done, True
    return done, False


@contextmanager
def _kept_alive(claim: claims.Claim[M]) -> Iterator[None]:
    """Renew the lease while this worker lives, however long one batch of an engine takes until its deadline."""
    over = Event()
    keeper = Thread(target=_keep_alive, args=(claim, over), name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()


def _keep_alive(claim: claims.Claim[M], over: Event) -> None:
    started = time.monotonic()
    try:
        while not over.wait(claim.lease.total_seconds() / 3) and time.monotonic() - started < LONGEST_HOLD:
            claim.renew()
    except DatabaseError:
        # The database is away: so will be the lease. Whoever has the rows then finishes them, and we throw ours away.
        log.warning("a lease could not be renewed", lane=claim.model.__name__)
    finally:
        connection.close()


def guarded(row: Claimable, claim: claims.Claim[M], action: Callable[[], None]) -> bool:
    """Run the action that finishes a row; record what goes wrong. Returns whether the row was finished by it."""
    with working(row):
        try:
            action()
        except claims.LostClaim:
            # Another worker got there first, or something newer is wanted: the result is thrown away.
            log.info("claim lost", row=str(row), lane=row.lane)
            return False
        except Exception as error:  # noqa: BLE001 - one row's trouble must not become its neighbours'
            record_failure(row, claim, error)
            return False
        log.info("done", lane=row.lane)
        return True


def record_failure(row: Claimable, claim: claims.Claim[M], error: Exception) -> None:
    """Write into the row why its work failed, and log it: the traceback too, unless the error was foreseen."""
    with working(row):
        if isinstance(error, PipelineError):
            foreseen = error
            log.warning("failed", row=str(row), lane=row.lane, reason=str(error))
        else:
            log.error("failed unexpectedly", row=str(row), lane=row.lane, exc_info=error)
            foreseen = _unforeseen(error)
    # What a reason says is read in the desk, in e-mails, by whoever calls the API.
    foreseen.message, foreseen.remedy = mask(foreseen.message), mask(foreseen.remedy)
    if not isinstance(row, Delivery):
        claims.give_up(row, claim.token, foreseen)
        return
    with transaction.atomic():
        claims.give_up(row, claim.token, foreseen)
        webhooks.deliveries_failed([row.pk])


def release_expired() -> int:
    """Take back the rows of workers that have died; of a page that failed by it webhooks are told. Returns how many."""
    return claims.release_expired(_tell_failed)


def _tell_failed(model: type[Claimable], ids: Sequence[int]) -> None:
    log.error("workers died over it", lane=model.__name__, rows=list(ids))
    if model is Delivery:
        webhooks.deliveries_failed(ids)


def _unforeseen(error: Exception) -> PipelineError:
    """A fault of ours, or of the database: tried again like a transient one, and visible to a person at last."""
    if isinstance(error, OperationalError):
        return Transient(f"The database did not answer: {error}".strip())
    return Transient(
        f"Unexpected {type(error).__name__}: {error}".strip(), "The worker's log has the traceback; tell us of it."
    )
