"""The only way out over HTTP: one request, bounded in time and size, and never to an address it should not reach.

A name is resolved first, its addresses are checked, and the connection goes to the address that was checked: a name
that resolves to something else a moment later gains nothing. TLS still asks for the name. There are no cookies, no
proxies from the environment, and redirects are followed by hand, with the same check at each hop.
"""

from __future__ import annotations

import ipaddress
import os
import re
import socket
import time
import zlib
from collections.abc import Collection, Iterable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

import httpcore
import httpx

from pipeline.errors import Permanent, PipelineError, Transient

TRANSIENT: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses after which the same request may succeed later."""

LIMIT: Final = 5_000_000
"""Bytes of an answer, by default."""

LONGEST_WAIT: Final = 86_400.0
"""Seconds: nobody makes us wait for longer than a day by Retry-After."""

_CONNECTIONS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4)
_LONGEST_URL: Final = 2_000
_SLICE: Final = 65_536
_QUOTED: Final = 200  # characters of what a server says, in our message
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SECRETS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TOO_SLOW: Final = "{} did not answer within {:g} seconds."
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. ``headers`` has lower-case names; ``url`` is the address after all redirects."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str


class Refused(Permanent):
    """The other side answered with a status that no repetition will change. ``status`` says which."""

    def __init__(self, message: str, remedy: str, status: int) -> None:
        super().__init__(message, remedy)
        self.status = status


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    content: bytes | None = None,
    limit: int = LIMIT,
    timeout: float = 30,
    allow_private: bool = False,
    follow: int = 0,
    accept: Collection[int] = (),
) -> Answer:
    """Make one request and read the whole answer.

    Args:
        limit: the most bytes that the answer may have, also after decompression.
        timeout: seconds for everything together: names, connecting, sending, every redirect, reading.
        allow_private: also reach addresses inside the own network (the installation says so in network.toml).
        follow: how many redirects to follow; only for GET and HEAD.
        accept: statuses beside 2xx that the caller deals with himself, such as 304 or 409.

    Returns:
        An answer with a status of 2xx, or one of ``accept``.

    Raises:
        Transient: 408, 425, 429, 5xx, a timeout, a name that is not found, a connection that breaks;
            ``retry_after`` has the seconds that the other side asked for.
        Refused: any other status; a kind of Permanent.
        Permanent: the address is no web address or may not be reached; the answer is too large, in an encoding that
            nobody asked for, or redirects too often.
    """
    token = _deadline.set(time.monotonic() + timeout)
    try:
        hop = _Hop(method.upper(), _checked_url(url), dict(headers or {}), content)
        for _ in range(follow + 1):
            answer = _exchange(hop, limit, timeout, allow_private)
            location = answer.headers.get("location", "")
            is_redirect = answer.status in _REDIRECTS and bool(location) and answer.status not in accept
            if not is_redirect or not follow or hop.method not in {"GET", "HEAD"}:
                return _judge(answer, accept)
            hop = _redirected(hop, location)
    finally:
        _deadline.reset(token)
    raise Permanent(f"{shown(url)} redirects more than {follow} times.", "Give the address where it ends.")


def shown(url: str) -> str:
    """An address as it may stand in a message: without what may be secret in it (user, query, fragment)."""
    try:
        parsed = httpx.URL(url)
        plain = parsed.copy_with(userinfo=b"", query=None, fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        return "the address"
    return _CONTROL.sub(" ", str(plain))[:_QUOTED]


def is_public(address: str) -> bool:
    """Whether an IP address belongs to the internet at large, also in what it wraps (IPv4 in IPv6, 6to4, NAT64)."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return all(_is_global(each) for each in _unwrapped(found))


def _is_global(address: Address) -> bool:
    refused = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_link_local
        or getattr(address, "is_site_local", False)
    )
    return address.is_global and not refused


