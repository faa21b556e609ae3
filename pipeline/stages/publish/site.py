"""Where pages stand in a section's site, and how they link to each other.

A site is a folder: ``pt-pt/`` is the front page of a language, ``pt-pt/2026/titulo/`` an article, ``assets/`` what
pages share. The root holds a page that leads to the front page of the section's first language and is nothing by
itself: each front page has one address that stays when languages are added or change their order.

Links inside a site are relative and name ``index.html``, so that a site works from any address and, opened as a file,
from a disk or a USB stick.
"""

from __future__ import annotations

import posixpath
from datetime import datetime
from urllib.parse import quote

INDEX = "index.html"
ASSETS = "assets/"


def front_path(language: str) -> str:
    """The path of the front page of a language: ``pt-pt/``."""
    return f"{language.lower()}/"


def article_path(language: str, published_at: datetime, slug: str) -> str:
    """The path of an article: ``pt-pt/2026/titulo/``.

    The year is that of ``published_at`` as given: hand it over in the section's time zone.
    """
    return f"{front_path(language)}{published_at.year:04d}/{slug}/"


def address(base_url: str, path: str) -> str:
    """The absolute address of a path under a site's address; letters beyond ASCII are percent-encoded."""
    return f"{base_url.rstrip('/')}/{quote(path)}"


def base_of(url: str, path: str) -> str:
    """The site's address (with a slash), given a page's address and path; empty when they don't belong together."""
    for ending in (quote(path), path):
        if url.endswith(f"/{ending}"):
            return url[: len(url) - len(ending)]
    return ""


def relative(from_path: str, to_path: str) -> str:
    """A link from the page at ``from_path`` to a file of the same site, percent-encoded."""
    return quote(posixpath.relpath(f"/{to_path}", f"/{from_path}"))


def link(from_url: str, from_path: str, to_url: str) -> str:
    """A link from one page to another page's address: relative when both stand in the same site, else ``to_url``."""
    base = base_of(from_url, from_path)
    if not base or not to_url.startswith(base):
        return to_url
    rest, mark, fragment = to_url[len(base) :].partition("#")
    if rest and not rest.endswith("/"):
        return to_url
    target = posixpath.relpath(f"/{rest}{INDEX}", f"/{quote(from_path)}")
    return target + mark + fragment
