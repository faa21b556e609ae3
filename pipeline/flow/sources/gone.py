"""What is no longer there. Gone from a feed is not gone: a page is when it answers 410, or 404 twice; a file when it is
away.

Where more than half is missing at once, a disk or a server is rather to blame, and nobody's article is taken back.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Final

import structlog
from django.db import transaction
from django.db.models import F, Q, QuerySet

from pipeline.errors import PipelineError
from pipeline.flow import clock, withdraw
from pipeline.flow.sources.polite import Later, Page, Visitor
from pipeline.flow.sources.taking import Taker
from pipeline.flow.submit import intake_options
from pipeline.ledger.models import Event, Source, SourceItem
from pipeline.ledger.models.articles import hold

log = structlog.get_logger()
State = SourceItem.State

CHECKS: Final = 20
"""Pages of known articles that one run looks at again, those first that nobody has looked at for longest."""

AGAIN: Final = timedelta(hours=1)
"""How long a page is left in peace; and at least so long a 404 must last."""

_CHUNK: Final = 500

FEW: Final = 5
"""With fewer missing at once, nothing is suspicious."""


@dataclass(slots=True)
class Watch:
    """Looks what is still there of what a source has given."""

    taker: Taker
    row: Source
    accept: bool = False
    """Whether the operator says that so much may be missing."""

    gone: int = 0

    def look(self, visitor: Visitor) -> None:
        """Ask for some pages of articles that the source does not tell of anew; take those that have changed.

        Raises:
            Later: the host wants to be left alone, or the time is over.
        """
        missing: list[tuple[SourceItem, Page]] = []
        looked = 0
        for item in self._due():
            try:
                page = visitor.get(
                    item.url, intake_options(self.taker.net).max_bytes, etag=item.etag, last_modified=item.last_modified
                )
            except Later:
                raise
            except PipelineError as error:  # that says nothing of whether it is there
                log.info("a page could not be checked", source=self.row.key, item=item.identity, reason=str(error))
                self._checked(item)
                continue
            looked += 1
            if page.is_missing:
                missing.append((item, page))
            elif page.is_unchanged or (self.taker.source.type == "feed" and item.entry is None):
                # The second: its text stood in the feed; the page only tells that it is there.
                self._checked(item, missed_at=None)
            else:
                self._checked(item, missed_at=None)
                self.taker.take(item, page)
        if not self._is_suspicious(len(missing), looked, "pages answer that they are not there"):
            for item, page in missing:
                self._miss(item, f"{item.url} answers with {page.status}", sure=page.status == HTTPStatus.GONE)

    def files(self, missing: Sequence[int], known: int) -> None:
        """Files (by the ids of their items) that are no longer in the folder, of so many that were."""
        if not self._is_suspicious(len(missing), known, "files are away"):
            settle = timedelta(seconds=self.taker.source.settle_seconds)
            for item in rows_of(missing):
                self._miss(item, f"the file {item.identity} was removed", after=settle)

    def _due(self) -> list[SourceItem]:
        now = self.taker.now
        known = SourceItem.objects.filter(source=self.row, status__in=(State.TAKEN, State.DUPLICATE)).exclude(url="")
        known = known.filter(checked_at__lte=now - AGAIN)
        if self.taker.source.type == "feed":
            # What the feed has the text of, and still names, is there.
            known = known.filter(Q(entry__isnull=False) | Q(seen_at__lt=F("source__listed_at")))
        first = list(known.filter(missed_at__isnull=False).order_by("checked_at", "id")[:CHECKS])
        rest: QuerySet[SourceItem] = known.filter(missed_at=None).order_by("checked_at", "id")
        return first + list(rest[: CHECKS - len(first)])

    def _checked(self, item: SourceItem, **changes: object) -> None:
        SourceItem.objects.filter(pk=item.pk).update(checked_at=self.taker.now, **changes)

    def _is_suspicious(self, missing: int, known: int, what: str) -> bool:
        if self.accept or missing < FEW or missing * 2 <= known:
            return False
        self.taker.notes.append(
            f"{missing} of {known} {what}: that looks like a fault, and nothing was taken back. If it is meant: "
            f"sectionwire sources fetch {self.row.key} --accept-gone"
        )
        return True

    def _miss(self, item: SourceItem, why: str, *, sure: bool = False, after: timedelta = AGAIN) -> None:
        now = self.taker.now
        lasted = item.missed_at is not None and item.missed_at <= now - after
        if not (sure or lasted):
            self._checked(item, missed_at=item.missed_at or now)
            return
        with transaction.atomic():
            self._go(item, why)
        self.gone += 1

    def _go(self, item: SourceItem, why: str) -> None:
        """Write down that an item is gone, tell its article, and take that back where the source says so."""
        article = hold(item.article_id) if item.article_id is not None else None
        SourceItem.objects.filter(pk=item.pk).update(
            status=State.GONE, reason=why, gone_at=self.taker.now, checked_at=self.taker.now, entry=None
        )
        if article is None or article.source != self.row.key or item.status == State.DUPLICATE:
            return
        if self._is_inherited(item):
            return
        by = f"source {self.row.key}"
        if self.taker.source.deletions == "withdraw" and not article.withdrawn:
            withdraw.withdraw(article, by=by, reason=f"gone from its source: {why}", net=self.taker.net)
            return
        Event.objects.create(
            article=article, at=clock.now(), stage="intake", actor=by, message=f"gone from its source: {why}"
        )

    @staticmethod
    def _is_inherited(item: SourceItem) -> bool:
        """Whether the article is still there under another name: what was a duplicate takes its place."""
        others = SourceItem.objects.filter(article=item.article_id, source=item.source_id).exclude(pk=item.pk)
        if others.filter(status=State.TAKEN).exists():
            return True
        heir = others.filter(status=State.DUPLICATE).order_by("id").first()
        if heir is not None:
            fresh = {"status": State.TAKEN, "reason": "", "key": item.key, "content": item.content}
            SourceItem.objects.filter(pk=heir.pk).update(**fresh)
        return heir is not None


def rows_of(ids: Sequence[int]) -> Iterator[SourceItem]:
    """The items with these ids, some at a time."""
    for start in range(0, len(ids), _CHUNK):
        yield from SourceItem.objects.filter(pk__in=ids[start : start + _CHUNK])
