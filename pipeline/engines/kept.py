"""A few loaded models at a time: the one that was used longest ago goes first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Kept(Generic[Key, Value]):
    """At most ``count`` values by key. It is used on one thread only, as engines are."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """The value of this key, made now if it isn't there."""
        if key not in self._values:
            while len(self._values) >= self._count:
                self._values.popitem(last=False)  # before the next is loaded, so that memory holds no more than count
            self._values[key] = make()
        self._values.move_to_end(key)
        return self._values[key]
