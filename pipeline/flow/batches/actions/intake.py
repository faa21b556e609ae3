"""Fetch: look at sources and take what is new or changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db.models.functions import Now

from pipeline.flow import sources
from pipeline.flow.batches.steps import Action, Did, Job, Later, Problem, Told
from pipeline.ledger.models import Source

LOOK_SECONDS: Final = 5.0
"""How often a run looks whether a source is free again."""

_COUNTED: Final = ("new", "updated", "unchanged", "duplicates", "gone", "waiting")


def _sources(job: Job) -> Sequence[str]:
    wanted = job.selection.sources
    return [source.key for source in job.net.sources if not wanted or source.key in wanted]


def _fetch(job: Job, source: str, memo: Mapping[str, Any], told: Told) -> Did | Later:  # noqa: ARG001
    held = Source.objects.filter(key=source, token__isnull=False, lease_until__gt=Now())
    if held.exists() and not job.impatient:
        # Somebody else is at it, or the worker died that was: then it is free in a minute or two.
        return Later(LOOK_SECONDS, f"The source {source} is being fetched by another process.", 1)
    found = sources.fetch(job.net, source, job.now, told)
    problems = [
        Problem(f"{source}: {item.identity}", item.reason, _next(item.next_at, f"sectionwire sources items {source}"))
        for item in found.failed
    ]
    if found.trouble:
        problems.insert(0, Problem(source, found.trouble, _next(found.next_at, f"sectionwire sources fetch {source}")))
    counts = {name: getattr(found, name) for name in _COUNTED}
    return Did(counts | {"failed": len(found.failed)}, problems, [f"{source}: {note}" for note in found.notes])


def _next(at: Any, command: str) -> str:
    again = f"It is tried again from {at:%Y-%m-%d %H:%M} UTC on" if at else "It is not tried again by itself"
    return f"{again}; see: {command}"


FETCH: Final = Action(_sources, _fetch)
