"""One statement that gives many rows their own values each.

Django's ``bulk_update`` writes a ``CASE WHEN`` for each value and builds an expression for each: for some columns of a
hundred rows that takes longer than the database. PostgreSQL and SQLite (from 3.33 on) both know ``UPDATE … FROM``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from django.db import connection, models


def update_each(model: type[models.Model], columns: Sequence[str], rows: Mapping[int, Sequence[Any]]) -> int:
    """Update rows by their ids. ``columns`` names fields (``version_id`` for a key), ``rows`` has their values.

    Returns how many rows were there.
    """
    fields = [_field(model, name) for name in columns]
    changed = 0
    pieces = iter(rows.items())
    limit = max(1, (connection.features.max_query_params or 30_000) // (len(columns) + 1))
    while piece := list(islice(pieces, limit)):
        changed += _update(model, fields, piece)
    return changed


def _field(model: type[models.Model], name: str) -> models.Field[Any, Any]:
    meta = model._meta
    return next(field for field in meta.concrete_fields if name in (field.name, field.attname))


def _update(
    model: type[models.Model], fields: Sequence[models.Field[Any, Any]], rows: Sequence[tuple[int, Sequence[Any]]]
) -> int:
    quote, meta = connection.ops.quote_name, model._meta
    primary = meta.pk
    assert primary is not None
    table, key = quote(meta.db_table), quote(str(primary.column))
    sets = ", ".join(f"{quote(str(field.column))} = given.column{n}" for n, field in enumerate(fields, 2))
    values = ", ".join([f"({', '.join(_slot(field) for field in (primary, *fields))})"] * len(rows))
    # Nothing but names of our own models, and placeholders, is put together here. Both databases name the columns of
    # VALUES so.
    sql = f"UPDATE {table} SET {sets} FROM (VALUES {values}) AS given WHERE {table}.{key} = given.column1"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(sql, list(_given(fields, rows)))
        return int(cursor.rowcount)


def _slot(field: models.Field[Any, Any]) -> str:
    """A placeholder. PostgreSQL takes a value in VALUES for text, unless it is told its type."""
    if connection.vendor != "postgresql" or isinstance(field, models.CharField):  # cast to varchar, it would be cut off
        return "%s"
    kind = field.rel_db_type(connection) if field.primary_key else field.db_type(connection)
    return f"%s::{kind}"


def _given(fields: Sequence[models.Field[Any, Any]], rows: Sequence[tuple[int, Sequence[Any]]]) -> Iterator[Any]:
    for pk, values in rows:
        yield pk
        for field, value in zip(fields, values, strict=True):
            yield field.get_db_prep_save(value, connection)
