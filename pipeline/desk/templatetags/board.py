"""``{% load board %}``: words of deliveries and versions, and two helpers of the pages about an article."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django import template
from django.utils.translation import pgettext_lazy

from pipeline.desk.board.filters import STATUSES
from pipeline.desk.words import ORIGINS
from pipeline.ledger.models import Receipt

register = template.Library()

OUTCOMES: Final[Mapping[str, Any]] = {
    Receipt.Outcome.CONFIRMED: pgettext_lazy("a receipt", "confirmed"),
    Receipt.Outcome.TRANSIENT: pgettext_lazy("a receipt", "failed for now"),
    Receipt.Outcome.PERMANENT: pgettext_lazy("a receipt", "refused"),
}


@register.filter
def origin_name(origin: str) -> str:
    """Whose text a version is, in words."""
    return str(ORIGINS[origin])


@register.filter
def delivery_name(status: str) -> str:
    """How a delivery stands, in words."""
    return str(STATUSES[status])


@register.filter
def outcome_name(outcome: str) -> str:
    """What a receipt says, in words."""
    return str(OUTCOMES[outcome])


@register.filter
def at(found: Mapping[Any, Sequence[Any]], key: Any) -> Sequence[Any]:
    """What stands in a mapping under a key; nothing where there is nothing."""
    return found.get(key, ())


@register.filter
def pair(one: Any, other: Any) -> tuple[Any, Any]:
    """Two values in a row, to be gone through."""
    return one, other
