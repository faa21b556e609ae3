"""The report of a run: what came in, what went out where, what waits for whom, what failed and what to do.

Everything is found by an index: what is newer than the marks of the run's beginning, what waits, what failed. A report
is a plain record: the desk, the e-mail, the webhook and ``--json`` show the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from django.db.models import Count, QuerySet

from pipeline.flow import lanes, release, waiting
from pipeline.flow.batches import stopping
from pipeline.flow.batches.actions.lanework import problem_of
from pipeline.flow.batches.steps import Step, unpack, was_stopped
from pipeline.ledger.models import (
    Article,
    BatchRun,
    Delivery,
    Edition,
    Receipt,
    Refresh,
    Revision,
    Status,
    Translation,
    Version,
)
from pipeline.network import Network

LISTED: Final = 20
"""So many articles and failures are named; all are counted."""


def compose(row: BatchRun, net: Network, now: datetime) -> dict[str, Any]:
    """The report of a run as it stands now."""
    steps = [step for step in unpack(row.steps) if step.action != "report"]
    stop = stopping.wish(kept(row)) if was_stopped(row.steps) else None
    return {
        **_head(row, net),
        "stop": stop,
        "outcome": "stopped" if stop else "trouble" if any(step.has_trouble for step in steps) else "done",
        "ended_at": now.isoformat(),
        "steps": [_step(step) for step in steps],
        "came_in": _came_in(row.marks),
        "translated": _translated(row.marks),
        "went_out": _went_out(row.marks),
        "waits": _waits(net),
        "failed": _failed(net),
    }


def final(row: BatchRun, outcome: BatchRun.Outcome, now: datetime) -> dict[str, Any]:
    """The report that was composed, with what came of the run as a whole: also of telling it."""
    composed = kept(row)
    telling = [_step(step) for step in unpack(row.steps) if step.action == "report"]
    ended = "stopped" if stopping.wish(composed) else outcome.value
    return composed | {"outcome": ended, "ended_at": now.isoformat(), "telling": telling}


def kept(row: BatchRun) -> dict[str, Any]:
    """What stands in the ledger as the report of a run: nothing, the wish to stop it, or what :func:`compose` gave."""
    found: dict[str, Any] = BatchRun.objects.values_list("report", flat=True).get(pk=row.pk)
    return found


def read(row: BatchRun) -> dict[str, Any]:
    """The report of a run that is over, for whoever reads it; empty where there is none."""
    return dict(row.report) if row.is_over and "steps" in row.report else {}


def _head(row: BatchRun, net: Network) -> dict[str, Any]:
    title = next((each.title for each in net.schedules if each.key == row.schedule), row.schedule)
    return {
        "organisation": net.organisation.name,
        "run": row.pk,
        "schedule": row.schedule,
        "title": title,
        "planned_at": row.planned_at.isoformat(),
        "requested_by": row.requested_by,
        "missed": row.missed,
        "started_at": row.started_at.isoformat() if row.started_at else None,
    }


def _step(step: Step) -> dict[str, Any]:
    return {
        "action": step.action,
        "state": step.state,
        "started_at": step.started_at,
        "ended_at": step.ended_at,
        "counts": dict(step.counts),
        "problems": [
            {"what": each.what, "why": each.why, "remedy": each.remedy, "section": each.section}
            for each in step.problems
        ],
        "more_problems": step.more_problems,
        "notes": list(step.notes),
    }


def _came_in(marks: Mapping[str, int]) -> dict[str, Any]:
    """New articles and new revisions of known ones, with where they come from."""
    new = Article.objects.filter(pk__gt=marks["article"])
    revisions = Revision.objects.filter(pk__gt=marks["revision"])
    updated = revisions.filter(article__pk__lte=marks["article"])
    named = new.order_by("-pk").values("uid", "key", "title", "language", "source")[:LISTED]
    return {
        "articles": new.count(),
        "updates": updated.count(),
        "sources": _counted(new, "source"),
        "named": list(named),
    }


def _translated(marks: Mapping[str, int]) -> dict[str, int]:
    """New versions by machines, by base."""
    made = Version.objects.filter(pk__gt=marks["version"], origin=Version.By.MACHINE)
    return _counted(made, "translation__base")


def _went_out(marks: Mapping[str, int]) -> list[dict[str, Any]]:
    """What outputs have confirmed, by section and output."""
    confirmed = Receipt.objects.filter(pk__gt=marks["receipt"], outcome=Receipt.Outcome.CONFIRMED)
    grouped = (
        confirmed.values("delivery__edition__section", "delivery__output", "delivery__confirmed_action")
        .annotate(number=Count("delivery", distinct=True))
        .order_by("delivery__edition__section", "delivery__output", "delivery__confirmed_action")
    )
    return [
        {
            "section": each["delivery__edition__section"],
            "output": each["delivery__output"],
            "action": each["delivery__confirmed_action"],
            "pages": each["number"],
        }
        for each in grouped
    ]


def _waits(net: Network) -> dict[str, Any]:
    """What waits for people, by section and state; for barriers and pauses; for a model."""
    sections = [section.key for section in net.sections]
    undecided = Edition.objects.filter(section__in=sections, state__in=waiting.UNDECIDED, candidate__isnull=False)
    grouped = undecided.order_by().values("section", "state").annotate(number=Count("pk")).order_by("section", "state")
    held = Delivery.objects.filter(lane__in=_publish(net), status=Status.WAITING)
    bases = [lanes.translate(base) for base in net.bases]
    models = Translation.objects.filter(lane__in=bases, status=Status.WAITING)
    return {
        "people": [{"section": row["section"], "state": row["state"], "editions": row["number"]} for row in grouped],
        "barriers": held.filter(reason__startswith=release.BARRIER).count(),
        "paused": held.filter(reason__startswith=release.PAUSED).count(),
        "models": _counted(models, "base"),
    }


def _failed(net: Network) -> dict[str, Any]:
    """Everything that needs a person now, whichever run it failed in."""
    kinds: dict[str, QuerySet[Any]] = {
        "clean": Revision.objects.filter(lane=lanes.PREPARE).select_related("article"),
        "translate": Translation.objects.filter(lane__in=[lanes.translate(base) for base in net.bases]).select_related(
            "article"
        ),
        "publish": Delivery.objects.filter(lane__in=_publish(net)).select_related("edition__article"),
        "lists": Refresh.objects.filter(lane__in=_publish(net)),
    }
    failed = {name: rows.filter(status=Status.FAILED) for name, rows in kinds.items()}
    counts = {name: rows.count() for name, rows in failed.items()}
    named = [problem_of(row) for name, rows in failed.items() if counts[name] for row in rows.order_by("-pk")[:LISTED]]
    return {
        "counts": {name: number for name, number in counts.items() if number},
        "named": [
            {"what": each.what, "why": each.why, "remedy": each.remedy, "section": each.section}
            for each in named[:LISTED]
        ],
    }


def _publish(net: Network) -> Sequence[str]:
    return [lanes.publish(output) for output in net.outputs]


def _counted(rows: QuerySet[Any], field: str) -> dict[str, int]:
    grouped = rows.order_by().values(field).annotate(number=Count("pk")).order_by(field)
    return {row[field]: row["number"] for row in grouped}
