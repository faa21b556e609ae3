"""The faults of a run: which, in which order, and when; all drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Fault(StrEnum):
    """What is done to an installation."""

    KILL_WORKER = "a worker is killed"
    KILL_ENGINE = "an engine is killed"
    KILL_BEAT = "a clock is killed"
    FLUSH = "the broker is flushed"
    RESTART_BROKER = "the broker is killed and comes back"
    RESTART_DATABASE = "the database is stopped at once and comes back"
    OUTPUT_DOWN = "the newsroom's system is away"


_KILLS: Final = {Fault.KILL_WORKER: 10, Fault.KILL_ENGINE: 7, Fault.KILL_BEAT: 1}
"""How often which kind of process is killed, in proportion."""

FIRST, LAST = 0.03, 0.95


@dataclass(frozen=True, slots=True)
class Step:
    """A fault, when so much (0 to 1) of the work is done; ``draw`` chooses the victim among those that live then."""

    at: float
    fault: Fault
    draw: float


def plan(seed: int, kills: int, outages: int) -> list[Step]:
    """``kills`` processes, and ``outages`` of each service; evenly over the work, in an order that the seed decides.

    >>> [step.fault.name for step in plan(1, 1, 0)]
    ['KILL_WORKER']
    """
    draw = random.Random(seed)
    faults = draw.choices(list(_KILLS), list(_KILLS.values()), k=kills)
    if kills > 2:  # the rarest, too
        faults[:3] = _KILLS
    services = (Fault.FLUSH, Fault.RESTART_BROKER, Fault.RESTART_DATABASE, Fault.OUTPUT_DOWN)
    faults += [fault for fault in services for _ in range(outages)]
    draw.shuffle(faults)
    length = (LAST - FIRST) / max(1, len(faults))
    return [Step(FIRST + length * (i + draw.random()), fault, draw.random()) for i, fault in enumerate(faults)]
