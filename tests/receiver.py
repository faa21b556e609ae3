"""Real HTTP servers for tests of what reaches the outside: one that answers as told, one that receives webhooks."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

SECRET = "whsec_dGlkZXdhdGVyLXJlbGllZi10ZXN0LXNlY3JldC0wMQ=="


@dataclass(frozen=True)
class Request:
    """What came in. Header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Reply:
    """What goes out. ``broken`` closes the connection after so many bytes of the body."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    broken: int | None = None


Answering = Callable[[Request], Reply]


@contextmanager
def serving(answer: Answering, *, tls: ssl.SSLContext | None = None) -> Iterator[str]:
    """Serve on a free port; gives the server's address, without a slash."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        timeout = 10

        def _serve(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = answer(Request(self.command, self.path, headers, self.rfile.read(length)))
            self.close_connection = True
            head = {"Content-Length": str(len(reply.body)), "Connection": "close", **reply.headers}
            lines = [f"HTTP/1.1 {reply.status} Told", *(f"{name}: {value}" for name, value in head.items())]
            self.wfile.write("\r\n".join([*lines, "", ""]).encode() + reply.body[: reply.broken])

        do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """A client that went away is what some tests are about."""

    with Server(("127.0.0.1", 0), Handler) as server:
        if tls:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Receiver:
    """A newsroom's system as docs/outputs.md wants it: checks signatures, obeys sequences, lists what it holds.

    ``faults`` are used up one request at a time, by what comes for articles; ``None`` lets one through.
    """

    pages: dict[str, dict[str, Any]] = field(default_factory=dict)
    assets: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: list[Request] = field(default_factory=list)
    faults: list[Answering | None] = field(default_factory=list)
    tombstones: dict[str, int] = field(default_factory=dict)
    broken: bool = False  # whether it closes every connection without an answer
    own: Callable[[dict[str, Any]], str] | None = None  # the address that it gives a page itself
    listed: int = 100  # pages on one page of the list
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> Reply:
        """Answer one request."""
        try:
            Webhook(SECRET).verify(request.body, dict(request.headers), json_parse=False)
        except WebhookVerificationError as error:
            return _json(401, {"error": str(error)})
        if request.method == "GET":
            return self._list(request)
        if request.method == "HEAD":
            return Reply(405)
        body = json.loads(request.body)
        with self.lock:
            self.seen.append(request)
            if self.broken:
                raise ConnectionResetError
            of_article = body.get("metadata") or body["action"] == "remove"
            fault = self.faults.pop(0) if self.faults and of_article else None
        return fault(request) if fault else self.take(body)

    def take(self, body: dict[str, Any]) -> Reply:
        """Do what a request asks for."""
        with self.lock:
            if body["action"] == "asset":
                self.assets[body["path"]] = body
                return Reply(204)
            key, sequence = body["key"], body["sequence"]
            known = max(self.tombstones.get(key, -1), self.pages.get(key, {}).get("sequence", -1))
            if known > sequence:
                held = self.pages.get(key, {})
                return _json(409, {"sequence": known, "digest": held.get("digest"), "url": held.get("url")})
            if body["action"] == "remove":
                self.pages.pop(key, None)
                self.tombstones[key] = sequence
            else:
                self.pages[key] = body
            if self.own and body.get("metadata"):
                body["url"] = self.own(body)
                return _json(200, {"url": body["url"]})
            return Reply(204)

    def of(self, key: str) -> list[Request]:
        """The requests that came in of one page, in order."""
        return [request for request in self.seen if json.loads(request.body)["key"] == key]

    def _list(self, request: Request) -> Reply:
        start = int(request.path.partition("start=")[2] or 0)
        rows = [
            {name: page[name] for name in ("key", "sequence", "path", "url", "digest")}
            for _, page in sorted(self.pages.items())
        ]
        more = start + self.listed < len(rows)
        following = f"?start={start + self.listed}" if more else None
        return _json(200, {"pages": rows[start : start + self.listed], "next": following})


def _json(status: int, data: object) -> Reply:
    return Reply(status, json.dumps(data).encode(), {"Content-Type": "application/json"})
