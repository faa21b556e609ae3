"""The row of a source: who fetches it now, and how it went."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Q
from django.db.models.functions import Now

from pipeline.errors import Permanent, PipelineError, Transient
from pipeline.ledger.models import Source

SPARE: Final = timedelta(seconds=120)
"""How much longer than one request a run may be silent before it is taken for dead."""

FIRST_PAUSE: Final = timedelta(minutes=5)
LONGEST_PAUSE: Final = timedelta(hours=12)
FIRST_DOUBT: Final = timedelta(hours=20)
LONGEST_DOUBT: Final = timedelta(days=14)
"""What only a person can mend is tried as well, now and then: they may have done it at the other end. Somewhat less
than a day, so that a nightly run does not come a moment too early."""


class Lost(Exception):  # noqa: N818 - an expected outcome
    """Somebody else fetches this source by now: this run was too slow, and stops."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A source that is this run's until the lease runs out."""

    row: Source
    token: uuid.UUID
    length: timedelta

    def renew(self) -> None:
        """Say that the run is alive.

        Raises:
            Lost: it was taken for dead.
        """
        if not Source.objects.filter(pk=self.row.pk, token=self.token).update(lease_until=Now() + self.length):
            raise Lost

    def end(self, **changes: object) -> None:
        """Let go, and write how it went; nothing where it was lost."""
        Source.objects.filter(pk=self.row.pk, token=self.token).update(token=None, lease_until=None, **changes)


def take(row: Source, timeout: float) -> Lease | None:
    """Claim a source; ``None`` where somebody fetches it now."""
    lease = Lease(row, uuid.uuid4(), SPARE + timedelta(seconds=timeout))
    free = Source.objects.filter(Q(token=None) | Q(lease_until__lt=Now()), pk=row.pk)
    taken = free.update(token=lease.token, lease_until=Now() + lease.length)
    return lease if taken else None


def next_try(error: PipelineError, attempts: int, now: datetime) -> datetime:
    """When to try an item again that has failed ``attempts`` times in a row, now included."""
    if isinstance(error, Permanent):
        return now + min(FIRST_DOUBT * _factor(attempts), LONGEST_DOUBT)
    return next_look(error, attempts, now)


def next_look(error: PipelineError, attempts: int, now: datetime) -> datetime:
    """When to look again at a source that could not be read so many times in a row, whatever is wrong with it."""
    pause = min(FIRST_PAUSE * _factor(attempts), LONGEST_PAUSE)
    if isinstance(error, Transient) and error.retry_after is not None:
        pause = max(pause, timedelta(seconds=error.retry_after))
    return now + pause


def _factor(attempts: int) -> int:
    return 1 << min(max(attempts - 1, 0), 20)
