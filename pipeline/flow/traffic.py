"""What is under way, what stands still, and who works on it: the lanes, the workers, and the pages that failed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.flow import lanes
from pipeline.flow.engines import NO_ENGINE, STALE
from pipeline.flow.people import Rights
from pipeline.ledger.claim import CLAIMABLES
from pipeline.ledger.models import Delivery, Refresh, Status, Translation, WorkerBeat
from pipeline.network import Network

UNDONE: Final = (Status.READY, Status.RUNNING, Status.WAITING, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Sought:
    """Which deliveries somebody looks for; what is empty sets no condition."""

    status: str = Status.FAILED
    section: str = ""
    language: str = ""
    output: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """How a lane stands: work that is due, due later, under way, waiting for something, failed; the oldest that is due.

    ``workers`` serve it now; where there are none, nothing moves.
    """

    name: str
    due: int
    later: int
    running: int
    waiting: int
    failed: int
    oldest: datetime | None
    workers: int

    @property
    def is_stuck(self) -> bool:
        """Whether there is work, and nobody to do it."""
        return bool(self.due and not self.workers)


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair of languages that a worker can translate, with the engine and the model it does it with."""

    source: str
    target: str
    engine: str
    model: str


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker as it says itself: what it serves, what it can translate, and whether it was seen lately."""

    name: str
    lanes: Sequence[str]
    pairs: Sequence[Pair]
    started_at: datetime
    seen_at: datetime
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Lacking:
    """Articles that wait for a model of one pair, and what helps."""

    source: str
    target: str
    articles: int
    why: str


def deliveries(rights: Rights, sought: Sought) -> QuerySet[Delivery]:
    """Deliveries of the sections that somebody sees all of, the newest first."""
    found = Delivery.objects.order_by("-pk")
    if not rights.operator:
        found = found.filter(edition__section__in=list(rights.roles))
    given = {
        "status": sought.status,
        "edition__section": sought.section,
        "edition__language": sought.language,
        "output": sought.output,
    }
    found = found.filter(**{name: value for name, value in given.items() if value})
    if sought.text:
        of_article = Q(edition__article__title__icontains=sought.text) | Q(edition__article__key__icontains=sought.text)
        found = found.filter(of_article | Q(reason__icontains=sought.text))
    return found


def retryable(rights: Rights, rows: QuerySet[Delivery]) -> QuerySet[Delivery]:
    """Those of some deliveries that failed and that somebody may have tried again: chiefs theirs, operators all."""
    rows = rows.filter(status=Status.FAILED)
    if rights.operator:
        return rows
    return rows.filter(edition__section__in=[section for section in rights.roles if rights.may_lead(section)])


def shown(rows: QuerySet[Delivery], size: int, before: int = 0) -> tuple[list[Delivery], int]:
    """A page of deliveries with what a line shows, and the id from which the next one goes on; 0 where it ends."""
    if before:
        rows = rows.filter(pk__lt=before)
    related = rows.select_related("edition__article")
    found = list(related.defer("edition__overlay", "edition__approved_overlay", "edition__urgent_overlay")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else 0


def failed_lists() -> QuerySet[Refresh]:
    """Pages made of many articles that failed, the newest first."""
    return Refresh.objects.filter(status=Status.FAILED).order_by("-pk")


def lane_states(net: Network, known: Sequence[Worker]) -> list[Lane]:
    """Every lane of the network, and others that have work, with what stands in each: one query for each table."""
    counted: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    oldest: dict[str, datetime] = {}
    for row in _counts():
        for name in ("due", "later", "running", "waiting", "failed"):
            counted[row["lane"]][name] += row[name]
        if row["oldest"] is not None:
            oldest[row["lane"]] = min(row["oldest"], oldest.get(row["lane"], row["oldest"]))
    serving = [set(worker.lanes) for worker in known if not worker.is_stale]
    expected = [lanes.PREPARE, *map(lanes.translate, net.bases), *map(lanes.publish, net.outputs), lanes.WEBHOOKS]
    names = [*expected, *sorted(counted.keys() - set(expected))]
    return [
        Lane(
            name,
            **{key: counted[name][key] for key in ("due", "later", "running", "waiting", "failed")},
            oldest=oldest.get(name),
            workers=sum(name in served for served in serving),
        )
        for name in names
    ]


def _counts() -> list[dict[str, Any]]:
    is_due = Q(status=Status.READY, due_at__lte=Now())
    counts: dict[str, Any] = {name: Count("pk", filter=Q(status=name)) for name in ("running", "waiting", "failed")}
    counts |= {
        "due": Count("pk", filter=is_due),
        "later": Count("pk", filter=Q(status=Status.READY, due_at__gt=Now())),
        "oldest": Min("due_at", filter=is_due),
    }
    found: list[dict[str, Any]] = []
    for model in CLAIMABLES:
        undone = model._default_manager.filter(status__in=UNDONE).order_by()
        found += [dict(row) for row in undone.values("lane").annotate(**counts)]
    return found


def workers() -> list[Worker]:
    """The workers that were seen within the last day, those that are alive first."""
    limit = timezone.now() - STALE
    found = [
        Worker(
            row.name,
            tuple(row.lanes),
            tuple(Pair(source, target, engine, model) for engine, source, target, model, _ in row.hops),
            row.started_at,
            row.seen_at,
            row.seen_at < limit,
        )
        for row in WorkerBeat.objects.order_by("name")
    ]
    return sorted(found, key=lambda worker: worker.is_stale)


def lacking() -> list[Lacking]:
    """What waits for a model that no live worker has, by pair, the most articles first."""
    waiting = Translation.objects.filter(status=Status.WAITING, reason__startswith=NO_ENGINE)
    pairs = waiting.order_by().values("base", source=F("article__base")).annotate(count=Count("pk"), why=Min("reason"))
    found = [Lacking(row["source"], row["base"], row["count"], row["why"].partition(": ")[2]) for row in pairs]
    return sorted(found, key=lambda pair: (-pair.articles, pair.source, pair.target))
