"""The names of the lanes: who can do a piece of work is told by its lane."""

from __future__ import annotations

from typing import Final

URGENT: Final = 10
NORMAL: Final = 50
"""Priorities: within a lane, what has a lower one comes first."""

PREPARE: Final = "prepare"
WEBHOOKS: Final = "webhooks"
BATCH: Final = "batch"
_TRANSLATE: Final = "translate."
_PUBLISH: Final = "publish."


def translate(base: str) -> str:
    """The lane of translations into a base; a worker serves the bases it has models for."""
    return _TRANSLATE + base


def publish(output: str) -> str:
    """The lane of an output; the machine that can write to it serves it."""
    return _PUBLISH + output


def base_of(lane: str) -> str | None:
    """The base of a translate lane, or ``None``."""
    return lane.removeprefix(_TRANSLATE) if lane.startswith(_TRANSLATE) else None


def output_of(lane: str) -> str | None:
    """The output of a publish lane, or ``None``."""
    return lane.removeprefix(_PUBLISH) if lane.startswith(_PUBLISH) else None
