"""One task per kind of lane: hears that a lane has work, works it, rings again when its slice of time is over."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any, Final

import structlog
from django.conf import settings
from django.db import InterfaceError, OperationalError

from pipeline.documents import Failure, Hop, Route
from pipeline.engines import registry
from pipeline.engines.host import EngineHost
from pipeline.flow import clock, engines, installation, lanes, prepare, publish, translate, webhook_sends
from pipeline.flow.batches import run as batch_runs
from pipeline.flow.batches.tick import tick as flow_tick
from pipeline.flow.sweep import sweep as flow_sweep
from pipeline.ledger import claim as claims
from workers.app import app
from workers.bell import ring, ring_later

log = structlog.get_logger()

WARM_MODELS: Final = 2
"""So many models are loaded ahead; the others when they are first needed."""

HORIZON: Final = 30.0
"""Rows that become due within so many seconds get a bell of their own; what is later is left to the sweep."""

SHORT_QUEUE: Final = 3
"""A lane with so many unheard bells needs no more."""

_batch: Final = Lock()
"""One run at a time in a process: the other threads are for articles."""

_engines: WorkerEngines | None = None
_engines_lock = Lock()


class WorkerEngines:
    """The engines of this worker: their models, and the processes that run them, started when first needed."""

    def __init__(self) -> None:
        self.options = installation.network().engines
        self.host = EngineHost(
            models=settings.MODELS_DIR,
            engines=self.options.names,
            processes=self.options.processes or _cores(),
            deadline_seconds=self.options.deadline_seconds,
        )

    def hops(self) -> list[Hop]:
        """What can be translated now; read afresh, since models come and go while a worker runs."""
        return [model.hop for model in registry.installed(Path(settings.MODELS_DIR), self.options.names)]

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        """Translate along a route; see :meth:`EngineHost.translate`."""
        return self.host.translate(route, sentences)

    def warm_up(self) -> None:
        """Load the models of the network's direct pairs, while the first articles are still being cleaned."""
        net = installation.network()
        hops = self.hops()
        pairs = [(source, target) for source in net.bases for target in net.bases if source != target]
        routes = [engines.find_route(net, source, target, hops) for source, target in pairs]
        self.host.warm_up([route for route in routes if route and len(route.hops) == 1][:WARM_MODELS])


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_engines() -> WorkerEngines:
    """The engines of this worker process."""
    global _engines
    with _engines_lock:
        if _engines is None:
            _engines = WorkerEngines()
        return _engines


def close_engines() -> None:
    """Stop the engine processes, if there are any."""
    global _engines
    with _engines_lock:
        if _engines is not None:
            _engines.host.close()
        _engines = None


def _work(lane: str, run: Callable[[], tuple[int, bool]]) -> None:
    structlog.contextvars.bind_contextvars(lane=lane)
    try:
        done, more = run()
        seconds = None if more else claims.seconds_until_due(lane, HORIZON)
    except (OperationalError, InterfaceError) as error:
        # Rows in hand come back when their leases are over. One line for each bell, not a traceback: there are many.
        log.warning("the ledger did not answer; the sweep will ring", reason=" ".join(str(error).split()))
        return
    if done:
        log.info("worked", rows=done)
    if more:
        ring(lane)
    elif seconds is not None:
        ring_later(lane, seconds)


@app.task(name="prepare")
def prepare_lane(lane: str) -> None:
    """Clean and segment what has come in."""
    _work(lane, prepare.run)


@app.task(name="translate")
def translate_lane(lane: str) -> None:
    """Translate and check what is wanted in a base."""
    base = lanes.base_of(lane)
    assert base is not None
    _work(lane, lambda: translate.run(base, worker_engines()))


@app.task(name="publish")
def publish_lane(lane: str) -> None:
    """Send what an output shall hold."""
    output = lanes.output_of(lane)
    assert output is not None
    _work(lane, lambda: publish.run(output))


@app.task(name="webhooks")
def webhooks_lane(lane: str) -> None:
    """Tell webhooks what has happened."""
    _work(lane, webhook_sends.run)


@app.task(name="batch")
def batch_lane(lane: str) -> None:
    """Do the next pieces of batch runs."""
    if not _batch.acquire(blocking=False):
        return  # whoever is at it rings again
    try:
        _work(lane, batch_runs.run)
    finally:
        _batch.release()


@app.task(name="tick")
def tick() -> None:
    """Make runs of the due times of all schedules."""
    flow_tick(installation.network(), clock.now())


@app.task(name="sweep")
def sweep() -> None:
    """Free dead leases, wake what waited, and ring the lanes that have due work and no bells waiting."""
    swept = flow_sweep()
    if swept.released or swept.woken:
        log.info("swept", released=swept.released, woken=swept.woken)
    with app.connection_for_read() as connection:
        client: Any = getattr(connection.default_channel, "client")  # noqa: B009 - the Redis transport's own
        for lane in swept.lanes:
            if client.llen(lane) < SHORT_QUEUE:
                ring(lane)
