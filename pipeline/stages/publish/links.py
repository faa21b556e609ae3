"""Links between articles: under which names an address is known, and a body's links led elsewhere."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from html import escape, unescape
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

_ANCHOR = re.compile(r'<a\s(?:[^>"]|"[^"]*")*>', re.IGNORECASE)
_HREF = re.compile(r'(\shref=")([^"]*)(")', re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_PAGE = re.compile(r"(?:^|(?<=/))index\.html?$", re.IGNORECASE)


def normal(address: str) -> str:
    """The form in which two spellings of one address are equal; empty when it is none that an article could have.

    The scheme, the fragment, an ``index.html`` and the last slash count for nothing; an address without a host is known
    by its path, a file's by its name without ending.

    >>> normal("HTTPS://Tidewater.example:443/2026/%C3%A1gua/index.html#top") == normal("http://tidewater.example/2026/água")
    True
    >>> normal("../reports/river-gauges.html"), normal("mailto:a@b.example"), normal("#note-1")
    ('file:river-gauges', '', '')
    """
    try:
        parts = urlsplit(address.strip())
        port = parts.port
    except ValueError:
        return ""
    path = unicodedata.normalize("NFC", unquote(parts.path))
    path = _PAGE.sub("", path)
    query = f"?{parts.query}" if parts.query else ""
    if parts.scheme in _PORTS and parts.hostname:
        shown_port = f":{port}" if port not in (None, _PORTS[parts.scheme]) else ""
        return f"//{parts.hostname}{shown_port}{path.rstrip('/')}{query}"
    if parts.scheme or parts.netloc or query:
        return ""
    if path.startswith("/"):
        return f"path:{path.rstrip('/')}" if path.rstrip("/") else ""
    stem = PurePosixPath(path).stem
    return f"file:{stem.lower()}" if stem.strip(".") else ""


def names(address: str) -> set[str]:
    """The normal forms under which a page at a web address can be meant: with its host, and by its path alone."""
    form = normal(address)
    if not form.startswith("//"):
        return set()
    path = form[2:].partition("/")[2]
    return {form, f"path:/{path}"} if path and "?" not in path else {form}


def found(body: str) -> set[str]:
    """The normal forms of all addresses to which a body links."""
    return {form for tag in _ANCHOR.findall(body) for href in _HREF.findall(tag) if (form := normal(unescape(href[1])))}


def lead(body: str, targets: Mapping[str, str]) -> str:
    """The body with its links led to other addresses: ``targets`` has these by normal form. Fragments stay."""
    if not targets:
        return body
    return _ANCHOR.sub(lambda tag: _HREF.sub(lambda href: _led(href, targets), tag[0]), body)


def _led(href: re.Match[str], targets: Mapping[str, str]) -> str:
    address = unescape(href[2])
    target = targets.get(normal(address))
    if not target:
        return href[0]
    _, mark, fragment = address.partition("#")
    return f"{href[1]}{escape(target + mark + fragment)}{href[3]}"
