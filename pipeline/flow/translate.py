"""Translate and check: the sentences of several articles go to memory and engines together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final, Protocol

import structlog
from django.db import transaction
from structlog.contextvars import bound_contextvars

from pipeline.documents import Failure, Hop, Origin, Route, TranslatedSegment
from pipeline.engines.contract import NoModel
from pipeline.flow import clock, context, engines, installation, lanes, retranslate, versions, work
from pipeline.flow.resources import digest_of, resources
from pipeline.ledger import claim as claims
from pipeline.ledger.memory import LedgerMemory
from pipeline.ledger.models import RevisionText, Status, Translation, Version
from pipeline.ledger.models.articles import hold
from pipeline.network import Network
from pipeline.stages import check
from pipeline.stages.translate import route as routing
from pipeline.stages.translate import translate as translate_documents

log = structlog.get_logger()

BUDGET: Final = 8
LONGEST_AUTHOR: Final = 150


class Engines(Protocol):
    """The engines of this worker: :class:`pipeline.engines.host.EngineHost`, or one like it."""

    def hops(self) -> Sequence[Hop]:
        """What they can translate now."""
        ...

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterable[Mapping[str, str | Failure]]:
        """Translate sentences along a route, batch by batch."""
        ...


def run(base: str, host: Engines) -> tuple[int, bool]:
    """Work the lane of a base with these engines; see :func:`work.drain`."""
    return work.drain(Translation, lanes.translate(base), BUDGET, lambda claim, rows: _process(claim, rows, host))


def _process(claim: claims.Claim[Translation], rows: Sequence[Translation], host: Engines) -> None:
    net = installation.network()
    hops = host.hops()
    by_source: dict[str, list[Translation]] = defaultdict(list)
    claimed = Translation.objects.select_related("article", "revision", "version")
    for row in claimed.filter(pk__in=[row.pk for row in rows]).order_by("priority", "due_at", "id"):
        by_source[row.article.base].append(row)
    for source, group in by_source.items():
        routes = engines.find_routes(net, source, group[0].base, hops)
        if not routes:
            _wait(group, claim, source, net, hops)
            continue
        try:
            _translate(group, claim, routes, host, net)
        except NoModel as error:
            # The models went away, or turned out to be damaged, after the routes were found.
            log.warning("no model", source=source, base=group[0].base, reason=str(error))
            _wait(group, claim, source, net, hops)


def _wait(
    group: Sequence[Translation], claim: claims.Claim[Translation], source: str, net: Network, hops: Sequence[Hop]
) -> None:
    reason = engines.no_engine_reason(source, group[0].base, net, [hops])
    for row in group:
        work.guarded(row, claim, lambda row=row: claims.finish(row, claim.token, Status.WAITING, reason))  # type: ignore[misc]


def _translate(
    group: Sequence[Translation], claim: claims.Claim[Translation], routes: Sequence[Route], host: Engines, net: Network
) -> None:
    route, *others = routes
    texts = RevisionText.objects.in_bulk([row.revision_id for row in group])
    documents = [texts[row.revision_id].as_segmented(row.revision.metadata) for row in group]
    memory = LedgerMemory(clock.now)
    given = resources(route.source, route.target)
    given = replace(given, approved=retranslate.Written(given.approved, retranslate.written(group, documents)))
    with bound_contextvars(stage="translate", articles=[row.article.uid for row in group], language=route.target):
        results = translate_documents(documents, route, memory, host.translate, given, others)
    checks = installation.checks(net)
    for row, document, segments in zip(group, documents, results, strict=True):
        with bound_contextvars(**{**context.about(row), "stage": "check"}):
            findings = check.run(document, segments, row.article.base, row.base, given.terms, checks)
        work.guarded(row, claim, _recorder(row, claim, segments, findings, routes, digest_of(given.terms), net))


def _recorder(
    row: Translation,
    claim: claims.Claim[Translation],
    segments: tuple[TranslatedSegment, ...],
    findings: Sequence[check.CheckFinding],
    routes: Sequence[Route],
    glossary: str,
    net: Network,
) -> Callable[[], None]:
    asked = routes[0].name
    taken, segments = routing.taken(segments, routes)

    def record() -> None:
        with transaction.atomic():
            hold(row.article_id)
            translation = Translation.objects.select_related("version", "article").get(pk=row.pk)
            if translation.version_id != row.version_id:
                # An editor has saved meanwhile, and this text knows nothing of it: it is made again, with theirs in it.
                claims.finish(row, claim.token, Status.READY)
                return
            claims.finish(row, claim.token, asked=asked)
            versions.add(
                translation,
                row.revision,
                segments,
                author=asked[:LONGEST_AUTHOR],
                net=net,
                origin=_origin(segments),
                engines=taken,
                glossary=glossary,
                findings=findings,
            )

    return record


def _origin(segments: Sequence[TranslatedSegment]) -> Version.By:
    """Whose text it is when no engine was asked: a person's, if people wrote or approved what was to translate."""
    theirs = any(each.origin in (Origin.APPROVED, Origin.PERSON) for each in segments)
    return Version.By.PERSON if theirs else Version.By.MACHINE
