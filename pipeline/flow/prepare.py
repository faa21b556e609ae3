"""Clean and segment: from a received revision to editions and translations that are wanted.

Both stages are cheap, so one claim does both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from pipeline.documents import SegmentedDocument
from pipeline.errors import PipelineError, Transient
from pipeline.flow import engines, installation, lanes, links, release, targets, versions, work
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, Edition, Revision, RevisionText, Status, Translation
from pipeline.ledger.models.articles import hold, pack_metadata
from pipeline.network import Network
from pipeline.stages import clean, segment
from pipeline.stages.translate import as_source

BUDGET: Final = 20


def run() -> tuple[int, bool]:
    """Work the lane ``prepare``; see :func:`work.drain`."""
    return work.drain(Revision, lanes.PREPARE, BUDGET, _process)


def _process(claim: claims.Claim[Revision], rows: Sequence[Revision]) -> None:
    net = installation.network()
    for row in Revision.objects.select_related("article", "text").filter(pk__in=[row.pk for row in rows]):
        work.guarded(row, claim, lambda row=row: _prepare(row, claim, net))  # type: ignore[misc]


def _prepare(revision: Revision, claim: claims.Claim[Revision], net: Network) -> None:
    original = revision.text.as_original(revision.metadata)
    try:
        cleaned = clean.clean(original, clean.Options(embed_hosts=net.embeds.hosts))
        structlog.contextvars.bind_contextvars(stage="segment")  # until the row is done; see work.guarded
        document = segment.segment(cleaned)
    except PipelineError as error:
        if not isinstance(error, Transient):
            Revision.objects.filter(pk=revision.pk).update(state=Revision.State.REJECTED)
        raise
    with transaction.atomic():
        article = hold(revision.article_id)
        newest = article.current is None or article.current.number <= revision.number
        state = Revision.State.CURRENT if newest else Revision.State.SUPERSEDED
        claims.finish(
            revision,
            claim.token,
            state=state,
            notes=list(cleaned.notes),
            metadata=pack_metadata(document.metadata),
            characters=sum(len(each.source) for each in document.segments),
        )
        RevisionText.objects.filter(pk=revision.pk).update(
            body=cleaned.body,
            skeleton=document.skeleton,
            segments=[[s.key, s.kind.value, s.source, s.markup] for s in document.segments],
        )
        if newest:
            _make_current(article, revision, document, cleaned.body, net)


def _make_current(article: Article, revision: Revision, document: SegmentedDocument, body: str, net: Network) -> None:
    Revision.objects.filter(article=article, state=Revision.State.CURRENT).exclude(pk=revision.pk).update(
        state=Revision.State.SUPERSEDED
    )
    article.current = revision
    article.title = document.metadata.title
    article.language = document.metadata.language
    article.series = document.metadata.series[:300]
    article.save(update_fields=["current", "title", "language", "series"])
    links.note(article, body, revision.submitted_as)
    release.guard(article, document.metadata, net)
    wanted, workers = _target(article, document, net), engines.live_hops()
    for base in sorted({base for _, _, base in wanted}):
        translation = _want(article, revision, base)
        editions = [
            Edition(article=article, section=section, language=tag, translation=translation)
            for section, tag, language_base in wanted
            if language_base == base
        ]
        Edition.objects.bulk_create(editions, ignore_conflicts=True)
        _hold_back(Edition.objects.filter(article=article, translation=translation), document.metadata.embargo)
        if base == article.base:
            versions.add(
                translation, revision, as_source(document), author=revision.submitted_by or "submitter", net=net
            )
        else:
            engines.ring_or_wait(translation, article.base, net, workers)


def _hold_back(editions: QuerySet[Edition], embargo: datetime | None) -> None:
    """Let editions keep a revision's embargo. What an editor has approved for a later time stays so."""
    editions.filter(approved=None).update(release_at=embargo)
    if embargo is not None:
        sooner = Q(release_at=None) | Q(release_at__lt=embargo)
        editions.filter(sooner, approved__isnull=False).update(release_at=embargo)


def _target(article: Article, document: SegmentedDocument, net: Network) -> list[tuple[str, str, str]]:
    """(section, language, base) for whom the article is, by the sections' target rules."""
    meta = document.metadata
    wanted = [
        (section.key, language.tag, language.base)
        for section in net.sections
        if not section.retired and not targets.refusal(section, meta, article.base)
        for language in section.languages
    ]
    # A section that has published an article keeps getting its revisions, whatever the rule says by now.
    kept = Edition.objects.filter(article=article).exclude(state=Edition.State.DECLINED)
    known = {(edition.section, edition.language) for edition in kept}
    by_section = {section.key: section for section in net.sections}
    for section, tag in sorted(known - {(section, tag) for section, tag, _ in wanted}):
        languages = {lang.tag for lang in by_section[section].languages} if section in by_section else set()
        if tag in languages and not by_section[section].retired:
            wanted.append((section, tag, by_section[section].base_of(tag)))
    return wanted


def _want(article: Article, revision: Revision, base: str) -> Translation:
    """The translation into a base, set to the new revision; a worker that still works on an older one loses it."""
    translation, created = Translation.objects.get_or_create(
        article=article,
        base=base,
        defaults={
            "revision": revision,
            "lane": lanes.translate(base),
            "priority": revision.priority,
            "status": Status.READY,
        },
    )
    if not created:
        Translation.objects.filter(pk=translation.pk).update(
            revision=revision,
            status=Status.READY,
            reason="",
            token=None,
            lease_until=None,
            attempts=0,
            deaths=0,
            priority=revision.priority,
            due_at=Now(),
        )
        translation.refresh_from_db()
    return translation
