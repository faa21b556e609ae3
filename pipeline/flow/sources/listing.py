"""What a source names → rows: what is new or changed is pending, and cannot get lost any more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, Final, NamedTuple

from django.db import transaction

from pipeline.flow import tombs
from pipeline.ledger.models import Source, SourceItem

State = SourceItem.State

CHUNK: Final = 200
"""Rows in one transaction: so that no writer waits long."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One thing that a source names now. ``not_before``: it is still being written, and looked at again then."""

    identity: str
    stamp: str
    dated_at: datetime
    url: str = ""
    entry: Mapping[str, Any] | None = None
    not_before: datetime | None = None


class Known(NamedTuple):
    """What the ledger knows of one item; ``status`` is a word of :class:`SourceItem.State`."""

    pk: int
    identity: str
    stamp: str
    status: str
    digest: str
    seen_at: datetime
    missed_at: datetime | None


@dataclass(slots=True)
class Compared:
    """How many of the listed things the ledger does not know, and how many have changed."""

    new: int = 0
    changed: int = 0


def known(row: Source) -> dict[str, Known]:
    """All items of a source by identity."""
    rows = SourceItem.objects.filter(source=row).values_list(*Known._fields)
    return {each[1]: Known(*each) for each in rows.iterator(chunk_size=2_000)}


def record(row: Source, listed: Iterable[Listed], before: Mapping[str, Known], now: datetime) -> None:
    """Write down what a source names, some at a time; what it does not name, and what was erased, is left alone."""
    for piece in _pieces(listed):
        with transaction.atomic():
            _record(row, piece, before, now)


def compare(listed: Iterable[Listed], before: Mapping[str, Known]) -> Compared:
    """What there is to write down, in numbers."""
    compared = Compared()
    for each in listed:
        old = before.get(each.identity)
        compared.new += not tombs.is_known(each.identity, before)
        compared.changed += old is not None and _is_changed(old, each)
    return compared


def _pieces(listed: Iterable[Listed]) -> Iterator[Sequence[Listed]]:
    rest = iter(listed)
    while piece := list(islice(rest, CHUNK)):
        yield piece


def _record(row: Source, piece: Sequence[Listed], before: Mapping[str, Known], now: datetime) -> None:
    fresh: list[SourceItem] = []
    seen: list[int] = []
    for each in piece:
        old = before.get(each.identity)
        if old is None:
            if not tombs.is_known(each.identity, before):
                fresh.append(_made(row, each, now))
        elif _is_changed(old, each):
            SourceItem.objects.filter(pk=old.pk).update(**_changes(each, now))
        else:
            seen.append(old.pk)
    # Conflicts: whoever lists the same at the same moment writes the same.
    SourceItem.objects.bulk_create(fresh, ignore_conflicts=True)
    SourceItem.objects.filter(pk__in=seen).update(seen_at=now, missed_at=None)


def _is_changed(old: Known, each: Listed) -> bool:
    return old.stamp != each.stamp or old.status == State.GONE


def _made(row: Source, each: Listed, now: datetime) -> SourceItem:
    return SourceItem(source=row, identity=each.identity, key=each.identity, checked_at=now, **_said(each, now))


def _said(each: Listed, now: datetime) -> dict[str, Any]:
    return {
        "url": each.url,
        "stamp": each.stamp,
        "entry": each.entry,
        "dated_at": min(each.dated_at, now),
        "seen_at": now,
        "next_at": each.not_before,
    }


def _changes(each: Listed, now: datetime) -> dict[str, Any]:
    # ``gone_at`` stays until it is taken again: who takes it may want to know.
    return {**_said(each, now), "missed_at": None, "attempts": 0, "status": State.PENDING, "reason": ""}
