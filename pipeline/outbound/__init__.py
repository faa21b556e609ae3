"""The only way out over HTTP: one request, bounded in time and size, and never to an address it should not reach.

``connections`` sees to where a request goes and until when. There are no cookies, no proxies from the environment, and
redirects are followed by hand, with the same check at each hop.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Final

import httpx

from pipeline.errors import Permanent, PipelineError, Transient, Unreachable
from pipeline.outbound import connections

TRANSIENT: Final = frozenset({408, 425, 429, *range(500, 600)})
"""Statuses after which the same request may succeed later."""

LIMIT: Final = 5_000_000
"""Bytes of an answer, by default."""

LONGEST_WAIT: Final = 86_400.0
"""Seconds: nobody makes us wait for longer than a day by Retry-After."""

_LONGEST_URL: Final = 2_000
_QUOTED: Final = 200  # characters of what a server says, in our message
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_SECRETS: Final = frozenset({"authorization", "cookie", "proxy-authorization"})
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TOO_SLOW: Final = "{} did not answer within {:g} seconds."


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
        Transient: 408, 425, 429, 5xx; ``retry_after`` has the seconds that the other side asked for.
        Unreachable: a timeout, a name that is not found, a connection that breaks; a kind of Transient.
        Refused: any other status; a kind of Permanent.
        Permanent: the address is no web address or may not be reached; the answer is too large, in an encoding that
            nobody asked for, or redirects too often.
    """
    with connections.deadline(timeout):
        hop = _Hop(method.upper(), _checked_url(url), dict(headers or {}), content)
        for _ in range(follow + 1):
            answer = _exchange(hop, limit, timeout, allow_private)
            location = answer.headers.get("location", "")
            is_redirect = answer.status in _REDIRECTS and bool(location) and answer.status not in accept
            if not is_redirect or not follow or hop.method not in {"GET", "HEAD"}:
                return _judge(answer, accept)
            hop = _redirected(hop, location)
    raise Permanent(f"{shown(url)} redirects more than {follow} times.", "Give the address where it ends.")


def shown(url: str) -> str:
    """An address as it may stand in a message: without what may be secret in it (user, query, fragment)."""
    try:
        parsed = httpx.URL(url)
        plain = parsed.copy_with(userinfo=b"", query=None, fragment=None)
    except (httpx.InvalidURL, ValueError, TypeError):
        return "the address"
    return _CONTROL.sub(" ", str(plain))[:_QUOTED]


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
        response = connections.transport(allow_private=allow_private).handle_request(request_)
        try:
            body = b"" if hop.method == "HEAD" else _read(response, limit, where)
        finally:
            response.close()
    except PipelineError:
        raise
    except httpx.TimeoutException as error:
        raise Unreachable(_TOO_SLOW.format(where, timeout)) from error
    except httpx.HTTPError as error:
        raise Unreachable(f"{where} could not be reached: {_reason(error)}.") from error
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
    body, begun = bytearray(), False
    for chunk in response.iter_raw():
        begun = True
        try:
            body += inflate.decompress(chunk, limit + 1 - len(body)) if inflate else chunk
        except zlib.error as error:
            raise Transient(f"{where} sent a damaged answer: {_reason(error)}.") from error
        if len(body) > limit:
            raise Permanent(f"{where} answers with more than {limit:,} bytes.", "Ask it for less, or raise the limit.")
    if inflate and begun and not inflate.eof:
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
        target = shown(answer.headers.get("location", "")) or "an address that it does not say"
        raise Refused(
            f"{where} has moved to {target}.",
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
