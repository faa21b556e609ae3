"""Articles: see them, and where each stands."""

from __future__ import annotations

from typing import Annotated, Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from ninja import Query, Router
from pydantic import Field

from pipeline.api.auth import ApiRequest, Bearer
from pipeline.api.kinds import Given, Limit, Moment, OneOf, Text, Uid, answers
from pipeline.api.paging import CURSOR, latest_first
from pipeline.api.problems import not_found
from pipeline.api.schemas import ArticleOut, Articles, ArticleWhole, CellOut, RevisionOut, StatusOut
from pipeline.flow import status
from pipeline.flow.people import Rights
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Article, Edition, Revision
from pipeline.ledger.models.articles import unpack_metadata

router = Router(tags=["articles"])


class ArticleFilters(Given):
    """What is asked for; ``section``, ``language`` and ``state`` together are of one edition."""

    section: Text | None = Field(default=None, max_length=40, description="It is for this section.")
    language: Text | None = Field(default=None, max_length=35, description="It is for a section in this language.")
    state: Annotated[str, OneOf(Edition.State)] | None = Field(
        default=None, description="An edition of it, in a section of this token, is in this state."
    )
    source_language: Text | None = Field(default=None, max_length=35, description="It was written in this language.")
    key: Text | None = Field(default=None, max_length=200, description="The submitter's own name of it.")
    since: Moment | None = Field(default=None, description="It came in at this moment or later.")
    q: Text | None = Field(default=None, max_length=200, description="This stands in its title or key.")
    cursor: Text = Field(default="", max_length=200, description=CURSOR)
    limit: Limit = 50


@router.get(
    "/articles", auth=Bearer(Right.READ), response=answers({200: Articles}, cached=True), operation_id="listArticles"
)
def list_articles(request: ApiRequest, filters: Query[ArticleFilters]) -> Articles:
    """Articles, the newest first. Whoever works in a section sees every article that was handed in."""
    found = _filtered(Article.objects.all(), filters, request.auth.rights)
    rows, following = latest_first(found, "created_at", filters.cursor, filters.limit)
    return Articles(items=[ArticleOut(**_values(row)) for row in rows], next=following)


@router.get(
    "/articles/{uid}",
    auth=Bearer(Right.READ),
    response=answers({200: ArticleWhole}, 404, cached=True),
    operation_id="getArticle",
)
def get_article(request: ApiRequest, uid: Uid) -> ArticleWhole:  # noqa: ARG001 - ninja gives it to every operation
    """One article with its revisions."""
    article = article_or_404(uid)
    revisions = list(Revision.objects.filter(article=article).order_by("-number"))
    known = article.current or revisions[0]
    meta = unpack_metadata(known.metadata)
    return ArticleWhole(
        **_values(article),
        kind=meta.kind,
        summary=meta.summary,
        authors=list(meta.authors),
        tags=list(meta.tags),
        embargo=meta.embargo,
        series=meta.series,
        part=meta.part,
        revisions=[_revision(row) for row in revisions],
    )


@router.get(
    "/articles/{uid}/status",
    auth=Bearer(Right.READ),
    response=answers({200: StatusOut}, 404, cached=True),
    operation_id="getStatus",
)
def get_status(request: ApiRequest, uid: Uid) -> StatusOut:
    """Where is my article, and why not in my country yet: each section and language, with a reason and an address."""
    article = article_or_404(uid)
    (row,) = status.matrix([article], request.network)
    of_article = Edition.objects.filter(article=article).values_list("section", "language", "pk")
    ids = {(section, language): pk for section, language, pk in of_article}
    seen = [cell for each in row.cells if (cell := _seen(each, request.auth.rights))]
    return StatusOut(
        uid=row.uid,
        key=article.key,
        title=row.title,
        language=row.language,
        revision=row.revision,
        settled=all(cell.settled for cell in seen),
        cells=[_cell(cell, ids.get((cell.section, cell.language))) for cell in seen],
    )


def article_or_404(uid: str) -> Article:
    """The article of this uid, with its current revision.

    Raises:
        ProblemError: there is none.
    """
    article = Article.objects.select_related("current").filter(uid=uid).first()
    if article is None:
        raise not_found("There is no such article.", "List them: GET /api/v1/articles; by your own name: ?key=…")
    return article


def _filtered(articles: QuerySet[Article], filters: ArticleFilters, rights: Rights) -> QuerySet[Article]:
    if filters.section or filters.language or filters.state:
        editions = Edition.objects.filter(article=OuterRef("pk"))
        for field in ("section", "language", "state"):
            if value := getattr(filters, field):
                editions = editions.filter(**{field: value})
        # In which state it is with others is theirs to know.
        editions = rights.readable(editions) if not filters.state else _inside(editions, rights)
        articles = articles.filter(Exists(editions))
    if filters.source_language:
        articles = articles.filter(language=filters.source_language)
    if filters.key:
        articles = articles.filter(key=filters.key)
    if filters.since:
        articles = articles.filter(created_at__gte=filters.since)
    if filters.q:
        articles = articles.filter(Q(title__icontains=filters.q) | Q(key__icontains=filters.q))
    return articles


def _inside(editions: QuerySet[Edition], rights: Rights) -> QuerySet[Edition]:
    return editions if rights.operator else editions.filter(section__in=list(rights.roles))


def _values(article: Article) -> dict[str, Any]:
    return {
        "uid": article.uid,
        "key": article.key,
        "title": article.title,
        "language": article.language,
        "canonical_url": article.canonical_url,
        "withdrawn": article.withdrawn,
        "created_at": article.created_at,
    }


def _revision(row: Revision) -> RevisionOut:
    return RevisionOut(
        number=row.number,
        state=row.state,
        status=row.status,
        reason=row.reason,
        characters=row.characters,
        notes=row.notes,
        submitted_as=row.submitted_as,
        submitted_by=row.submitted_by,
        submitted_at=row.submitted_at,
    )


def _seen(cell: status.Cell, rights: Rights) -> status.Cell | None:
    """A cell as the caller may see it; ``None`` for what other sections have not published."""
    if rights.is_inside(cell.section):
        return cell
    if not cell.url:
        return None
    return status.Cell(cell.section, cell.language, status.Place.PUBLISHED, url=cell.url)


def _cell(cell: status.Cell, edition: int | None) -> CellOut:
    return CellOut(
        section=cell.section,
        language=cell.language,
        place=cell.place.value,
        why=cell.why,
        url=cell.url,
        update=cell.update,
        settled=cell.settled,
        edition=edition,
    )
