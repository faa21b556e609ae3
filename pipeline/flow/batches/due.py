"""When a schedule is due: pure functions of cron, time zone and clock.

Clocks that change are dealt with as Debian's cron does it (cronsim): a time that is skipped in spring comes at the
first minute after the gap, one that comes twice in autumn is taken once, the first time. What comes every hour or more
often goes by the time that passes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final, Literal

from cronsim import CronSim

MOST: Final = 100
"""So many due times at most are looked at after a time at which nobody was there; of more, the newest."""

GRACE: Final = timedelta(minutes=15)
"""A due time that is found so much later was missed: what comes of it is the schedule's ``catch_up``."""

CatchUp = Literal["once", "all", "none"]
_SPANS: Final = (timedelta(days=1), timedelta(days=31), timedelta(days=366))


@dataclass(frozen=True, slots=True)
class Due:
    """One due time for which there shall be a run. ``missed`` are earlier ones for which it stands.

    ``skipped``: nobody was there in time, and nothing is made up for; the run only says so.
    """

    at: datetime
    missed: int = 0
    skipped: bool = False


def upcoming(cron: str, zone: tzinfo, after: datetime) -> Iterator[datetime]:
    """The due times after a moment, one after the other, in UTC; each once, however clocks change."""
    last = after
    for moment in CronSim(cron, after.astimezone(zone)):
        at = moment.astimezone(UTC)
        # In the hour that comes twice cronsim may give times of the first one, and times of a gap come out as one.
        if at > last:
            last = at
            yield at


def between(cron: str, zone: tzinfo, after: datetime, until: datetime) -> list[datetime]:
    """The due times after a moment, up to and with another: the newest :data:`MOST` at most."""
    found: list[datetime] = []
    for span in _SPANS:
        start = max(after, until - span)
        found = []
        for at in upcoming(cron, zone, start):
            if at > until:
                break
            found.append(at)
        if start == after or len(found) >= MOST:
            break
    return found[-MOST:]


def plan(times: Sequence[datetime], now: datetime, catch_up: CatchUp) -> list[Due]:
    """What shall come of some due times, given in order, now that it is ``now``.

    >>> hours = [datetime(2026, 11, 22, hour, tzinfo=UTC) for hour in (1, 2, 3)]
    >>> [(each.at.hour, each.missed) for each in plan(hours, hours[-1], "once")]
    [(3, 2)]
    """
    if not times:
        return []
    if catch_up == "all":
        return [Due(at) for at in times]
    newest, earlier = times[-1], len(times) - 1
    return [Due(newest, earlier, skipped=catch_up == "none" and now - newest > GRACE)]
