"""How the sources are, for people and programs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, QuerySet

from pipeline.ledger.models import Source as Row
from pipeline.ledger.models import SourceItem
from pipeline.network import Network, Source
from pipeline.outbound import shown


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source; ``items`` are numbers by status. ``reason`` is why it could not be read the last time."""

    key: str
    type: str
    place: str
    fetched_at: datetime | None
    items: dict[str, int]
    failures: int
    reason: str
    next_at: datetime | None

    def record(self) -> dict[str, Any]:
        """The same for JSON."""
        return asdict(self)


def states(net: Network) -> list[SourceState]:
    """Every source of the network file, in its order."""
    rows = {row.key: row for row in Row.objects.all()}
    numbers: dict[str, dict[str, int]] = {}
    counted = SourceItem.objects.values_list("source__key", "status").annotate(number=Count("id")).order_by()
    for key, status, number in counted:
        numbers.setdefault(key, {})[status] = number
    return [_state(source, rows.get(source.key, Row()), numbers.get(source.key, {})) for source in net.sources]


def _state(source: Source, row: Row, numbers: dict[str, int]) -> SourceState:
    place = source.path or shown(source.url)
    return SourceState(source.key, source.type, place, row.fetched_at, numbers, row.failures, row.reason, row.next_at)


def items(net: Network, key: str, *, failed: bool = False) -> QuerySet[SourceItem]:
    """What a source has given, the newest first.

    Raises:
        Permanent: there is no such source.
    """
    found = SourceItem.objects.filter(source__key=net.source(key).key).select_related("article")
    return (found.filter(status=SourceItem.State.FAILED) if failed else found).order_by("-dated_at", "id")
