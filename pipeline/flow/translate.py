"""Translate and check: the sentences of several articles go to memory and engines together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Protocol

import structlog
from django.db import transaction

from pipeline.documents import Failure, Hop, Route, TranslatedSegment
from pipeline.engines.contract import NoModel
from pipeline.flow import clock, engines, installation, lanes, versions, work
from pipeline.flow.resources import resources
from pipeline.ledger import claim as claims
from pipeline.ledger.memory import LedgerMemory
from pipeline.ledger.models import RevisionText, Status, Translation
from pipeline.ledger.models.articles import hold
from pipeline.network import Network
from pipeline.stages import check
from pipeline.stages.translate import translate as translate_documents

log = structlog.get_logger()

BUDGET: Final = 8


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
    claimed = Translation.objects.select_related("article", "revision").filter(pk__in=[row.pk for row in rows])
    for row in claimed.order_by("priority", "due_at", "id"):
        by_source[row.article.base].append(row)
    for source, group in by_source.items():
        route = engines.find_route(net, source, group[0].base, hops)
        if route is None:
            _wait(group, claim, source, net, hops)
            continue
        try:
            _translate(group, claim, route, host, net)
        except NoModel as error:
            # The model went away, or turned out to be damaged, after the route was found.
            log.warning("no model", source=source, base=group[0].base, reason=str(error))
            _wait(group, claim, source, net, hops)


def _wait(
    group: Sequence[Translation], claim: claims.Claim[Translation], source: str, net: Network, hops: Sequence[Hop]
) -> None:
    reason = engines.no_engine_reason(source, group[0].base, net, [hops])
    for row in group:
        work.guarded(row, claim, lambda row=row: claims.finish(row, claim.token, Status.WAITING, reason))  # type: ignore[misc]


def _translate(
    group: Sequence[Translation], claim: claims.Claim[Translation], route: Route, host: Engines, net: Network
) -> None:
    texts = RevisionText.objects.in_bulk([row.revision_id for row in group])
    documents = [texts[row.revision_id].as_segmented(row.revision.metadata) for row in group]
    memory = LedgerMemory(clock.now)
    given = resources(route.source, route.target, net)
    results = translate_documents(documents, route, memory, host.translate, given)
    for row, document, segments in zip(group, documents, results, strict=True):
        findings = check.run(document, segments, row.article.base, row.base, given.terms)
        work.guarded(row, claim, _recorder(row, claim, segments, findings, route, net))


def _recorder(
    row: Translation,
    claim: claims.Claim[Translation],
    segments: tuple[TranslatedSegment, ...],
    findings: Sequence[check.CheckFinding],
    route: Route,
    net: Network,
) -> Callable[[], None]:
    def record() -> None:
        with transaction.atomic():
            hold(row.article_id)
            claims.finish(row, claim.token)
            translation = Translation.objects.select_related("version", "article").get(pk=row.pk)
            versions.add(
                translation,
                row.revision,
                segments,
                author=route.name,
                net=net,
                engines=[route.name],
                findings=findings,
            )

    return record
