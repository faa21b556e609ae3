"""Editions: what each section decides, and deciding."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from django.db.models import QuerySet
from ninja import Query, Router
from pydantic import Field

from pipeline.api.articles import article_or_404
from pipeline.api.auth import ApiRequest, Bearer, must
from pipeline.api.kinds import Given, Limit, Moment, OneOf, RowId, Text, Uid, answers
from pipeline.api.paging import CURSOR, newest_first
from pipeline.api.problems import conflict, not_found
from pipeline.api.schemas import DIGEST, EditionOut, Editions, EditionsOfArticle, VersionSeen
from pipeline.errors import Permanent
from pipeline.flow import decisions
from pipeline.flow.people import Rights
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Edition, Version
from pipeline.ledger.models.editions import seen_digest

router = Router(tags=["editions"])


class EditionFilters(Given):
    """What is asked for."""

    section: Text | None = Field(default=None, max_length=40)
    language: Text | None = Field(default=None, max_length=35)
    state: Annotated[str, OneOf(Edition.State)] | None = None
    article: Uid | None = None
    cursor: Text = Field(default="", max_length=200, description=CURSOR)
    limit: Limit = 50


@router.get(
    "/editions", auth=Bearer(Right.READ), response=answers({200: Editions}, cached=True), operation_id="listEditions"
)
def list_editions(request: ApiRequest, filters: Query[EditionFilters]) -> Editions:
    """Editions of the sections of this token, the newest first: what waits for review is `state=in_review`."""
    rights = request.auth.rights
    rows = Edition.objects.all() if rights.operator else Edition.objects.filter(section__in=list(rights.roles))
    given = {
        "section": filters.section,
        "language": filters.language,
        "state": filters.state,
        "article__uid": filters.article,
    }
    rows = rows.filter(**{field: value for field, value in given.items() if value})
    found, following = newest_first(full(rows), filters.cursor, filters.limit)
    return Editions(items=[edition_out(row, rights) for row in found], next=following)


@router.get(
    "/articles/{uid}/editions",
    auth=Bearer(Right.READ),
    response=answers({200: EditionsOfArticle}, 404, cached=True),
    operation_id="listEditionsOfArticle",
)
def list_editions_of_article(request: ApiRequest, uid: Uid) -> EditionsOfArticle:
    """The article's editions: all of this token's sections, and what the others have published."""
    article = article_or_404(uid)
    rights = request.auth.rights
    rows = rights.readable(full(Edition.objects.filter(article=article))).order_by("section", "language")
    return EditionsOfArticle(items=[edition_out(row, rights) for row in rows])


@router.get(
    "/editions/{edition}",
    auth=Bearer(Right.READ),
    response=answers({200: EditionOut}, 404, cached=True),
    operation_id="getEdition",
)
def get_edition(request: ApiRequest, edition: RowId) -> EditionOut:
    """One edition; `waiting.digest` is what an approval gives back."""
    return edition_out(_edition_or_404(request, edition), request.auth.rights)


class Approval(Given):
    """An approval of exactly what was seen."""

    digest: Text = Field(
        min_length=1,
        max_length=64,
        examples=[DIGEST],
        description="`waiting.digest` of what was read. When something else waits by now, nothing is approved: 409.",
    )
    release_at: Moment | None = Field(
        default=None, examples=["2026-11-23T07:00:00Z"], description="Not before; an embargo that ends later holds."
    )
    dismiss: Text = Field(
        default="", max_length=1000, examples=[""], description="Why findings that block are no faults."
    )


class Refusal(Given):
    """A decision against what waits."""

    reason: Text = Field(min_length=1, max_length=1000, pattern=r"\S", examples=["The place names are wrong."])


@router.post(
    "/editions/{edition}/approve",
    auth=Bearer(Right.REVIEW),
    response=answers({200: EditionOut}, 400, 404, 409),
    operation_id="approveEdition",
)
def approve(request: ApiRequest, edition: RowId, approval: Approval) -> EditionOut:
    """Approve what waits, and publish it after its embargo."""
    return _decide(
        request,
        edition,
        lambda: decisions.approve(
            edition,
            by=request.auth.name,
            net=request.network,
            digest=approval.digest,
            dismiss=approval.dismiss.strip(),
            release_at=approval.release_at,
        ),
    )


@router.post(
    "/editions/{edition}/return",
    auth=Bearer(Right.REVIEW),
    response=answers({200: EditionOut}, 400, 404, 409),
    operation_id="returnEdition",
)
def send_back(request: ApiRequest, edition: RowId, refusal: Refusal) -> EditionOut:
    """Return what waits with a note; it is not published until somebody approves it or a new version comes."""
    return _decide(
        request, edition, lambda: decisions.send_back(edition, by=request.auth.name, note=refusal.reason.strip())
    )


@router.post(
    "/editions/{edition}/decline",
    auth=Bearer(Right.REVIEW),
    response=answers({200: EditionOut}, 400, 404, 409),
    operation_id="declineEdition",
)
def decline(request: ApiRequest, edition: RowId, refusal: Refusal) -> EditionOut:
    """Not for this section: later revisions don't come back to it."""
    return _decide(
        request, edition, lambda: decisions.decline(edition, by=request.auth.name, reason=refusal.reason.strip())
    )


