"""Which migrations workers of the version before survive: those that only add, in a way that old INSERTs can live with.

An upgrade migrates first and restarts workers one after the other (docs/operations.md). Between the two, old code works
on new tables: it names the columns it knows, so that new ones must be empty-able or filled by the database itself; and
nothing that it names may be gone. What is to go is first no longer used, and goes with the release after.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as ops
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

FIRST_RELEASE: Final = 4
"""The newest migration of the ledger that the first release has: nobody upgrades from before it."""

_HARMLESS: Final = (
    ops.CreateModel,
    ops.AddIndex,
    ops.RemoveIndex,
    ops.RenameIndex,
    ops.RemoveConstraint,
    ops.AlterModelOptions,
    ops.AlterModelManagers,
)
_TOLD_TO_PEOPLE: Final = frozenset(
    {"choices", "help_text", "verbose_name", "validators", "blank", "default", "related_name", "limit_choices_to"}
)
"""What the database knows nothing of."""


def harms(migration: Migration, before: ProjectState) -> list[str]:
    """Why old workers would not survive a migration, a sentence for each operation; empty when they do.

    ``before`` is the state that it is applied to. A migration that is harmless for a reason which can't be seen here
    says so: ``survives = "…"`` in its class.
    """
    if getattr(migration, "survives", ""):
        return []
    state = before.clone()
    found: list[str] = []
    made: set[str] = set()
    for operation in migration.operations:
        found += _harms(operation, state, migration.app_label, made)
        if isinstance(operation, ops.CreateModel):
            made.add(operation.name.lower())
        operation.state_forwards(migration.app_label, state)
    return found


def _harms(operation: Operation, state: ProjectState, app: str, made: set[str]) -> Iterator[str]:
    model = str(getattr(operation, "model_name", "")).lower()
    if isinstance(operation, _HARMLESS) or model in made:
        return
    if isinstance(operation, ops.SeparateDatabaseAndState):
        for each in operation.database_operations:
            yield from _harms(each, state, app, made)
    elif isinstance(operation, ops.AddField):
        if not _fills_itself(operation.field):
            yield (
                f"{operation.describe()}: old workers insert rows without it. Give it null=True, or db_default as well "
                "as default."
            )
    elif isinstance(operation, ops.AlterField):
        old = state.models[app, model].fields[operation.name]
        if narrows := _narrows(old, operation.field):
            yield f"{operation.describe()}: {narrows} changes. Add a new field, and remove this one a release later."
    else:
        yield (
            f"{operation.describe()}: old workers may still need what this takes away, or write what it forbids. Do it "
            "a release later, or say why it is harmless: survives = “…” in the migration."
        )


def _fills_itself(field: models.Field[Any, Any]) -> bool:
    return field.null or field.many_to_many or field.db_default is not models.NOT_PROVIDED


def _narrows(old: models.Field[Any, Any], new: models.Field[Any, Any]) -> str:
    """The first thing about a column that is not wider than before."""
    (_, was, _, before), (_, becomes, _, after) = old.deconstruct()[0:4], new.deconstruct()[0:4]
    if was != becomes:
        return "its type"
    for name in sorted(before.keys() | after.keys()):
        was_value, is_value = before.get(name), after.get(name)
        wider = (
            was_value == is_value
            or name in _TOLD_TO_PEOPLE
            or (name == "null" and is_value)
            or (name == "max_length" and is_value and was_value and is_value > was_value)
            or (name == "db_default" and name not in before)
            or (name == "db_constraint" and is_value is False)
            or (name in {"db_index", "unique"} and not is_value)
        )
        if not wider:
            return name
    return ""
