"""Which models a network needs: to carry every language it is written in to every language it publishes."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.documents import Hop
from pipeline.flow.engines import find_route
from pipeline.network import Network


def sources(net: Network) -> list[str]:
    """The bases in which articles may be written."""
    return sorted({*net.bases, *(net.base_for(tag) for tag in net.organisation.source_languages)})


def missing(net: Network, hops: Sequence[Hop]) -> list[tuple[str, str]]:
    """The pairs whose models are missing, given these hops; through the pivot where a network has one.

    With English as the pivot, twenty pairs of five languages need eight models, and those are named.
    """
    pivot = net.engines.pivot
    lacking: dict[tuple[str, str], None] = {}
    for source in sources(net):
        for target in net.bases:
            if source == target or find_route(net, source, target, hops):
                continue
            direct = pivot is None or pivot in (source, target)
            legs = [(source, target)] if direct else [(source, pivot or ""), (pivot or "", target)]
            lacking.update((leg, None) for leg in legs if not find_route(net, *leg, hops))
    return list(lacking)
