"""The sweep: what makes lost messages, dead workers and late models harmless. Runs every ten seconds, anywhere."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.flow import engines, erase, installation, release, work
from pipeline.flow.numbers import comparing
from pipeline.ledger import claim as claims


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep found: leases that had run out, translations woken, and the lanes to ring."""

    released: int
    woken: int
    lanes: tuple[str, ...]


def sweep() -> Swept:
    """Release expired leases, wake what waits for an engine that is here now, and name the lanes with due work."""
    released = work.release_expired()
    woken = engines.wake() + release.sweep(installation.network())
    comparing.compare()
    erase.go_on(installation.network())
    return Swept(released=released, woken=woken, lanes=tuple(claims.due_lanes()))
