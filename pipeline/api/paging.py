"""Long lists in pages that nothing is lost from or shown twice in, while rows come in at the other end."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from django.db.models import Model, Q, QuerySet
from django.utils.dateparse import parse_datetime
from pydantic import BaseModel, Field

from pipeline.api.problems import Fault, ProblemError

M = TypeVar("M", bound=Model)

_LARGEST: Final = 2**63 - 1
CURSOR: Final = "Where the page before ended: its `next`. Without one, the first page."


class Paged(BaseModel):
    """What every list has beside its items."""

    next: str | None = Field(
        examples=["WzQyXQ"], description="Give this as `cursor` to get what follows; null on the last page."
    )


def newest_first(rows: QuerySet[M], cursor: str, limit: int) -> tuple[list[M], str | None]:
    """A page of rows by falling id, and where the next one begins.

    Raises:
        ProblemError: the cursor is none of ours.
    """
    if cursor:
        rows = rows.filter(pk__lt=_number(unpack(cursor, 1)[0]))
    return _page(list(rows.order_by("-pk")[: limit + 1]), limit, lambda row: [row.pk])


def latest_first(rows: QuerySet[M], field: str, cursor: str, limit: int) -> tuple[list[M], str | None]:
    """A page of rows by falling time and id. Raises as :func:`newest_first`."""
    if cursor:
        time, pk = unpack(cursor, 2)
        moment = _moment(time)
        # Both conditions: the first alone is what an index is searched by.
        rows = rows.filter(**{f"{field}__lte": moment}).filter(
            Q(**{f"{field}__lt": moment}) | Q(**{field: moment, "pk__lt": _number(pk)})
        )
    found = list(rows.order_by(f"-{field}", "-pk")[: limit + 1])
    return _page(found, limit, lambda row: [getattr(row, field).isoformat(), row.pk])


def pack(*values: Any) -> str:
    """Values as a cursor: opaque, and fit for an address."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def unpack(cursor: str, length: int) -> list[Any]:
    """What :func:`pack` has packed.

    Raises:
        ProblemError: it has not packed this.
    """
    try:
        values = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if not isinstance(values, list) or len(values) != length:
        raise stray()
    return values


def stray() -> ProblemError:
    """A cursor that is none of ours."""
    message = "This cursor is none of ours."
    return ProblemError(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        message,
        "Give `next` of the page before as it stands, or none for the first page.",
        errors=[Fault(field="query.cursor", message=message)],
    )


def _page(found: Sequence[M], limit: int, place: Callable[[M], list[Any]]) -> tuple[list[M], str | None]:
    shown = list(found[:limit])
    return shown, pack(*place(shown[-1])) if len(found) > limit else None


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST:
        raise stray()
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = parse_datetime(value)
    except (TypeError, ValueError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise stray()
    return moment
