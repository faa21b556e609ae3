"""Release: the local hour at which a section publishes, and which articles wait until all are ready."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from pipeline.network.values import Table, fault_of


def _local_time(value: Any) -> time:
    """``"07:00"``, or TOML's own ``07:00:00``: pydantic alone would take 7 for seven seconds past midnight."""
    if isinstance(value, time) and value.tzinfo is None:
        return value
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    raise fault_of(f"“{value}” is no local time.", 'Write hours and minutes, such as "07:00".')


LocalTime = Annotated[time, BeforeValidator(_local_time)]


class BarrierRule(Table):
    """Articles of these kinds or tags are held until all ``required`` are approved, or ``hours`` after they came in.

    ``required`` names sections (``portugal``) or editions (``canada/fr-CA``); empty means every edition there is.
    Without ``hours`` they wait for as long as it takes.
    """

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    hours: float | None = Field(default=None, gt=0, le=24 * 366)

    @model_validator(mode="after")
    def _is_for_something(self) -> Self:
        if not (self.kinds or self.tags):
            raise fault_of("this barrier is for no article.", 'Add kinds = ["…"] or tags = ["…"].')
        return self

    def fits(self, kind: str, tags: tuple[str, ...]) -> bool:
        """Whether the rule is for an article of this kind with these tags.

        >>> BarrierRule(kinds=("statement",)).fits("statement", ())
        True
        """
        return kind in self.kinds or bool(set(tags) & set(self.tags))
