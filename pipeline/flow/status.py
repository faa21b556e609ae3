"""Where is my article, and why is it not in my country yet? One answer for the command line, the demo and the desk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from django.utils import timezone

from pipeline.flow import release, targets, withdraw
from pipeline.flow.engines import NO_ENGINE
from pipeline.ledger.models import Article, Delivery, Edition, Revision, Status, Translation
from pipeline.ledger.models.articles import unpack_metadata
from pipeline.network import Network, Section


class Place(StrEnum):
    """Where an article stands for one section and language; the words that a person reads."""

    PUBLISHED = "published"
    PUBLISHING = "publishing"
    EMBARGO = "embargo"
    REVIEW = "waiting for review"
    FOLLOWING = "waiting for another section"
    SECOND = "waiting for a second person"
    NO_MODEL = "waiting for a model"
    HELD = "held by a check"
    RETURNED = "returned"
    REJECTED = "rejected"
    BARRIER = "waiting for the release"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    NOT_TARGETED = "not for this section"
    PREPARING = "in preparation"
    TRANSLATING = "translating"
    FAILED = "failed"


IN_WORK = frozenset({Place.PUBLISHING, Place.PREPARING, Place.TRANSLATING})
"""Places where workers are on an article; elsewhere it stays until a person, a model or the clock moves it."""

_OF_EDITION: Final = (
    *("article_id", "section", "language", "translation_id", "state", "reason", "candidate_id", "approved_id"),
    *("release_at", "existing_url", "urgent_from_id", "withdrawn_at"),
)
_OF_DELIVERY: Final = (
    *("edition_id", "output", "status", "reason", "wanted_seq", "confirmed_seq", "url", "action"),
    *("confirmed_action", "confirmed_at"),
)
_OF_REVISION: Final = ("article_id", "number", "status", "reason", "metadata")
"""The columns that are looked at: a page has hundreds of these rows."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One article for one section in one language: where it stands, why, and its address once it is published.

    ``update`` says what a newer version waits for while an earlier one is live; ``settled`` is false while workers are
    still on it, so that it will stand elsewhere before long.
    """

    section: str
    language: str
    place: Place
    why: str = ""
    url: str = ""
    update: str = ""
    settled: bool = True


@dataclass(frozen=True, slots=True)
class Row:
    """One article with its cells, in the order of the network file."""

    uid: str
    key: str
    title: str
    language: str
    revision: int
    cells: tuple[Cell, ...]


def columns(net: Network) -> list[tuple[Section, str]]:
    """Each section with each of its languages, in the order of the network file."""
    return [(section, language.tag) for section in net.sections for language in section.languages]


def matrix(articles: Sequence[Article], net: Network) -> list[Row]:
    """The rows of these articles; a constant number of queries however many there are."""
    ids = [article.pk for article in articles]
    # Workers go on meanwhile: what an edition names must be read after it.
    editions = {
        (edition.article_id, edition.section, edition.language): edition
        for edition in Edition.objects.filter(article_id__in=ids).only(*_OF_EDITION)
    }
    deliveries: dict[int, list[Delivery]] = {}
    for delivery in Delivery.objects.filter(edition__article_id__in=ids).only(*_OF_DELIVERY).order_by("id"):
        deliveries.setdefault(delivery.edition_id, []).append(delivery)
    translations = {t.pk: t for t in Translation.objects.filter(article_id__in=ids).only("status", "reason")}
    revisions = _newest(Revision.objects.filter(article_id__in=ids).only(*_OF_REVISION))
    rows = []
    for article in articles:
        revision = revisions[article.pk]
        found = [(section, tag, editions.get((article.pk, section.key, tag))) for section, tag in columns(net)]
        cells = tuple(
            _cell(section, tag, revision, edition, translations, deliveries.get(edition.pk, []))
            if edition
            else _without_edition(article, section, tag, revision)
            for section, tag, edition in found
        )
        rows.append(Row(article.uid, str(article), article.title, article.language, revision.number, cells))
    return rows


def find(name: str) -> Article | None:
    """The article that a person means: by uid, key, canonical URL, or the beginning of its uid; ``None`` if unclear."""
    for field in ("uid", "key", "canonical_url"):
        if article := Article.objects.filter(**{field: name}).order_by("id").first():
            return article
    begins = list(Article.objects.filter(uid__startswith=name)[:2]) if name else []
    return begins[0] if len(begins) == 1 else None


def _newest(revisions: Iterable[Revision]) -> dict[int, Revision]:
    newest: dict[int, Revision] = {}
    for revision in revisions:
        if revision.article_id not in newest or revision.number > newest[revision.article_id].number:
            newest[revision.article_id] = revision
    return newest


def _cell(
    section: Section,
    tag: str,
    revision: Revision,
    edition: Edition,
    translations: dict[int, Translation],
    deliveries: Sequence[Delivery],
) -> Cell:
    if edition.state == Edition.State.WITHDRAWN:
        why, settled = _withdrawn(edition, deliveries)
        return Cell(section.key, tag, Place.WITHDRAWN, why, settled=settled)
    decided = _decision(edition)
    waiting = _translation(translations[edition.translation_id], revision, edition)
    if edition.approved_id is None:
        place, why = decided if edition.candidate_id or edition.state == Edition.State.DECLINED else waiting
        return Cell(section.key, tag, place, why, settled=place not in IN_WORK)
    place, why, url = _delivered(edition, deliveries)
    update = ""
    if edition.candidate_id:
        update = _update(edition, decided)
    elif waiting[0] not in {Place.PUBLISHING, Place.PUBLISHED}:
        update = f"revision {revision.number} is {waiting[0]}"
    settled = place not in IN_WORK and waiting[0] not in IN_WORK - {Place.PUBLISHING}
    return Cell(section.key, tag, place, why, url, update, settled)


def _update(edition: Edition, decided: tuple[Place, str]) -> str:
    """What is to be decided about beside what is published."""
    if edition.candidate_id != edition.approved_id:
        return f"a newer version is {decided[0]}: {decided[1]}"
    return decided[1] if edition.urgent_from_id else f"a change is {decided[0]}: {decided[1]}"


def _without_edition(article: Article, section: Section, tag: str, revision: Revision) -> Cell:
    place, why = _not_wanted(article, section, revision)
    return Cell(section.key, tag, place, why, settled=place not in IN_WORK)


def _not_wanted(article: Article, section: Section, revision: Revision) -> tuple[Place, str]:
    if revision.status == Status.FAILED:
        return Place.FAILED, revision.reason
    meta = unpack_metadata(revision.metadata)
    if refusal := targets.refusal(section, meta, article.base):
        return Place.NOT_TARGETED, refusal
    if revision.status == Status.DONE:
        return Place.NOT_TARGETED, "was not asked for when the article came in"
    return Place.PREPARING, "waits to be cleaned and segmented"


def _decision(edition: Edition) -> tuple[Place, str]:
    places = {
        Edition.State.IN_REVIEW: Place.REVIEW,
        Edition.State.FOLLOWING: Place.FOLLOWING,
        Edition.State.SECOND: Place.SECOND,
        Edition.State.HELD: Place.HELD,
        Edition.State.RETURNED: Place.RETURNED,
        Edition.State.DECLINED: Place.REJECTED,
    }
    return places.get(Edition.State(edition.state), Place.PREPARING), edition.reason


def _translation(translation: Translation, revision: Revision, edition: Edition) -> tuple[Place, str]:
    if revision.status == Status.FAILED:
        return Place.FAILED, revision.reason
    if revision.status != Status.DONE:
        return Place.PREPARING, "waits to be cleaned and segmented"
    match translation.status:
        case Status.FAILED:
            return Place.FAILED, translation.reason
        case Status.WAITING if translation.reason.startswith(NO_ENGINE):
            return Place.NO_MODEL, translation.reason.removeprefix(f"{NO_ENGINE}: ")
        case Status.DONE:
            return Place.PUBLISHING, edition.reason
        case _:
            return Place.TRANSLATING, translation.reason


def _delivered(edition: Edition, deliveries: Sequence[Delivery]) -> tuple[Place, str, str]:
    url = next((delivery.url for delivery in deliveries if delivery.url), "")
    if failed := [delivery for delivery in deliveries if delivery.status == Status.FAILED]:
        return Place.FAILED, f"{failed[0].output}: {failed[0].reason}", url
    if not deliveries:  # published before Sectionwire came: it stands where it stood
        return Place.PUBLISHED, "", edition.existing_url
    if deliveries and all(d.confirmed_seq and d.confirmed_seq == d.wanted_seq for d in deliveries):
        return Place.PUBLISHED, "", url
    if edition.release_at and edition.release_at > timezone.now() and not url:
        return Place.EMBARGO, f"goes out on {edition.release_at.isoformat(timespec='minutes')}", ""
    for place, begins in ((Place.BARRIER, release.BARRIER), (Place.PAUSED, release.PAUSED)):
        waits = [d.reason.removeprefix(begins) for d in deliveries if d.reason.startswith(begins)]
        if waits:
            return place, waits[0], url
    reasons = [f"{delivery.output}: {delivery.reason}" for delivery in deliveries if delivery.reason]
    return Place.PUBLISHING, "; ".join(reasons), url


def _withdrawn(edition: Edition, deliveries: Sequence[Delivery]) -> tuple[str, bool]:
    """Why an edition is withdrawn, whether its outputs know, and how long that took; and whether it stays so."""
    if failed := [delivery for delivery in deliveries if delivery.status == Status.FAILED]:
        return f"{edition.reason}; but {failed[0].output} failed: {failed[0].reason}", True
    missing, time = withdraw.took(edition, deliveries)
    if missing:
        what = "output has" if missing == 1 else "outputs have"
        return f"{edition.reason}; {missing} {what} not confirmed it yet", False
    if time is None or not deliveries:
        return edition.reason, True
    return f"{edition.reason}; confirmed everywhere after {_span(time)}", True


def _span(time: timedelta) -> str:
    seconds = time.total_seconds()
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.1f} s"
