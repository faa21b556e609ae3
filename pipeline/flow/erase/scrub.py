"""Taking words out of rows: of every text and JSON column, so that a new table can't be forgotten."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from django.apps import apps
from django.db.models import CharField, Field, JSONField, Model, Q, TextField
from django.db.models.functions import Cast

NAME_LENGTH: Final = 150
"""Columns of this length, which is that of Django's account names, have somebody's name and nothing else."""

CONTENT: Final = frozenset(
    {
        *("Article.title", "RevisionText.original", "RevisionText.body", "RevisionText.skeleton"),
        *("RevisionText.segments", "Revision.metadata", "Version.segments", "Version.title", "Edition.own_title"),
        *("MemoryUnit.source_text", "MemoryUnit.target_text", "ApprovedUnit.source_text", "ApprovedUnit.target_text"),
        *("Listed.teaser", "Host.robots", "Proposal.html", "Proposal.metadata", "SourceItem.entry", "Draft.seen"),
        "Draft.text",
    }
)
"""What articles say. Of a person only what is said of their work is erased: who is written about is not touched."""


def ledger_models() -> list[type[Model]]:
    """The tables of the ledger."""
    return list(apps.get_app_config("ledger").get_models())


def name_columns() -> Iterator[tuple[type[Model], str]]:
    """Every column of the ledger that has a person's name."""
    for model in ledger_models():
        for field in model._meta.fields:
            if isinstance(field, CharField) and field.max_length == NAME_LENGTH:
                yield model, field.name


def prose_columns() -> Iterator[tuple[type[Model], Field[Any, Any]]]:
    """Every column of the ledger in which sentences or JSON may name a person; not what articles say."""
    for model in ledger_models():
        for field in model._meta.fields:
            is_prose = isinstance(field, TextField | JSONField)
            if is_prose and f"{model.__name__}.{field.name}" not in CONTENT:
                yield model, field


def replace_everywhere(
    needles: Sequence[str], by: str, columns: Iterator[tuple[type[Model], Field[Any, Any]]] | None = None
) -> int:
    """Put another word in the place of whole words, in prose and JSON. Returns how many rows had them."""
    words = [needle for needle in dict.fromkeys(needles) if needle.strip()]
    if not words:
        return 0
    change = replacing(words, by)
    changed = 0
    for model, field in columns or prose_columns():
        name = field.name
        rows = model._default_manager.annotate(whole_text=Cast(name, TextField())).filter(_mentions(words))
        for pk, value in rows.values_list("pk", name).iterator(chunk_size=500):
            if (new := change(value)) != value:
                changed += model._default_manager.filter(pk=pk).update(**{name: new})
    return changed


def _mentions(words: Sequence[str]) -> Q:
    """That a column, as text, has one of the words, be it as JSON writes it."""
    found = Q()
    for word in words:
        found |= Q(whole_text__contains=word) | Q(whole_text__contains=json.dumps(word)[1:-1])
    return found


def replacing(words: Sequence[str], by: str) -> Callable[[Any], Any]:
    """What puts another word in the place of whole words, in texts and in whatever JSON has texts in.

    >>> replacing(["ines"], "X")(["returned by ines: see lines", 1])
    ['returned by X: see lines', 1]
    """
    longest_first = sorted(words, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<!\w){re.escape(word)}(?!\w)" for word in longest_first))

    def change(value: Any) -> Any:
        if isinstance(value, str):
            return pattern.sub(lambda _: by, value)
        if isinstance(value, list):
            return [change(each) for each in value]
        if isinstance(value, dict):
            return {change(key): change(each) for key, each in value.items()}
        return value

    return change
