"""A program that calls the API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from pipeline.flow import installation, tokens
from pipeline.flow.tokens import Right

API = "/api/v1"


@dataclass
class Calls:
    """Calls with one token; ``secret`` empty: with none."""

    secret: str = ""
    client: Client = field(default_factory=lambda: Client(raise_request_exception=False))

    def get(self, path: str, headers: Mapping[str, str] | None = None, **query: object) -> Any:
        """GET."""
        return self.client.get(API + path, query, headers=self._headers(headers))

    def post(self, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """POST of JSON, as text where it is one already; of nothing, where there is none."""
        return self.send("post", path, body, headers)

    def send(self, verb: str, path: str, body: object = None, headers: Mapping[str, str] | None = None) -> Any:
        """Any verb."""
        data = {} if body is None else {"data": body if isinstance(body, str | bytes) else json.dumps(body)}
        kind = {} if body is None else {"content_type": "application/json"}
        return getattr(self.client, verb)(API + path, **data, **kind, headers=self._headers(headers))

    def _headers(self, more: Mapping[str, str] | None) -> dict[str, str]:
        return ({"Authorization": f"Bearer {self.secret}"} if self.secret else {}) | dict(more or {})


def token(rights: str = "read", sections: Sequence[str] | None = ("portugal",), name: str = "") -> Calls:
    """A program with a token that has some rights, for some sections or all."""
    name = name or f"{rights} for {sections}"
    made = tokens.create(name, [Right(right) for right in rights.split()], sections, installation.network())
    return Calls(made.secret)


def problem(answer: Any, status: int) -> dict[str, Any]:
    """The problem that an answer must be."""
    assert answer.status_code == status, answer.content[:500]
    assert answer.headers["Content-Type"] == "application/problem+json"
    told = answer.json()
    assert told["status"] == status
    assert told["detail"]
    return told
