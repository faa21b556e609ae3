"""Medians and such, by the database: of all the values only those that are asked for come over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connections
from django.db.models import Aggregate, Count, F, QuerySet, Window
from django.db.models.functions import RowNumber


@dataclass(frozen=True, slots=True)
class Spread:
    """How many values there are, their median and their 90th percentile: by nearest rank, so that each is a value.

    ``more`` are the other figures of the same rows that were asked for.
    """

    count: int
    median: int
    p90: int
    more: tuple[int, ...] = ()


class _NearestRank(Aggregate):
    """The smallest value that at least such a part of the values does not exceed."""

    function = "PERCENTILE_DISC"
    template = "%(function)s(%(part)s) WITHIN GROUP (ORDER BY %(expressions)s)"


def spreads(
    rows: QuerySet[Any], field: str, by: Sequence[str] = (), **more: Aggregate
) -> dict[tuple[Any, ...], Spread]:
    """The spread of a field's values, for each group of ``by`` that has any; ``()`` is the key where there are none.

    ``more`` is counted of each group along with it (``by`` must be given).

    PostgreSQL has an aggregate for it. SQLite has none: there it is taken by ranks, which is the same, but slower.
    """
    has_aggregate = connections[rows.db].vendor == "postgresql"
    if has_aggregate:
        return _aggregated(rows, field, by, more)
    found = _ranked(rows, field, by)
    if more:
        counted: Any = rows.order_by().values_list(*by).annotate(**more)
        figures = {row[: len(by)]: tuple(row[len(by) :]) for row in counted}
        found = {key: replace(spread, more=figures[key]) for key, spread in found.items()}
    return found


def _aggregated(
    rows: QuerySet[Any], field: str, by: Sequence[str], more: Mapping[str, Aggregate]
) -> dict[tuple[Any, ...], Spread]:
    values: dict[str, Any] = {
        "many": Count("*"),
        "half": _NearestRank(field, part="0.5"),
        "ninth": _NearestRank(field, part="0.9"),
    }
    if by:
        found: Any = rows.order_by().values_list(*by).annotate(**values, **more)
        keys = {tuple(row[: len(by)]): row[len(by) :] for row in found}
        return {key: Spread(many, half, ninth, tuple(rest)) for key, (many, half, ninth, *rest) in keys.items()}
    whole = rows.aggregate(**values)
    return {(): Spread(whole["many"], whole["half"], whole["ninth"])} if whole["many"] else {}


def _ranked(rows: QuerySet[Any], field: str, by: Sequence[str]) -> dict[tuple[Any, ...], Spread]:
    partition = [F(name) for name in by] or None
    ranked = rows.order_by().annotate(
        rank=Window(RowNumber(), partition_by=partition, order_by=F(field).asc()),
        many=Window(Count("pk"), partition_by=partition),
    )
    # Ranks count from 1: the median is the one at ⌈n/2⌉, the 90th percentile that at ⌈9n/10⌉.
    ends = ranked.annotate(half=F("rank") * 2 - F("many"), ninth=F("rank") * 10 - F("many") * 9)
    found: dict[tuple[Any, ...], list[int]] = {}
    for place, low, high in (("half", 0, 1), ("ninth", 0, 9)):
        wanted = ends.filter(**{f"{place}__gte": low, f"{place}__lte": high})
        for *key, value, many in wanted.values_list(*by, field, "many"):
            found.setdefault(tuple(key), [many]).append(value)
    return {key: Spread(many, half, ninth) for key, (many, half, ninth) in found.items()}
