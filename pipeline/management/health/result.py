"""What a look shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Level = Literal["ok", "notice", "fault"]


@dataclass(frozen=True, slots=True)
class Result:
    """What one look has shown. A notice needs somebody's attention sooner or later, a fault now."""

    level: Level
    matter: str
    message: str
    remedy: str = ""


Look = Callable[[], Iterator[Result]]
