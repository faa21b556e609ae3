"""How much a call may bring: counted while it comes in, before anything of it is kept."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from pipeline.api import problems
from pipeline.errors import Permanent
from pipeline.flow import installation

Message = Mapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[dict[str, Any], Receive, Send], Awaitable[None]]

AROUND: Final = 1_000_000
"""Bytes beside the article itself: what a form or JSON puts around it."""

_WITHOUT_NETWORK: Final = 5_000_000


class BoundedBody:
    """An ASGI application that never sees more than an article may have.

    Django writes the whole body to the disk before any view is asked; whoever sends without end would fill it.
    """

    def __init__(self, application: Application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        """Answer one call: with 413 as soon as it is too large."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        most = most_bytes()
        if _announced(scope) > most:
            await _refuse(send)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            # As if the caller had gone: Django then throws away what it has, and answers nothing.
            return message if seen <= most else {"type": "http.disconnect"}

        await self.application(scope, counted, send)
        if seen > most:
            await _refuse(send)


def most_bytes() -> int:
    """How many bytes a call may bring, by the network file."""
    try:
        return int(installation.network().limits.megabytes * 1_000_000) + AROUND
    except Permanent:  # a broken network file must not keep the desk from saying so
        return _WITHOUT_NETWORK + AROUND


def _announced(scope: dict[str, Any]) -> int:
    given = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"0")
    return int(given) if given.isdigit() and len(given) < 20 else 0


async def _refuse(send: Send) -> None:
    body = json.dumps(problems.told(problems.too_large())).encode()
    headers = [
        (b"content-type", problems.MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": HTTPStatus.REQUEST_ENTITY_TOO_LARGE.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
