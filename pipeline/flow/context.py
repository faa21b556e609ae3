"""What each line of the log says of the work it is about: article, stage, section, language.

Bound as context, so that the lines of stages, engines and outputs below have it as well.
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from functools import singledispatch
from typing import Any

from django.db import DatabaseError
from structlog.contextvars import bound_contextvars

from pipeline.ledger.models import BatchRun, Claimable, Delivery, Refresh, Revision, Translation, WebhookSend


def working(row: Claimable) -> AbstractContextManager[None]:
    """Within, every line says what the row is about; without them, the lines say as they did before."""
    return bound_contextvars(**about(row))


def about(row: Claimable) -> dict[str, Any]:
    """The fields of a row: those that it has. Asks the ledger only for what was not read with it.

    A ledger that does not answer leaves fields out: the line that tells of it must not fail as well.
    """
    try:
        return {name: value for name, value in _about(row).items() if value}
    except DatabaseError:
        return {}


@singledispatch
def _about(row: Any) -> dict[str, Any]:  # noqa: ARG001 - rows of a kind that is not known here
    return {}


@_about.register
def _(row: Revision) -> dict[str, Any]:
    return {"stage": "clean", "article": row.article.uid, "revision": row.number}


@_about.register
def _(row: Translation) -> dict[str, Any]:
    return {"stage": "translate", "article": row.article.uid, "language": row.base}


@_about.register
def _(row: Delivery) -> dict[str, Any]:
    edition = row.edition
    place = {"section": edition.section, "language": edition.language, "output": row.output}
    return {"stage": "publish", "article": edition.article.uid, **place}


@_about.register
def _(row: Refresh) -> dict[str, Any]:
    return {
        "stage": "publish",
        "section": row.section,
        "language": row.language,
        "output": row.output,
        "page": row.page,
    }


@_about.register
def _(row: WebhookSend) -> dict[str, Any]:
    try:
        data = json.loads(row.body)["data"]
        article, section = data["article"]["uid"], data.get("section", "")
    except (ValueError, LookupError, TypeError, AttributeError):  # a test has no article, and old messages other data
        article = section = ""
    return {"stage": "webhooks", "article": article, "section": section, "topic": row.topic}


@_about.register
def _(row: BatchRun) -> dict[str, Any]:
    return {"stage": "batch", "schedule": row.schedule}
