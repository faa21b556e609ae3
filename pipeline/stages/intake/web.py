"""Addresses and texts as they are found outside: in a form in which the same is equal."""

from __future__ import annotations

import hashlib
import re
from typing import Final
from urllib.parse import urljoin, urlsplit, urlunsplit

from pipeline.stages.intake.text import characters, collapse
from pipeline.stages.intake.tree import parse, visible_text

LONGEST_URL: Final = 2_000
LONGEST_IDENTITY: Final = 200
FEWEST_WORDS: Final = 20
"""A text with fewer words is not told from another by them: two notices may well say the same."""

_TRACKING = re.compile(r"^(?:utm_[a-z_]+|fbclid|gclid|msclkid|mc_[ce]id|pk_campaign|_hsenc|_hsmi)=", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_HOST = re.compile(r"[^\s/?#@\\]+")


def web_address(address: str, base: str = "") -> str:
    """A web address without fragment and tracking, with its host in small letters; empty when it is none.

    >>> web_address("/News/?utm_source=feed&id=7#top", "HTTPS://Tidewater.Example/feed.xml")
    'https://tidewater.example/News/?id=7'
    >>> web_address("javascript:alert(1)")
    ''
    """
    address = collapse(characters(address)).replace(" ", "%20")
    try:
        parts = urlsplit(urljoin(base, address) if address else "")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or "@" in parts.netloc:
        return ""
    host = f"[{host}]" if ":" in host else host
    shown_port = f":{port}" if port not in (None, {"http": 80, "https": 443}[parts.scheme]) else ""
    query = "&".join(each for each in parts.query.split("&") if not _TRACKING.match(each))
    whole = urlunsplit((parts.scheme, host + shown_port, parts.path or "/", query, ""))
    return whole if len(whole) <= LONGEST_URL else ""


def origin_of(url: str) -> str:
    """Scheme, host and port of a web address.

    >>> origin_of("https://tidewater.example:8443/news/")
    'https://tidewater.example:8443'
    """
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def identity(name: str) -> str:
    """A name from outside as it can be kept: as it is, or a digest of it where it is too long."""
    tidy = collapse(characters(name))
    return tidy if len(tidy) <= LONGEST_IDENTITY else f"sha256:{digest(tidy.encode('utf-8', 'replace'))}"


def digest(data: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def content_digest(title: str, html: str) -> str:
    """A digest of the words that a reader sees, whatever the markup; empty where there are too few to go by."""
    words = words_of(html)
    if len(words) < FEWEST_WORDS:
        return ""
    return digest("\n".join([*_WORD.findall(title.casefold()), "", *words]).encode())


def words_of(html: str) -> list[str]:
    """The words of the visible text of bounded HTML, in order, in small letters."""
    return _WORD.findall(visible_text([parse(html)]).casefold())
