"""The board: which articles somebody sees, what they look for among them, and how each stands everywhere.

However many articles there are, a page of the board takes the same number of queries; and whether anything has happened
since somebody looked takes a few that read one row each.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from django.db.models import Exists, F, Model, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.utils import timezone

from pipeline.flow import release, status
from pipeline.flow.engines import NO_ENGINE
from pipeline.flow.people import Rights
from pipeline.flow.status import Cell, Place
from pipeline.ledger.models import (
    Article,
    Delivery,
    Edition,
    Event,
    Finding,
    Receipt,
    Revision,
    Status,
    Translation,
    Version,
)
from pipeline.ledger.models.articles import unpack_metadata
from pipeline.network import Network

State = Edition.State
Age = Literal["", "day", "week", "month", "older"]

AGES: Final[Mapping[str, timedelta]] = {
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
}
REFRESHED: Final = 60
"""Seconds after which a board is made again though nothing has been written down: ages grow, and not all that moves
leaves a trace (a translation that is taken up, somebody whom something is assigned to)."""

_MICROSECOND: Final = timedelta(microseconds=1)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TOUCHED: Final[tuple[type[Model], ...]] = (Event, Version, Receipt, Revision)
"""What only grows, and grows with whatever changes a place."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody looks for; what is empty sets no condition.

    ``section``, ``language`` (a tag), ``state`` (a name of :class:`Place`, in small letters) and ``findings`` together
    are of one edition. ``written`` is the language of the source, ``source`` who handed the article in (a source's
    key), ``text`` stands in its title or key.
    """

    text: str = ""
    state: str = ""
    section: str = ""
    language: str = ""
    written: str = ""
    source: str = ""
    age: Age = ""
    findings: Literal["", "block", "any"] = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """A cell with what a person needs beside its place: its edition, since when, and for whom it waits.

    ``is_theirs``: whether there is a text, and the person may correct it and decide.
    """

    cell: Cell
    edition: int | None = None
    since: datetime | None = None
    waits_for: str = ""
    is_theirs: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """One article, as somebody sees it; ``None`` for what is nothing to them, in the order of the network file."""

    article: Article
    title: str
    standings: tuple[Standing | None, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """Some articles, the newest first, and the cursors of the pages beside them; empty where there is none."""

    articles: Sequence[Article]
    older: str = ""
    newer: str = ""


def stamp(rights: Rights, asked: str) -> str:
    """Changes when what somebody sees of ``asked`` (an address, a language) may have changed; else it is the same.

    Costs the same however many articles there are and however many people look: four rows are read.
    """
    newest = [model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 0 for model in _TOUCHED]
    minute = int(timezone.now().timestamp()) // REFRESHED
    seen = (rights.name, rights.operator, sorted(rights.roles.items()), asked, newest, minute)
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:24]


def visible(articles: QuerySet[Article], rights: Rights) -> QuerySet[Article]:
    """Those of some articles that somebody may know of.

    Operators see all; others what is for their sections, what is published anywhere, and what they handed in.
    """
    if rights.operator:
        return articles
    return _known_by(articles, rights.readable(_editions()), _own(rights))


def find(rights: Rights, filters: Filters) -> QuerySet[Article]:
    """The articles that somebody sees and looks for, in no order."""
    found = Article.objects.all()
    if filters.text:
        found = _titled(found, filters.text, rights)
    if filters.state == Place.FAILED.name.lower():
        found = found.filter(_failed(rights, filters))
    elif filters.state == Place.PREPARING.name.lower():
        found = visible(found.filter(Exists(_unprepared())), rights)
    elif filters.section or filters.language or filters.state or filters.findings:
        found = found.filter(Exists(_wanted(rights, filters)))
    elif not filters.text:
        found = visible(found, rights)
    for field, value in (("language", filters.written), ("source", filters.source)):
        if value:
            found = found.filter(**{field: value})
    return _aged(found, filters.age)


def page(found: QuerySet[Article], size: int, cursor: str = "") -> Page:
    """A page of articles, the newest first. A cursor that is none of ours is no cursor.

    Cursors name a place, not a number: nothing is shown twice or left out when articles come in meanwhile, and the last
    page costs what the first one does.
    """
    at = _place(cursor)
    newest, oldest = ("-created_at", "-pk"), ("created_at", "pk")
    if at is None:
        rows = list(found.order_by(*newest)[: size + 1])
        return Page(rows[:size], older=_cursor("o", rows[size - 1]) if len(rows) > size else "")
    way, moment, pk = at
    if way == "o":
        rows = list(_beyond(found, "lt", moment, pk).order_by(*newest)[: size + 1])
        older = _cursor("o", rows[size - 1]) if len(rows) > size else ""
        return Page(rows[:size], older, _cursor("n", rows[0]) if rows else "")
    rows = list(_beyond(found, "gt", moment, pk).order_by(*oldest)[: size + 1])
    more, rows = len(rows) > size, rows[:size][::-1]
    return Page(rows, _cursor("o", rows[-1]) if rows else "", _cursor("n", rows[0]) if more else "")


def rows(articles: Sequence[Article], rights: Rights, net: Network) -> list[Row]:
    """How these articles stand, as somebody may see it; a constant number of queries however many they are."""
    beside = _beside(articles)
    titles = _titles(articles, rights, beside)
    return [
        Row(
            article,
            titles.get(article.pk, article.title),
            tuple(_standing(cell, beside.get((article.pk, cell.section, cell.language)), rights) for cell in row.cells),
        )
        for article, row in zip(articles, status.matrix(articles, net), strict=True)
    ]


def seen(cell: Cell, rights: Rights) -> Cell | None:
    """A cell as somebody may see it; ``None`` for what another section has not published."""
    if rights.is_inside(cell.section):
        return cell
    if not cell.url or cell.place is Place.WITHDRAWN:
        return None
    return Cell(cell.section, cell.language, Place.PUBLISHED, url=cell.url)


def _editions() -> QuerySet[Edition]:
    return Edition.objects.filter(article=OuterRef("pk"))


def _own(rights: Rights) -> QuerySet[Revision]:
    return Revision.objects.filter(article=OuterRef("pk"), submitted_by=rights.name)


def _known_by(articles: QuerySet[Article], *ways: QuerySet[Any]) -> QuerySet[Article]:
    """Those for which one of some subqueries has a row.

    Not ``Exists() | Exists()``: PostgreSQL would read all editions there are into a hash before the first article. A
    scalar subquery is asked for each article in turn, until the page is full.
    """
    probes = [Subquery(way.order_by().values(found=Value(1))[:1]) for way in ways]
    return articles.alias(known=Coalesce(*probes, Value(0))).filter(known=1)


def _titled(articles: QuerySet[Article], text: str, rights: Rights) -> QuerySet[Article]:
    """By a title that the person may read: that of a newer revision is its sections' business."""
    articles = articles.filter(Q(title__icontains=text) | Q(key__icontains=text))
    if rights.operator:
        return articles
    inside = _editions().filter(section__in=list(rights.roles))
    out = rights.readable(_editions()).filter(approved__revision=OuterRef("current"))
    return _known_by(articles, inside, out, _own(rights))


