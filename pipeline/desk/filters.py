"""The form above my desk: what somebody wants to see of what waits. It is a GET form, so that a view is an address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast, get_args

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

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


class FilterForm(forms.Form):
    """Every field may be empty; what is not known here is left out and told of."""

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
        self._offer("section", {section.key: section.name for section in own})
        self._offer("language", {tag: language(tag) for tag in tags})
        self._offer("state", {state: f"{STATES[state]} ({number(counts.get(state, 0))})" for state in UNDECIDED})
        self._offer("origin", ORIGINS)
        self._offer("findings", {"block": _("some that block"), "any": _("some"), "none": _("none")})
        self._offer("mine", {"me": _("to me"), "nobody": _("to nobody")})
        if len(own) < 2:
            del self.fields["section"]

    def _offer(self, name: str, choices: Mapping[str, Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [("", _("all")), *((key, str(label)) for key, label in choices.items())]

    def filters(self) -> Filters:
        """What is asked for."""
        self.full_clean()
        known = {name: self.cleaned_data.get(name, "") for name in self.fields}
        order = known.pop("order")
        return Filters(**known, order=cast("Order", order if order in get_args(Order) else "urgent"))

    @property
    def is_used(self) -> bool:
        """Whether it leaves anything out."""
        return any(value for name, value in self.cleaned_data.items() if name != "order")

    @property
    def query(self) -> str:
        """The address's query without the page: what is shared, and what the next page adds its number to."""
        query = QueryDict(mutable=True)
        query.update({name: value for name, value in self.cleaned_data.items() if value})
        return query.urlencode()
