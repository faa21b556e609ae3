"""Feeds: RSS, Atom and JSON Feed → entries.

feedparser reads what is XML; before it sees anything, size, elements and depth are counted and entities are refused, as
a kilobyte of them unpacks to gigabytes. Measured with 10,000 entries of 1.5 kB (15 MB): 4.7 s; 36 s when feedparser
cleans the markup and 20 s when it resolves addresses, which is done later here, and only for what is new.
"""

from __future__ import annotations

import io
import json
import re
from calendar import timegm
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final
from xml.parsers import expat

import feedparser  # type: ignore[import-untyped]

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.stages.intake import bounds, fields
from pipeline.stages.intake.text import characters, collapse, plain, shorten
from pipeline.stages.intake.web import digest, identity, web_address

MOST_ENTRIES: Final = 20_000
MOST_ELEMENTS: Final = 2_000_000
DEEPEST: Final = 256
LONGEST_LOOSE: Final = 1_000_000
"""Bytes of a feed that is no proper XML: feedparser's second parser reads it, which is slow on garbage."""

_LOOSE_TAGS: Final = 50_000
_MOST_TAGS: Final = 50  # and authors
_WHOLE: Final = 1_500  # characters of a description that is more than a teaser
_FEED = re.compile(rb"<(?:\w+:)?(?:rss|feed|RDF|channel)\b", re.IGNORECASE)
_DECLARED = re.compile(rb"<\?xml\b[^<>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']([\w.:-]{1,40})")
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_CUT = re.compile(
    r"(?:\[\s*(?:…|\.\.\.|&#8230;|&hellip;)\s*\]|…|\.\.\.|&#8230;|&hellip;|"
    r"(?:read|continue|learn)\s+(?:more|reading|on)\W{0,5})(?:\s|</?[a-z][^<>]{0,500}>){0,20}$",
    re.IGNORECASE,
)
_REMEDY: Final = "Look at the address in a browser: it must be that of an RSS, Atom or JSON feed."


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. ``html`` is its text as the feed has it, ``summary`` a teaser in plain text; either may be empty.

    ``url`` is the page that it links to. ``is_content``: the text is the article by the feed's own word.
    """

    identity: str
    url: str = ""
    title: str = ""
    summary: str = ""
    html: str = ""
    is_content: bool = False
    language: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    image: str = ""
    published_at: datetime | None = None
    updated_at: datetime | None = None

    @property
    def stamp(self) -> str:
        """A digest of everything that the feed says of it."""
        return digest(json.dumps(self.packed(), sort_keys=True).encode())

    @property
    def is_whole(self) -> bool:
        """Whether the text seems to be the whole article, and no teaser of it."""
        if not self.html or _CUT.search(self.html[-2_000:]):
            return False
        return self.is_content or len(plain(self.html)) >= _WHOLE

    def packed(self) -> dict[str, Any]:
        """The entry as JSON values; :func:`unpack` gives it back."""
        times = {name: each.isoformat() if (each := getattr(self, name)) else None for name in _TIMES}
        return {**asdict(self), "authors": list(self.authors), "tags": list(self.tags), **times}

    def metadata(self) -> Metadata:
        """What the feed knows of the article."""
        return Metadata(
            title=self.title,
            summary=self.summary,
            language=self.language,
            authors=self.authors,
            tags=self.tags,
            canonical_url=self.url,
            published_at=self.published_at,
            image=self.image,
        )


_TIMES: Final = ("published_at", "updated_at")


def unpack(packed: Mapping[str, Any]) -> Entry:
    """An entry from its JSON values."""
    times = {name: datetime.fromisoformat(packed[name]) if packed[name] else None for name in _TIMES}
    return Entry(**{**packed, "authors": tuple(packed["authors"]), "tags": tuple(packed["tags"]), **times})


@dataclass(frozen=True, slots=True)
class FeedPage:
    """What stands at one address of a feed; ``following`` is where older entries are (RFC 5005, JSON Feed), if any."""

    entries: tuple[Entry, ...]
    following: str = ""


def read(name: str, data: bytes, url: str, content_type: str = "") -> tuple[Entry, ...]:
    """The entries of a feed; see :func:`read_page`."""
    return read_page(name, data, url, content_type).entries


def read_page(name: str, data: bytes, url: str, content_type: str = "") -> FeedPage:
    """The entries of a feed, in its order; of two with one identity, the first.

    Args:
        name: what to call the feed in messages.
        url: where it was found; addresses in it are relative to that.
        content_type: as the server said, for the charset.

    Raises:
        Permanent: it is no feed, declares entities, or has more entries or elements than any feed needs.
    """
    start = data[:4_096].lstrip(b"\xef\xbb\xbf \t\r\n")
    is_json = start.startswith(b"{")
    entries, link = _of_json(name, data, url) if is_json else _of_xml(name, data, url, content_type)
    found: dict[str, Entry] = {}
    for entry in entries:
        found.setdefault(entry.identity, entry)
        if len(found) > MOST_ENTRIES:
            raise Permanent(f"{name} has more than {MOST_ENTRIES:,} entries.", "Ask whoever runs it for a shorter one.")
    following = web_address(_text(link), url)
    return FeedPage(tuple(found.values()), "" if following == url else following)


def _of_xml(name: str, data: bytes, url: str, content_type: str) -> tuple[Iterator[Entry], object]:
    data = _in_utf8(data, content_type)
    if not _FEED.search(data[:8_192]):
        what = "a web page" if re.search(rb"<html\b", data[:8_192], re.IGNORECASE) else "something else"
        raise Permanent(f"{name} is no feed, but {what}." if data.strip() else f"{name} is empty.", _REMEDY)
    if not _is_proper(name, data) and (len(data) > LONGEST_LOOSE or data.count(b"<") > _LOOSE_TAGS):
        raise Permanent(f"{name} is no proper XML, and too large to guess at it.", "Ask whoever runs it to mend it.")
    parsed = _parsed(name, data)
    if not parsed.version:
        raise Permanent(f"{name} is no feed.", _REMEDY)
    language = str(parsed.feed.get("language") or "")
    links = (each.get("href") for each in parsed.feed.get("links", ()) if each.get("rel") == "next")
    made = (_entry(entry, url, language) for entry in parsed.entries)
    return (entry for entry in made if entry is not None), next(links, "")


def _parsed(name: str, data: bytes) -> Any:
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        # resolve_relative_uris and sanitize_html: intake and cleaning do that, for what is new.
        return feedparser.parse(
            io.BytesIO(data), response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except Exception as error:  # it trips over elements that stand where none is: KeyError, OverflowError, whatever
        raise Permanent(f"{name} can't be read: it is faulty.", "Ask whoever runs it to mend it.") from error


def _in_utf8(data: bytes, content_type: str) -> bytes:
    """The feed in UTF-8: what one parser finds harmless must not be another text to the next.

    A byte order mark counts first, then the server's word, then the feed's own (RFC 7303), each only if the bytes fit.
    """
    marked, data = bounds.byte_order(data)
    said, declared = _CHARSET.search(content_type), _DECLARED.match(data.lstrip())
    charsets = marked, said[1] if said else "", declared[1].decode() if declared else "", "utf-8"
    for encoding in filter(None, map(bounds.encoding_of, charsets)):
        try:
            return data.decode(encoding).encode()
        except UnicodeDecodeError:
            continue
    return data.decode("cp1252", "replace").encode()


class _Refused(Exception):  # noqa: N818 - only between a handler and its caller
    pass


def _is_proper(name: str, data: bytes) -> bool:
    """Whether this is well-formed XML; counted on the way, so that no other parser meets what is hostile."""
    parser = expat.ParserCreate("utf-8")  # whatever it declares
    depth = elements = 0

    def refuse(*_: Any) -> None:
        raise _Refused(f"{name} declares entities, which no feed needs.")

    def start(_: str, __: Any) -> None:
        nonlocal depth, elements
        depth, elements = depth + 1, elements + 1
        if depth > DEEPEST or elements > MOST_ELEMENTS:
            raise _Refused(f"{name} has more than {MOST_ELEMENTS:,} elements, or nests them {DEEPEST} deep.")

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(data, True)
    except _Refused as error:
        raise Permanent(str(error), _REMEDY) from None
    except expat.ExpatError:
        if b"<!ENTITY" in data.upper():
            raise Permanent(f"{name} declares entities, which no feed needs.", _REMEDY) from None
        return False
    return True


def _entry(given: dict[str, Any], base: str, language: str) -> Entry | None:
    contents = [each for each in given.get("content", ()) if each.get("value")]
    content = max(contents, key=lambda each: len(each["value"]), default=None)
    summary = _text(given.get("summary"))
    html = _html(content or (given.get("summary_detail") if summary else None))
    title_detail = given.get("title_detail") or {}
    entry = Entry(
        identity="",
        url=web_address(_text(given.get("link")), base),
        title=plain(_text(given.get("title"))),
        summary=_teaser(summary) if content is not None else "",
        html=html,
        is_content=content is not None,
        language=_text((content or {}).get("language") or title_detail.get("language") or language),
        authors=_few(each.get("name") for each in given.get("authors", ())),
        tags=_few(each.get("label") or each.get("term") for each in given.get("tags", ())),
        image=_image(given, base),
        published_at=_moment(given.get("published_parsed")),
        updated_at=_moment(dict.get(given, "updated_parsed")),  # its own get() falls back to another time, and warns
    )
    return _named(entry, _text(given.get("id")))


def _named(entry: Entry, own: str) -> Entry | None:
    """The entry under its own name, else its address, else what it says; ``None`` when it is empty."""
    name = own or entry.url or (digest(f"{entry.title}\n{entry.html}".encode()) if entry.title or entry.html else "")
    return replace(entry, identity=identity(name)) if name else None


def _html(detail: Mapping[str, Any] | None) -> str:
    """A text as HTML; feedparser says whether it is that already."""
    if detail is None:
        return ""
    value = characters(str(detail.get("value") or "")).strip()
    if detail.get("type") == "text/plain" and not re.search(r"</?(?:p|br|div|a|em|strong|ul|h\d)\b", value):
        return _paragraphs(value)
    return value


def _paragraphs(text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"<p>{part.strip()}</p>" for part in re.split(r"\n\s*\n", escaped) if part.strip())


def _image(given: Mapping[str, Any], base: str) -> str:
    pictures = [each.get("url") for each in given.get("media_content", ()) if each.get("medium") == "image"]
    pictures += [each.get("url") for each in given.get("media_thumbnail", ())]
    pictures += [each.get("href") for each in given.get("enclosures", ()) if "image/" in str(each.get("type"))]
    return next((found for each in pictures if each and (found := web_address(str(each), base))), "")


def _teaser(text: str) -> str:
    return shorten(_CUT.sub("…", plain(text)))


def _text(value: object) -> str:
    return collapse(characters(value)) if isinstance(value, str) else ""


def _few(values: Iterable[object]) -> tuple[str, ...]:
    """Some short plain words, each once."""
    words = (plain(value)[:200] for value in values if isinstance(value, str))
    return tuple(dict.fromkeys(word for word in words if word))[:_MOST_TAGS]


def _moment(fields_: Any) -> datetime | None:
    """A time in UTC from feedparser's struct_time; ``None`` where there is none."""
    try:
        return datetime.fromtimestamp(timegm(fields_), UTC) if fields_ else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _of_json(name: str, data: bytes, url: str) -> tuple[Iterator[Entry], object]:
    try:
        given = json.loads(data)
    except (ValueError, RecursionError):
        raise Permanent(f"{name} is no JSON that could be read.", _REMEDY) from None
    if not isinstance(given, dict) or "jsonfeed.org/version/" not in str(given.get("version", "")):
        raise Permanent(f"{name} is JSON, but no JSON Feed.", _REMEDY)
    items, language = given.get("items"), _text(given.get("language"))
    dicts = (item for item in (items if isinstance(items, list) else []) if isinstance(item, dict))
    made = (_json_entry(name, item, url, language) for item in dicts)
    return (entry for entry in made if entry is not None), given.get("next_url")


def _json_entry(name: str, item: Mapping[str, Any], base: str, language: str) -> Entry | None:
    html, text = item.get("content_html"), item.get("content_text")
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    tags = item.get("tags") if isinstance(item.get("tags"), list) else []
    entry = Entry(
        identity="",
        url=web_address(_text(item.get("url")) or _text(item.get("external_url")), base),
        title=plain(_text(item.get("title"))),
        summary=_teaser(_text(item.get("summary"))),
        html=characters(html).strip() if isinstance(html, str) and html else _paragraphs(_lines(text)),
        is_content=True,
        language=_text(item.get("language")) or language,
        authors=_few(each.get("name") for each in authors or [] if isinstance(each, dict)),
        tags=_few(tags or []),
        image=web_address(_text(item.get("image")), base),
        published_at=_iso(name, item.get("date_published")),
        updated_at=_iso(name, item.get("date_modified")),
    )
    own = item.get("id")
    return _named(entry, str(own) if isinstance(own, int | float) else _text(own))


def _lines(text: object) -> str:
    return characters(text) if isinstance(text, str) else ""


def _iso(name: str, text: object) -> datetime | None:
    try:
        return fields.moment(name, "date", _text(text))
    except Permanent:
        return None  # what is known of the time is of less weight than the article
