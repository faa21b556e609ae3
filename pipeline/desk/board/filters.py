"""The forms above the board and above the deliveries: GET forms, so that a view is an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pipeline.desk.templatetags.desk import language
from pipeline.desk.words import PLACES
from pipeline.flow import board, traffic
from pipeline.flow.people import Rights
from pipeline.ledger.models import Status
from pipeline.network import Network

AGES: Final[Mapping[str, Any]] = {
    "day": _("in the last 24 hours"),
    "week": _("in the last 7 days"),
    "month": _("in the last 30 days"),
    "older": _("longer ago"),
}
FINDINGS: Final[Mapping[str, Any]] = {"block": _("some that block"), "any": _("some")}
STATUSES: Final[Mapping[str, Any]] = {
    Status.FAILED: pgettext_lazy("deliveries", "failed"),
    Status.WAITING: pgettext_lazy("deliveries", "waiting"),
    Status.READY: pgettext_lazy("deliveries", "on the way"),
    Status.RUNNING: pgettext_lazy("deliveries", "being sent"),
    Status.DONE: pgettext_lazy("deliveries", "confirmed"),
}
ALL: Final = _("all")
EVERY: Final = "all"


class QueryForm(forms.Form):
    """A form whose every field may be empty; what is not known here is left out and told of.

    ``by`` and ``order`` say how things are shown, and leave nothing out.
    """

    def offer(self, name: str, choices: Mapping[str, Any], every: Any = ALL) -> None:
        """Give a field its choices; the empty one sets no condition."""
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", every), *choices.items()]

    @property
    def is_used(self) -> bool:
        """Whether it leaves anything out."""
        return any(value for name, value in self.cleaned_data.items() if name not in ("by", "order"))

    @property
    def is_strange(self) -> bool:
        """Whether the address had filters that are not known here."""
        return bool(self.errors)

    @property
    def query(self) -> str:
        """The address's query without a cursor: what is shared, and what the next page adds its cursor to."""
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in self.cleaned_data.items() if value})
        return query.urlencode()


class BoardForm(QueryForm):
    """What somebody wants to see on the board, and whether by sections or by languages."""

    text = forms.CharField(label=_("Search titles and keys"), required=False, max_length=200)
    by = forms.ChoiceField(
        label=_("Columns"), required=False, choices=[("", _("sections")), ("languages", _("languages"))]
    )
    state = forms.ChoiceField(label=_("State"), required=False)
    section = forms.ChoiceField(label=_("Section"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    written = forms.ChoiceField(label=_("Written in"), required=False)
    age = forms.ChoiceField(label=_("Came in"), required=False)
    findings = forms.ChoiceField(label=_("Findings"), required=False)
    source = forms.CharField(label=_("Source (its key)"), required=False, max_length=80)

    def __init__(self, data: QueryDict, net: Network) -> None:
        super().__init__(data, auto_id="filter-%s")
        tags = dict.fromkeys(each.tag for section in net.sections for each in section.languages)
        self.offer("state", {place.name.lower(): PLACES[place] for place in board.filterable()})
        self.offer("section", {section.key: section.name for section in net.sections})
        self.offer("language", {tag: language(tag) for tag in tags})
        sources = dict.fromkeys([*net.organisation.source_languages, *net.bases])
        self.offer("written", {tag: language(tag) for tag in sources})
        self.offer("age", AGES, _("at any time"))
        self.offer("findings", FINDINGS)
        self.full_clean()

    def filters(self) -> board.Filters:
        """What is asked for."""
        known = {name: self.cleaned_data.get(name, "") for name in self.fields if name != "by"}
        return board.Filters(**known)

    @property
    def is_by_languages(self) -> bool:
        """Whether the columns are languages, and not sections."""
        return bool(self.cleaned_data.get("by"))


class DeliveryForm(QueryForm):
    """Which deliveries somebody wants to see; at first those that failed."""

    text = forms.CharField(label=_("Search titles, keys and reasons"), required=False, max_length=200)
    status = forms.ChoiceField(label=_("State"), required=False)
    section = forms.ChoiceField(label=_("Section"), required=False)
    language = forms.ChoiceField(label=_("Language"), required=False)
    output = forms.ChoiceField(label=_("Output"), required=False)

    def __init__(self, data: QueryDict, net: Network, rights: Rights) -> None:
        super().__init__(data, auto_id="filter-%s")
        own = [section for section in net.sections if rights.is_inside(section.key)]
        tags = dict.fromkeys(each.tag for section in own for each in section.languages)
        others = {status: word for status, word in STATUSES.items() if status != Status.FAILED}
        self.offer("status", {**others, EVERY: _("all")}, STATUSES[Status.FAILED])
        self.offer("section", {section.key: section.name for section in own})
        self.offer("language", {tag: language(tag) for tag in tags})
        self.offer("output", {name: name for name in net.outputs})
        self.full_clean()

    def sought(self) -> traffic.Sought:
        """What is asked for."""
        known = {name: cast("str", self.cleaned_data.get(name, "")) for name in self.fields}
        status = known.pop("status") or Status.FAILED
        return traffic.Sought(status="" if status == EVERY else status, **known)
