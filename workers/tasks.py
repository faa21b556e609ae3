"""One task per kind of lane: hears that a lane has work, works it, rings again when its slice of time is over."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any, Final

import structlog
from celery import Task
from django.conf import settings

from pipeline.engines.host import EngineHost
from pipeline.flow import installation, lanes, prepare, publish, translate
from pipeline.flow.sweep import sweep as flow_sweep
from workers.app import app
from workers.bell import ring

log = structlog.get_logger()

SHORT_QUEUE: Final = 3
"""A lane with so many unheard bells needs no more."""

_host: EngineHost | None = None
_host_lock = Lock()


def host() -> EngineHost:
    """The engines of this worker, started when first asked for."""
    global _host  # noqa: PLW0603 - one host per process: its children are the cores
    with _host_lock:
        if _host is None:
            engines = installation.network().engines
            _host = EngineHost(
                models=settings.MODELS_DIR,
                engines=engines.order,
                processes=engines.processes,
                deadline_seconds=engines.deadline_seconds,
            )
        return _host


def close_host() -> None:
    """Stop the engine processes, if there are any."""
    global _host  # noqa: PLW0603
    with _host_lock:
        if _host is not None:
            _host.close()
        _host = None


def _work(lane: str, run: Callable[[], tuple[int, bool]]) -> None:
    structlog.contextvars.bind_contextvars(lane=lane)
    done, more = run()
    if done:
        log.info("worked", rows=done)
    if more:
        ring(lane)


@app.task(name="prepare")
def prepare_lane(lane: str) -> None:
    """Clean and segment what has come in."""
    _work(lane, prepare.run)


@app.task(name="translate")
def translate_lane(lane: str) -> None:
    """Translate and check what is wanted in a base."""
    base = lanes.base_of(lane)
    assert base is not None
    _work(lane, lambda: translate.run(base, host()))


@app.task(name="publish")
def publish_lane(lane: str) -> None:
    """Send what an output shall hold."""
    output = lanes.output_of(lane)
    assert output is not None
    _work(lane, lambda: publish.run(output))


@app.task(name="sweep")
def sweep() -> None:
    """Free dead leases, wake what waited, and ring the lanes that have due work and no bells waiting."""
    swept = flow_sweep()
    if swept.released or swept.woken:
        log.info("swept", released=swept.released, woken=swept.woken)
    with app.connection_for_read() as connection:
        client = connection.default_channel.client
        for lane in swept.lanes:
            if client.llen(lane) < SHORT_QUEUE:
                ring(lane)


def for_lane(lane: str) -> Task[Any, Any]:
    """The task that works a lane."""
    if lanes.base_of(lane) is not None:
        return translate_lane
    if lanes.output_of(lane) is not None:
        return publish_lane
    return prepare_lane
