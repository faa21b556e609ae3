"""The numbers: coverage, backlog, speed, acceptance, distance, review time, throughput. Each is a table of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Final

from django.db import connection, transaction

from pipeline.flow.numbers.quality import acceptance, distance, review
from pipeline.flow.numbers.reach import coverage
from pipeline.flow.numbers.scope import Scope
from pipeline.flow.numbers.speed import publishing, throughput
from pipeline.flow.numbers.table import Column, Table
from pipeline.flow.numbers.waiting import backlog

WORK_MEMORY: Final = "32MB"
"""What PostgreSQL may take to group and sort the rows of a number. With its usual 4 MB, 100,000 editions go through
files on the disk."""


def _in_memory(number: Callable[[Scope], Table]) -> Callable[[Scope], Table]:
    @wraps(number)
    def counted(scope: Scope) -> Table:
        if connection.vendor != "postgresql":
            return number(scope)
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEMORY])
            return number(scope)

    return counted


NUMBERS: Final[Mapping[str, Callable[[Scope], Table]]] = {
    number.__name__: _in_memory(number)
    for number in (coverage, backlog, publishing, acceptance, distance, review, throughput)
}
"""By name, in the order in which they are shown."""

__all__ = ["NUMBERS", "Column", "Scope", "Table"]