def _unwrapped(address: Address) -> list[Address]:
    """The addresses that a packet to this one may end at."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address in _NAT64:
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    inner: list[Address] = [address]
    if address.sixtofour:
        inner.append(address.sixtofour)
    if address.teredo:
        inner.extend(address.teredo)
    return inner


@dataclass(frozen=True, slots=True)
class _Hop:
    """One request on the way through redirects."""

    method: str
    url: httpx.URL
    headers: dict[str, str]
    content: bytes | None


def _checked_url(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, TypeError):
        parsed = httpx.URL("")
    host = parsed.host
    if parsed.scheme not in {"http", "https"} or not host or "%" in host or " " in host or len(url) > _LONGEST_URL:
        raise Permanent(
            f"{shown(url)} is no web address."[:300], "Give one that begins with https:// and has at most 2000 letters."
        )
    if parsed.userinfo:
        raise Permanent(
            f"{shown(url)} has a name or password in it.", "Take it out: addresses are shown in logs and receipts."
        )
    return parsed


def _redirected(hop: _Hop, location: str) -> _Hop:
    try:
        target = hop.url.join(location)
    except (httpx.InvalidURL, ValueError) as error:
        raise Permanent(f"{shown(str(hop.url))} redirects to no web address.", "Give another address.") from error
    target = _checked_url(str(target.copy_with(fragment=None)))
    same = (target.scheme, target.host, target.port) == (hop.url.scheme, hop.url.host, hop.url.port)
    headers = hop.headers if same else {k: v for k, v in hop.headers.items() if k.lower() not in _SECRETS}
    return replace(hop, url=target, headers=headers)


def _exchange(hop: _Hop, limit: int, timeout: float, allow_private: bool) -> Answer:
    where = shown(str(hop.url))
    request_ = httpx.Request(
        hop.method,
        hop.url,
        headers={"User-Agent": _user_agent(), "Accept": "*/*", "Accept-Encoding": "gzip", **hop.headers},
        content=hop.content,
        extensions={"timeout": {"connect": timeout, "read": timeout, "write": timeout, "pool": timeout}},
    )
    try:
        response = _transport(allow_private, os.getpid()).handle_request(request_)
        try:
            body = b"" if hop.method == "HEAD" else _read(response, limit, where)
        finally:
            response.close()
    except PipelineError:
        raise
    except httpx.TimeoutException as error:
        raise Transient(_TOO_SLOW.format(where, timeout)) from error
    except httpx.HTTPError as error:
        raise Transient(f"{where} could not be reached: {_reason(error)}.") from error
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body, str(hop.url))


def _reason(error: Exception) -> str:
    text = _CONTROL.sub(" ", str(error)).strip().rstrip(".")
    return text[:_QUOTED] or type(error).__name__


def _read(response: httpx.Response, limit: int, where: str) -> bytes:
    """The body, decompressed by ourselves: a kilobyte that unpacks to a gigabyte is stopped at the limit."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "", "gzip", "x-gzip", "deflate"}:
        raise Permanent(
            f"{where} answers in the encoding “{_CONTROL.sub(' ', encoding)[:40]}”, which nobody asked for.",
            "Ask whoever runs it to obey Accept-Encoding.",
        )
    inflate = None if encoding in {"identity", ""} else zlib.decompressobj(wbits=47)  # 47: gzip or zlib, told apart
    body = bytearray()
    for chunk in response.iter_raw():
        try:
            body += inflate.decompress(chunk, limit + 1 - len(body)) if inflate else chunk
        except zlib.error as error:
            raise Transient(f"{where} sent a damaged answer: {_reason(error)}.") from error
        if len(body) > limit:
            raise Permanent(f"{where} answers with more than {limit:,} bytes.", "Ask it for less, or raise the limit.")
    if inflate and body and not inflate.eof:
        raise Transient(f"{where} broke off in the middle of its answer.")
    return bytes(body)


def _judge(answer: Answer, accept: Collection[int]) -> Answer:
    if 200 <= answer.status < 300 or answer.status in accept:
        return answer
    where = shown(answer.url)
    message = f"{where} answered with {answer.status}{_said(answer)}."
    if answer.status in TRANSIENT:
        raise Transient(message, retry_after=_retry_after(answer.headers.get("retry-after", "")))
    if answer.status in _REDIRECTS:
        raise Refused(
            f"{where} has moved to {shown(answer.headers.get('location', ''))}.",
            "Give the new address.",
            answer.status,
        )
    raise Refused(message, _REMEDIES.get(answer.status, "Ask whoever runs it what it takes."), answer.status)


