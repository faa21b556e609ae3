"""Loaded models, as many as memory is allowed for: the one that was used longest ago goes first."""

from __future__ import annotations

import logging
import os
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

MEMORY = "SECTIONWIRE_ENGINE_MEMORY_MB"
"""The variable that says how many MB of models one engine process may hold."""

MEMORY_MB = 400
"""What it is when the variable says nothing: four models of the size of a published Argos package."""

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

log = logging.getLogger(__name__)


def memory_limit() -> int:
    """How many bytes of models this engine process may hold."""
    value = os.environ.get(MEMORY) or str(MEMORY_MB)
    if not value.isdecimal() or int(value) == 0:
        log.warning("%s is “%s”, which is no number of MB: %d are used", MEMORY, value, MEMORY_MB)
        value = str(MEMORY_MB)
    return int(value) << 20


class Kept(Generic[Key, Value]):
    """Values by key whose sizes make ``limit`` at most. It is used on one thread only, as engines are.

    One that is larger than the limit by itself is kept alone: it is needed now.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._values: OrderedDict[Key, tuple[Value, int]] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value], size: int = 1) -> Value:
        """The value of this key, made now if it isn't there."""
        if key not in self._values:
            self._make_room(size)
            self._values[key] = make(), size
        self._values.move_to_end(key)
        return self._values[key][0]

    def _make_room(self, size: int) -> None:
        """Before the next is made, so that memory never holds more than the limit."""
        while self._values and sum(each for _, each in self._values.values()) + size > self._limit:
            self._values.popitem(last=False)
