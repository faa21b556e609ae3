"""Which state of the ledger the numbers are of: each process counts once for each, and all of them show the same."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from django.db.models import QuerySet
from django.utils import timezone

from pipeline.ledger.models import Event, Passage, Receipt, Revision, Version

REFRESHED: Final = 60
"""Seconds after which is counted again though nothing has happened: what waits grows older, embargoes end."""


def stamp() -> str:
    """Changes when what is counted may have changed. Costs the same however much there is: six rows are read.

    These tables only grow, and grow with whatever is counted. An approval that is compared leaves no trace in them: the
    oldest one that is not tells of it.
    """
    grown = (Event, Version, Receipt, Revision, Passage)
    newest = [_first(model._default_manager.order_by("-pk")) for model in grown]
    uncompared = _first(Passage.objects.filter(distance=None).order_by("pk"))
    minute = int(timezone.now().timestamp()) // REFRESHED
    return hashlib.sha256(repr((newest, uncompared, minute)).encode()).hexdigest()


def _first(rows: QuerySet[Any]) -> int:
    return rows.values_list("pk", flat=True).first() or 0
