"""Verify: does each output really hold what the ledger says that it has confirmed?

Both sides are read in step, some hundred pages at a time, so that a site of 100,000 pages takes no more memory than a
small one. What is being worked on, or was confirmed while we looked, is left alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import Max, Q, QuerySet
from django.db.models.functions import Now

from pipeline.flow import bell, clock, deliveries, installation, lanes, placing
from pipeline.ledger.models import Delivery, Redirect, Refresh, Status
from pipeline.ledger.models.articles import hold_all
from pipeline.network import Network, Section
from pipeline.stages.publish import lists
from pipeline.stages.publish.outputs.contract import Held

_Row = TypeVar("_Row", Delivery, Refresh, Redirect)

CHUNK: Final = 400
PIECE: Final = 100
_AT_REST: Final = (Status.DONE, Status.FAILED, Status.WAITING)


class Kind(StrEnum):
    """How an output differs from the ledger; the words that a person reads."""

    MISSING = "missing"  # it was confirmed, and is not there
    CHANGED = "changed"  # somebody else has written there
    OLDER = "older"  # an earlier sequence than the confirmed one
    UNWANTED = "unwanted"  # it is there, and nobody wants it


@dataclass(frozen=True, slots=True)
class Drift:
    """One page that is not as the ledger has it. ``delivery`` and ``refresh`` are the row to want again, if any."""

    kind: Kind
    section: str
    output: str
    key: str
    path: str = ""
    url: str = ""
    sequence: int = 0
    delivery: int | None = None
    refresh: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One section at one output; ``pages`` is how many the ledger says are there."""

    section: Section
    output: str
    pages: int


def places(net: Network, only: str | None = None) -> list[Place]:
    """What there is to verify, at every output or at one: also where a section has left pages that lead on.

    Raises:
        Permanent: there is no such output.
    """
    if only is not None and only not in net.outputs:
        installation.output_of(only, net.sections[0], net)  # says that there is none
    known = Delivery.objects.filter(confirmed_seq__gt=0).order_by().values_list("edition__section", "output")
    left = sorted({(section, output) for section, output in known.distinct() if output in net.outputs})
    return [
        Place(section, output, _confirmed(section, output).count() + _refreshed(section, output).count())
        for section in net.sections
        for output in dict.fromkeys([*section.outputs, *(name for key, name in left if key == section.key)])
        if only in (None, output)
    ]


def run(place: Place, net: Network, compared: Callable[[int], None], *, repair: bool) -> Iterator[Drift]:
    """As :func:`compare`; with ``repair`` what it finds is put right, some pages at a time. Raises as both."""
    found = compare(place, net, compared)
    while piece := list(islice(found, PIECE)):
        if repair:
            _repair(place, net, piece)
        yield from piece


def compare(place: Place, net: Network, compared: Callable[[int], None]) -> Iterator[Drift]:
    """Every page of a place that is not as the ledger has it. ``compared`` is told how many more have been looked at.

    Raises:
        Unverifiable: the output can't say what it holds.
        Transient, Permanent: it can't be read now.
    """
    out = installation.output_of(place.output, place.section, net)
    search = _Search(place)
    pages = out.held()
    while chunk := list(islice(pages, CHUNK)):
        yield from search.look(chunk)
        compared(len(chunk))
    yield from search.missing()


def _repair(place: Place, net: Network, drifts: Sequence[Drift]) -> None:
    """Want the drifted pages again, and take away what nobody wants.

    Raises:
        Transient, Permanent: something could not be taken away.
    """
    out = installation.output_of(place.output, place.section, net)
    for drift in drifts:
        if drift.delivery is None and drift.refresh is None:
            out.remove(drift.key, drift.sequence + 1)
    with transaction.atomic():
        pages = Delivery.objects.filter(pk__in=_ids(drift.delivery for drift in drifts), status__in=_AT_REST)
        hold_all(pages.values_list("edition__article_id", flat=True))
        deliveries.bump(pages, "wanted_seq", due_at=Now())
        made = Refresh.objects.filter(pk__in=_ids(drift.refresh for drift in drifts), status__in=_AT_REST)
        deliveries.bump(made, "dirty_seq", due_at=Now())
        bell.announce(lanes.publish(place.output))


def _ids(found: Iterable[int | None]) -> set[int]:
    return {pk for pk in found if pk is not None}