def _decide(request: ApiRequest, pk: int, decision: Callable[[], Edition]) -> EditionOut:
    edition = _edition_or_404(request, pk)
    must(request.auth, Right.REVIEW, edition.section)
    try:
        decision()
    except Permanent as error:
        raise conflict(error) from error
    return edition_out(full(Edition.objects.all()).get(pk=pk), request.auth.rights)


def _edition_or_404(request: ApiRequest, pk: int) -> Edition:
    edition = full(Edition.objects.filter(pk=pk)).first()
    if edition is None or not request.auth.rights.may_read(edition):
        raise not_found("There is no such edition.", "List them: GET /api/v1/editions")
    return edition


def full(rows: QuerySet[Edition]) -> QuerySet[Edition]:
    long = ("candidate__segments", "candidate__engines", "approved__segments", "approved__engines")
    related = ("article", "translation", "candidate", "approved")
    return rows.select_related(*related).defer(*long).prefetch_related("deliveries")


def edition_out(edition: Edition, rights: Rights) -> EditionOut:
    """An edition as the caller may see it: of another section's, what is published."""
    inside = rights.is_inside(edition.section)
    return EditionOut(
        id=edition.pk,
        article=edition.article.uid,
        title=edition.article.title,
        section=edition.section,
        language=edition.language,
        base=edition.translation.base,
        state=edition.state if inside else _outward(edition),
        reason=edition.reason if inside else "",
        waiting=_seen(edition.candidate, edition.overlay) if inside else None,
        approved=_seen(edition.approved, edition.approved_overlay),
        decided_by=edition.decided_by if inside else "",
        decided_at=edition.decided_at if inside else None,
        published_at=edition.published_at,
        release_at=edition.release_at,
        urls={row.output: row.url for row in edition.deliveries.all() if row.url} or _existing(edition),
    )


def _outward(edition: Edition) -> str:
    """The state of another section's edition: what waits there is theirs to know."""
    return edition.state if edition.state == Edition.State.WITHDRAWN else Edition.State.LIVE.value


def _existing(edition: Edition) -> dict[str, str]:
    """Where it stood before Sectionwire came."""
    return {"": edition.existing_url} if edition.existing_url else {}


def _seen(version: Version | None, overlay: list[dict[str, str]]) -> VersionSeen | None:
    if version is None:
        return None
    return VersionSeen(
        version=version.number,
        origin=version.origin,
        digest=seen_digest(version, overlay),
        created_at=version.created_at,
    )
