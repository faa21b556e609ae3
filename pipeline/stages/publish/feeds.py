"""The newest articles as feeds: Atom (RFC 4287), RSS 2.0 and JSON Feed 1.1. The same input gives the same bytes.

Written by hand and not with feedgen, which leaves out the ``rel`` of enclosures in Atom and gives a channel's own
address as that of its site.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape
from typing import Any, Final
from xml.etree import ElementTree as ET

from pipeline.documents import Feed, Teaser
from pipeline.stages.publish import head, locales
from pipeline.stages.publish.theme import fit

_ATOM: Final = "http://www.w3.org/2005/Atom"
_DC: Final = "http://purl.org/dc/elements/1.1/"
_IDS: Final = uuid.uuid5(uuid.NAMESPACE_URL, "https://sectionwire.invalid/feeds")


@dataclass(frozen=True, slots=True)
class Words:
    """What a feed says of itself: the section's name, a sentence, and who publishes it."""

    title: str
    description: str
    organisation: str


def identity(feed: Feed, teaser: Teaser | None = None) -> str:
    """The name of a feed or of an entry in it, for good: it stays when addresses and titles change."""
    return uuid.uuid5(_IDS, "\n".join((feed.section, feed.language, teaser.uid or teaser.url if teaser else ""))).urn


def atom(feed: Feed, words: Words, kinds: Mapping[str, str]) -> bytes:
    """The feed as Atom; ``kinds`` are readers' words for kinds of articles."""
    root = ET.Element("feed", {"xmlns": _ATOM, "xml:lang": feed.language})
    _add(root, "id", identity(feed))
    _add(root, "title", words.title)
    _add(root, "subtitle", words.description)
    _add(root, "updated", _iso(feed.updated_at))
    _add(_add(root, "author"), "name", words.organisation)
    _add(root, "link", rel="self", type="application/atom+xml", href=f"{feed.address}feed.atom")
    _add(root, "link", rel="alternate", type="text/html", hreflang=feed.language, href=feed.url)
    for teaser in feed.teasers:
        entry = _add(root, "entry")
        _add(entry, "id", identity(feed, teaser))
        _add(entry, "title", teaser.title)
        _add(entry, "link", rel="alternate", type="text/html", hreflang=feed.language, href=teaser.url)
        _add(entry, "published", _iso(teaser.published_at))
        _add(entry, "updated", _iso(teaser.updated_at or teaser.published_at))
        for author in teaser.authors:
            _add(_add(entry, "author"), "name", author)
        for term, label in _categories(teaser, kinds):
            _add(entry, "category", term=term, label=label)
        for enclosure in teaser.enclosures:
            _add(entry, "link", rel="enclosure", type=enclosure.type, href=enclosure.url)
        _add(entry, "summary", teaser.summary)
        if picture := _picture(feed, teaser):
            _add(entry, "content", picture, type="html")
    return _written(root)


def rss(feed: Feed, words: Words, kinds: Mapping[str, str]) -> bytes:
    """The feed as RSS 2.0. An item has room for one enclosure, of which the length is not known: 0."""
    root = ET.Element("rss", {"version": "2.0", "xmlns:atom": _ATOM, "xmlns:dc": _DC})
    channel = _add(root, "channel")
    _add(channel, "title", words.title)
    _add(channel, "link", feed.url)
    _add(channel, "description", words.description)
    _add(channel, "language", feed.language.lower())
    _add(channel, "lastBuildDate", format_datetime(feed.updated_at.astimezone(UTC)))
    _add(channel, "atom:link", rel="self", type="application/rss+xml", href=f"{feed.address}feed.rss")
    for teaser in feed.teasers:
        item = _add(channel, "item")
        _add(item, "title", teaser.title)
        _add(item, "link", teaser.url)
        _add(item, "guid", identity(feed, teaser), isPermaLink="false")
        _add(item, "pubDate", format_datetime(teaser.published_at.astimezone(UTC)))
        _add(item, "description", _picture(feed, teaser) or escape(teaser.summary))
        for author in teaser.authors:
            _add(item, "dc:creator", author)
        for _, label in _categories(teaser, kinds):
            _add(item, "category", label)
        for enclosure in teaser.enclosures[:1]:
            _add(item, "enclosure", url=enclosure.url, length="0", type=enclosure.type)
    return _written(root)


def json_feed(feed: Feed, words: Words, kinds: Mapping[str, str]) -> bytes:
    """The feed as JSON Feed 1.1."""
    data = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": words.title,
        "home_page_url": feed.url,
        "feed_url": f"{feed.address}feed.json",
        "description": words.description,
        "language": feed.language,
        "authors": [{"name": words.organisation}],
        "items": [_item(feed, teaser, kinds) for teaser in feed.teasers],
    }
    return (fit(json.dumps(data, ensure_ascii=False, indent=1)) + "\n").encode()


def _item(feed: Feed, teaser: Teaser, kinds: Mapping[str, str]) -> dict[str, Any]:
    item: dict[str, Any] = {
        "id": identity(feed, teaser),
        "url": teaser.url,
        "title": teaser.title,
        "content_text": teaser.summary or teaser.title,
        "date_published": _iso(teaser.published_at),
        "date_modified": _iso(teaser.updated_at or teaser.published_at),
        "language": feed.language,
    }
    optional = {
        "summary": teaser.summary,
        "image": teaser.image if head.is_web_address(teaser.image) else "",
        "authors": [{"name": author} for author in teaser.authors],
        "tags": [label for _, label in _categories(teaser, kinds)],
        "attachments": [{"url": each.url, "mime_type": each.type} for each in teaser.enclosures],
    }
    return item | {name: value for name, value in optional.items() if value}


def _categories(teaser: Teaser, kinds: Mapping[str, str]) -> list[tuple[str, str]]:
    """The kind, unless it says nothing, and the tags: their own word, and what readers are shown."""
    kind = [(teaser.kind, kinds[teaser.kind])] if kinds.get(teaser.kind) else []
    return [*kind, *((tag, tag) for tag in teaser.tags)]


def _picture(feed: Feed, teaser: Teaser) -> str:
    """The teaser as HTML with its picture; empty where it has none that readers of feeds can fetch."""
    if not head.is_web_address(teaser.image):
        return ""
    picture = f'<img src="{escape(teaser.image)}" alt="{escape(teaser.image_alt)}">'
    direction = locales.direction(feed.language)
    return f'<p>{picture}</p><p dir="{direction}">{escape(teaser.summary)}</p>'


def _add(parent: ET.Element[str], name: str, text: str = "", **attributes: str) -> ET.Element[str]:
    element = ET.SubElement(parent, name, {key: fit(value) for key, value in attributes.items()})
    element.text = fit(text) or None
    return element


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _written(root: ET.Element[str]) -> bytes:
    ET.indent(root, " ")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'.encode()
