"""The tables of the ledger, and how their rows stand in a backup."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any, Final
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import connection, models

Model = type[models.Model]

LEFT_OUT: Final = frozenset(
    {
        "sessions.session",  # whoever has such a row is signed in: after a restore people sign in again
        "ledger.workerbeat",  # who is alive now, and not who was
        "ledger.presence",  # who is looking at what at this moment
        "axes.accessattempt",  # who mistyped a password of late, and from where
        "axes.accessattemptexpiration",
        "axes.accessfailurelog",
        "axes.accesslog",
    }
)
"""Tables of which a backup has nothing; a restore empties them."""

MADE_BY_MIGRATE: Final = frozenset({"contenttypes.contenttype", "auth.permission"})
"""Tables that are full in a new ledger as well."""


@cache
def all_tables() -> dict[str, Model]:
    """Every table of ours and of Django's, by its label (``ledger.article``), in a stable order."""
    found = apps.get_models(include_auto_created=True)
    return {model._meta.label_lower: model for model in found if model._meta.managed and not model._meta.proxy}


def kept() -> dict[str, Model]:
    """The tables that a backup has."""
    return {label: model for label, model in all_tables().items() if label not in LEFT_OUT}


def rows(model: Model, using: str = "default") -> models.QuerySet[Any]:
    """All rows of a table: no manager of its own hides some."""
    return model._base_manager.using(using)  # noqa: SLF001 - Django documents it under this name


def columns(model: Model) -> list[models.Field[Any, Any]]:
    """The columns of a table that have values of their own."""
    return [field for field in model._meta.concrete_fields if not getattr(field, "generated", False)]


def line(values: Sequence[Any]) -> bytes:
    """A row as it stands in a backup."""
    return json.dumps(values, ensure_ascii=False, separators=(",", ":"), default=_plain).encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"A backup can't hold a {type(value).__name__}: teach pipeline/flow/backup/tables.py to.")


def values_of(fields: Sequence[models.Field[Any, Any]], text: bytes) -> list[Any]:
    """The values of a row, from its line.

    Raises:
        ValueError: the line is no row of this table.
    """
    row = json.loads(text)
    if not isinstance(row, list) or len(row) != len(fields):
        raise ValueError("it has another number of columns")
    try:
        return [None if value is None else field.to_python(value) for field, value in zip(fields, row, strict=True)]
    except (ValidationError, TypeError, OverflowError) as error:
        raise ValueError(str(error)) from error


def stored(field: models.Field[Any, Any], value: Any) -> Any:
    """A value as the driver of this database takes it."""
    if value is None and not field.null and isinstance(field, models.JSONField):
        return connection.ops.adapt_json_value(None, None)  # the JSON value, which is no NULL
    return field.get_db_prep_save(value, connection)
