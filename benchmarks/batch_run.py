"""The measuring part of ``benchmarks/batch.py``: imported once the environment says where the ledger is."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import desk_data  # noqa: E402
from benchmarks.batch import OF  # noqa: E402
from config import log  # noqa: E402
from pipeline.flow import bell, installation  # noqa: E402
from pipeline.flow.batches import overview, report  # noqa: E402
from pipeline.flow.batches import run as runs  # noqa: E402
from pipeline.flow.batches.actions import ACTIONS, lanework, pagework  # noqa: E402
from pipeline.flow.batches.steps import Job  # noqa: E402
from pipeline.flow.batches.tick import tick  # noqa: E402
from pipeline.ledger import claim as claims  # noqa: E402
from pipeline.ledger.models import BatchRun, Delivery, Rendering, ScheduleState, Translation  # noqa: E402
from pipeline.network.schedules import Selection  # noqa: E402

LARGE = 20_000
"""A table with so many rows must not be read as a whole."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that a run selects. ``scans``: large tables that it reads as a whole."""

    name: str
    best: float
    median: float
    queries: int
    scans: tuple[str, ...]


def measure(articles: int, times: int) -> tuple[dict[str, int], list[Figure]]:
    """Fill a ledger, and time what a run selects."""
    log.configure()
    call_command("migrate", verbosity=0, interactive=False)
    rows = desk_data.fill(articles, User.objects.create_user("editor").pk, OF)
    _make_work()
    net = installation.network()
    with bell.muffled():
        job, run = _begun(net)
        shown = pagework._shown(net.sections[0])  # noqa: SLF001 - what the action itself asks
        ids = list(shown.order_by("pk").values_list("pk", flat=True)[: pagework.CHUNK])
        looks: list[tuple[str, Callable[[], Any]]] = [
            ("SELECT 1, eleven times: the noise", _nothing),
            ("tick: a due time becomes a run", lambda: _ticked(net)),
            ("the run is claimed", lambda: claims.take(BatchRun, "batch", 1, 45)),
            ("it begins: the newest ids", lambda: [runs._newest(model) for model in runs._MARKED.values()]),  # noqa: SLF001
            ("translate: what is left, what failed", lambda: _waited(job, lanework._translating(job))),  # noqa: SLF001
            ("release: what is left, what failed", lambda: _waited(job, lanework._publishing(job))),  # noqa: SLF001
            ("retry: what failed", lambda: [ACTIONS["retry"].work(job, piece, {}, _told) for piece in _PIECES]),
            ("rebuild: the next 400 pages of a section", lambda: list(_next(shown, ids))),
            ("tidy: what is old", lambda: [ACTIONS["tidy"].work(job, kind, {}, _told) for kind in _kinds(job)]),
            ("the report", lambda: report.compose(run, net, timezone.now())),
            ("the page of runs", lambda: [overview.schedules(net), list(overview.runs()[:30])]),
        ]
        return rows, [_figure(name, look, times) for name, look in looks]


_PIECES = ("clean", "translate", "publish")


def _nothing() -> None:
    with connection.cursor() as cursor:
        for _ in range(11):
            cursor.execute("SELECT 1")


def _told(_done: int, _of: int) -> None:
    """Nobody looks."""


def _kinds(job: Job) -> list[str]:
    return list(ACTIONS["tidy"].pieces(job))


def _next(shown: Any, ids: list[int]) -> Any:
    return shown.filter(pk__gt=ids[-1]).order_by("pk").values_list("pk", flat=True)[: pagework.CHUNK]


def _waited(job: Job, rows: Any) -> None:
    lanework._wait(job, "x", rows, {"before": 0}, lambda: None)  # type: ignore[arg-type,return-value]  # noqa: SLF001


def _make_work() -> None:
    """Some is due, some has failed, and the rest is done."""
    for model in (Translation, Delivery):
        ids = list(model._default_manager.order_by("-pk").values_list("pk", flat=True)[:550])
        model._default_manager.filter(pk__in=ids[:500]).update(status="ready")
        model._default_manager.filter(pk__in=ids[500:]).update(status="failed", reason="The server is down.")
    Rendering.objects.bulk_create(Rendering(section=each[0], digest="x", at=timezone.now()) for each in OF)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def _begun(net: Any) -> tuple[Job, BatchRun]:
    run, _ = overview.request(net.schedule("night"), "ops")
    run.started_at = timezone.now()
    run.marks = {name: max(0, runs._newest(model) - 1_000) for name, model in runs._MARKED.items()}  # noqa: SLF001
    run.save()
    return Job(net, Selection(), run.pk, run.marks, timezone.now()), run


def _ticked(net: Any) -> None:
    ScheduleState.objects.update(looked_at=timezone.now() - timedelta(days=2))
    tick(net, timezone.now())


def _figure(name: str, look: Callable[[], Any], times: int) -> Figure:
    taken = []
    for _ in range(times):
        with transaction.atomic():
            started = time.perf_counter()
            look()
            taken.append(time.perf_counter() - started)
            transaction.set_rollback(True)
    settings.DEBUG = True
    with transaction.atomic(), CaptureQueriesContext(connection) as captured:
        look()
        transaction.set_rollback(True)
    settings.DEBUG = False
    asked = [query["sql"] for query in captured.captured_queries if query["sql"].lstrip().startswith("SELECT")]
    return Figure(name, min(taken), median(taken), len(captured.captured_queries), tuple(sorted(set(_scans(asked)))))


def _scans(statements: list[str]) -> list[str]:
    """The large tables of which EXPLAIN says that they are read as a whole."""
    found = []
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
            for table in re.findall(r"Seq Scan on (ledger_\w+)", plan):
                cursor.execute("SELECT reltuples FROM pg_class WHERE relname = %s", [table])
                if cursor.fetchone()[0] > LARGE:
                    found.append(table)
    return found
