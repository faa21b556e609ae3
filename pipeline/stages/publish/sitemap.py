"""What search engines read: sitemaps with the languages of each page, their index, and robots.txt.

A sitemap holds :data:`PER_SITEMAP` articles, by the order in which they came: a full one changes only when one of its
articles does. The protocol allows 50,000 addresses and 50 MB; with the alternates of thirty sections a page takes some
5 kB, and whatever changes in it writes the whole file again. So they are smaller.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from pipeline.documents import SitemapEntry
from pipeline.stages.publish import locales
from pipeline.stages.publish.theme import fit

PER_SITEMAP: Final = 1_000
INDEX: Final = "sitemap.xml"
ROBOTS: Final = "robots.txt"
_NAMESPACE: Final = "http://www.sitemaps.org/schemas/sitemap/0.9"
_XHTML: Final = "http://www.w3.org/1999/xhtml"
_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'


def file_name(language: str, number: int) -> str:
    """The name of a sitemap at a site's root: ``sitemap-pt-pt-3.xml``; numbers count from 1."""
    return f"sitemap-{language.lower()}-{number}.xml"


def number_of(place: int) -> int:
    """The number of the sitemap that has an article's place; places count from 1."""
    return (place - 1) // PER_SITEMAP + 1


def places(number: int) -> range:
    """The places of articles that stand in a sitemap."""
    return range((number - 1) * PER_SITEMAP + 1, number * PER_SITEMAP + 1)


def sitemap(entries: Iterable[SitemapEntry], fronts: Sequence[tuple[str, datetime]] = ()) -> bytes:
    """A sitemap of articles, after the addresses of pages without alternates."""
    lines = [f'{_DECLARATION}<urlset xmlns="{_NAMESPACE}" xmlns:xhtml="{_XHTML}">\n']
    lines += [f"<url><loc>{_text(url)}</loc><lastmod>{_date(moment)}</lastmod></url>\n" for url, moment in fronts]
    for entry in entries:
        lines.append(f"<url><loc>{_text(entry.url)}</loc><lastmod>{_date(entry.updated_at)}</lastmod>")
        if len(entry.alternates) > 1:
            for link in locales.hreflang_links(entry.alternates, entry.source_language):
                attributes = f"hreflang={quoteattr(link.hreflang)} href={quoteattr(fit(link.url))}"
                lines.append(f'\n<xhtml:link rel="alternate" {attributes}/>')
        lines.append("</url>\n")
    lines.append("</urlset>\n")
    return "".join(lines).encode()


def index(urls: Iterable[str]) -> bytes:
    """The index of a site's sitemaps."""
    lines = "".join(f"<sitemap><loc>{_text(url)}</loc></sitemap>\n" for url in urls)
    return f'{_DECLARATION}<sitemapindex xmlns="{_NAMESPACE}">\n{lines}</sitemapindex>\n'.encode()


def robots(sitemap_url: str) -> bytes:
    """A robots.txt that allows everything and names the index of the sitemaps."""
    return f"User-agent: *\nDisallow:\n\nSitemap: {sitemap_url}\n".encode()


def _text(url: str) -> str:
    return escape(fit(url))


def _date(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
