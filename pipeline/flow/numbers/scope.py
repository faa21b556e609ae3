"""Of what the numbers are: a time, a section, a language; and what somebody may see of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, Literal

from django.db.models import DateField, Expression, Q
from django.db.models.functions import TruncDate, TruncMonth, TruncWeek

Step = Literal["day", "week", "month"]

_TRUNCATED: Final = {"week": TruncWeek, "month": TruncMonth}
_LONGEST_IN_DAYS: Final = 31
_LONGEST_IN_WEEKS: Final = 190


@dataclass(frozen=True, slots=True)
class Scope:
    """From ``since`` to ``until``, both days (UTC) included; one section or language only, where they are given.

    ``sections`` are those of which somebody sees the numbers one by one, ``None`` for all of them. Totals are of
    everything there is: they are for everybody who sees numbers at all.
    """

    since: date
    until: date
    section: str = ""
    language: str = ""
    sections: frozenset[str] | None = None

    @property
    def step(self) -> Step:
        """By what the time is cut: never into more than some thirty pieces."""
        days = (self.until - self.since).days + 1
        return "day" if days <= _LONGEST_IN_DAYS else "week" if days <= _LONGEST_IN_WEEKS else "month"

    def during(self, field: str) -> Q:
        """That a moment lies in the time."""
        start, end = (datetime.combine(day, time.min, UTC) for day in (self.since, self.until + timedelta(days=1)))
        return Q(**{f"{field}__gte": start, f"{field}__lt": end})

    def cut(self, field: str) -> Expression:
        """The day on which the piece of time begins that a moment belongs to."""
        if self.step == "day":
            return TruncDate(field, tzinfo=UTC)
        return _TRUNCATED[self.step](field, tzinfo=UTC, output_field=DateField())

    def shown(self, section: str) -> bool:
        """Whether the numbers of a section are asked for, and may be seen."""
        return section == self.section if self.section else self.sections is None or section in self.sections

    def inside(self, prefix: str = "") -> Q:
        """The rows of the sections that are asked for and may be seen, in the language that is asked for."""
        asked: dict[str, Any] = {f"{prefix}section": self.section} if self.section else {}
        if not self.section and self.sections is not None:
            asked = {f"{prefix}section__in": sorted(self.sections)}
        return Q(**asked) & self.spoken(prefix)

    def spoken(self, prefix: str = "") -> Q:
        """The rows in the language that is asked for."""
        return Q(**{f"{prefix}language": self.language}) if self.language else Q()

    def pieces(self) -> list[date]:
        """The days on which the pieces of the time begin."""
        found: list[date] = []
        day = self.since
        while day <= self.until:
            begun = _begin(day, self.step)
            if not found or found[-1] != begun:
                found.append(begun)
            day += timedelta(days=1)
        return found


def _begin(day: date, step: Step) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day
