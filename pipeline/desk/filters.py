"""The form above my desk: what somebody wants to see of what waits. It is a GET form, so that a view is an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from pipeline.desk.board.filters import QueryForm
from pipeline.desk.templatetags.desk import language, number
from pipeline.desk.words import ORIGINS, STATES
from pipeline.flow.waiting import UNDECIDED, Filters, Order
from pipeline.network import Network

ORDERS: Mapping[str, Any] = {
    "urgent": gettext_lazy("most urgent first"),
    "oldest": gettext_lazy("longest waiting first"),
    "newest": gettext_lazy("newest first"),
    "shortest": gettext_lazy("shortest first"),
}


class FilterForm(QueryForm):
    """What somebody wants to see of what waits, and in which order."""

    text = forms.CharField(label=gettext_lazy("Search titles and keys"), required=False, max_length=200)
    section = forms.ChoiceField(label=gettext_lazy("Section"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language"), required=False)
    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    origin = forms.ChoiceField(label=gettext_lazy("Origin"), required=False)
    findings = forms.ChoiceField(label=gettext_lazy("Findings"), required=False)
    mine = forms.ChoiceField(label=gettext_lazy("Assigned"), required=False)
    order = forms.ChoiceField(label=gettext_lazy("Order"), required=False, choices=list(ORDERS.items()))

    def __init__(self, data: QueryDict, net: Network, sections: Sequence[str], counts: Mapping[str, int]) -> None:
        super().__init__(data, auto_id="filter-%s")
        own = [section for section in net.sections if section.key in sections]
        tags = sorted({each.tag for section in own for each in section.languages})
        self.offer("section", {section.key: section.name for section in own})
        self.offer("language", {tag: language(tag) for tag in tags})
        self.offer("state", {state: f"{STATES[state]} ({number(counts.get(state, 0))})" for state in UNDECIDED})
        self.offer("origin", ORIGINS)
        self.offer("findings", {"block": _("some that block"), "any": _("some"), "none": _("none")})
        self.offer("mine", {"me": _("to me"), "nobody": _("to nobody")})
        if len(own) < 2:
            del self.fields["section"]
        self.full_clean()

    def filters(self) -> Filters:
        """What is asked for."""
        known = {name: self.cleaned_data.get(name, "") for name in self.fields}
        order = known.pop("order")
        return Filters(**known, order=cast("Order", order if order in get_args(Order) else "urgent"))
