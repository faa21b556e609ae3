"""The language menu of a page, and the ``hreflang`` links of front pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from pipeline.documents import Alternate, FrontPage, Page
from pipeline.stages.publish import locales, site


@dataclass(frozen=True, slots=True)
class _Choice:
    """One link of a language menu."""

    label: str
    language: str
    direction: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class _LanguageGroup:
    """The pages of one language in a menu; ``name`` stands before its regions, and is empty for a single page."""

    name: str
    language: str
    direction: str
    choices: tuple[_Choice, ...]


def with_self(page: Page, title: str) -> tuple[Alternate, ...]:
    """The alternates with this page among them: hreflang wants it, and a first page is not confirmed yet."""
    if any(alternate.url == page.url for alternate in page.alternates):
        return page.alternates
    return (Alternate(page.language, page.url, title), *page.alternates)


def front_links(siblings: Sequence[Alternate], front: FrontPage) -> tuple[locales.Link, ...]:
    """hreflang of a front page; a reader of none of its languages is sent to the site's root."""
    root = site.base_of(front.url, front.path) or front.url
    links = locales.hreflang_links(siblings, front.language)
    return tuple(locales.Link(link.hreflang, root if link.hreflang == "x-default" else link.url) for link in links)


def menu(alternates: Sequence[Alternate], language: str, url: str, path: str | None) -> dict[str, Any] | None:
    """The other languages of a page, by language and then region; nothing when there is no other page.

    Links are relative inside a site, but where ``path`` is ``None``: such a page is shown at any address.
    """
    if not any(alternate.url != url for alternate in alternates):
        return None
    ordered = sorted(alternates, key=lambda alternate: (_sort_key(alternate.language), alternate.url))
    groups = []
    for _, members in groupby(ordered, key=lambda alternate: locales.generic(alternate.language)):
        pages = list(members)
        several = len(pages) > 1
        choices = tuple(
            _Choice(
                locales.region_name(other.language) if several else locales.own_name(other.language, with_region=False),
                other.language,
                locales.direction(other.language),
                "" if other.url == url else other.url if path is None else site.link(url, path, other.url),
                other.url == url,
            )
            for other in pages
        )
        first = pages[0].language
        name = locales.own_name(locales.generic(first)) if several else ""
        groups.append(_LanguageGroup(name, locales.generic(first), locales.direction(first), choices))
    return {"groups": groups, "folded": len(ordered) > 3, "current": locales.own_name(language)}


def _sort_key(tag: str) -> tuple[str, str]:
    return locales.own_name(locales.generic(tag)).casefold(), locales.region_name(tag).casefold()