def _inside(editions: QuerySet[Any], rights: Rights, field: str = "section") -> QuerySet[Any]:
    return editions if rights.operator else editions.filter(**{f"{field}__in": list(rights.roles)})


def _wanted(rights: Rights, filters: Filters) -> QuerySet[Edition]:
    """The editions of an article that fit; in which state it is with others is theirs to know."""
    editions = _editions()
    for field in ("section", "language"):
        if value := getattr(filters, field):
            editions = editions.filter(**{field: value})
    is_secret = filters.findings or filters.state not in ("", Place.PUBLISHED.name.lower())
    editions = _inside(editions, rights) if is_secret else rights.readable(editions)
    if filters.state:
        editions = editions.filter(_condition(filters.state))
    if filters.findings:
        open_ones: dict[str, Any] = {"candidate__findings__state": Finding.State.OPEN}
        if filters.findings == "block":
            open_ones["candidate__findings__severity"] = "block"
        editions = editions.filter(**open_ones)
    return editions


def _condition(state: str) -> Q:
    """What an edition is like that stands at a place; a place that nobody knows has no edition."""
    return _CONDITIONS[state]() if state in _CONDITIONS else Q(pk__in=[])


def _delivery(**like: Any) -> Q:
    return Q(Exists(Delivery.objects.filter(edition=OuterRef("pk"), **like)))


