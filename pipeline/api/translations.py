"""Translations: what stands in which language, segment by segment, and what the checks say of it."""

from __future__ import annotations

from typing import Annotated

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet
from ninja import Query, Router
from pydantic import Field

from pipeline.api.articles import article_or_404
from pipeline.api.auth import ApiRequest, Bearer
from pipeline.api.kinds import Given, Limit, OneOf, RowId, Text, Uid, answers
from pipeline.api.paging import CURSOR, newest_first, pack, stray, unpack
from pipeline.api.problems import not_found
from pipeline.api.schemas import FindingOut, Findings, SegmentOut, Segments, TranslationOut, Translations
from pipeline.documents import Severity
from pipeline.flow.people import Rights
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Edition, Finding, RevisionText, Translation, Version

router = Router(tags=["translations"])


@router.get(
    "/articles/{uid}/translations",
    auth=Bearer(Right.READ),
    response=answers({200: Translations}, 404, cached=True),
    operation_id="listTranslations",
)
def list_translations(request: ApiRequest, uid: Uid) -> Translations:
    """The languages that the article is translated into for the sections of this token."""
    article = article_or_404(uid)
    rows = _visible(Translation.objects.filter(article=article), request.auth.rights)
    is_open = Q(version__findings__state=Finding.State.OPEN)
    counted = rows.annotate(open=Count("version__findings", filter=is_open)).order_by("base")
    full = counted.select_related("version__revision").defer("version__segments")
    return Translations(items=[_translation(row, row.open) for row in full])


class SegmentFilters(Given):
    """Which segments are asked for."""

    version: RowId | None = Field(default=None, description="A version's number; without one, the newest.")
    cursor: Text = Field(default="", max_length=200, description=CURSOR)
    limit: Annotated[int, Field(ge=1, le=1000, description="How many at most.")] = 200


@router.get(
    "/articles/{uid}/translations/{base}/segments",
    auth=Bearer(Right.READ),
    response=answers({200: Segments}, 404, cached=True),
    operation_id="listSegments",
)
def list_segments(request: ApiRequest, uid: Uid, base: Text, filters: Query[SegmentFilters]) -> Segments:
    """Source and target of every segment. Versions never change, so that all pages are of the same text."""
    article = article_or_404(uid)
    translation = _visible(Translation.objects.filter(article=article, base=base), request.auth.rights).first()
    if translation is None:
        raise not_found(
            "There is no such translation.", f"See which there are: GET /api/v1/articles/{uid}/translations"
        )
    number, start = _begin(filters)
    newest = Q(pk=translation.version_id)
    asked = Version.objects.filter(Q(number=number) if number else newest, translation=translation)
    version = asked.first()
    if version is None:
        raise not_found("There is no such version.", "Ask without a version for the newest.")
    return _segments(version, start, filters.limit)


class FindingFilters(Given):
    """What is asked for."""

    article: Uid | None = None
    base: Text | None = Field(default=None, max_length=35)
    check: Text | None = Field(default=None, max_length=40)
    severity: Annotated[str, OneOf(Severity)] | None = None
    state: Annotated[str, OneOf(Finding.State)] = Finding.State.OPEN.value
    cursor: Text = Field(default="", max_length=200, description=CURSOR)
    limit: Limit = 50


@router.get(
    "/findings", auth=Bearer(Right.READ), response=answers({200: Findings}, cached=True), operation_id="listFindings"
)
def list_findings(request: ApiRequest, filters: Query[FindingFilters]) -> Findings:
    """What the checks say of the translations for the sections of this token: of the newest versions, if not fixed."""
    rows = Finding.objects.filter(state=filters.state)
    if filters.state != Finding.State.FIXED:
        rows = rows.filter(version=F("version__translation__version"))
    given = {
        "version__translation__article__uid": filters.article,
        "version__translation__base": filters.base,
        "check_id": filters.check,
        "severity": filters.severity,
    }
    rows = rows.filter(**{field: value for field, value in given.items() if value})
    if not request.auth.rights.operator:
        rows = rows.filter(Exists(_ours(request.auth.rights, OuterRef("version__translation"))))
    full = rows.select_related("version__translation__article").defer("version__segments", "version__engines")
    found, following = newest_first(full, filters.cursor, filters.limit)
    return Findings(items=[_finding(row) for row in found], next=following)


def _visible(rows: QuerySet[Translation], rights: Rights) -> QuerySet[Translation]:
    """Translations that a section of the caller's has an edition of: what it has not published is theirs alone."""
    return rows if rights.operator else rows.filter(Exists(_ours(rights, OuterRef("pk"))))


def _ours(rights: Rights, translation: OuterRef) -> QuerySet[Edition]:
    return Edition.objects.filter(translation=translation, section__in=list(rights.roles))


def _begin(filters: SegmentFilters) -> tuple[int | None, int]:
    """Version and first segment of a page: the cursor has both, so that a newer version does not mix itself in."""
    if not filters.cursor:
        return filters.version, 0
    number, start = unpack(filters.cursor, 2)
    if type(number) is not int or type(start) is not int or not 0 < number < 2**31 or not 0 <= start < 2**31:
        raise stray()
    return number, start


def _segments(version: Version, start: int, limit: int) -> Segments:
    sources = RevisionText.objects.values_list("segments", flat=True).get(pk=version.revision_id)
    targets = {row["key"]: row for row in version.segments}
    items = []
    for key, kind, source, markup in sources[start : start + limit]:
        row = targets.get(key, {})
        items.append(
            SegmentOut(
                key=key,
                kind=kind,
                source=source,
                target=row.get("target", ""),
                markup=markup,
                origin=row.get("origin"),
                score=row.get("score", 0.0),
                problem=row.get("problem", ""),
            )
        )
    more = start + limit < len(sources)
    return Segments(
        version=version.number,
        origin=version.origin,
        digest=version.digest,
        items=items,
        next=pack(version.number, start + limit) if more else None,
    )


def _translation(row: Translation, open_findings: int) -> TranslationOut:
    version = row.version
    return TranslationOut(
        base=row.base,
        status=row.status,
        reason=row.reason,
        version=version.number if version else None,
        revision=version.revision.number if version else None,
        origin=version.origin if version else None,
        author=version.author if version else "",
        engines=version.engines if version else [],
        glossary=version.glossary if version else "",
        digest=version.digest if version else "",
        created_at=version.created_at if version else None,
        open_findings=open_findings,
    )


def _finding(row: Finding) -> FindingOut:
    return FindingOut(
        id=row.pk,
        article=row.version.translation.article.uid,
        base=row.version.translation.base,
        version=row.version.number,
        check=row.check_id,
        severity=row.severity,
        segment=row.segment,
        message=row.message,
        state=row.state,
        decided_by=row.decided_by,
        why=row.why,
    )
