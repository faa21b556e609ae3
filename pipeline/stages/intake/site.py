"""Sites: their sitemaps → addresses, and their pages → articles.

A sitemap is read as a stream, without entities, and only as far as its protocol allows (50,000 addresses). A page is
bounded before trafilatura sees it; trafilatura says which of its text is the article.
"""

from __future__ import annotations

import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from lxml import etree  # type: ignore[import-untyped]

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.stages import intake
from pipeline.stages.intake import bounds, fields, html_reader
from pipeline.stages.intake.text import characters
from pipeline.stages.intake.web import web_address, words_of

MOST_PAGES: Final = 50_000
"""Addresses in one sitemap, as sitemaps.org says."""

_SHARE: Final = 0.9
_SURPLUS: Final = 1.3
_NO_LINES: Final = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Located:
    """One address in a sitemap; ``modified`` is what the sitemap says of its last change, word for word."""

    url: str
    modified: str = ""

    @property
    def modified_at(self) -> datetime | None:
        """The same as a time in UTC; ``None`` where it says none."""
        try:
            return fields.moment(self.url, "lastmod", self.modified)
        except Permanent:
            return None


@dataclass(frozen=True, slots=True)
class Sitemap:
    """What a sitemap names: pages, and further sitemaps."""

    pages: tuple[Located, ...] = ()
    sitemaps: tuple[Located, ...] = ()


def read_sitemap(name: str, data: bytes, url: str, max_bytes: int) -> Sitemap:
    """A sitemap, an index of sitemaps, or a plain list of addresses; each may be packed with gzip.

    Args:
        max_bytes: how large it may be when it is unpacked.

    Raises:
        Permanent: it is none of these, damaged, or larger than allowed.
    """
    data = _unpacked(name, data, max_bytes)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return Sitemap(pages=tuple(_lines(name, data, url)))
    if b"<!ENTITY" in data[:100_000].upper():
        raise Permanent(f"{name} declares entities, which no sitemap needs.", "Ask whoever runs the site to mend it.")
    pages: dict[str, Located] = {}
    sitemaps: dict[str, Located] = {}
    for kind, place in _elements(name, data, url):
        (pages if kind == "url" else sitemaps).setdefault(place.url, place)
        if len(pages) + len(sitemaps) > MOST_PAGES:
            raise Permanent(f"{name} has more than {MOST_PAGES:,} addresses.", "A sitemap has at most as many.")
    return Sitemap(tuple(pages.values()), tuple(sitemaps.values()))


def _unpacked(name: str, data: bytes, max_bytes: int) -> bytes:
    if data[:2] == b"\x1f\x8b":
        inflate = zlib.decompressobj(wbits=31)
        try:
            data = inflate.decompress(data, max_bytes + 1)
        except zlib.error as error:
            raise Permanent(f"{name} is damaged: {error}.", "Ask whoever runs the site to mend it.") from error
    if len(data) > max_bytes:
        raise Permanent(f"{name} has more than {max_bytes:,} bytes.", "Raise “megabytes” of the source.")
    return data


def _lines(name: str, data: bytes, base: str) -> Iterator[Located]:
    text = data.decode("utf-8-sig", "replace").strip()
    if not _NO_LINES.match(text):
        raise Permanent(
            f"{name} is no sitemap." if text else f"{name} is empty.",
            "Give the address of the site's sitemap as the source's url.",
        )
    for line in text.splitlines()[:MOST_PAGES]:
        if url := web_address(line, base):
            yield Located(url)


def _elements(name: str, data: bytes, base: str) -> Iterator[tuple[str, Located]]:
    """The entries of a sitemap, one by one; what has been read is let go."""
    stream = etree.iterparse(
        io.BytesIO(data), events=("end",), resolve_entities=False, no_network=True, huge_tree=False, load_dtd=False
    )
    root = ""
    try:
        for _, element in stream:
            kind = _local(element.tag)
            if kind in ("url", "sitemap"):
                if place := _located(element, base):
                    yield kind, place
                element.clear()
                parent = element.getparent()  # none where the root is called so; a comment may stand before it
                while parent is not None and element.getprevious() is not None:
                    del parent[0]
            root = kind
    except etree.XMLSyntaxError as error:
        raise Permanent(
            f"{name} is no proper XML: {str(error)[:200]}.", "Look at it in a browser; ask whoever runs it to mend it."
        ) from error
    if root not in ("urlset", "sitemapindex"):
        raise Permanent(f"{name} is no sitemap.", "Give the address of the site's sitemap as the source's url.")


def _local(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _located(element: etree._Element, base: str) -> Located | None:
    said = {_local(child.tag): (child.text or "").strip() for child in element}
    url = web_address(said.get("loc", ""), base)
    return Located(url, said.get("lastmod", "")[:64]) if url else None


def read_page(
    name: str,
    data: bytes,
    url: str,
    options: intake.Options,
    charset: str = "",
    known: Metadata = Metadata(),  # noqa: B008 - frozen
) -> tuple[Metadata, str]:
    """The article on a web page: what is known of it, and its HTML.

    trafilatura finds the text; where the page marks its article itself and that has the same words and little more, its
    own markup is taken, which is richer: pictures with captions, footnotes, tables.

    Args:
        url: where the page was found; it is its canonical address unless the page names another.
        charset: as the server said; it counts only where it fits.
        known: what is known of the article already, and wins.

    Raises:
        Permanent: the page is out of bounds, has no title, or nothing on it is an article.
    """
    bounds.check_size(name, data, options.max_bytes)
    text = _decoded(name, data, charset)
    metadata, marked = html_reader.read(name, text, known, options.max_elements, options.max_depth)
    metadata = replace(metadata, canonical_url=_canonical(metadata.canonical_url, url))
    found = _extracted(text, url)
    wanted = words_of(found)
    if not wanted:
        raise Permanent(
            f"{name} has no article that could be told from its surroundings.", "Leave it out with “never”."
        )
    return metadata, marked if _has_the_same(words_of(marked), wanted) else found


def _canonical(said: str, url: str) -> str:
    """The address that a page gives itself; not where it is a front page's: some systems write that into every page."""
    canonical = web_address(said, url)
    return canonical if canonical and (urlsplit(canonical).path != "/" or urlsplit(url).path == "/") else url


def _decoded(name: str, data: bytes, charset: str) -> str:
    encoding = bounds.encoding_of(charset)
    if encoding not in ("", "utf-8"):
        try:
            return characters(data.decode(encoding))
        except UnicodeDecodeError:
            pass  # servers are often wrong about that: the page's own word counts then
    return bounds.decode(name, data)


def _extracted(text: str, url: str) -> str:
    # Here and not above: it takes half a second to import, and only those who read sites need it.
    import trafilatura

    found = trafilatura.extract(
        text,
        url=url,
        output_format="html",
        include_comments=False,
        include_formatting=True,
        include_images=True,
        include_links=True,
        include_tables=True,
    )
    return found or ""


def _has_the_same(marked: list[str], wanted: list[str]) -> bool:
    shared = (Counter(marked) & Counter(wanted)).total()
    return shared >= _SHARE * len(wanted) and len(marked) <= _SURPLUS * len(wanted)
