"""What waits for whom: the editions that want a person's decision, most urgent first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.contrib.auth.models import User
from django.db.models import BooleanField, Count, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now

from pipeline.flow.people import Rights
from pipeline.ledger.models import Edition, Finding, Presence

State = Edition.State

UNDECIDED: Final = (State.IN_REVIEW, State.SECOND, State.HELD, State.FOLLOWING, State.RETURNED)
"""States in which an edition with a candidate wants a decision, or waits for one that somebody else makes."""

PRESENT_SECONDS: Final = 60.0
"""How long after its last sign of life a page counts as open."""

Order = Literal["urgent", "oldest", "newest", "shortest"]
_ORDERS: Final[Mapping[Order, tuple[Any, ...]]] = {
    "urgent": (
        ExpressionWrapper(Q(urgent_from=None), BooleanField()),  # first what readers have and nobody has reviewed
        "candidate__revision__priority",
        F("release_at").asc(nulls_last=True),
        "candidate__created_at",
        "id",
    ),
    "oldest": ("candidate__created_at", "id"),
    "newest": ("-candidate__created_at", "-id"),
    "shortest": ("candidate__revision__characters", "id"),
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What somebody wants to see; what is empty sets no condition.

    ``mine``: ``me`` for what is assigned to the person, ``nobody`` for what is assigned to nobody. ``text`` is looked
    for in titles, as they were written and as they are translated, and in keys.
    """

    section: str = ""
    language: str = ""
    state: str = ""
    origin: str = ""
    findings: Literal["", "block", "any", "none"] = ""
    mine: Literal["", "me", "nobody"] = ""
    text: str = ""
    order: Order = "urgent"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One edition that waits: ``blocking`` and ``warnings`` count its open findings, ``others`` are with it now."""

    edition: Edition
    title: str
    since: datetime
    characters: int
    blocking: int
    warnings: int
    assigned_to: str
    others: tuple[str, ...]


def find(rights: Rights, filters: Filters) -> QuerySet[Edition]:
    """The editions that wait for decisions in the person's sections, in order."""
    found = Edition.objects.filter(section__in=rights.sections, state__in=UNDECIDED, candidate__isnull=False)
    for field in ("section", "language", "state"):
        if value := getattr(filters, field):
            found = found.filter(**{field: value})
    if filters.origin:
        found = found.filter(candidate__origin=filters.origin)
    if filters.text:
        found = found.filter(_says(filters.text))
    if filters.mine:
        whose = {"assigned_to__username": rights.name} if filters.mine == "me" else {"assigned_to": None}
        found = found.filter(**whose)
    return _with_findings(found, filters).order_by(*_ORDERS[filters.order])


def _says(text: str) -> Q:
    """Only what waits is looked through, by way of its index: some thousand titles, however many articles there are."""
    fields = ("candidate__title", "own_title", "article__title", "article__key")
    return Q(*((f"{field}__icontains", text) for field in fields), _connector=Q.OR)


def _with_findings(found: QuerySet[Edition], filters: Filters) -> QuerySet[Edition]:
    if not filters.findings:
        return found
    is_open = Q(candidate__findings__state=Finding.State.OPEN)
    if filters.findings == "block":
        is_open &= Q(candidate__findings__severity="block")
    counted = found.annotate(open=Count("candidate__findings", filter=is_open))
    return counted.filter(open=0) if filters.findings == "none" else counted.filter(open__gt=0)


def rows(page: Sequence[Edition], rights: Rights) -> list[Waiting]:
    """What a page of the list shows of these editions: a constant number of queries however many they are."""
    ids = [edition.pk for edition in page]
    full = _full(ids)
    counts = {
        (row["version"], row["severity"]): row["count"]
        for row in Finding.objects.filter(
            version__in=[edition.candidate_id for edition in page], state=Finding.State.OPEN
        )
        .values("version", "severity")
        .annotate(count=Count("id"))
    }
    present: dict[int, list[str]] = {}
    for each in Presence.objects.filter(edition__in=ids, at__gte=_recently()).select_related("user").order_by("id"):
        if each.user.get_username() != rights.name:
            present.setdefault(each.edition_id, []).append(each.user.get_username())
    return [_row(full[pk], counts, tuple(present.get(pk, ()))) for pk in ids if pk in full]


def _full(ids: Sequence[int]) -> dict[int, Edition]:
    """Editions with what a line shows of them: without texts, which are long."""
    long = ("candidate__segments", "candidate__engines", "candidate__revision__metadata", "candidate__revision__notes")
    full = Edition.objects.select_related("article", "candidate__revision", "assigned_to")
    return full.defer(*long, "approved_overlay", "urgent_overlay").in_bulk(ids)


def _row(edition: Edition, counts: Mapping[tuple[int, str], int], others: tuple[str, ...]) -> Waiting:
    version = edition.candidate
    assert version is not None
    return Waiting(
        edition=edition,
        title=title_of(edition),
        since=version.created_at,
        characters=version.revision.characters,
        blocking=counts.get((version.pk, "block"), 0),
        warnings=counts.get((version.pk, "warn"), 0),
        assigned_to=edition.assigned_to.get_username() if edition.assigned_to else "",
        others=others,
    )


def title_of(edition: Edition) -> str:
    """The title by which people know an edition: its own, else the translated one, else the article's."""
    version = edition.candidate or edition.approved
    return edition.own_title or (version.title if version else "") or edition.article.title


def counts(rights: Rights) -> dict[str, int]:
    """How many editions wait in each state in the person's sections; the same everywhere they are told."""
    grouped = find(rights, Filters()).order_by().values("state").annotate(count=Count("id"))
    return {row["state"]: row["count"] for row in grouped}


def assign(edition: Edition, user: User | None) -> None:
    """Give an edition to somebody, or to nobody."""
    Edition.objects.filter(pk=edition.pk).update(assigned_to=user)


def here(edition: Edition, user: User) -> list[str]:
    """Note that somebody has an edition open; gives the others who have it, too."""
    Presence.objects.update_or_create(edition=edition, user=user, defaults={"at": Now()})
    others = Presence.objects.filter(edition=edition, at__gte=_recently()).exclude(user=user)
    return [each.user.get_username() for each in others.select_related("user").order_by("id")]


def _recently() -> Any:
    return Now() - timedelta(seconds=PRESENT_SECONDS)
