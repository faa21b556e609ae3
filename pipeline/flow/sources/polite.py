"""Asking web servers: one at a time, no faster than they like, and nothing that their robots.txt refuses (RFC 9309).

What a host asks for is kept in the ledger, so that several processes together are as polite as one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from importlib.metadata import version
from typing import Final
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from protego import Protego

from pipeline import outbound
from pipeline.errors import Permanent, Transient
from pipeline.ledger.models import Host
from pipeline.network import Source
from pipeline.stages.intake.text import characters
from pipeline.stages.intake.web import origin_of, web_address

AGENT: Final = "Sectionwire"
"""Our name in robots.txt."""

ROBOTS_KEPT: Final = timedelta(hours=24)
ROBOTS_TRUSTED: Final = timedelta(days=30)
"""How long an old robots.txt counts while the server does not give a new one."""

LONGEST_PAUSE: Final = 60.0
"""Seconds that a run waits for a host; where it asks for more, the next run goes on."""

_ROBOTS_BYTES: Final = 1_000_000
_REDIRECTS: Final = 5
_MOVED: Final = frozenset({301, 302, 303, 307, 308})
_MISSING: Final = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


class Later(Transient):
    """The host, or the run's own time, asks to stop here; what is left is for the next run."""


@dataclass(frozen=True, slots=True)
class Page:
    """What stands at an address. ``status`` is 200, 304 (unchanged), 404 or 410; ``url`` is where it ended."""

    status: int
    url: str
    data: bytes = b""
    etag: str = ""
    last_modified: str = ""
    content_type: str = ""
    charset: str = ""

    @property
    def is_unchanged(self) -> bool:
        """Whether the server says that we have it."""
        return self.status == HTTPStatus.NOT_MODIFIED

    @property
    def is_missing(self) -> bool:
        """Whether the server says that there is nothing."""
        return self.status in _MISSING


