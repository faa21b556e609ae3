"""Backlog: what waits for people now, by section and by how long."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, Q
from django.db.models.functions import Now

from pipeline.flow.numbers.scope import Scope
from pipeline.flow.numbers.table import Table, table
from pipeline.ledger.models import Edition

State = Edition.State

AGES: Final = (("day", 1), ("three_days", 3), ("week", 7), ("month", 30))
"""Up to how many days; what is older comes last."""

_WAITING: Final = (State.IN_REVIEW, State.SECOND, State.HELD)


def backlog(scope: Scope) -> Table:
    """What waits for an editor at this moment, by the age of the text that waits, whatever the scope's time."""
    waiting = Edition.objects.filter(scope.spoken(), state__in=_WAITING, candidate__isnull=False).order_by()
    ages = _ages()
    rows = []
    total = [0] * len(ages)
    counted: Any = waiting.values("section").annotate(**ages)
    for row in counted:
        counts = [row[f"n_{name}"] for name in names()]
        total = [before + more for before, more in zip(total, counts, strict=True)]
        if scope.shown(row["section"]):
            rows.append((row["section"], *counts, sum(counts)))
    rows.sort()
    columns: dict[str, Any] = {"section": "section", **dict.fromkeys((*names(), "waiting"), "count")}
    return table("backlog", columns, [*rows, ("", *total, sum(total))])


def names() -> tuple[str, ...]:
    """The columns of the ages."""
    return (*(f"up_to_{name}" for name, _ in AGES), "older")


def _ages() -> dict[str, Count]:
    found = {}
    newer = Q()
    for name, days in AGES:
        since = Q(candidate__created_at__gte=Now() - timedelta(days=days))
        found[f"n_up_to_{name}"] = Count("pk", filter=since & ~newer if newer else since)
        newer = since
    found["n_older"] = Count("pk", filter=~newer)
    return found
