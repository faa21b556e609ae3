"""Translating again what a newer model, other preferences or a changed term touch. What a person wrote stays.

A new version comes of it only where the text differs; each section's policy decides on that one as on any new version,
and what is live stays live until then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from pipeline.documents import Hop, Origin, SegmentedDocument, TranslatedSegment
from pipeline.flow import clock, engines
from pipeline.ledger.models import Article, Event, RevisionText, Status, Translation
from pipeline.ledger.models.articles import hold_all
from pipeline.ledger.models.translations import unpack_segments
from pipeline.network import Network
from pipeline.stages import markup
from pipeline.stages.translate.resources import Approved

LATER: Final = 80
"""The priority of what is translated again in bulk: behind everything that is new."""

CHARACTERS_PER_SECOND: Final = 2_000
"""Of one engine process: the Firefox model en → pt on one core of a small shared machine (benchmarks/markup.py)."""

_PORTION: Final = 50  # translations in one transaction
_CHUNK: Final = 200  # revisions whose texts are in memory at a time
_ENDED: Final = (Status.DONE, Status.FAILED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be translated again; all that is given must hold.

    ``base`` is a target base, ``terms`` are texts of which a segment of the source holds at least one, ``changed``
    takes what is now asked of another route (engine, model or checksum) than when it was translated.
    """

    article: Article | None = None
    base: str = ""
    terms: tuple[str, ...] = ()
    changed: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """One translation: its key in the ledger, article, languages, and the characters of its source."""

    translation: int
    article: str
    source: str
    target: str
    characters: int


def candidates(wanted: Wanted) -> QuerySet[Translation]:
    """What can be meant, before a term or a route is looked at: translations of live articles that were made before."""
    found = Translation.objects.filter(article__withdrawn=False, status__in=_ENDED, version__isnull=False)
    found = found.exclude(base=F("article__base"))
    if wanted.article is not None:
        found = found.filter(article=wanted.article)
    return found.filter(base=wanted.base) if wanted.base else found


def in_work(wanted: Wanted) -> int:
    """How many translations of these articles and languages are not chosen because they are on their way anyway."""
    found = Translation.objects.filter(article__withdrawn=False).exclude(
        Q(status__in=_ENDED) | Q(base=F("article__base"))
    )
    found = found.filter(article=wanted.article) if wanted.article is not None else found
    return (found.filter(base=wanted.base) if wanted.base else found).count()


def choose(
    wanted: Wanted, net: Network, workers: Sequence[Sequence[Hop]], seen: Callable[[int], None] = lambda _: None
) -> list[Chosen]:
    """The translations that are wanted, in the order of the ledger. ``seen`` is told how many were looked at.

    ``workers`` are the hops of each worker (see :func:`engines.live_hops`): what any of them would ask now counts.
    """
    holds = [_folded(term) for term in wanted.terms]
    routes: dict[tuple[str, str], set[str]] = {}
    chosen = []
    rows = candidates(wanted).select_related("article", "version").order_by("id")
    for chunk in _chunks(rows.defer("version__segments").iterator(_CHUNK), _CHUNK):
        if wanted.changed:
            kept = [row for row in chunk if _is_changed(row, _routes_now(row, net, workers, routes))]
        else:
            kept = chunk
        texts = RevisionText.objects.only("segments").in_bulk({row.revision_id for row in kept})
        for row in kept:
            sources = [source for _, _, source, _ in texts[row.revision_id].segments]
            if not holds or any(term in _folded(source) for source in sources for term in holds):
                length = sum(map(len, sources))
                chosen.append(Chosen(row.pk, str(row.article), row.article.base, row.base, length))
        seen(len(chunk))
    return chosen


def seconds(chosen: Iterable[Chosen], processes: int) -> float:
    """How long engines take for all of it at most, if the memory knows nothing of it."""
    return sum(each.characters for each in chosen) / CHARACTERS_PER_SECOND / max(1, processes)


