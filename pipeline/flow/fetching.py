"""An article by its address: fetched, and where a whole page came, taken out of what stands around it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.message import Message
from typing import Final
from urllib.parse import urljoin

from django.conf import settings

from pipeline import outbound
from pipeline.documents import Metadata, Original, Submission
from pipeline.errors import Permanent
from pipeline.flow import submit
from pipeline.network import Network
from pipeline.stages import intake
from pipeline.stages.intake import bounds

TIMEOUT: Final = 15.0
"""Seconds for all of it, redirects included: a person is waiting."""

_FOLLOWED: Final = 5
_KINDS: Final = frozenset(
    {"", "text/html", "application/xhtml+xml", "text/plain", "text/markdown", "application/json"}
)  # "": the server does not say
_ACCEPT: Final = {"Accept": "text/html, application/xhtml+xml, text/markdown, text/plain;q=0.8, application/json;q=0.5"}
_PAGE: Final = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_MARKED: Final = re.compile(r"<article\b|articleBody", re.IGNORECASE)
"""A page that says itself what its article is: intake finds it there, with everything that belongs to it."""

_MOST_TAGS: Final = 10_000
"""Of a page that trafilatura looks at: 20,000 paragraphs in 200 levels took it 14 s, 5,000 took 1.4 s."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """An article as intake has read it. ``url`` is where it stood after all redirects.

    ``extracted``: whether the article was taken out of a page that does not mark it, which may have left something out.
    """

    original: Original
    url: str
    extracted: bool = False


def fetch(url: str, net: Network) -> Fetched:
    """The article at an address, with what its page says of it; its canonical URL is the page's, else the address.

    Raises:
        Permanent: it is no web address or may not be reached, what comes is no article, or intake refuses it.
        Transient: the server is not there, too slow or busy.
    """
    options = submit.intake_options(net)
    try:
        answer = outbound.request(
            "GET",
            url,
            headers=_ACCEPT,
            limit=options.max_bytes,
            timeout=TIMEOUT,
            allow_private=settings.ALLOW_PRIVATE,
            follow=_FOLLOWED,
        )
    except outbound.Refused:
        raise
    except Permanent as error:  # what an operator could do about it is nothing that whoever submits can
        raise Permanent(error.message, "Give the public address of a page, or paste its text.") from error
    name = outbound.shown(answer.url)
    kind, charset = _told(answer.headers)
    if kind not in _KINDS:
        raise Permanent(f"{name} is no article, but {kind[:80]}.", "Give the address of a page with text.")
    data = _as_utf8(answer.content, charset)
    read = intake.read(Submission(name, data), options)
    extracted = _extract(read, data, answer.url, name, options) if read.format == "html" else None
    original = extracted or read
    return Fetched(
        replace(original, metadata=_placed(original.metadata, answer.url)), answer.url, extracted is not None
    )


def _told(headers: Mapping[str, str]) -> tuple[str, str]:
    """The media type and the charset that a server names."""
    message = Message()
    message["Content-Type"] = headers.get("content-type", "") or "application/x-unknown"
    kind = message.get_content_type() if headers.get("content-type") else ""
    return kind, message.get_content_charset() or ""


def _as_utf8(data: bytes, charset: str) -> bytes:
    """What a server sends in a charset that only its header names; intake sees to all others."""
    if charset in {"", "utf-8"}:
        return data
    try:
        return data.decode(charset).encode()
    except (LookupError, UnicodeError):
        return data


def _placed(metadata: Metadata, url: str) -> Metadata:
    """Metadata with whole addresses: pages give them as they like."""
    try:
        canonical = urljoin(url, metadata.canonical_url) if metadata.canonical_url else url
        image = urljoin(url, metadata.image) if metadata.image else ""
    except ValueError:  # “http://[”
        canonical, image = url, ""
    return replace(metadata, canonical_url=canonical.partition("#")[0], image=image)


def _extract(read: Original, data: bytes, url: str, name: str, options: intake.Options) -> Original | None:
    """The article of a page that does not mark it; ``None`` where it does, or nothing is found."""
    page = bounds.decode(name, data)
    if not _PAGE.search(page) or _MARKED.search(page) or page.count("<") > _MOST_TAGS:
        return None
    import trafilatura  # takes a third of a second to import, and most of what is handed in needs none of it

    body = trafilatura.extract(
        page,
        url=url,
        output_format="html",
        include_links=True,
        include_images=True,
        include_formatting=True,
        include_tables=True,
        include_comments=False,
    )
    if not body:
        return None
    try:
        # Once more, since the heading that is the title comes along.
        return intake.read(Submission(name, body.encode(), read.metadata), options)
    except Permanent:
        return None  # nothing but a title was found: the whole page is better than that