_CONDITIONS: Final[Mapping[str, Callable[[], Q]]] = {
    place.name.lower(): condition
    for place, condition in (
        (Place.PUBLISHED, lambda: Q(state=State.LIVE)),
        (Place.PUBLISHING, lambda: Q(state=State.APPROVED) & (Q(release_at=None) | Q(release_at__lte=Now()))),
        (Place.EMBARGO, lambda: Q(state=State.APPROVED, release_at__gt=Now())),
        (Place.REVIEW, lambda: Q(state=State.IN_REVIEW)),
        (Place.FOLLOWING, lambda: Q(state=State.FOLLOWING)),
        (Place.SECOND, lambda: Q(state=State.SECOND)),
        (Place.HELD, lambda: Q(state=State.HELD)),
        (Place.RETURNED, lambda: Q(state=State.RETURNED)),
        (Place.REJECTED, lambda: Q(state=State.DECLINED)),
        (Place.WITHDRAWN, lambda: Q(state=State.WITHDRAWN)),
        (
            Place.NO_MODEL,
            lambda: Q(translation__status=Status.WAITING, translation__reason__startswith=NO_ENGINE),
        ),
        (Place.TRANSLATING, lambda: Q(translation__status__in=[Status.READY, Status.RUNNING])),
        (Place.BARRIER, lambda: _delivery(status=Status.WAITING, reason__startswith=release.BARRIER)),
        (Place.PAUSED, lambda: _delivery(status=Status.WAITING, reason__startswith=release.PAUSED)),
    )
}


def filterable() -> list[Place]:
    """The places by which articles can be looked for, in the order of :class:`Place`."""
    return [place for place in Place if place.name.lower() in _CONDITIONS or place in (Place.FAILED, Place.PREPARING)]


def _failed(rights: Rights, filters: Filters) -> Q:
    """What a person must act on, at whatever stage: few rows, which are found from their side."""
    where = {field: value for field in ("section", "language") if (value := getattr(filters, field))}
    pages = _inside(Delivery.objects.filter(status=Status.FAILED), rights, "edition__section")
    pages = pages.filter(**{f"edition__{field}": value for field, value in where.items()})
    texts = _inside(Translation.objects.filter(status=Status.FAILED), rights, "editions__section")
    texts = texts.filter(**{f"editions__{field}": value for field, value in where.items()})
    found = Q(pk__in=pages.values("edition__article")) | Q(pk__in=texts.values("article"))
    if where:
        return found
    refused = Revision.objects.filter(status=Status.FAILED)
    if not rights.operator:
        inside = Exists(Edition.objects.filter(article=OuterRef("article"), section__in=list(rights.roles)))
        refused = refused.filter(Q(submitted_by=rights.name) | inside)
    newer = Revision.objects.filter(article=OuterRef("article"), number__gt=OuterRef("number"))
    return found | Q(pk__in=refused.exclude(Exists(newer)).values("article"))


def _unprepared() -> QuerySet[Revision]:
    return Revision.objects.filter(article=OuterRef("pk"), status__in=[Status.READY, Status.RUNNING])


