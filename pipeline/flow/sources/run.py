"""One run of one source: list, take, look what is gone; each step leaves the ledger so that the next run goes on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any, Final

import structlog
from django.conf import settings

from pipeline.errors import Permanent, PipelineError
from pipeline.flow.sources import feeds, folders, listing
from pipeline.flow.sources.gone import Watch
from pipeline.flow.sources.listing import Known, Listed
from pipeline.flow.sources.polite import Later, Visitor
from pipeline.flow.sources.report import SourceReport, Told
from pipeline.flow.sources.row import Lease, next_look
from pipeline.flow.sources.sites import Walk
from pipeline.flow.sources.taking import Taker, due
from pipeline.ledger.models import Source as Row
from pipeline.ledger.models import SourceItem
from pipeline.masking import mask
from pipeline.network import Network, Source
from pipeline.stages.intake.web import digest

log = structlog.get_logger()
State = SourceItem.State

_PIECE: Final = 100  # items read at once, out of those to take
_SETTLED: Final = (State.TAKEN, State.DUPLICATE)


@dataclass(slots=True)
class Run:
    """A run that has the source for itself."""

    net: Network
    source: Source
    row: Row
    now: datetime
    told: Told
    lease: Lease | None = None
    again: bool = False
    accept_gone: bool = False
    trouble: str = ""
    failure: PipelineError | None = None
    gone: int = 0
    visitor: Visitor = field(init=False)
    taker: Taker = field(init=False)
    ours: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.ours = own_pages(self.net)  # asked of every address that a feed or a sitemap names
        self.visitor = Visitor(self.source, self.lease.renew if self.lease else _nothing)
        self.taker = Taker(self.net, self.source, self.visitor, self.now)

    def all(self) -> SourceReport:
        """List, take, and look what is gone. What could not be listed now is no reason not to take what waits.

        Raises:
            Lost: another run has the source.
        """
        try:
            self._list()
        except Later as error:
            self.trouble, self.failure = mask(str(error)), error
        except PipelineError as error:
            self.trouble, self.failure = mask(str(error)), error
            log.warning("a source could not be read", source=self.source.key, reason=str(error))
        watch = Watch(self.taker, self.row, self.accept_gone)
        try:
            if not isinstance(self.failure, Later) and not self._is_away():
                self._take()
            if self.failure is None and self.source.deletions != "ignore" and self.source.type != "folder":
                watch.look(self.visitor)
        except Later as error:
            self.trouble = self.trouble or str(error)
        self.gone += watch.gone
        return self.report()

    def look(self) -> SourceReport:
        """What there is to take, and nothing is written but how politely was asked.

        Raises:
            Transient, Permanent: it can't be read now.
        """
        before = listing.known(self.row) if self.row.pk else {}
        pieces, _ = self._pieces(before)
        compared = listing.compare(chain.from_iterable(pieces), before)
        pending = sum(each.status in (State.PENDING, State.FAILED) for each in before.values())
        return SourceReport(
            self.source.key,
            new=compared.new,
            updated=compared.changed,
            unchanged=len(before) - compared.changed - pending,
            waiting=pending,
        )

    def report(self) -> SourceReport:
        """What came of it so far."""
        counts, items = self.taker.counts, SourceItem.objects.filter(source=self.row)
        new, updated, duplicates = (counts.get(name, 0) for name in ("new", "updated", "duplicate"))
        waiting = items.filter(status=State.PENDING).count()
        return SourceReport(
            self.source.key,
            new=new,
            updated=updated,
            unchanged=max(0, items.filter(status__in=_SETTLED).count() - new - updated - duplicates),
            duplicates=duplicates,
            gone=self.gone,
            waiting=waiting,
            failed=tuple(self.taker.failed),
            articles=tuple(self.taker.uids),
            notes=tuple(self.taker.notes),
            trouble=self.trouble,
            next_at=self._next_at(),
        )

    def _next_at(self) -> datetime | None:
        return next_look(self.failure, self.row.failures + 1, self.now) if self.failure else None

    def _is_away(self) -> bool:
        """Whether what is to be taken can't be there: a folder that could not be read."""
        return self.source.type == "folder" and self.failure is not None

    def _list(self) -> None:
        before = listing.known(self.row)
        pieces, changes = self._pieces(before)
        try:
            for piece in pieces:
                listing.record(self.row, piece, before, self.now)
                if self.lease:
                    self.lease.renew()
        except PipelineError:
            if self.source.type == "site":  # of many sitemaps: those that were read need not be read again
                read = {**self.row.validators, **changes["validators"]}
                Row.objects.filter(pk=self.row.pk).update(validators=read)
            raise
        # Only now: had the run ended before, the next one must be told everything once more.
        Row.objects.filter(pk=self.row.pk).update(fetched_at=self.now, **changes)

    def _pieces(self, before: dict[str, Known]) -> tuple[Iterator[Sequence[Listed]], dict[str, Any]]:
        """What the source names, piece by piece; and what its row keeps once all of that is written."""
        match self.source.type:
            case "feed":
                return self._feed(before)
            case "site":
                return self._site()
            case _:
                return self._folder(before), {}

    def _feed(self, before: dict[str, Known]) -> tuple[Iterator[Sequence[Listed]], dict[str, Any]]:
        pages = feeds.Pages(self.source, self.visitor, self.row, before, self.now, self.taker.notes)
        pieces = pages.pieces(write=self.lease is not None)
        return ([each for each in piece if not self._is_ours(each.url)] for piece in pieces), pages.kept

    def _site(self) -> tuple[Iterator[Sequence[Listed]], dict[str, Any]]:
        walk = Walk(self.source, self.visitor, self.row, self.now, notes=self.taker.notes)
        others = ([each for each in piece if not self._is_ours(each.url)] for piece in walk.pages())
        return others, {"validators": walk.seen}

    def _folder(self, before: dict[str, Known]) -> Iterator[Sequence[Listed]]:
        files = folders.scan(Path(settings.SECTIONWIRE_HOME) / self.source.path)
        self.taker.files = files
        settle = timedelta(seconds=self.source.settle_seconds)
        if self.lease is None:
            yield list(folders.listed(files, before, settle, self.now))
            return
        there = {name: each for name, each in before.items() if each.status != State.GONE}
        away = {name: each for name, each in there.items() if name not in files}
        renamed = self._renamed({name: file for name, file in files.items() if name not in before}, away)
        known = dict(before)
        for old, new in renamed.items():
            stamp = files[new].stamp
            SourceItem.objects.filter(pk=before[old].pk).update(identity=new, stamp=stamp, missed_at=None)
            known[new] = before[old]._replace(identity=new, stamp=stamp)
            del known[old], away[old]
        before.update(known)
        yield list(folders.listed(files, known, settle, self.now))
        if self.source.deletions != "ignore":
            watch = Watch(self.taker, self.row, self.accept_gone)
            watch.files([each.pk for each in away.values()], len(there))
            self.gone += watch.gone

    def _renamed(self, fresh: Mapping[str, folders.File], away: Mapping[str, Known]) -> dict[str, str]:
        """Files that lie elsewhere now, by what they were called; known by size, then by every byte."""
        waiting: dict[tuple[str, str], list[str]] = {}
        for name, each in away.items():
            if each.digest:
                waiting.setdefault((each.stamp.partition("-")[0], each.digest), []).append(name)
        sizes = {size for size, _ in waiting}
        found: dict[str, str] = {}
        limit = self.net.limits.megabytes * 1_000_000
        for name, file in fresh.items():
            if file.size not in sizes or int(file.size) > limit:
                continue
            try:
                data = folders.read(file, name, int(limit))
            except Permanent:
                continue  # who takes it will say so; the other files are well
            if data is not None and (olds := waiting.get((file.size, digest(data)))):
                found[olds.pop()] = name
        return found

    def _is_ours(self, url: str) -> bool:
        """Whether an address is that of a page which this network publishes: what goes out must not come in again."""
        return url.startswith(self.ours)

    def _take(self) -> None:
        todo = due(self.row.pk, self.now, again=self.again).values_list("pk", flat=True)[: self.source.limit]
        ids = list(todo)
        self.told(0, len(ids))
        done = 0
        for start in range(0, len(ids), _PIECE):
            items = SourceItem.objects.select_related("article").in_bulk(ids[start : start + _PIECE])
            for pk in ids[start : start + _PIECE]:
                if self.lease:
                    self.lease.renew()
                if self.visitor.is_over:
                    raise Later(f"The run's {self.source.minutes:g} minutes are over.", "The next run goes on.")
                if pk in items:
                    self.taker.take(items[pk])
                done += 1
                self.told(done, len(ids))


def own_pages(net: Network) -> tuple[str, ...]:
    """How the addresses of the pages begin that this network publishes."""
    return tuple(
        f"{net.outputs[name].base_url.format(section=section.key).rstrip('/')}/{language.tag.lower()}/"
        for section in net.sections
        for name in section.outputs
        for language in section.languages
    )


def _nothing() -> None:
    pass
