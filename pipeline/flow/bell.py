"""``ready``: the signal that a lane has work. Sent when the transaction that made the work has been committed.

``workers`` listens and rings; nothing here knows how. A lost ring is no loss: the sweep rings again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final

from django.db import connection, transaction
from django.dispatch import Signal

ready: Final = Signal()
_muffled: ContextVar[bool] = ContextVar("muffled", default=False)


def announce(lane: str) -> None:
    """Say that a lane has work, once the present transaction is committed.

    For work that is due later as well: whoever hears it looks when the lane's next row is due.
    """
    if _muffled.get() or _is_announced(lane):
        return

    def ring() -> None:
        ready.send_robust(sender=None, lane=lane)

    ring.lane = lane  # type: ignore[attr-defined]
    # robust: a listener that fails must not fail whoever did the work.
    transaction.on_commit(ring, robust=True)


def _is_announced(lane: str) -> bool:
    """Whether the present transaction rings this lane anyway. Hooks of savepoints that were rolled back are gone."""
    hooks: list[Any] = connection.run_on_commit  # the second of each is the hook
    return any(getattr(hook[1], "lane", None) == lane for hook in hooks)


@contextmanager
def muffled() -> Iterator[None]:
    """No bell within: for commands that do the work themselves."""
    token = _muffled.set(True)
    try:
        yield
    finally:
        _muffled.reset(token)