def _confirmed(section: Section, output: str) -> QuerySet[Delivery]:
    """The pages that an output of a section has confirmed, and has not confirmed the removal of."""
    confirmed = Delivery.objects.filter(edition__section=section.key, output=output, confirmed_seq__gt=0)
    return confirmed.exclude(confirmed_action=Delivery.Action.REMOVE)


def _refreshed(section: Section, output: str) -> QuerySet[Refresh]:
    """The pages of many articles that an output of a section has taken."""
    return Refresh.objects.filter(section=section.key, output=output, done_seq__gt=0)


@dataclass(slots=True)
class _Seen:
    """Ids that have been seen: a bit for each, since there may be very many."""

    bits: bytearray

    @classmethod
    def of(cls, rows: QuerySet[Delivery] | QuerySet[Refresh] | QuerySet[Redirect]) -> _Seen:
        return cls(bytearray((rows.aggregate(last=Max("pk"))["last"] or 0) // 8 + 1))

    def add(self, pk: int) -> None:
        if pk // 8 < len(self.bits):
            self.bits[pk // 8] |= 1 << pk % 8

    def __contains__(self, pk: int) -> bool:
        return pk // 8 < len(self.bits) and bool(self.bits[pk // 8] & 1 << pk % 8)


@dataclass(slots=True)
class _Search:
    """One comparison of a place: which rows have been seen, and since when it runs."""

    place: Place
    started: datetime = field(init=False)
    pages: _Seen = field(init=False)
    made: _Seen = field(init=False)
    led: _Seen = field(init=False)

    def __post_init__(self) -> None:
        section, output = self.place.section, self.place.output
        self.started = clock.now()
        self.pages = _Seen.of(_confirmed(section, output))
        self.made = _Seen.of(_refreshed(section, output))
        self.led = _Seen.of(_leading(section))

    def look(self, chunk: Sequence[Held]) -> Iterator[Drift]:
        """What of a chunk of held pages is not as the ledger has it."""
        made = self._refreshes(chunk)
        rest = [held for held in chunk if held.key not in made]
        pages = self._deliveries(rest)
        redirects = _redirects(pages.values())
        for held in chunk:
            if rows := made.get(held.key):
                yield from self._look_at_refresh(held, rows)
            elif found := pages.get(_page_key(held.key)):
                yield from self._look_at_page(held, found, redirects)
            else:
                yield self._drift(Kind.UNWANTED, held)

    def missing(self) -> Iterator[Drift]:
        """What the ledger has and the output did not tell of, in the order of the rows' ids."""
        for page in _by_id(_confirmed(self.place.section, self.place.output).select_related("edition__article")):
            if page.pk not in self.pages and self._is_settled(page):
                key, path = placing.key_of(page.edition), page.edition.path
                yield self._drift(Kind.MISSING, Held(key, page.confirmed_seq, path, page.url, "", ""), page)
        for row in _by_id(_refreshed(self.place.section, self.place.output)):
            if row.pk not in self.made and row.status in _AT_REST and _has_something(row):
                yield self._drift(Kind.MISSING, Held(_refresh_key(row), row.done_seq, "", "", "", ""), None, row)
        yield from self._missing_redirects()

    def _missing_redirects(self) -> Iterator[Drift]:
        """Those that the output did not tell of, with the page that brings them again."""
        section, output = self.place.section, self.place.output
        redirects = _by_id(_leading(section).select_related("edition__article"))
        while piece := list(islice(redirects, CHUNK)):
            lost = [redirect for redirect in piece if redirect.pk not in self.led]
            found = _confirmed(section, output).filter(edition__in=[redirect.edition_id for redirect in lost])
            pages = {page.edition_id: page for page in found}
            for redirect in lost:
                page = pages.get(redirect.edition_id)
                # One that is newer than the last confirmation is still to be sent.
                if page and self._is_settled(page) and page.confirmed_at and redirect.at <= page.confirmed_at:
                    key = placing.key_of_redirect(redirect.edition, redirect.path)
                    yield self._drift(Kind.MISSING, Held(key, page.confirmed_seq, redirect.path, "", "", ""), page)

    def _refreshes(self, chunk: Sequence[Held]) -> dict[str, list[Refresh]]:
        names = {name for held in chunk for name in (held.key, held.key.rpartition("/")[0])}
        found: dict[str, list[Refresh]] = {}
        for row in Refresh.objects.filter(output=self.place.output, page__in=names):
            found.setdefault(_refresh_key(row), []).append(row)
        return found

    def _deliveries(self, chunk: Sequence[Held]) -> dict[str, list[Delivery]]:
        uids = {held.key.partition("/")[0] for held in chunk}
        rows = Delivery.objects.filter(output=self.place.output, edition__article__uid__in=uids)
        found: dict[str, list[Delivery]] = {}
        for row in rows.select_related("edition__article"):
            found.setdefault(placing.key_of(row.edition), []).append(row)
        return found

    def _look_at_page(self, held: Held, rows: Sequence[Delivery], redirects: Mapping[str, int]) -> Iterator[Drift]:
        row = next((row for row in rows if row.edition.section == self.place.section.key), None)
        if row is None:
            return  # of another section that writes to the same place
        is_page = held.key == placing.key_of(row.edition)
        if is_page:
            self.pages.add(row.pk)
        elif held.key in redirects:
            self.led.add(redirects[held.key])
        if not row.confirmed_seq or not self._is_settled(row):
            return
        if is_page and row.confirmed_action == Delivery.Action.REMOVE:
            if held.sequence <= row.confirmed_seq:
                yield self._drift(Kind.UNWANTED, held, row)
        elif not is_page and held.key not in redirects:
            yield self._drift(Kind.UNWANTED, held)
        elif kind := _difference(held, row.confirmed_seq, row.confirmed_digest if is_page else held.digest):
            yield self._drift(kind, held, row)

    def _look_at_refresh(self, held: Held, rows: Sequence[Refresh]) -> Iterator[Drift]:
        row = next((row for row in rows if row.section == self.place.section.key), None)
        if row is None:
            return
        self.made.add(row.pk)
        if row.status in _AT_REST and (kind := _difference(held, row.done_seq, held.digest)):
            yield self._drift(kind, held, None, row)

    def _is_settled(self, page: Delivery) -> bool:
        """Whether what the ledger has of a page was so before we began to look, and is not being changed."""
        return page.status in _AT_REST and (page.confirmed_at is None or page.confirmed_at <= self.started)

    def _drift(self, kind: Kind, held: Held, page: Delivery | None = None, made: Refresh | None = None) -> Drift:
        return Drift(
            kind,
            self.place.section.key,
            self.place.output,
            held.key,
            held.path,
            held.url,
            held.sequence,
            page.pk if page else None,
            made.pk if made else None,
        )


def _difference(held: Held, sequence: int, digest: str) -> Kind | None:
    """What is wrong with a held page; a newer one than was confirmed has only not been recorded."""
    if not held.found:
        return Kind.MISSING
    if held.sequence < sequence:
        return Kind.OLDER
    return Kind.CHANGED if held.sequence == sequence and held.found != digest else None


def _page_key(key: str) -> str:
    """The key of the page that a key belongs to: its own, or that of the page to which a redirect leads."""
    return "/".join(key.split("/")[:2])


def _refresh_key(row: Refresh) -> str:
    return f"{row.page}/{row.language}" if row.language else row.page


def _leading(section: Section) -> QuerySet[Redirect]:
    """The redirects of a section that shall be there."""
    return Redirect.objects.filter(edition__section=section.key, active=True)


def _redirects(rows: Iterable[Sequence[Delivery]]) -> dict[str, int]:
    """The keys of the redirects that shall be there, with their ids."""
    editions = {row.edition_id: row.edition for group in rows for row in group}
    active = Redirect.objects.filter(edition__in=editions, active=True)
    return {placing.key_of_redirect(editions[redirect.edition_id], redirect.path): redirect.pk for redirect in active}


def _has_something(row: Refresh) -> bool:
    """Whether there is a page: a list without articles has none."""
    return bool(row.listed) or not lists.is_list(row.page) or bool(lists.split(row.page)[1])


def _by_id(rows: QuerySet[_Row]) -> Iterator[_Row]:
    """All rows in the order of their ids, read piece by piece: no cursor stays open while others write."""
    last = 0
    while piece := list(rows.filter(Q(pk__gt=last)).order_by("pk")[:CHUNK]):
        yield from piece
        last = piece[-1].pk
