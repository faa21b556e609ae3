"""What a page says of its article in JSON-LD (schema.org NewsArticle and its kin)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pipeline.documents import Metadata
from pipeline.stages.intake.fields import moment
from pipeline.stages.intake.text import plain
from pipeline.stages.intake.tree import Element, names, walk

_ARTICLES = names(
    "Article NewsArticle ReportageNewsArticle AnalysisNewsArticle OpinionNewsArticle BackgroundNewsArticle "
    "BlogPosting Report"
)


def read(name: str, root: Element) -> Metadata:
    """The metadata of the first article that a page describes; empty when it describes none.

    Raises:
        Permanent: its date is none.
    """
    article = next(_articles(root), None)
    if article is None:
        return Metadata()
    return Metadata(
        title=_text(article.get("headline")),
        summary=_text(article.get("description")),
        language=_text(article.get("inLanguage")),
        canonical_url=_text(article.get("mainEntityOfPage"), "@id") or _text(article.get("url")),
        authors=_texts(article.get("author")),
        tags=_keywords(article.get("keywords")),
        published_at=moment(name, "datePublished", _text(article.get("datePublished"))),
        image=_text(article.get("image"), "url"),
    )


def _articles(root: Element) -> Iterator[dict[str, Any]]:
    for element in walk(root.children):
        if element.tag != "script" or element.attrs.get("type", "").strip().lower() != "application/ld+json":
            continue
        try:
            data = json.loads("".join(child for child in element.children if isinstance(child, str)))
        except (ValueError, RecursionError):
            continue  # the page's own ornament: the article does not depend on it
        for item in _items(data):
            kinds = item.get("@type")
            if any(kind in _ARTICLES for kind in (kinds if isinstance(kinds, list) else [kinds]) if kind):
                yield item


def _items(data: Any) -> Iterator[dict[str, Any]]:
    for item in data if isinstance(data, list) else [data]:
        if isinstance(item, dict):
            yield item
            graph = item.get("@graph")
            yield from (part for part in graph if isinstance(part, dict)) if isinstance(graph, list) else ()


def _text(value: Any, key: str = "name") -> str:
    """A text, the first of several, or what an object has under ``key``."""
    if isinstance(value, list):
        value = value[0] if value else ""
    if isinstance(value, dict):
        value = value.get(key, "")
    return plain(value) if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(dict.fromkeys(text for item in values if (text := _text(item))))


def _keywords(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    return _texts(value) if value else ()
