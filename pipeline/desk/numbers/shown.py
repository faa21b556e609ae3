"""Values as people read them: by CLDR, in the interface's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal, cast

from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal, format_percent

from pipeline.desk.numbers.words import ALL_ENGINES, ALL_SECTIONS, COLUMNS
from pipeline.desk.templatetags.desk import interface_locale, language, section_name
from pipeline.flow.numbers import Column, Table
from pipeline.flow.numbers.table import Value

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Cell:
    """A value as it is read; numbers stand at the end of their column."""

    text: str
    is_number: bool = False


@dataclass(frozen=True, slots=True)
class Grid:
    """A table as a page shows it: the first cell of each row is its heading."""

    head: Sequence[Cell]
    rows: Sequence[Sequence[Cell]]


def grid(table: Table) -> Grid:
    """A table for a page; coverage with the time from left to right."""
    if table.name == "coverage":
        return _pivoted(table)
    head = [Cell(str(COLUMNS[column.key]), column.kind in _NUMBERS) for column in table.columns]
    rows = [[cell(column, value) for column, value in zip(table.columns, row, strict=True)] for row in table.rows]
    return Grid(head, rows)


_NUMBERS = frozenset({"count", "share", "seconds"})


def cell(column: Column, value: Value) -> Cell:
    """A value of a column as it is read."""
    if value is None:
        return Cell(NOTHING, column.kind in _NUMBERS)
    match column.kind:
        case "count":
            return Cell(count(cast("int", value)), is_number=True)
        case "share":
            return Cell(part(cast("float", value)), is_number=True)
        case "seconds":
            return Cell(duration(cast("int", value)), is_number=True)
        case "day":
            return Cell(day(cast("date", value)))
        case "section":
            return Cell(section(str(value)))
        case "language":
            return Cell(language(str(value)) if value else "")
        case _:
            return Cell(str(value) or str(ALL_ENGINES))


def count(value: float) -> str:
    """A number with the separators of the interface's language."""
    return str(format_decimal(value, locale=interface_locale()))


def part(value: float) -> str:
    """A share of one, in per cent: small ones with one decimal."""
    pattern = "#,##0.0%" if 0 < value < 0.1 else None
    return str(format_percent(value, format=pattern, locale=interface_locale()))


def duration(seconds: float) -> str:
    """A time in one or two units, as the interface's language writes it shortly: ``1 hr 20 min``, ``3 days``."""
    if seconds < 2 * _MINUTE:
        return _units(int(seconds), "second")
    if seconds < _DAY:
        hours, minutes = divmod(round(seconds / _MINUTE), 60)
        told = [_units(hours * _HOUR, "hour")] if hours else []
        return " ".join([*told, _units(minutes * _MINUTE, "minute")] if minutes or not hours else told)
    days, hours = divmod(round(seconds / _HOUR), 24)
    if days < _EXACT_DAYS and hours:
        return f"{_units(days * _DAY, 'day')} {_units(hours * _HOUR, 'hour')}"
    return _units(round(seconds / _DAY) * _DAY, "day")


_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_EXACT_DAYS = 3
"""From so many days on nobody asks for the hours."""


def _units(seconds: int, unit: Literal["day", "hour", "minute", "second"]) -> str:
    # Babel would round up to the next larger unit at 85 % of it: the threshold keeps the one we chose.
    told = format_timedelta(
        timedelta(seconds=seconds), unit, threshold=10**6, format="short", locale=interface_locale()
    )
    return str(told)


def day(value: date) -> str:
    """A day of a year."""
    return str(format_date(value, "medium", interface_locale()))


def short_day(value: date, step: str) -> str:
    """A piece of time where there is little room: ``4 May``, ``May 26``."""
    known = interface_locale()
    return str(format_skeleton("yMMM" if step == "month" else "MMMd", value, locale=known))


def section(key: str) -> str:
    """The name of a section; that of all of them for the row that sums up."""
    return section_name(key) if key else str(ALL_SECTIONS)


def edition(section_key: str, tag: str) -> str:
    """A section with one of its languages."""
    return f"{section(section_key)}, {language(tag)}" if tag else section(section_key)


def engine(name: str, source: str, target: str) -> str:
    """An engine with a pair."""
    return f"{name} {source}→{target}" if name else str(ALL_ENGINES)


def _pivoted(table: Table) -> Grid:
    days = sorted({cast("date", row[0]) for row in table.rows})
    shares: dict[tuple[str, str], dict[date, Cell]] = {}
    for when, key, tag, articles, live, share in table.rows:
        told = f"{part(cast('float', share))} ({count(cast('int', live))}/{count(cast('int', articles))})"
        shares.setdefault((str(key), str(tag)), {})[cast("date", when)] = Cell(told, is_number=True)
    head = [Cell(str(COLUMNS["section"])), *(Cell(short_day(each, table.step), is_number=True) for each in days)]
    nothing = Cell(NOTHING, is_number=True)
    rows = [[Cell(edition(*key)), *(cells.get(each, nothing) for each in days)] for key, cells in shares.items()]
    return Grid(head, rows)
