"""What every number comes as: a table, of which a page, a plot, CSV and JSON are made."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

Value = str | int | float | date | None
Kind = Literal["day", "section", "language", "engine", "count", "share", "seconds"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its key, and what its values are. Shares go from 0 to 1; ``None`` where nothing can be said."""

    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Table:
    """A number in full. A row whose section or engine is empty (and language as well) is of all there is.

    ``step`` is how long the time is for which a ``day`` stands: ``day``, ``week`` or ``month``. ``uncompared`` counts
    approvals that are not in it yet.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]
    step: str = ""
    uncompared: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether nothing was counted at all."""
        counted = [number for number, column in enumerate(self.columns) if column.kind == "count"]
        return not any(row[number] for row in self.rows for number in counted)

    def records(self) -> list[dict[str, Value]]:
        """The rows by the columns' keys."""
        return [dict(zip((column.key for column in self.columns), row, strict=True)) for row in self.rows]

    def as_csv(self) -> str:
        """The rows as CSV, with a line of the columns' keys; shares from 0 to 1, times in seconds."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([column.key for column in self.columns])
        writer.writerows([["" if value is None else value for value in row] for row in self.rows])
        return text.getvalue()


def table(name: str, columns: Mapping[str, Kind], rows: Sequence[Sequence[Any]], **more: Any) -> Table:
    """A table; the rows in the order of the columns."""
    return Table(name, tuple(Column(*each) for each in columns.items()), tuple(tuple(row) for row in rows), **more)


def share(part: int, whole: int) -> float | None:
    """A share of something; nothing can be said of nothing."""
    return round(part / whole, 4) if whole else None