def _aged(articles: QuerySet[Article], age: str) -> QuerySet[Article]:
    if age == "older":
        return articles.filter(created_at__lt=Now() - AGES["month"])
    return articles.filter(created_at__gte=Now() - AGES[age]) if age in AGES else articles


def _beyond(found: QuerySet[Article], way: str, moment: datetime, pk: int) -> QuerySet[Article]:
    # Both conditions: the first alone is what the index is searched by.
    near = found.filter(**{f"created_at__{way}e": moment})
    return near.filter(Q(**{f"created_at__{way}": moment}) | Q(**{"created_at": moment, f"pk__{way}": pk}))


def _cursor(way: str, article: Article) -> str:
    """A place in the list, and which way one goes from it: ``o`` to older articles, ``n`` to newer ones."""
    return f"{way}{(article.created_at - _EPOCH) // _MICROSECOND}-{article.pk}"


def _place(cursor: str) -> tuple[str, datetime, int] | None:
    way, (time, _, pk) = cursor[:1], cursor[1:].partition("-")
    if way not in ("o", "n") or not all(part.isascii() and part.isdigit() and len(part) < 18 for part in (time, pk)):
        return None
    return way, _EPOCH + int(time) * _MICROSECOND, int(pk)


def _beside(articles: Sequence[Article]) -> dict[tuple[int, str, str], dict[str, Any]]:
    """What a cell shows beside its place, by article, section and language."""
    fields = (
        *("article_id", "section", "language", "pk", "approved_id", "candidate_id"),
        *("decided_at", "updated_at", "withdrawn_at"),
    )
    found = Edition.objects.filter(article__in=[article.pk for article in articles])
    read = found.values(*fields, made=F("candidate__created_at"), who=F("assigned_to__username"))
    return {(each["article_id"], each["section"], each["language"]): each for each in read}


def _standing(cell: Cell, beside: Mapping[str, Any] | None, rights: Rights) -> Standing | None:
    shown = seen(cell, rights)
    if shown is None:
        return None
    if beside is None or not rights.is_inside(cell.section):
        return Standing(shown, beside["pk"] if beside else None)
    theirs = rights.may_edit(cell.section) and bool(beside["candidate_id"] or beside["approved_id"])
    who = beside["who"] if cell.place in _PERSONS else None
    return Standing(shown, beside["pk"], _since(cell.place, beside), who or "", theirs)


def _since(place: Place, beside: Mapping[str, Any]) -> datetime | None:
    """Since when it stands there, as far as the ledger knows."""
    moments: dict[Place, datetime | None] = {
        Place.PUBLISHED: beside["updated_at"],
        Place.PUBLISHING: beside["updated_at"],
        Place.EMBARGO: beside["updated_at"],
        Place.RETURNED: beside["decided_at"],
        Place.REJECTED: beside["decided_at"],
        Place.WITHDRAWN: beside["withdrawn_at"],
    }
    return moments.get(place, beside["made"])


_PERSONS: Final = frozenset({Place.REVIEW, Place.SECOND, Place.HELD, Place.RETURNED})


def _titles(
    articles: Sequence[Article], rights: Rights, beside: Mapping[tuple[int, str, str], Mapping[str, Any]]
) -> dict[int, str]:
    """The published titles of articles of which somebody is no insider: a newer one is not theirs yet."""
    if rights.operator:
        return {}
    inside = {pk for pk, section, _ in beside if rights.is_inside(section)}
    outside = [article.pk for article in articles if article.pk not in inside]
    if not outside:
        return {}
    mine = set(
        Revision.objects.filter(article__in=outside, submitted_by=rights.name).values_list("article_id", flat=True)
    )
    published = rights.readable(Edition.objects.filter(article__in=set(outside) - mine)).exclude(approved=None)
    named = published.values_list("article_id", "approved__revision__metadata").order_by("approved_id")
    return {pk: unpack_metadata(metadata).title for pk, metadata in named}
