"""What the sitemaps of a site name."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from pipeline.errors import Permanent, PipelineError
from pipeline.flow.sources.feeds import ask, validators
from pipeline.flow.sources.listing import Listed
from pipeline.flow.sources.polite import Later, Page, Visitor
from pipeline.ledger.models import Source as Row
from pipeline.network import Source
from pipeline.outbound import shown
from pipeline.stages.intake import site
from pipeline.stages.intake.web import identity, web_address

MOST_SITEMAPS: Final = 200
"""Sitemaps that one run reads: together they may name 10,000,000 pages."""

_PAGES, _INDEX = "pages", "index"
_SITEMAP = re.compile(r"\.(?:xml|txt)(?:\.gz)?$", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\.(?:jpe?g|png|gif|webp|avif|svg|ico|css|js|pdf|zip|gz|docx?|xlsx?|pptx?|od[tsp]|mp[34]|m4a|webm|ogg|xml|json|txt)$",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Walk:
    """A walk through the sitemaps of one site. ``seen`` has the validators of those that were read or are unchanged."""

    source: Source
    visitor: Visitor
    row: Row
    now: datetime
    seen: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def pages(self) -> Iterator[Sequence[Listed]]:
        """The pages that each sitemap names, if it has changed. A sitemap counts as read once the next is asked for.

        Raises:
            Later, Transient, Permanent: as ``Visitor.get``, or where the walk begins there is no sitemap.
        """
        starts, named = self._starts()
        waiting = deque(site.Located(url) for url in starts)
        met: set[str] = set()
        while waiting:
            place = waiting.popleft()
            if place.url in met:
                continue
            met.add(place.url)
            if len(met) > MOST_SITEMAPS:
                self.notes.append(
                    f"{shown(self.source.url)} has more than {MOST_SITEMAPS} sitemaps: the others are left out."
                )
                return
            try:
                waiting += yield from self._read(place, named=named and place.url in starts)
            except Later:
                raise
            except PipelineError as error:
                if place.url in starts:
                    raise
                self.notes.append(str(error))  # one of many: the others may be well

    def _starts(self) -> tuple[list[str], bool]:
        """Where to begin, and whether the operator named it."""
        url = web_address(self.source.url)
        if _SITEMAP.search(urlsplit(url).path):
            return [url], True
        return self.visitor.sitemaps(url) or [web_address("/sitemap.xml", url)], False

    def _read(self, place: site.Located, *, named: bool) -> Generator[Sequence[Listed], None, tuple[site.Located, ...]]:
        """Yields the pages of one sitemap; returns the sitemaps that it names."""
        known = self.row.validators.get(place.url, {})
        if known.get("kind") == _PAGES and place.modified and place.modified == known.get("modified"):
            self.seen[place.url] = known
            return ()
        limit = int(self.source.megabytes * 1_000_000)
        if known.get("kind") == _INDEX:  # what it names may have changed although it has not
            page: Page | None = self.visitor.get(place.url, limit, named=named)
        else:
            page = ask(self.visitor, self.row, place.url, limit, named=named)
        if page is None:
            self.seen[place.url] = known
            return ()
        if page.is_missing:
            raise Permanent(
                f"There is no sitemap at {shown(place.url)}.", "Give the address of one as the source's url."
            )
        sitemap = site.read_sitemap(f"The sitemap {shown(place.url)}", page.data, page.url, limit)
        yield [self._listed(each) for each in sitemap.pages if self._is_wanted(each.url)]
        kind = _INDEX if sitemap.sitemaps else _PAGES
        self.seen[place.url] = validators(page, kind=kind, modified=place.modified)
        return sitemap.sitemaps

    def _listed(self, place: site.Located) -> Listed:
        return Listed(identity(place.url), place.modified, place.modified_at or self.now, place.url)

    def _is_wanted(self, url: str) -> bool:
        """Whether a page is of this site, and one that may be an article; its front page is none."""
        parts, home = urlsplit(url), urlsplit(self.source.url)
        if (parts.hostname, parts.port) != (home.hostname, home.port) or _NO_PAGE.search(parts.path):
            return False
        if self.source.only:
            return parts.path.startswith(self.source.only) and not parts.path.startswith(self.source.never)
        return parts.path.strip("/") != "" and not parts.path.startswith(self.source.never)