@dataclass(slots=True)
class Visitor:
    """Asks for one source, for as long as a run may last."""

    source: Source
    keep: Callable[[], None] = lambda: None
    """Called before each request: whoever runs this may say that he is still alive."""

    ends: float = field(init=False)
    _robots: dict[str, Protego] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ends = time.monotonic() + self.source.minutes * 60

    @property
    def is_over(self) -> bool:
        """Whether the run's time is over."""
        return time.monotonic() >= self.ends

    def get(self, url: str, limit: int, *, etag: str = "", last_modified: str = "", named: bool = False) -> Page:
        """Ask for a page or a file.

        Args:
            limit: the most bytes that it may have.
            etag: as it was when we last looked, and so ``last_modified``: the server may say that nothing changed.
            named: the operator gave this very address, and robots.txt is not asked: it is for those who find their way.

        Raises:
            Later: the host asks for a longer pause, or the run's time is over.
            Transient, Permanent: as :func:`pipeline.outbound.request`; or robots.txt refuses it.
        """
        conditions = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        headers = {name: value for name, value in conditions.items() if value}
        here = url
        for _ in range(_REDIRECTS + 1):
            if not named:
                self._check(here)
            answer = self._ask(here, limit, headers)
            if answer.status not in _MOVED:
                return _page(answer)
            here = web_address(answer.headers.get("location", ""), here)
            if not here:
                raise Permanent(f"{outbound.shown(url)} redirects to no web address.", "Give another address.")
        raise Permanent(f"{outbound.shown(url)} redirects more than {_REDIRECTS} times.", "Give where it ends.")

    def sitemaps(self, url: str) -> list[str]:
        """The sitemaps that the robots.txt of a host names. Raises as :meth:`get`."""
        return [found for each in self._rules(origin_of(url)).sitemaps if (found := web_address(each, url))]

    def _check(self, url: str) -> None:
        if not self._rules(origin_of(url)).can_fetch(url, AGENT):
            raise Permanent(
                f"robots.txt of {urlsplit(url).netloc} asks us not to read {urlsplit(url).path[:200]}.",
                f"Ask whoever runs it to allow {AGENT}, or leave it out with “never”.",
            )

    def _ask(self, url: str, limit: int, headers: dict[str, str]) -> outbound.Answer:
        self.keep()
        host = self._turn(origin_of(url))
        try:
            return outbound.request(
                "GET",
                url,
                headers={**headers, "User-Agent": _agent(self.source.user_agent)},
                limit=limit,
                timeout=min(self.source.timeout_seconds, max(1.0, self.ends - time.monotonic())),
                allow_private=self._may_be_private(url),
                accept=(HTTPStatus.NOT_MODIFIED, *_MISSING, *_MOVED),
            )
        except Transient as error:
            if error.retry_after is None:
                raise
            Host.objects.filter(pk=host).update(next_at=timezone.now() + timedelta(seconds=error.retry_after))
            raise Later(error.message, error.remedy, retry_after=error.retry_after) from error

    def _may_be_private(self, url: str) -> bool:
        """Only the host that the operator named: what it links to may not lead us about the own network."""
        return self.source.allow_private and urlsplit(url).hostname == urlsplit(self.source.url).hostname

    def _turn(self, origin: str) -> int:
        """Wait until the host may be asked, and take that turn. Returns the number of its row."""
        if self.is_over:
            raise Later(f"The run's {self.source.minutes:g} minutes are over.", "The next run goes on.")
        pause = self.source.politeness_seconds
        if (rules := self._robots.get(origin)) is not None:
            pause = max(pause, _asked_pause(rules))
        now = timezone.now()
        with transaction.atomic():
            host, _ = Host.objects.select_for_update().get_or_create(origin=origin[:300])
            turn = now
            if host.next_at is not None and now < host.next_at < now + timedelta(seconds=outbound.LONGEST_WAIT + 60):
                turn = host.next_at
            wait = (turn - now).total_seconds()
            if wait > LONGEST_PAUSE or time.monotonic() + wait > self.ends:
                raise Later(f"{origin} asks for a pause of {wait:.0f} seconds.", "", retry_after=wait)
            Host.objects.filter(pk=host.pk).update(next_at=turn + timedelta(seconds=pause))
        time.sleep(wait)
        return host.pk

    def _rules(self, origin: str) -> Protego:
        if origin not in self._robots:
            self._robots[origin] = Protego.parse(self._robots_text(origin))
        return self._robots[origin]

    def _robots_text(self, origin: str) -> str:
        """The robots.txt of a host: a day old at most; an older one while the server fails to give a new one."""
        now = timezone.now()
        host, _ = Host.objects.get_or_create(origin=origin[:300])
        known_at = host.robots_at if host.robots_at and host.robots_at <= now else None
        if known_at and now - known_at < ROBOTS_KEPT:
            return host.robots
        try:
            answer = self._fetch_robots(origin)
        except Later:
            raise
        except Transient as error:
            if known_at and now - known_at < ROBOTS_TRUSTED:
                return host.robots
            raise Transient(
                f"{error.message} Without its robots.txt nothing is read there.", error.remedy, error.retry_after
            ) from error
        Host.objects.filter(pk=host.pk).update(robots=answer[1], status=answer[0], robots_at=now)
        return answer[1]

    def _fetch_robots(self, origin: str) -> tuple[int, str]:
        try:
            page = self.get(f"{origin}/robots.txt", _ROBOTS_BYTES, named=True)
        except outbound.Refused as error:
            return error.status, ""  # RFC 9309, 2.3.1.3: what is refused or not there forbids nothing
        return page.status, "" if page.is_missing else characters(page.data.decode("utf-8-sig", "replace"))


def _asked_pause(rules: Protego) -> float:
    """Seconds between two requests, as robots.txt asks for them."""
    rate = rules.request_rate(AGENT)
    per_request = rate.seconds / rate.requests if rate and rate.requests else 0.0
    return min(max(rules.crawl_delay(AGENT) or 0.0, per_request, 0.0), outbound.LONGEST_WAIT)


def _agent(suffix: str) -> str:
    own = f"{AGENT}/{version('sectionwire')}"
    return f"{own} ({suffix})" if suffix else own


def _header(value: str, longest: int) -> str:
    """A header's value that may be kept and sent back."""
    return value if len(value) <= longest and value.isascii() and value.isprintable() else ""


def _page(answer: outbound.Answer) -> Page:
    content_type = answer.headers.get("content-type", "")[:200]
    charset = content_type.lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    etag, modified = answer.headers.get("etag", ""), answer.headers.get("last-modified", "")
    return Page(
        answer.status,
        web_address(answer.url) or answer.url,
        answer.content,
        _header(etag, 300),
        _header(modified, 100),
        content_type,
        charset,
    )