def again(
    chosen: Sequence[Chosen], *, by: str, why: str, net: Network, done: Callable[[int], None] = lambda _: None
) -> int:
    """Make translations ready to be made again, and ring for them. Returns how many; the others are in work by now.

    More than one goes behind everything that is new. ``done`` is told how many were looked at.
    """
    made = 0
    for start in range(0, len(chosen), _PORTION):
        portion = [each.translation for each in chosen[start : start + _PORTION]]
        made += _again(portion, by, why, net, later=len(chosen) > 1)
        done(len(portion))
    return made


def _again(ids: Sequence[int], by: str, why: str, net: Network, *, later: bool) -> int:
    with transaction.atomic():
        hold_all(Translation.objects.filter(pk__in=ids).values_list("article_id", flat=True))
        rows = list(Translation.objects.select_related("article").filter(pk__in=ids, status__in=_ENDED).order_by("id"))
        Translation.objects.filter(pk__in=[row.pk for row in rows], status__in=_ENDED).update(
            status=Status.READY,
            reason="",
            attempts=0,
            deaths=0,
            due_at=Now(),
            priority=LATER if later else F("priority"),
        )
        now = clock.now()
        Event.objects.bulk_create(
            Event(
                article_id=row.article_id,
                at=now,
                stage="translate",
                language=row.base,
                actor=by,
                message=f"to be translated into {row.base} again: {why}",
            )
            for row in rows
        )
        workers = engines.live_hops()
        for row in rows:
            engines.ring_or_wait(row, row.article.base, net, workers)
    return len(rows)


# what a person wrote


class Written:
    """Puts what people wrote in the present versions before the approved memory, as :class:`Approved` does.

    ``segments`` has them by ``id`` of the document, then by key.
    """

    def __init__(self, approved: Approved | None, segments: Mapping[int, Mapping[str, TranslatedSegment]]) -> None:
        self.approved, self.segments = approved, segments

    def find(self, document: SegmentedDocument) -> Mapping[str, TranslatedSegment]:
        """The segments of a document that stand already, by key."""
        found = dict(self.approved.find(document)) if self.approved else {}
        return found | dict(self.segments.get(id(document), {}))


def written(
    rows: Sequence[Translation], documents: Sequence[SegmentedDocument]
) -> dict[int, dict[str, TranslatedSegment]]:
    """What people wrote in the present versions, where the source is the same still: for :class:`Written`.

    ``documents`` are what is to be translated, one for each row.
    """
    found: dict[int, dict[str, TranslatedSegment]] = {}
    for row, document in zip(rows, documents, strict=True):
        version = row.version
        if version is None:
            continue
        by_key = {each.key: each for each in unpack_segments(version.segments) if each.origin is Origin.PERSON}
        if not by_key:
            continue
        before = RevisionText.objects.values_list("segments", flat=True).get(pk=version.revision_id)
        sources = {key: source for key, _, source, _ in before}
        found[id(document)] = {
            segment.key: replace(by_key[segment.key], routes=())
            for segment in document.segments
            if segment.key in by_key and sources.get(segment.key) == segment.source
        }
    return found


# whether something has changed


def _routes_now(
    row: Translation, net: Network, workers: Sequence[Sequence[Hop]], known: dict[tuple[str, str], set[str]]
) -> set[str]:
    pair = row.article.base, row.base
    if pair not in known:
        found = (engines.find_route(net, *pair, hops) for hops in workers)
        known[pair] = {route.name for route in found if route}
    return known[pair]


def _is_changed(row: Translation, now: set[str]) -> bool:
    """Whether another route would be asked now. Without any, nothing better is known."""
    assert row.version is not None
    before = {row.asked} if row.asked else set(row.version.engines)
    return bool(now and before and not now & before)


def _folded(text: str) -> str:
    """A segment or a term as they are compared: without tags, in one case, with single spaces."""
    return " ".join(markup.visible(text).casefold().split())


def _chunks(rows: Iterator[Translation], size: int) -> Iterator[list[Translation]]:
    chunk: list[Translation] = []
    for row in rows:
        chunk.append(row)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
