"""Speed: how long an article takes from submit to its readers; and how much is done every day."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from pipeline.flow.numbers.quantiles import Spread, spreads
from pipeline.flow.numbers.scope import Scope
from pipeline.flow.numbers.table import Table, table
from pipeline.ledger.models import Edition, Passage, Revision, Version

HOUR: Final = 3600
BUCKETS: Final = (
    ("within_1_hour", HOUR),
    ("within_4_hours", 4 * HOUR),
    ("within_12_hours", 12 * HOUR),
    ("within_1_day", 24 * HOUR),
    ("within_3_days", 72 * HOUR),
    ("within_1_week", 168 * HOUR),
)
"""Each counts what took longer than the one before it, and less than so many seconds."""

LATER: Final = "later"


def publishing(scope: Scope) -> Table:
    """From when a revision was handed in to its first confirmation by an output, for what came out in the time."""
    out = Passage.objects.filter(scope.during("published_at"), scope.spoken(), is_first=True).order_by()
    each = spreads(out, "lead", ("section", "language"), **_buckets())
    rows: list[tuple[Any, ...]] = [
        (*key, spread.count, spread.median, spread.p90, *spread.more)
        for key, spread in sorted(each.items())
        if scope.shown(key[0])
    ]
    whole = spreads(out, "lead").get((), Spread(0, 0, 0))
    sums = [sum(values) for values in zip(*(spread.more for spread in each.values()), strict=True)]
    if whole.count:
        rows.append(("", "", whole.count, whole.median, whole.p90, *sums))
    columns: dict[str, Any] = {"section": "section", "language": "language", "published": "count"}
    columns |= {"median": "seconds", "p90": "seconds", **dict.fromkeys(names(), "count")}
    return table("publishing", columns, rows)


def names() -> tuple[str, ...]:
    """The columns of the distribution."""
    return (*(name for name, _ in BUCKETS), LATER)


def _buckets() -> dict[str, Count]:
    """In the order of :func:`names`."""
    found, low = {}, 0
    for name, high in BUCKETS:
        found[f"n_{name}"] = Count("lead", filter=Q(lead__gte=low, lead__lt=high))
        low = high
    found[f"n_{LATER}"] = Count("lead", filter=Q(lead__gte=low))
    return found


def throughput(scope: Scope) -> Table:
    """What was submitted (revisions), translated (by engines) and published (first pages), by day, week or month."""
    submitted = _by_day(_asked(Revision.objects.all(), scope, "article"), "submitted_at", scope)
    machine = Version.objects.filter(origin=Version.By.MACHINE)
    translated = _by_day(_asked(machine, scope, "translation__article", "translation"), "created_at", scope)
    out = Passage.objects.filter(scope.spoken(), is_first=True)
    if scope.section:
        out = out.filter(section=scope.section)
    published = _by_day(out, "published_at", scope)
    rows = [(day, *(counts.get(day, 0) for counts in (submitted, translated, published))) for day in scope.pieces()]
    columns: dict[str, Any] = {"from": "day", **dict.fromkeys(("submitted", "translated", "published"), "count")}
    return table("throughput", columns, rows, step=scope.step)


def _asked(rows: QuerySet[Any], scope: Scope, article: str, translation: str = "") -> QuerySet[Any]:
    """Those of which a section or a language has an edition, where one is asked for."""
    if not (scope.section or scope.language):
        return rows
    editions = Edition.objects.filter(scope.spoken(), article=OuterRef(article))
    if scope.section:
        editions = editions.filter(section=scope.section)
    if translation:
        editions = editions.filter(translation=OuterRef(translation))
    return rows.filter(Exists(editions))


def _by_day(rows: QuerySet[Any], field: str, scope: Scope) -> dict[date, int]:
    found = rows.filter(scope.during(field)).order_by().annotate(day=scope.cut(field)).values_list("day")
    return dict(found.annotate(count=Count("*")))  # not of a column: an index alone tells
