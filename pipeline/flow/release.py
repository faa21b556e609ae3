"""Release: when an approved edition goes out. Embargoes, a section's local release hour, barriers, pauses.

What keeps a page back is looked at when it is about to be sent, so that nothing goes out early whatever made it due.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.flow import bell, clock, lanes
from pipeline.ledger.models import Article, Barrier, Delivery, Edition, Event, Status
from pipeline.ledger.models.articles import hold, hold_all, unpack_metadata
from pipeline.network import Network, Section

BARRIER: Final = "barrier: "
PAUSED: Final = "paused: "
"""How the reasons of deliveries that wait for these begin."""

_TOLD: Final = 5


def local_hour(after: datetime, at: time, zone: tzinfo) -> datetime:
    """The first moment from ``after`` on at which clocks in ``zone`` show ``at``; aware, in UTC.

    A time that a clock skips in spring is taken as long after the jump as it would have been after the hour before it
    (02:30 becomes 03:30); one that it shows twice in autumn is the first of the two.
    """
    day: date = after.astimezone(zone).date()
    for days in (0, 1, 2):
        moment = datetime.combine(day + timedelta(days=days), at, zone).astimezone(UTC)
        if moment >= after:
            return moment
    raise AssertionError("two days have an hour of every name")


def release_at(
    section: Section, explicit: Iterable[datetime | None], now: datetime, *, first: bool, urgent: bool
) -> datetime | None:
    """When an approved edition goes out at the earliest; ``None`` for at once.

    Times that somebody gave (an embargo, an approver's) are meant as they are, the latest holds. The section's hour is
    for what nobody gave a time, for its first publication and not when it is urgent.
    """
    given = max((moment for moment in explicit if moment is not None), default=None)
    if given is not None and given > now:
        return given
    if section.release_time is None or not first or urgent:
        return given
    return local_hour(now, section.release_time, section.zone)


def embargo_of(article: Article, metadata: Metadata) -> datetime | None:
    """The later one of a version's own embargo and of the newest revision's, which may have put the release off."""
    told = unpack_metadata(article.current.metadata).embargo if article.current else None
    return max(filter(None, (metadata.embargo, told)), default=None)


def paused(section: Section | None) -> str:
    """Why pages of a section wait; empty when they don't."""
    if section is None or not section.paused:
        return ""
    return f"{PAUSED}{section.name} is paused in network.toml"


def set_barrier(
    target: Article | str,
    *,
    by: str,
    net: Network,
    required: Sequence[str] = (),
    parts: int = 0,
    until: datetime | None = None,
) -> Barrier:
    """Hold an article, or a series by its name, until all that is required is approved; or change such a barrier.

    ``required``, ``parts`` and ``until`` are as in :class:`Barrier`. What is published already stays so.

    Raises:
        Permanent: somebody is required who does not exist, or the time is past.
    """
    _refuse_unknown(required, net)
    if until is not None and until <= timezone.now():
        raise Permanent("The barrier would open in the past.", "Give a time that is still to come.")
    is_series = isinstance(target, str)
    whose = {"article": None, "series": target} if is_series else {"article": target, "series": ""}
    with transaction.atomic():
        articles = _held_articles(target)
        said = {"required": list(required), "parts": parts, "until": until, "set_by": by, "set_at": clock.now()}
        barrier, _ = Barrier.objects.update_or_create(**whose, opened_at=None, defaults=said)
        _tell(articles, by, f"held back: {_words(barrier)}")
    return barrier


def _refuse_unknown(required: Sequence[str], net: Network) -> None:
    editions = {f"{section.key}/{lang.tag}" for section in net.sections for lang in section.languages}
    known = {section.key for section in net.sections} | editions
    for name in required:
        if name not in known:
            raise Permanent(
                f"“{name}” is no section and no edition.", "Name sections by key, editions as section/language."
            )


def guard(article: Article, metadata: Metadata, net: Network) -> None:
    """Set the barrier that network.toml wants for an article. Call it in a transaction that holds the new article."""
    rule = next((rule for rule in net.barriers if rule.fits(metadata.kind, metadata.tags)), None)
    if rule is None or article.barriers.exists() or Delivery.objects.filter(edition__article=article).exists():
        return
    now = clock.now()
    until = now + timedelta(hours=rule.hours) if rule.hours else None
    said = {"required": list(rule.required), "until": until, "set_by": "network.toml", "set_at": now}
    barrier = Barrier.objects.create(article=article, **said)
    _tell([article.pk], barrier.set_by, f"held back: {_words(barrier)}")


def open_barrier(barrier: Barrier, *, by: str) -> bool:
    """Let out what a barrier holds, whatever is missing. Returns whether it was still closed."""
    with transaction.atomic():
        articles = _held_articles(barrier.article or barrier.series)
        closed = Barrier.objects.filter(pk=barrier.pk, opened_at=None)
        if not closed.update(opened_at=clock.now(), opened_by=by):
            return False  # somebody else opened it at the same moment
        _tell(articles, by, "the barrier is open: what is approved goes out")
        _wake(Delivery.objects.filter(edition__article__in=articles, reason__startswith=BARRIER))
    return True


def find_barrier(target: Article | str) -> Barrier | None:
    """The closed barrier of an article, its series' included, or of a series by its name."""
    closed = Barrier.objects.filter(opened_at=None).select_related("article")
    if isinstance(target, str):
        return closed.filter(series=target).first()
    series = _series_of([target.pk]).get(target.pk, "")
    either = Q(article=target) | (Q(series=series) if series else Q(pk__in=[]))
    return closed.filter(either).order_by("id").first()


def held_back(article_ids: Iterable[int]) -> Mapping[int, str]:
    """Those of some articles that a barrier keeps back, each with the reason. A barrier that is due is opened.

    Call it outside of transactions.
    """
    ids = set(article_ids)
    closed = Barrier.objects.filter(opened_at=None)
    if not closed.exists():
        return {}
    series = _series_of(ids)
    reasons: dict[int, str] = {}
    names = set(series.values()) - {""}
    for barrier in closed.filter(Q(article__in=ids) | Q(series__in=names)).select_related("article").order_by("id"):
        standing = look(barrier)
        if standing.ready:
            open_barrier(barrier, by=standing.ready)
            continue
        concerned = {pk for pk in ids if pk == barrier.article_id or (barrier.series and series[pk] == barrier.series)}
        reasons.update(dict.fromkeys(concerned, standing.reason))
    return reasons


@dataclass(frozen=True, slots=True)
class Standing:
    """How a barrier stands: ``ready`` says why it may open, empty while it may not; ``missing`` is what it lacks."""

    ready: str
    missing: tuple[str, ...]
    until: datetime | None

    @property
    def reason(self) -> str:
        """Why its pages wait, in a sentence."""
        more = f" and {len(self.missing) - _TOLD} more" if len(self.missing) > _TOLD else ""
        latest = f"; goes out at the latest on {self.until.isoformat(timespec='minutes')}" if self.until else ""
        return f"{BARRIER}waits for {', '.join(self.missing[:_TOLD])}{more}{latest}"


def look(barrier: Barrier) -> Standing:
    """How a barrier stands now."""
    if barrier.until is not None and barrier.until <= timezone.now():
        return Standing("its time has come", (), barrier.until)
    if barrier.article is not None:
        articles = [barrier.article]
    else:
        articles = list(Article.objects.filter(series=barrier.series).order_by("id"))
    missing = [name for article in articles for name in _missing(article, barrier, len(articles) > 1)]
    if (lacking := max(barrier.parts, 1) - len(articles)) > 0:
        missing.append(f"{lacking} more {'article' if lacking == 1 else 'articles'} of the series")
    return Standing("" if missing else "all are approved", tuple(missing), barrier.until)


def _missing(article: Article, barrier: Barrier, name_it: bool) -> list[str]:
    """The required editions of an article that are not approved."""
    ending = f" ({article})" if name_it else ""
    if article.current_id is None:
        return [f"the text of {article}"]
    out = [Edition.State.DECLINED, Edition.State.WITHDRAWN]
    waiting = Edition.objects.filter(article=article, approved=None).exclude(state__in=out)
    found = waiting.order_by("section", "language").values_list("section", "language")
    wanted = set(barrier.required)
    return [
        f"{section} {language}{ending}"
        for section, language in found
        if not wanted or {section, f"{section}/{language}"} & wanted
    ]


def sweep(net: Network) -> int:
    """Open barriers whose time has come or that miss nothing any more, and wake what waited for a pause to end.

    Returns how many deliveries were woken or let out.
    """
    before = Delivery.objects.filter(lane__in=_lanes(net), status=Status.WAITING)
    if not before.exists():
        return 0
    waiting = before.count()
    for barrier in Barrier.objects.filter(opened_at=None).select_related("article").order_by("id"):
        if (standing := look(barrier)).ready:
            open_barrier(barrier, by=standing.ready)
    active = [section.key for section in net.sections if not section.paused]
    _wake(before.filter(reason__startswith=PAUSED, edition__section__in=active))
    return waiting - before.count()


def _lanes(net: Network) -> list[str]:
    return [lanes.publish(output) for output in net.outputs]


def _wake(pages: QuerySet[Delivery]) -> None:
    waiting = pages.filter(status=Status.WAITING)
    names = sorted(set(waiting.order_by().values_list("lane", flat=True)))
    waiting.update(status=Status.READY, reason="", due_at=Now())
    for lane in names:
        bell.announce(lane)


def _held_articles(target: Article | str) -> list[int]:
    if isinstance(target, Article):
        return [hold(target.pk).pk]
    ids = list(Article.objects.filter(series=target).values_list("pk", flat=True))
    hold_all(ids)
    return ids


def _series_of(article_ids: Iterable[int]) -> dict[int, str]:
    return dict(Article.objects.filter(pk__in=set(article_ids)).values_list("pk", "series"))


def _words(barrier: Barrier) -> str:
    who = ", ".join(barrier.required) or "all sections"
    parts = f" of {barrier.parts} articles" if barrier.parts else ""
    latest = f", at the latest {barrier.until.isoformat(timespec='minutes')}" if barrier.until else ""
    return f"until {who}{parts} are approved{latest}"


def _tell(article_ids: Iterable[int], by: str, message: str) -> None:
    now = clock.now()
    Event.objects.bulk_create(
        Event(article_id=pk, at=now, stage="release", actor=by[:150], message=message) for pk in article_ids
    )
