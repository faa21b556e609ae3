"""``/healthz`` and ``/readyz``: whether the web process lives, and whether it can do its work."""

from __future__ import annotations

import socket
import time
from contextlib import closing
from functools import cache
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from pipeline.errors import PipelineError
from pipeline.flow import installation

_BROKER_SECONDS: Final = 0.5
_BROKER_KEPT: Final = 5.0
_BROKER_PORT: Final = 6379
_broker: tuple[float, str, bool] = (float("-inf"), "", False)


class NotMigratedError(Exception):
    """So that what has not been done yet is asked for again, and what is done is not."""


@require_safe
def healthz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - every view takes a request
    """This process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def readyz(request: HttpRequest) -> HttpResponse:  # noqa: ARG001 - as above
    """This process can do its work: the ledger answers and has its tables, and the network file holds.

    Without the broker it can as well: what is submitted waits in the ledger. So that is told, and no reason to take the
    process out of service.
    """
    if why := _why_not():
        return JsonResponse({"status": "not ready", "why": why}, status=HTTPStatus.SERVICE_UNAVAILABLE)
    return JsonResponse({"status": "ready", "broker": _broker_state()})


def forget() -> None:
    """Look afresh at the next call."""
    global _broker
    _broker = (float("-inf"), "", False)
    _is_migrated.cache_clear()


def _why_not() -> str:
    try:
        _is_migrated()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except NotMigratedError:
        return "the ledger is older than this program"
    except DatabaseError:
        return "the ledger"
    try:
        installation.network()
    except PipelineError:
        return "the network file"
    return ""


@cache
def _is_migrated() -> bool:
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise NotMigratedError
    return True


def _broker_state() -> str:
    if not settings.BROKER_URL:
        return "none"
    return "reachable" if _broker_answers(settings.BROKER_URL) else "away"


def _broker_answers(url: str) -> bool:
    """Whether somebody takes connections there; asked every few seconds at most, since anybody may ask us."""
    global _broker
    at, asked, answer = _broker
    if asked == url and time.monotonic() - at < _BROKER_KEPT:
        return answer
    try:
        answer = _connects(url)
    except (OSError, ValueError):
        answer = False
    _broker = (time.monotonic(), url, answer)
    return answer


def _connects(url: str) -> bool:
    parts = urlsplit(url)
    if parts.path and not parts.hostname:  # redis+socket:///path, unix:///path
        with closing(socket.socket(socket.AF_UNIX)) as near:
            near.settimeout(_BROKER_SECONDS)
            near.connect(parts.path)
        return True
    with socket.create_connection((parts.hostname or "127.0.0.1", parts.port or _BROKER_PORT), _BROKER_SECONDS):
        return True
