"""A worker's sign of life: which lanes it serves and what its engines can translate, every ten seconds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Final

import structlog
from django.conf import settings
from django.db import close_old_connections, connection

from pipeline.documents import Hop
from pipeline.flow import engines, installation, lanes
from workers.app import app

log = structlog.get_logger()

PERIOD: Final = 10.0


class Beats:
    """Writes the beats of one worker and lets it serve the bases for which a model arrives while it runs."""

    def __init__(self, name: str, lanes_served: Sequence[str], hops: Callable[[], Sequence[Hop]] | None) -> None:
        self.name = name
        self.lanes = set(lanes_served)
        self.hops = hops
        self.stopped = Event()
        self.thread = Thread(target=self._run, name="beats", daemon=True)

    def start(self) -> None:
        """Begin to beat; the first beat is written at once, in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop, and take the worker out of the list of the living."""
        self.stopped.set()
        self.thread.join(timeout=PERIOD)

    def _run(self) -> None:
        first = True
        while not self.stopped.is_set():
            try:
                self._beat(first=first)
                first = False
                self._show()
            except Exception:  # a worker goes on when the database or the broker is away; the next beat tells
                log.exception("a beat was lost", worker=self.name)
            self.stopped.wait(PERIOD)
        try:
            engines.gone(self.name)
        except Exception:  # as above: the row grows stale by itself
            log.exception("the worker could not sign off", worker=self.name)
        connection.close()

    def _beat(self, *, first: bool) -> None:
        close_old_connections()
        hops = list(self.hops()) if self.hops else []
        if self.hops:
            self._serve(engines.bases_served(installation.network(), hops))
        engines.beat(self.name, hops, sorted(self.lanes), first=first)

    def _show(self) -> None:
        """Touch the file that a health check looks at: the ledger took the beat, and our own ping came back."""
        if settings.ALIVE_FILE and app.control.ping(destination=[self.name], timeout=2):
            Path(settings.ALIVE_FILE).touch()

    def _serve(self, bases: Sequence[str]) -> None:
        for lane in {lanes.translate(base) for base in bases} - self.lanes:
            app.control.add_consumer(lane, destination=[self.name])
            self.lanes.add(lane)
            log.info("a model has come: serving one more lane", lane=lane)
