"""The translation memory over the ledger: machine translations of sentences, by engine and model."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from pipeline.documents import Route
from pipeline.ledger.models import MemoryUnit

CHUNK: Final = 500  # hashes in one query: below SQLite's limit on variables of older builds


class LedgerMemory:
    """Looks sentences up by their hash and the route that would translate them; the first insert wins."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:
        """The translations that are known, by sentence."""
        by_hash = {_hash(sentence): sentence for sentence in sentences}
        known: dict[str, str] = {}
        for hashes in _chunks(list(by_hash)):
            rows = MemoryUnit.objects.filter(
                source_hash__in=hashes, target=route.target, source=_source(route), route=_hash(route.name)
            ).values_list("source_hash", "target_text")
            known.update((by_hash[source_hash], target) for source_hash, target in rows)
        return known

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:
        """Keep translations. Returns what now counts: another worker's, where it was there first."""
        now = self.now()
        rows = [
            MemoryUnit(
                source=_source(route),
                target=route.target,
                source_hash=_hash(source),
                route=_hash(route.name),
                source_text=source,
                target_text=target,
                created_at=now,
            )
            for source, target in sorted(units.items())  # one order everywhere: no deadlocks on PostgreSQL
        ]
        try:
            with transaction.atomic():
                MemoryUnit.objects.bulk_create(rows, batch_size=CHUNK)
        except IntegrityError:
            # Another worker saw one of the sentences first, at the same moment.
            MemoryUnit.objects.bulk_create(rows, ignore_conflicts=True, batch_size=CHUNK)
            return {**units, **self.lookup(route, list(units))}
        return dict(units)


def _source(route: Route) -> str:
    # en-GB and en-US share what one engine makes of them.
    return route.hops[0].source


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
