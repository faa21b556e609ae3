"""Connections to addresses that were checked, and until a deadline.

A name is resolved first, its addresses are checked, and the connection goes to the address that was checked: a name
that resolves to something else a moment later gains nothing. TLS still asks for the name.
"""

from __future__ import annotations

import ipaddress
import os
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final

import httpcore
import httpx

from pipeline.errors import Permanent

_CONNECTIONS: Final = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4)
_SLICE: Final = 65_536
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


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


_deadline: ContextVar[float] = ContextVar("deadline")


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Everything that connections do inside the block ends within so many seconds."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def _left(timeout: float | None) -> float:
    """Seconds until the request's deadline: what a single read or write may take at most."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout("the deadline is over")
    return left if timeout is None else min(left, timeout)


def transport(*, allow_private: bool) -> httpx.HTTPTransport:
    """What sends a request, inside a :func:`deadline`; ``allow_private`` also to addresses inside the own network.

    Its connections raise Permanent, beside httpx's errors, for a name that has none but such addresses.
    """
    return _transport(allow_private, os.getpid())


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
