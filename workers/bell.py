"""Ringing: one message that says "this lane has work". Never raises and never waits long: the sweep rings again."""

from __future__ import annotations

import time
from typing import Any, Final

import structlog
from django.conf import settings

from pipeline.flow import bell

log = structlog.get_logger()

SILENCE_SECONDS: Final = 15.0
"""After a broker did not answer, don't try again for so long: a hundred submissions must not wait a hundred times."""

PAUSE_SECONDS: Final = 0.5
"""No process rings a lane more often than this, but it always rings once more after the last row: a visit to a lane
costs as much as three rows, so it should find several."""

SLACK_SECONDS: Final = 0.1
"""A ring that comes a little late finds its row due; one that comes a little early would find nothing."""

_silent_until = 0.0
_planned: dict[str, float] = {}
_rung: dict[str, float] = {}


def connect() -> None:
    """Listen for lanes that have work."""
    bell.ready.connect(_heard, dispatch_uid="workers.bell")


def _heard(*, lane: str, **_: Any) -> None:
    # Hundreds of rows may become ready within a moment: a bell that follows closely on another comes a little later,
    # once for all of them.
    if time.monotonic() - _rung.get(lane, 0.0) < PAUSE_SECONDS:
        ring_later(lane, PAUSE_SECONDS)
    else:
        _rung[lane] = time.monotonic()
        ring(lane)


def ring(lane: str, after: float = 0.0) -> bool:
    """Ring a lane, ``after`` so many seconds. Returns whether the broker took it."""
    global _silent_until
    if not settings.BROKER_URL or time.monotonic() < _silent_until:
        return False
    from workers.app import app  # Celery is slow to import, and most commands never ring

    try:
        app.send_task(_task(lane), (lane,), queue=lane, countdown=after, retry=False)
    except Exception as error:  # noqa: BLE001 - whatever it is, the article is in the ledger and the sweep will ring
        _silent_until = time.monotonic() + SILENCE_SECONDS
        log.warning("the broker did not take a bell; the sweep will ring", lane=lane, error=repr(error))
        return False
    return True


def _task(lane: str) -> str:
    """The name of the task that works a lane: the first word of the lane."""
    return lane.partition(".")[0]


def ring_later(lane: str, seconds: float) -> None:
    """Ring a lane when its next row is due, but not at once, unless this process has arranged for it already."""
    seconds = max(seconds, PAUSE_SECONDS)
    now = time.monotonic()
    planned = _planned.get(lane, 0.0)
    if not now < planned <= now + seconds + SLACK_SECONDS and ring(lane, seconds + SLACK_SECONDS):
        _planned[lane] = now + seconds + SLACK_SECONDS


def use_broker(url: str) -> None:
    """Ring at this broker from now on: for a command that has started one itself."""
    global _silent_until
    from kombu import pools

    from workers.app import app

    settings.BROKER_URL = url
    app.conf.update(broker_url=url)
    pools.reset()
    app._after_fork()  # type: ignore[attr-defined]  # noqa: SLF001 - Celery's own way of forgetting its connections
    _planned.clear()
    _rung.clear()
    _silent_until = 0.0
