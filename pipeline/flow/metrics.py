"""Numbers for Prometheus, all from the ledger: whichever process is asked, the answer is the same.

Queries along an index, of which there are no more with more articles; the answer is kept for some seconds, so that
collectors may ask as often as they like. What has to be counted row by row is counted once a minute.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from importlib.metadata import version
from threading import Lock
from typing import Final

from django.db import DatabaseError
from django.db.models import Count, Min, Q
from django.db.models.functions import Now
from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from pipeline.flow import engines
from pipeline.ledger.claim import CLAIMABLES
from pipeline.ledger.models import Article, BatchRun, Claimable, Edition, Event, Status, Webhook, WorkerBeat

KEPT_SECONDS: Final = 5.0
COUNTED_SECONDS: Final = 60.0

_UNFINISHED: Final = (Status.READY, Status.RUNNING, Status.WAITING, Status.FAILED)
_lock = Lock()
_answer: tuple[float, bytes] = (float("-inf"), b"")
_counted: tuple[float, list[Metric]] = (float("-inf"), [])


def exposition() -> bytes:
    """All numbers in Prometheus's text format. ``sectionwire_ledger_up`` is 0 when the ledger does not answer."""
    global _answer
    with _lock:
        if time.monotonic() - _answer[0] >= KEPT_SECONDS:
            _answer = (time.monotonic(), generate_latest(_registry))
        return _answer[1]


def forget() -> None:
    """Ask the ledger again at the next call."""
    global _answer, _counted
    _answer, _counted = (float("-inf"), b""), (float("-inf"), [])


class LedgerCollector:
    """Reads the ledger whenever the numbers are wanted."""

    def collect(self) -> Iterator[Metric]:
        """The numbers; without a ledger, that there is none."""
        started = time.perf_counter()
        yield InfoMetricFamily("sectionwire", "The program.", {"version": version("sectionwire")})
        try:
            found = list(_families())
        except DatabaseError:
            found = []
        yield _gauge("sectionwire_ledger_up", "Whether the ledger answers.", float(bool(found)))
        yield from found
        seconds = time.perf_counter() - started
        yield _gauge("sectionwire_metrics_seconds", "How long it took to read these numbers.", seconds)


_registry = CollectorRegistry(auto_describe=False)
_registry.register(LedgerCollector())
ProcessCollector(registry=_registry)
PlatformCollector(registry=_registry)


def _families() -> Iterator[Metric]:
    global _counted
    yield from _work()
    if time.monotonic() - _counted[0] >= COUNTED_SECONDS:
        _counted = (time.monotonic(), list(_states()))
    yield from _counted[1]
    yield from _happened()
    yield from _workers()
    yield from _batches()


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, value=value)


def _labelled(name: str, help_: str, labels: list[str], rows: Iterable[tuple[Iterable[str], float]]) -> Metric:
    family = GaugeMetricFamily(name, help_, labels=labels)
    for values, number in rows:
        family.add_metric([*values], number)
    return family


def _work() -> Iterator[Metric]:
    """Rows that are not done, by kind, lane and status; of the due ones the oldest; what was tried more than once."""
    rows: Counter[tuple[str, str, str]] = Counter()
    again: Counter[tuple[str, str]] = Counter()
    oldest: dict[tuple[str, str], float] = defaultdict(float)
    for model in CLAIMABLES:
        kind = str(model._meta.verbose_name)
        unfinished = model._default_manager.filter(lane__in=_lanes(model), status__in=_UNFINISHED).order_by()
        due = Q(status=Status.READY, due_at__lte=Now())
        counted = unfinished.values_list("lane", "status").annotate(
            number=Count("pk"), tried=Count("pk", filter=Q(attempts__gt=1)), since=Min("due_at", filter=due), now=Now()
        )
        for lane, status, number, tried, since, now in counted:
            rows[kind, lane, status] += number
            again[kind, lane] += tried
            if since:
                oldest[kind, lane] = max(oldest[kind, lane], _seconds(since, now))
            else:
                oldest[kind, lane] += 0.0
    labels = ["kind", "lane"]
    yield _labelled("sectionwire_rows", "Pieces of work that are not done.", [*labels, "status"], sorted(rows.items()))
    yield _labelled(
        "sectionwire_rows_retried", "Of these, what was tried more than once.", labels, sorted(again.items())
    )
    yield _labelled(
        "sectionwire_oldest_due_seconds",
        "For how long the oldest due piece has waited.",
        labels,
        sorted(oldest.items()),
    )


def _lanes(model: type[Claimable]) -> list[str]:
    """The lanes that a table has, from one to the next along its index: rows that are done are not looked at."""
    found, last = [], ""
    while (after := model._default_manager.filter(lane__gt=last).aggregate(next=Min("lane"))["next"]) is not None:
        found.append(after)
        last = after
    return found


def _seconds(since: datetime, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds())


def _states() -> Iterator[Metric]:
    yield _gauge("sectionwire_articles", "Articles in the ledger.", Article.objects.count())
    editions = Edition.objects.order_by().values_list("section", "state").annotate(Count("pk"))
    yield _labelled(
        "sectionwire_editions",
        "Editions by section and state.",
        ["section", "state"],
        sorted(((section, state), number) for section, state, number in editions),
    )


def _happened() -> Iterator[Metric]:
    newest = Event.objects.order_by("-pk").values_list("at", flat=True).first()
    if newest:
        yield _gauge("sectionwire_newest_event_timestamp", "When something happened last.", newest.timestamp())
    off = Webhook.objects.exclude(disabled_at=None).count()
    yield _gauge("sectionwire_webhooks_disabled", "Webhooks that are switched off.", off)


def _workers() -> Iterator[Metric]:
    living = list(WorkerBeat.objects.filter(seen_at__gte=Now() - engines.STALE))
    lanes = Counter(lane for worker in living for lane in worker.lanes)
    yield _gauge("sectionwire_workers", "Workers that live.", len(living))
    yield _labelled(
        "sectionwire_lane_workers",
        "Living workers that serve a lane.",
        ["lane"],
        sorted(((lane,), number) for lane, number in lanes.items()),
    )
    versions = Counter(worker.version for worker in living)
    yield _labelled(
        "sectionwire_worker_versions",
        "Living workers by version.",
        ["version"],
        sorted(((name,), number) for name, number in versions.items()),
    )


def _batches() -> Iterator[Metric]:
    """The newest ended run of each schedule: when, and whether it went well."""
    ended = BatchRun.objects.exclude(outcome="").exclude(ended_at=None).order_by("-planned_at", "-id")
    newest: dict[str, tuple[datetime, str]] = {}
    for schedule, at, outcome in ended.values_list("schedule", "ended_at", "outcome")[:200]:
        if at:
            newest.setdefault(schedule, (at, outcome))
    yield _labelled(
        "sectionwire_schedule_ended_timestamp",
        "When the newest run of a schedule ended.",
        ["schedule"],
        sorted(((name,), at.timestamp()) for name, (at, _) in newest.items()),
    )
    yield _labelled(
        "sectionwire_schedule_ok",
        "Whether the newest run of a schedule went well.",
        ["schedule"],
        sorted(((name,), float(outcome == BatchRun.Outcome.DONE)) for name, (_, outcome) in newest.items()),
    )
