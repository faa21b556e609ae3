"""Taking what is pending: one item, one transaction; whatever goes wrong with it stands in its row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import structlog
from django.db import OperationalError, transaction
from django.db.models import Case, Q, QuerySet, When

from pipeline.errors import Permanent, PipelineError, Transient
from pipeline.flow import links, tombs
from pipeline.flow.reserved import Erased, refuse_erased
from pipeline.flow.sources import articles, folders
from pipeline.flow.sources.folders import File
from pipeline.flow.sources.polite import Later, Page, Visitor
from pipeline.flow.sources.report import FailedItem
from pipeline.flow.sources.row import Lost, next_try
from pipeline.flow.submit import Submitted, intake_options, submit, uid_of
from pipeline.ledger.models import Article, SourceItem
from pipeline.masking import mask
from pipeline.network import Network, Source
from pipeline.stages.intake import feed
from pipeline.stages.intake.text import characters
from pipeline.stages.intake.web import digest
from pipeline.stages.publish.links import normal

log = structlog.get_logger()
State = SourceItem.State

PATIENCE: Final = 5
"""So many items in a row that fail for the moment, and the run leaves the host alone."""

_LONGEST_REASON: Final = 2_000

Outcome = Literal["new", "updated", "unchanged", "duplicate", "waiting"]


class _Held(Exception):  # noqa: N818 - rolls a transaction back: the article is another item's
    def __init__(self, article: Article, where: str) -> None:
        self.article = article
        self.where = where


@dataclass(slots=True)
class Taker:
    """Takes items of one source; counts what came of them."""

    net: Network
    source: Source
    visitor: Visitor
    now: datetime
    files: Mapping[str, File] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    uids: list[str] = field(default_factory=list)
    failed: list[FailedItem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _in_a_row: int = 0

    def take(self, item: SourceItem, page: Page | None = None) -> None:
        """Take one item; ``page`` is what stands at its address, where that is known already.

        Raises:
            Later: the host wants to be left alone, or the time is over: the item is as it was.
            Lost: another run has the source.
        """
        try:
            outcome = self._take(item, page)
        except (Later, Lost):
            raise
        except PipelineError as error:
            self._fail(item, error)
            self._in_a_row = self._in_a_row + 1 if isinstance(error, Transient) else 0
        except Exception as error:  # whatever it is: one item's trouble must not become its neighbours'
            log.error("an item failed unexpectedly", source=self.source.key, item=item.identity, exc_info=error)
            self._fail(item, _unforeseen(error))
        else:
            self.counts[outcome] = self.counts.get(outcome, 0) + 1
            self._in_a_row = 0
        if self._in_a_row >= PATIENCE:
            raise Later(f"{PATIENCE} items in a row could not be read now.", "The next run tries again.")

    def _take(self, item: SourceItem, page: Page | None) -> Outcome:
        found, changes = self._find(item, page)
        if found is None:
            return self._put_off(item) if changes is None else self._keep(item, **changes)
        assert changes is not None
        if not self._owns(item) and (twin := self._twin(item, found)) is not None:
            return self._duplicate(item, found, *twin, **changes)
        if item.article_id is None:
            self._refuse_erased(item, found)
        try:
            submitted = submit(
                found.submission,
                origin=self.source.key,
                by=f"source {self.source.key}",
                net=self.net,
                also=lambda made: self._claim(item, found, made, changes),
            )
        except _Held as held:
            return self._duplicate(item, found, held.article, held.where, **changes)
        if submitted.outcome == "duplicate":
            return "unchanged"
        self.uids.append(submitted.article.uid)
        if submitted.article.withdrawn:
            self._tell_withdrawn(submitted.article)
        return submitted.outcome

    @staticmethod
    def _refuse_erased(item: SourceItem, found: articles.Found) -> None:
        """What stands at the address of an erased article is that article, whoever brings it.

        Raises:
            Erased: it does.
        """
        for url in filter(None, dict.fromkeys((found.submission.metadata.canonical_url, item.url))):
            refuse_erased(uid_of(canonical_url=url), item.identity)

    def _find(self, item: SourceItem, page: Page | None) -> tuple[articles.Found | None, dict[str, Any] | None]:
        """The article of an item, and what its row keeps; no article where it is as it was; nothing: not yet."""
        if self.source.type == "folder":
            return self._find_file(item)
        entry = feed.unpack(item.entry) if item.entry else None
        if entry is not None and self._is_whole(entry):
            mark = entry.stamp
            if item.article_id is not None and item.digest == mark:
                return None, {"entry": None}
            return articles.of_entry(entry, item.key, self.source, self.net, mark), {"entry": None}
        limit = intake_options(self.net).max_bytes
        if page is None:
            etag, modified = (item.etag, item.last_modified) if item.article_id is not None else ("", "")
            page = self.visitor.get(item.url, limit, etag=etag, last_modified=modified)
        if page.is_missing:
            raise Permanent(f"{item.url} answers with {page.status}.", "It is tried again; look whether it was moved.")
        kept: dict[str, Any] = {"checked_at": self.now}
        if not page.is_unchanged:
            kept |= {"etag": page.etag, "last_modified": page.last_modified}
        if page.is_unchanged or (item.article_id is not None and item.digest == digest(page.data)):
            return None, kept
        if entry is not None:
            kept["entry"] = {**entry.packed(), "html": ""}  # its title and time are wanted when the page changes
        return articles.of_page(page, item.key, entry, self.source, self.net, digest(page.data)), kept

    def _find_file(self, item: SourceItem) -> tuple[articles.Found | None, dict[str, Any] | None]:
        file = self.files.get(item.identity)
        name = f"{self.source.path}/{item.identity}"
        data = folders.read(file, name, intake_options(self.net).max_bytes) if file is not None else None
        if data is None:
            return None, None
        mark = digest(data)
        if item.article_id is not None and item.digest == mark:
            return None, {}
        return articles.of_file(name, data, item.key, self.source, self.net, mark), {}

    def _is_whole(self, entry: feed.Entry) -> bool:
        if self.source.content == "auto":
            return entry.is_whole or not entry.url
        return self.source.content == "feed" or not entry.url

    def _twin(self, item: SourceItem, found: articles.Found) -> tuple[Article, str] | None:
        """The article that this is, if it came in elsewhere: by its address, or word for word."""
        for url in filter(None, dict.fromkeys((found.submission.metadata.canonical_url, item.url))):
            article = Article.objects.filter(canonical_url=url).first() or links.article_at(url)
            # One of this source that stands elsewhere as well: the address is that of a page which we published.
            if article is not None and (article.source != self.source.key or not _is_same(article.canonical_url, url)):
                return article, f"it stands at {url}"
        if not found.content:
            return None
        same = SourceItem.objects.filter(content=found.content, article__isnull=False).exclude(pk=item.pk)
        twin = same.select_related("article", "source").order_by("id").first()
        if twin is None or twin.article is None or self._is_heir(twin):
            return None
        return twin.article, f"it has the same words as {twin.identity} of {twin.source}"

    def _is_heir(self, twin: SourceItem) -> bool:
        """Whether the other one is gone, and of this source: what was moved is no duplicate of itself."""
        return twin.source.key == self.source.key and twin.status == State.GONE

    def _claim(self, item: SourceItem, found: articles.Found, made: Submitted, changes: Mapping[str, Any]) -> None:
        """Write into the item, in the transaction that records its article, that it was taken.

        Raises:
            _Held: the article is another item's, which is still there.
        """
        if made.article.source != self.source.key:
            raise _Held(made.article, f"it came in as {made.revision.submitted_as}")
        others = SourceItem.objects.filter(article=made.article, source=item.source_id, status=State.TAKEN)
        if (other := others.exclude(pk=item.pk).first()) is not None:
            raise _Held(made.article, f"{other.identity} is the same article")
        self._write(
            item,
            status=State.TAKEN,
            reason="",
            article=made.article,
            key=made.article.key or item.key,
            digest=found.digest,
            content=found.content,
            **changes,
        )

    def _duplicate(
        self, item: SourceItem, found: articles.Found, article: Article, why: str, **changes: Any
    ) -> Outcome:
        self._write(
            item,
            status=State.DUPLICATE,
            reason=f"{article} “{article.title[:200]}”: {why}"[:1_000],
            article=article,
            digest=found.digest,
            content="",
            **changes,
        )
        return "duplicate"

    def _owns(self, item: SourceItem) -> bool:
        """Whether an item's article is its own, and not one that it is a duplicate of."""
        article = item.article
        return article is not None and (article.source, article.key) == (self.source.key, item.key)

    def _keep(self, item: SourceItem, **changes: Any) -> Outcome:
        assert item.article is not None
        owns = self._owns(item)
        if owns and item.article.withdrawn and item.gone_at is not None:
            self._tell_withdrawn(item.article)
        reason = "" if owns else item.reason or f"{item.article} “{item.article.title[:200]}”: as before"
        self._write(item, status=State.TAKEN if owns else State.DUPLICATE, reason=reason, **changes)
        return "unchanged"

    def _tell_withdrawn(self, article: Article) -> None:
        self.notes.append(
            f"{article} came in again and stays withdrawn: sectionwire withdraw {article.uid} --undo brings it back."
        )

    def _put_off(self, item: SourceItem) -> Outcome:
        """A file that somebody writes just now."""
        next_at = self.now + timedelta(seconds=max(1.0, self.source.settle_seconds))
        SourceItem.objects.filter(pk=item.pk).update(next_at=next_at)
        return "waiting"

    def _write(self, item: SourceItem, **changes: Any) -> None:
        fresh = {"attempts": 0, "next_at": None, "missed_at": None, "gone_at": None, "checked_at": self.now}
        SourceItem.objects.filter(pk=item.pk).update(**{**fresh, **changes})

    def _fail(self, item: SourceItem, error: PipelineError) -> None:
        if isinstance(error, Erased):
            self._entomb(item)
            return
        next_at = next_try(error, item.attempts + 1, self.now)
        reason = characters(mask(str(error)))[:_LONGEST_REASON] or type(error).__name__
        SourceItem.objects.filter(pk=item.pk).update(
            status=State.FAILED,
            reason=reason,
            attempts=item.attempts + 1,
            next_at=next_at,
            checked_at=self.now,
        )
        self.failed.append(FailedItem(item.identity, reason, next_at))

    def _entomb(self, item: SourceItem) -> None:
        """Keep nothing of what was erased but a mark: its source may well name it for years."""
        with transaction.atomic():
            tombs.entomb(SourceItem.objects.filter(pk=item.pk))
        self.failed.append(FailedItem(tombs.tombstone(item.identity), tombs.WHY, None))


def due(source_id: int, now: datetime, *, again: bool) -> QuerySet[SourceItem]:
    """The items that wait to be taken, newest first."""
    todo = SourceItem.objects.filter(source=source_id, status__in=(State.PENDING, State.FAILED))
    if again:
        todo = todo.filter(Q(status=State.FAILED) | Q(next_at=None) | Q(next_at__lte=now))
    else:
        todo = todo.filter(Q(next_at=None) | Q(next_at__lte=now))
    # What was a duplicate comes last: what it is a duplicate of may have changed in the same way.
    was_duplicate = Case(When(content="", article__isnull=False, then=1), default=0)
    return todo.select_related("article").order_by(was_duplicate, "-dated_at", "id")


def _is_same(address: str, other: str) -> bool:
    return normal(address) == normal(other)


def _unforeseen(error: Exception) -> PipelineError:
    if isinstance(error, OperationalError):
        return Transient(f"The database did not answer: {error}".strip())
    return Transient(f"Unexpected {type(error).__name__}: {error}".strip(), "The log has the traceback; tell us of it.")