_REMEDIES: Final = {
    401: "Look at the credentials.",
    403: "Look at the credentials, and at what they allow.",
    404: "Look at the address.",
    405: "Look at the address.",
    410: "It is gone for good: remove the address.",
    413: "It takes less at once: ask whoever runs it to raise the limit.",
}


def _said(answer: Answer) -> str:
    """The beginning of what a server said in plain words, for the person who reads the message."""
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in {"text/plain", "application/json", "application/problem+json"}:
        return ""
    text = " ".join(_CONTROL.sub(" ", answer.content[: 4 * _QUOTED].decode(errors="replace")).split())
    return f" (“{text[:_QUOTED]}”)" if text else ""


def _retry_after(value: str) -> float | None:
    """Seconds, from a number or a date (RFC 9110, 10.2.3); ``None`` where it says neither."""
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}", value):
        return min(float(value), LONGEST_WAIT)
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), LONGEST_WAIT)


@lru_cache(maxsize=1)
def _user_agent() -> str:
    try:
        return f"Sectionwire/{version('sectionwire')}"
    except PackageNotFoundError:  # run from a checkout that nobody installed
        return "Sectionwire"


_deadline: ContextVar[float] = ContextVar("deadline")


def _left(timeout: float | None) -> float:
    """Seconds until the request's deadline: what a single read or write may take at most."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline is over")
    return left if timeout is None else min(left, timeout)


@lru_cache(maxsize=4)
def _transport(allow_private: bool, process: int) -> httpx.HTTPTransport:  # noqa: ARG001 - connections don't survive a fork
    return _Transport(allow_private=allow_private)


@lru_cache(maxsize=1)
def _trust() -> Any:
    return httpx.create_ssl_context()  # certifi's, or the operator's own: SSL_CERT_FILE, SSL_CERT_DIR


class _Transport(httpx.HTTPTransport):
    """httpx's transport (without its client: no cookies, proxies, redirects), on connections that are checked."""

    def __init__(self, *, allow_private: bool) -> None:
        super().__init__(verify=_trust(), trust_env=False)
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(),
            max_connections=_CONNECTIONS.max_connections,
            max_keepalive_connections=_CONNECTIONS.max_keepalive_connections,
            keepalive_expiry=_CONNECTIONS.keepalive_expiry,
            network_backend=_Backend(allow_private=allow_private),
        )


class _Backend(httpcore.NetworkBackend):
    """Connects to addresses that were checked, and to no other."""

    def __init__(self, *, allow_private: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        failure: Exception | None = None
        for address in self._addresses(host, port, timeout):
            try:
                stream = self._inner.connect_tcp(address, port, _left(timeout), local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
                continue
            return _Stream(stream)
        raise failure or httpcore.ConnectError(f"{host} has no address")

    def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        found = _resolve(host, port, _left(timeout))
        allowed = [address for address in found if self._allow_private or is_public(address)]
        if found and not allowed:
            raise Permanent(
                f"{host} is inside the own network ({found[0]}), which must not be reached from here.",
                "Give a public address; or, if it is meant, set allow_private = true for it.",
            )
        return allowed


def _resolve(host: str, port: int, timeout: float) -> list[str]:
    """The addresses of a name. In a thread: the system's resolver knows no deadline."""
    answers: SimpleQueue[list[str] | OSError] = SimpleQueue()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            answers.put(error if isinstance(error, OSError) else OSError(str(error)))
        else:
            answers.put(list(dict.fromkeys(str(entry[4][0]) for entry in found)))

    Thread(target=look_up, name="resolver", daemon=True).start()
    try:
        answer = answers.get(timeout=timeout)
    except Empty:
        raise httpcore.ConnectTimeout(f"{host} was not resolved in time") from None
    if isinstance(answer, OSError):
        raise httpcore.ConnectError(f"the name {host} is not found ({answer.strerror or answer})") from answer
    return answer


class _Stream(httpcore.NetworkStream):
    """A connection whose every read and write ends at the request's deadline: bytes that drip don't prolong it."""

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        for start in range(0, len(view), _SLICE):
            self._inner.write(bytes(view[start : start + _SLICE]), _left(timeout))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return _Stream(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
