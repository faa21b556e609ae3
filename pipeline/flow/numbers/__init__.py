"""The numbers: coverage, backlog, speed, acceptance, distance, review time, throughput. Each is a table of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pipeline.flow.numbers.quality import acceptance, distance, review
from pipeline.flow.numbers.reach import coverage
from pipeline.flow.numbers.scope import Scope
from pipeline.flow.numbers.speed import publishing, throughput
from pipeline.flow.numbers.table import Column, Table
from pipeline.flow.numbers.waiting import backlog

NUMBERS: Final[Mapping[str, Callable[[Scope], Table]]] = {
    "coverage": coverage,
    "backlog": backlog,
    "publishing": publishing,
    "acceptance": acceptance,
    "distance": distance,
    "review": review,
    "throughput": throughput,
}
"""By name, in the order in which they are shown."""

__all__ = ["NUMBERS", "Column", "Scope", "Table"]
