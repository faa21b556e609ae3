"""Which languages live workers can translate, and what waits until one can."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from importlib.metadata import version
from typing import Final

from django.db.models.functions import Now

from pipeline.documents import Hop, Route
from pipeline.flow import bell, clock, installation, lanes
from pipeline.ledger.models import Status, Translation, WorkerBeat
from pipeline.network import Network, language_name
from pipeline.stages.translate import route as routing

STALE: Final = timedelta(seconds=60)
VERSION: Final = version("sectionwire")
NO_ENGINE: Final = "no_engine"


def find_route(net: Network, source: str, target: str, hops: Iterable[Hop]) -> Route | None:
    """The way from a source base to a target base by the network's preferences, with these hops at hand."""
    return next(iter(find_routes(net, source, target, hops)), None)


def find_routes(net: Network, source: str, target: str, hops: Iterable[Hop]) -> list[Route]:
    """All ways, in the order in which they are asked when one fails; see :func:`find_route`."""
    return routing.find_all(source, target, hops, net.engines.preference(source, target), net.engines.pivot)


def bases_served(net: Network, hops: Sequence[Hop]) -> list[str]:
    """The bases into which a worker with these hops can translate from at least one source of the network."""
    sources = {net.base_for(tag) for tag in net.organisation.source_languages} | set(net.bases)
    return [
        base
        for base in net.bases
        if any(find_route(net, source, base, hops) for source in sorted(sources) if source != base)
    ]


def beat(name: str, hops: Sequence[Hop], served: Sequence[str], *, first: bool) -> None:
    """Write down that a worker lives, its lanes and its hops, and wake what waited for them."""
    row, created = WorkerBeat.objects.get_or_create(
        name=name, defaults={"started_at": clock.now(), "seen_at": Now(), "lanes": [], "hops": []}
    )
    packed = [[hop.engine, hop.source, hop.target, hop.model, hop.checksum] for hop in hops]
    changed = created or first or row.hops != packed
    WorkerBeat.objects.filter(pk=row.pk).update(seen_at=Now(), lanes=list(served), hops=packed, version=VERSION)
    WorkerBeat.objects.filter(seen_at__lt=Now() - timedelta(days=1)).delete()
    if changed and hops:
        wake()


def gone(name: str) -> None:
    """Forget a worker that has stopped."""
    WorkerBeat.objects.filter(name=name).delete()


def live_hops() -> list[list[Hop]]:
    """What each live worker can do: a route must be walked by one worker alone."""
    rows = WorkerBeat.objects.filter(seen_at__gte=Now() - STALE).values_list("hops", flat=True)
    return [[Hop(*hop) for hop in hops] for hops in rows if hops]


def ring_or_wait(translation: Translation, source: str, net: Network, workers: Sequence[Sequence[Hop]]) -> None:
    """Announce a translation's lane, or let it wait for an engine when no live worker has the pair.

    ``workers`` are those of :func:`live_hops`, asked once for many translations.
    """
    if any(find_route(net, source, translation.base, hops) for hops in workers):
        bell.announce(translation.lane)
        return
    Translation.objects.filter(pk=translation.pk, status=Status.READY).update(
        status=Status.WAITING, reason=no_engine_reason(source, translation.base, net, workers)
    )


def no_engine_reason(source: str, target: str, net: Network, workers: Sequence[Sequence[Hop]]) -> str:
    """Why a translation waits, with the command that helps: for the leg through the pivot that is missing."""
    pivot = net.engines.pivot
    wanted = (source, target)
    if pivot and pivot not in wanted:
        legs = [(source, pivot), (pivot, target)]
        lacking = [leg for leg in legs if not any(find_route(net, *leg, hops) for hops in workers)]
        wanted = lacking[0] if len(lacking) == 1 else wanted
    names = [language_name(tag) for tag in (source, target)]
    return (
        f"{NO_ENGINE}: no worker has a model from {names[0]} to {names[1]}. "
        f"Install one: sectionwire models install {wanted[0]} {wanted[1]}"
    )


def wake() -> int:
    """Make translations ready whose pair a live worker now has. Returns how many."""
    workers = live_hops()
    if not workers:
        return 0
    net = installation.network()
    waiting = Translation.objects.filter(status=Status.WAITING, reason__startswith=NO_ENGINE)
    woken = 0
    for source, base in waiting.values_list("article__base", "base").distinct():
        if any(find_route(net, source, base, hops) for hops in workers):
            woken += waiting.filter(article__base=source, base=base).update(
                status=Status.READY, reason="", due_at=Now()
            )
            bell.announce(lanes.translate(base))
    return woken
