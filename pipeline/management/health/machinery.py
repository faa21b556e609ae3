"""Who works: workers and their lanes, models for every pair, schedules, sources."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Final

from django.db.models.functions import Now

from pipeline.documents import Hop
from pipeline.engines import registry
from pipeline.flow import clock, engines, installation, lanes
from pipeline.flow.batches import overview
from pipeline.flow.batches.overview import Phase
from pipeline.ledger.models import Source, SourceItem, Webhook, WorkerBeat
from pipeline.management import pairs
from pipeline.management.console import count, models_folder
from pipeline.management.health.result import Result
from pipeline.network import Network

MOST: Final = 10
LATE: Final = timedelta(minutes=10)
"""A run that nobody has begun so long after its time."""


def workers() -> Iterator[Result]:
    """Who lives, which version they run, and which lanes nobody serves."""
    living = list(WorkerBeat.objects.filter(seen_at__gte=Now() - engines.STALE).order_by("name"))
    if not living:
        yield Result("notice", "workers", "No worker runs.", "Start them: sectionwire up, or sectionwire worker.")
        return
    yield Result("ok", "workers", f"{count(len(living), 'worker')} live: {', '.join(each.name for each in living)}.")
    for each in living:
        if each.version != engines.VERSION:
            message = f"{each.name} runs version {each.version or 'unknown'}, and this is {engines.VERSION}."
            yield Result("notice", "workers", message, "Restart it with the new version; see docs/operations.md.")
    net = installation.network()
    served = {lane for each in living for lane in each.lanes}
    wanted = [lanes.PREPARE, "sweep", *(lanes.publish(output) for output in net.outputs)]
    if Webhook.objects.filter(disabled_at=None).exists():
        wanted.append(lanes.WEBHOOKS)
    if net.schedules:
        wanted.append(lanes.BATCH)
    for lane in wanted:
        if lane not in served:
            kind = lane.partition(".")[0]
            yield Result("notice", "workers", f"Nobody serves {lane}.", f"Run: sectionwire worker --lanes {kind}")
    yield from _translating(net)


def _translating(net: Network) -> Iterator[Result]:
    """Pairs that no living worker can translate, although a model may be on this machine."""
    able = engines.live_hops()
    if not able:
        yield Result("notice", "workers", "Nobody translates.", "Run: sectionwire worker --lanes translate")
        return
    lacking = [pair for pair in _pairs(net) if not any(engines.find_route(net, *pair, hops) for hops in able)]
    for source, target in lacking[:MOST]:
        yield Result(
            "notice",
            "workers",
            f"No living worker translates {source} → {target}.",
            f"Install a model where one runs: sectionwire models install {source} {target}",
        )


def _pairs(net: Network) -> list[tuple[str, str]]:
    return [(source, target) for source in pairs.sources(net) for target in net.bases if source != target]


def models() -> Iterator[Result]:
    """The models of this machine, and by which way each pair of the network is translated with them."""
    net = installation.network()
    for name, why in sorted(registry.broken_engines().items()):
        yield Result("fault", "models", f"The engine {name} can't be loaded: {why}.", "Install its package again.")
    hops = [model.hop for model in registry.installed(models_folder(), net.engines.names)]
    yield Result("ok", "models", f"{count(len(hops), 'model')} installed on this machine{_ways(net, hops)}.")
    for source, target in pairs.missing(net, hops):
        command = f"sectionwire models install {source} {target}"
        yield Result("notice", "models", f"There is none here for {source} → {target}.", f"Install one: {command}")


def _ways(net: Network, hops: Sequence[Hop]) -> str:
    """How many pairs they serve, and through which languages: “; 6 of 6 pairs: 2 direct, 4 through en”."""
    wanted = _pairs(net)
    through: Counter[str] = Counter()
    for pair in wanted:
        if route := engines.find_route(net, *pair, hops):
            between = ", ".join(hop.target for hop in route.hops[:-1])
            through[f"through {between}" if between else "direct"] += 1
    ways = ", ".join(f"{number} {way}" for way, number in sorted(through.items()))
    return f"; {through.total()} of {count(len(wanted), 'pair')}" + (f": {ways}" if ways else "")


def schedules() -> Iterator[Result]:
    """When each runs next, and how it went last."""
    views = overview.schedules(installation.network())
    for view in views:
        key, last, now = view.schedule.key, view.last, view.now
        if view.paused_at is not None:
            by = f" by {view.paused_by}" if view.paused_by else ""
            yield Result("notice", "schedules", f"{key} is paused{by}.", f"Run: sectionwire batch resume {key}")
        elif last is not None and last.outcome in {Phase.FAILED, Phase.TROUBLE}:
            message = f"The last run of {key} ({last.planned_at:%Y-%m-%d %H:%M} UTC) ended with {overview.phase(last)}."
            yield Result("notice", "schedules", message, f"See why: sectionwire batch show {key}")
        elif now is not None and not now.has_begun and now.planned_at < clock.now() - LATE:
            message = f"Nobody has begun the run of {key} of {now.planned_at:%Y-%m-%d %H:%M} UTC."
            yield Result("notice", "schedules", message, "Run: sectionwire worker --lanes batch")
        else:
            coming = f"next at {view.coming[0]:%Y-%m-%d %H:%M %Z}" if view.coming else "never again"
            yield Result("ok", "schedules", f"{key}: {coming}.")
    if not views:
        yield Result("ok", "schedules", "There are none: nothing happens by itself but what workers do.")


def sources() -> Iterator[Result]:
    """Which sources could not be read, and what in them could not be taken."""
    net = installation.network()
    states = {row.key: row for row in Source.objects.defer("validators")}
    failed = Counter(SourceItem.objects.filter(status=SourceItem.State.FAILED).values_list("source__key", flat=True))
    for source in net.sources:
        state = states.get(source.key)
        if state is not None and state.failures:
            message = f"{source.key} could not be read {count(state.failures, 'time')} in a row: {state.reason}"
            yield Result("notice", "sources", message, f"Then: sectionwire sources fetch {source.key}")
        elif number := failed[source.key]:
            message = f"{source.key}: {count(number, 'entry', 'entries')} could not be taken."
            yield Result("notice", "sources", message, f"See why: sectionwire sources items {source.key}")
        elif state is None or state.fetched_at is None:
            remedy = f"Run: sectionwire sources fetch {source.key}"
            yield Result("notice", "sources", f"{source.key} was never read.", remedy)
        else:
            yield Result("ok", "sources", f"{source.key}: last read {state.fetched_at:%Y-%m-%d %H:%M} UTC.")
