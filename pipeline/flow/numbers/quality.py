"""Quality: what editors make of what engines propose to them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from pipeline.flow.numbers.quantiles import Spread, spreads
from pipeline.flow.numbers.scope import Scope
from pipeline.flow.numbers.table import Table, share, table
from pipeline.ledger.models import Passage

PAIR = ("engine", "source", "target")


def acceptance(scope: Scope) -> Table:
    """Translations that people approved: as they were proposed, or after they had changed them."""
    rows: list[tuple[Any, ...]] = []
    total = {"as_proposed": 0, "edited": 0, "uncompared": 0}
    counted: Any = (
        _decided(scope)
        .values("section", "language")
        .annotate(
            as_proposed=Count("pk", filter=Q(distance__isnull=False, is_edited=False)),
            edited=Count("pk", filter=Q(distance__isnull=False, is_edited=True)),
            uncompared=Count("pk", filter=Q(distance=None)),
        )
    )
    for row in counted:
        for name in total:
            total[name] += row[name]
        if scope.shown(row["section"]):
            rows.append(_accepted(row["section"], row["language"], row["as_proposed"], row["edited"]))
    rows.sort()
    if total["as_proposed"] or total["edited"]:
        rows.append(_accepted("", "", total["as_proposed"], total["edited"]))
    columns: dict[str, Any] = {"section": "section", "language": "language", "approved": "count"}
    columns |= {"as_proposed": "count", "edited": "count", "share": "share"}
    return table("acceptance", columns, rows, uncompared=total["uncompared"])


def _accepted(section: str, language: str, as_proposed: int, edited: int) -> tuple[Any, ...]:
    both = as_proposed + edited
    return section, language, both, as_proposed, edited, share(as_proposed, both)


def distance(scope: Scope) -> Table:
    """How many characters of a hundred people changed, by engine and pair. Both texts, see ``comparing``."""
    compared = _decided(scope).filter(distance__isnull=False)
    sums: dict[str, Any] = {"many": Count("pk"), "edited": Count("pk", filter=Q(is_edited=True))}
    sums |= {"length": Sum("characters"), "edits": Sum("distance")}
    found: dict[tuple[str, ...], list[int]] = {}
    whole = [0] * len(sums)
    counted: Any = compared.values_list("section", *PAIR).annotate(**sums)
    for section, *rest in counted:  # in one query: the sections that are shown, and all of them together
        pair, figures = tuple(rest[:3]), rest[3:]
        whole = _plus(whole, figures)
        if scope.shown(section):
            found[pair] = _plus(found.get(pair, [0] * len(sums)), figures)
    rows = [(*pair, *figures, _part(figures)) for pair, figures in sorted(found.items())]
    if whole[0]:
        rows.append(("", "", "", *whole, _part(whole)))
    columns: dict[str, Any] = {"engine": "engine", "source": "language", "target": "language"}
    columns |= dict.fromkeys(("approved", "edited", "characters", "changed"), "count")
    return table(
        "distance", {**columns, "share": "share"}, rows, uncompared=_decided(scope).filter(distance=None).count()
    )


def _plus(figures: Sequence[int], more: Sequence[int]) -> list[int]:
    return [one + another for one, another in zip(figures, more, strict=True)]


def _part(figures: Sequence[int]) -> float | None:
    _many, _edited, length, edits = figures
    return share(edits, length)


def review(scope: Scope) -> Table:
    """How long a translation waited from the engine's proposal to the approval, by engine and pair."""
    decided = _decided(scope).filter(review__isnull=False)
    each = spreads(decided.filter(scope.inside()), "review", PAIR)
    rows = [(*key, spread.count, spread.median, spread.p90) for key, spread in sorted(each.items())]
    whole = spreads(decided, "review").get((), Spread(0, 0, 0))
    if whole.count:
        rows.append(("", "", "", whole.count, whole.median, whole.p90))
    columns: dict[str, Any] = {"engine": "engine", "source": "language", "target": "language"}
    return table("review", {**columns, "approved": "count", "median": "seconds", "p90": "seconds"}, rows)


def _decided(scope: Scope) -> QuerySet[Passage]:
    """Translations of engines that somebody of a section has approved in the time."""
    decided = Passage.objects.filter(scope.during("approved_at"), scope.spoken(), by_person=True)
    return decided.exclude(engine="").order_by()
