"""What a page says to machines: search engines, other sites, and whoever asks why these bytes stand here."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from pipeline.documents import Alternate, Corrected, Page
from pipeline.stages.publish import locales

Pairs = tuple[tuple[str, str], ...]
"""Names and contents of ``<meta>`` elements."""

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?", re.IGNORECASE)
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,]", re.IGNORECASE)
_IN_SCRIPT = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"})


def content_security_policy(embed_hosts: Sequence[str]) -> str:
    """The policy of every page: no script, style from the site itself, frames only from the embed hosts.

    ``file:`` is for a page that is opened from a disk, where browsers take ``'self'`` for nothing; a page that came
    over the network can load no file. ``<meta>`` can't carry ``frame-ancestors``: that is the web server's to send.

    Raises:
        ValueError: an embed host is no host name, and so would change the policy.
    """
    for host in embed_hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(f"“{host}” is no host name for [embeds] hosts in network.toml.")
    frames = " ".join(f"https://{host}" for host in embed_hosts) or "'none'"
    return (
        "default-src 'none'; style-src 'self' file:; font-src 'self'; img-src 'self' https: http: data:; "
        f"media-src 'self' https:; frame-src {frames}; base-uri 'none'; form-action 'none'"
    )


def provenance(page: Page) -> Pairs:
    """Why these bytes stand here: ``sectionwire:…`` names, one for each engine."""
    why = page.provenance
    pairs = [
        ("article", why.article),
        ("revision", str(why.revision)),
        ("version", str(why.version)),
        ("digest", why.digest),
        ("section", page.section),
        ("source-language", why.source_language),
        ("origin", why.origin),
        *(("engine", engine) for engine in why.engines),
    ]
    if why.glossary:
        pairs.append(("glossary", why.glossary))
    if why.approved_by:
        pairs.append(("approved-by", why.approved_by))
    return tuple((f"sectionwire:{name}", content) for name, content in pairs)


def open_graph(page: Page, title: str, summary: str, site_name: str) -> Pairs:
    """Open Graph properties; the image only where other sites can fetch it."""
    meta = page.metadata
    pairs = [
        ("og:type", "article"),
        ("og:title", title),
        ("og:url", page.url),
        ("og:site_name", site_name),
        ("og:locale", page.language.replace("-", "_")),
        ("article:published_time", page.published_at.isoformat()),
        ("article:modified_time", page.updated_at.isoformat()),
    ]
    if summary:
        pairs.append(("og:description", summary))
    if is_web_address(meta.image):
        pairs += [("og:image", meta.image), ("og:image:alt", meta.image_alt)]
    others = {alternate.language for alternate in page.alternates} - {page.language}
    pairs += [("og:locale:alternate", language.replace("-", "_")) for language in sorted(others)]
    pairs += [("article:author", author) for author in meta.authors]
    pairs += [("article:tag", tag) for tag in meta.tags]
    return tuple(pairs)


def news_article(page: Page, title: str, summary: str, organisation: str) -> str:
    """schema.org NewsArticle as JSON, safe inside ``<script type="application/ld+json">``."""
    meta = page.metadata
    data: dict[str, Any] = {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "@id": page.url,
        "url": page.url,
        "mainEntityOfPage": page.url,
        "headline": title,
        "inLanguage": page.language,
        "datePublished": page.published_at.isoformat(),
        "dateModified": page.updated_at.isoformat(),
        "publisher": {"@type": "Organization", "name": organisation},
    }
    if meta.authors:
        data["author"] = [_author(name, organisation) for name in meta.authors]
    optional = {
        "description": summary,
        "image": meta.image if is_web_address(meta.image) else "",
        "keywords": list(meta.tags),
        "isPartOf": _series(page),
        "translationOfWork": _translated_from(page),
        "correction": [_correction(each) for each in page.corrections],
    }
    data.update({name: value for name, value in optional.items() if value})
    return json.dumps(data, ensure_ascii=False).translate(_IN_SCRIPT)


def is_web_address(url: str) -> bool:
    """Whether this is an address that anybody can fetch."""
    return url.lower().startswith(("https://", "http://"))


def image(address: str) -> str:
    """The address of a picture that a page may show; empty where it is none."""
    return address if is_web_address(address) or _DATA_IMAGE.match(address) else ""


def _author(name: str, organisation: str) -> dict[str, str]:
    return {"@type": "Organization" if name == organisation else "Person", "name": name}


def _series(page: Page) -> dict[str, Any]:
    meta = page.metadata
    if not meta.series:
        return {}
    part = {"position": meta.part} if meta.part is not None else {}
    return {"@type": "CreativeWorkSeries", "name": meta.series, **part}


def _correction(corrected: Corrected) -> dict[str, str]:
    return {
        "@type": "CorrectionComment",
        "text": corrected.note,
        "inLanguage": corrected.language,
        "datePublished": corrected.at.isoformat(),
    }


def _translated_from(page: Page) -> dict[str, str]:
    """The original, where this is a translation: its page among the alternates, else what the submitter named."""
    if page.provenance.origin == "source":
        return {}
    work = {"@type": "NewsArticle", "inLanguage": page.provenance.source_language}
    if original := translation_source(page):
        return {
            **work,
            "@id": original.url,
            "url": original.url,
            **({"headline": original.title} if original.title else {}),
        }
    if is_web_address(page.metadata.canonical_url):
        work["url"] = page.metadata.canonical_url
    return work


def translation_source(page: Page) -> Alternate | None:
    """The page that a translated page was made from, if it is published."""
    if page.provenance.origin == "source":
        return None
    found = locales.original_of(page.alternates, page.provenance.source_language)
    return found if found and found.url != page.url else None
