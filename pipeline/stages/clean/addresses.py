"""Addresses of links, pictures and embedded pages: mended where that is certain, refused where they are unsafe."""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from pipeline.stages.clean.gate import admits
from pipeline.stages.clean.vocabulary import SCHEMES

_CONTROLS = re.compile("[\x00-\x1f\x7f]+")
_SCHEME = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):")
_EMAIL = re.compile(r"[^\s@/:?#]{1,64}@[^\s@/:?#]+\.[a-zA-Z]{2,24}")
_WEB = re.compile(r"(https?)(?::[/\\]*|[/\\]{2,})", re.IGNORECASE)
_LONGEST = 8_000
_HOST = re.compile(r"(?:[^\W_](?:[\w-]*[^\W_])?\.)*[^\W_](?:[\w-]*[^\W_])?\.?|\[[0-9a-fA-F:.]+\]", re.UNICODE)


def mend(address: str, base: str) -> str:
    """A safe address for ``address``; empty when there is none.

    Missing or broken schemes are mended (``www.x.org``, ``http:/x.org``, ``//x.org``, ``name@x.org``), spaces escaped,
    and relative addresses resolved against ``base``, when there is one. Mending what was mended changes nothing.
    """
    address = _CONTROLS.sub("", address.replace("\xa0", " ")).strip()
    if not address or len(address) > _LONGEST:
        return ""
    if address.startswith("#"):
        return "#" + address[1:].replace(" ", "%20") if len(address) > 1 else ""
    address = _with_scheme(address.replace(" ", "%20"))
    scheme = _SCHEME.match(address)
    if scheme is None and base:
        address = _joined(base, address)
        scheme = _SCHEME.match(address)
    if scheme and scheme[1].lower() not in SCHEMES:
        return ""
    if scheme and scheme[1].lower() in ("http", "https") and not host_of(address):
        return ""
    return address if admits(address) else ""


def _with_scheme(address: str) -> str:
    scheme = ""
    while web := _WEB.match(address):  # http://https://x.org happens, too
        scheme, address = web[1].lower(), address[web.end() :]
    if scheme or re.match(r"[/\\]{2}", address):
        return f"{scheme or 'https'}://" + _forward(address.lstrip("/\\"))
    if re.match(r"www\.[\w-]+\.", address, re.IGNORECASE):
        return f"https://{address}"
    if _EMAIL.fullmatch(address):
        return f"mailto:{address}"
    return address if _SCHEME.match(address) else _forward(address)


def _forward(address: str) -> str:
    """An address with slashes where Windows has backslashes; browsers read them so."""
    path, mark, query = address.partition("?")
    return path.replace("\\", "/") + mark + query


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # “//[”: no address at all
        return ""


def host_of(address: str) -> str:
    """The host in a web address, in small letters; empty when it has none or is not well-formed."""
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises when it is no number
        host = parts.hostname or ""
    except ValueError:
        return ""
    shown = f"[{host}]" if ":" in host else host
    return host if _HOST.fullmatch(shown) else ""


def web_address(address: str, base: str, *, secure: bool = False) -> str:
    """A mended address on the web (http, https or relative; ``secure``: without http); empty when it is none."""
    mended = mend(address, base)
    scheme = _SCHEME.match(mended)
    allowed = ("https",) if secure else ("http", "https")
    return "" if mended.startswith("#") or (scheme and scheme[1].lower() not in allowed) else mended


def embeddable(address: str, hosts: tuple[str, ...]) -> str:
    """The https address of an embedded page when its very host is allowed (no port, no user name); else empty."""
    mended = mend(address, "")
    if mended.startswith("http://"):
        mended = "https://" + mended[7:]
    if not mended.startswith("https://"):
        return ""
    authority = urlsplit(mended).netloc.lower()
    return mended if authority == host_of(mended) and authority in hosts else ""
