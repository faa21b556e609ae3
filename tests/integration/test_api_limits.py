"""What comes in without end is refused before any of it is kept."""

from __future__ import annotations

import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator

from config.asgi import application
from pipeline.api.limits import most_bytes


def call(body: list[bytes], announced: str = "") -> tuple[int, dict[str, str], bytes, int]:
    """Status, headers and body of the answer to a POST, and how many pieces of the body were taken."""
    headers = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    headers += [(b"content-length", announced.encode())] if announced else []
    scope = {"type": "http", "method": "POST", "path": "/api/v1/articles", "query_string": b"", "headers": headers}

    async def exchange() -> tuple[int, dict[str, str], bytes, int]:
        caller = ApplicationCommunicator(application, {**scope, "http_version": "1.1", "server": ("localhost", 80)})
        for piece in body:
            await caller.send_input({"type": "http.request", "body": piece, "more_body": True})
        start = await caller.receive_output(5)
        answer = await caller.receive_output(5)
        left = caller.input_queue.qsize()
        await caller.wait(5)
        told = {name.decode(): value.decode() for name, value in start["headers"]}
        return start["status"], told, answer["body"], len(body) - left

    return asyncio.run(exchange())


@pytest.mark.parametrize("announced", ["99999999999", ""])
def test_a_body_that_is_too_large_is_refused_while_it_comes(home, announced):
    """At once where its length is announced, else as soon as it is passed; the answer is a problem."""
    piece = b"x" * (most_bytes() // 4 + 1)
    status, headers, body, taken = call([piece] * 8, announced)
    assert status == 413
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["status"] == 413
    assert taken == (0 if announced else 4)


def test_a_broken_network_file_bounds_bodies_all_the_same(home, settings):
    """By what is usual."""
    settings.NETWORK_FILE.write_text("nonsense", encoding="utf-8")
    assert 5_000_000 <= most_bytes() <= 10_000_000
