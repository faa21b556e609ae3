"""What a feed names, on its page and on those that it continues on (RFC 5005, JSON Feed's ``next_url``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from pipeline.errors import Permanent
from pipeline.flow import tombs
from pipeline.flow.sources.listing import Known, Listed
from pipeline.flow.sources.polite import Page, Visitor
from pipeline.ledger.models import Source as Row
from pipeline.network import Source
from pipeline.outbound import shown
from pipeline.stages.intake import feed
from pipeline.stages.intake.web import digest

MOST_PAGES: Final = 20
"""So many pages of a feed are read in one run; the next run goes on."""


def validators(page: Page, **more: Any) -> dict[str, Any]:
    """What to ask with the next time."""
    return {"etag": page.etag, "last_modified": page.last_modified, "digest": digest(page.data), **more}


def ask(visitor: Visitor, row: Row, url: str, limit: int, *, named: bool) -> Page | None:
    """What stands at an address, or ``None`` when it is what stood there the last time. Raises as ``Visitor.get``."""
    known = row.validators.get(url, {})
    page = visitor.get(
        url, limit, etag=known.get("etag", ""), last_modified=known.get("last_modified", ""), named=named
    )
    return None if page.is_unchanged or (page.data and known.get("digest") == digest(page.data)) else page


@dataclass(slots=True)
class Pages:
    """Reads a feed, page after page.

    A page is followed only where the one before it has something that the ledger does not know. ``kept`` is what the
    row keeps: ``validators``, with the page at which the next run goes on (``rest``) where this one got no further.
    """

    source: Source
    visitor: Visitor
    row: Row
    before: Mapping[str, Known]
    now: datetime
    notes: list[str]
    kept: dict[str, Any] = field(default_factory=dict)

    def pieces(self, *, write: bool) -> Iterator[Sequence[Listed]]:
        """The entries, page by page; who asks for the next piece has recorded the last one. ``write``: remember how far
        it came.

        Raises:
            Later, Transient, Permanent: as ``Visitor.get``; the feed itself is none.
        """
        url, limit = self.source.url, int(self.source.megabytes * 1_000_000)
        todo: list[str] = list(self.row.validators.get(url, {}).get("rest", ()))
        page = ask(self.visitor, self.row, url, limit, named=True)
        if page is not None:
            if page.is_missing:
                raise Permanent(f"{shown(url)} answers with {page.status}.", "Look at the address of the feed.")
            listed, following = self._read(page)
            todo = [*self._new(listed, following), *todo]
            if todo:  # first of all: whoever dies after the entries are recorded leaves where they go on
                self._keep(self.row.validators.get(url, {}), todo, write=write)
            yield listed
            self._keep(validators(page), todo, write=write)
            self.kept["listed_at"] = self.now
        yield from self._others(todo, limit, write=write)

    def _others(self, todo: list[str], limit: int, *, write: bool) -> Iterator[Sequence[Listed]]:
        asked, entries = {self.source.url}, 0
        for _ in range(MOST_PAGES - 1):
            todo = [each for each in todo if each not in asked]
            if not todo or entries > feed.MOST_ENTRIES:
                break
            asked.add(todo[0])
            following: Sequence[str] = ()
            try:
                listed, link = self._read(self.visitor.get(todo[0], limit))
                entries += len(listed)
                following = self._new(listed, link)
                self._keep(self.row.validators.get(self.source.url, {}), [todo[0], *following, *todo[1:]], write=write)
                yield listed
            except Permanent as error:  # the feed itself was read
                self.notes.append(f"The feed goes on at {shown(todo[0])}, which can't be read: {error.message}")
            todo = [*following, *todo[1:]]
            self._keep(self.row.validators.get(self.source.url, {}), todo, write=write)

    def _new(self, listed: Sequence[Listed], following: str) -> Sequence[str]:
        """Where to go on, if something of a page is new."""
        return (
            [following] if following and any(not tombs.is_known(each.identity, self.before) for each in listed) else []
        )

    def _read(self, page: Page) -> tuple[Sequence[Listed], str]:
        if page.is_missing:
            raise Permanent(f"It answers with {page.status}.")
        found = feed.read_page(f"The feed {self.source.key}", page.data, page.url, page.content_type)
        return [
            Listed(entry.identity, entry.stamp, entry.updated_at or entry.published_at or self.now, entry.url, packed)
            for entry in found.entries
            if (packed := entry.packed())
        ], found.following

    def _keep(self, known: Mapping[str, Any], todo: Sequence[str], *, write: bool) -> None:
        rest = {"rest": list(todo)} if todo else {}
        plain = {name: value for name, value in known.items() if name != "rest"}
        self.row.validators = self.kept["validators"] = {self.source.url: {**plain, **rest}}
        if write:
            Row.objects.filter(pk=self.row.pk).update(validators=self.row.validators)
