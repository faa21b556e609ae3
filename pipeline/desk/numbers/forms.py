"""The form above the numbers: a GET form, so that what one sees is an address."""

from __future__ import annotations

from datetime import UTC, date, timedelta
from typing import Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from pipeline.desk.board.filters import QueryForm
from pipeline.desk.numbers.words import MONTH, PERIODS
from pipeline.desk.templatetags.desk import language
from pipeline.flow import clock
from pipeline.flow.numbers import Scope
from pipeline.flow.people import Rights
from pipeline.network import Network

USUAL_DAYS: Final = 30
MOST_DAYS: Final = 366 * 10
"""More is an accident, and would be a plot of a thousand pieces."""


class NumbersForm(QueryForm):
    """Of what the numbers shall be: a period or two days, a section, a language."""

    period = forms.ChoiceField(label=_("Period"), required=False)
    since = forms.DateField(label=_("or from"), required=False, widget=forms.DateInput({"type": "date"}))
    until = forms.DateField(label=_("until"), required=False, widget=forms.DateInput({"type": "date"}))
    section = forms.ChoiceField(label=_("Section"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)

    def __init__(self, data: QueryDict, net: Network, rights: Rights) -> None:
        super().__init__(data, auto_id="filter-%s")
        own = [section for section in net.sections if rights.is_inside(section.key)]
        tags = dict.fromkeys(each.tag for section in net.sections for each in section.languages)
        self.sections = None if rights.operator else frozenset(rights.roles)
        self.offer("period", PERIODS, MONTH)
        self.offer("section", {section.key: section.name for section in own})
        self.offer("language", {tag: language(tag) for tag in tags})
        self.full_clean()

    def scope(self) -> Scope:
        """What is asked for; days that make no time are left out."""
        today = clock.now().astimezone(UTC).date()
        until: date = self.cleaned_data.get("until") or today
        days = int(self.cleaned_data.get("period") or USUAL_DAYS)
        since: date = self.cleaned_data.get("since") or _before(until, days - 1)
        if not since <= until <= today + timedelta(days=366) or (until - since).days >= MOST_DAYS:
            self.add_error(None, "no time")
            since, until = _before(today, days - 1), today
        given = self.cleaned_data
        return Scope(since, until, given.get("section", ""), given.get("language", ""), self.sections)


def _before(day: date, days: int) -> date:
    return day - timedelta(days=days) if day.toordinal() > days else date.min
