"""Which lists an article stands in, and where their pages stand in a site.

A list is named by a key that never changes: ``archive:2026-11``, ``kind:news``, ``series:…``, ``author:…``, ``tag:…``.
Its first page has the newest articles. What is older stands on pages of :data:`PER_PAGE` with numbers that count from
the oldest, so that a page which is full never changes because something new comes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from pipeline.documents import Teaser
from pipeline.stages.publish import site, slug

PER_PAGE = 50
MOST_NAMES = 30  # authors, or tags, of one article that get a list; nobody reads further, and each costs a row
PLAIN_KIND = "article"  # says nothing, and has no list
_FOLDERS = {"archive": "archive", "kind": "kind", "series": "series", "author": "author", "tag": "topic"}
"""What kinds of lists there are, with their folders. Articles stand in folders named by a year: they never meet."""
_LONGEST = 60  # characters of a name that a slug holds for sure
_SEPARATORS = frozenset(" -_'’‘“”\"«».,:;!?/()&\u00a0\u200c\u200d\u2013\u2014")


@dataclass(frozen=True, slots=True)
class ListKey:
    """One list of an article: its key, and the name that readers see where the key is no name."""

    page: str
    name: str = ""


def of(teaser: Teaser, published_at: datetime) -> tuple[ListKey, ...]:
    """The lists that an article stands in; ``published_at`` in the section's time zone says in which month it came."""
    return tuple({key.page: key for key in reversed([*_keys(teaser, published_at)])}.values())[::-1]


def _keys(teaser: Teaser, published_at: datetime) -> Iterator[ListKey]:
    yield month(published_at)
    if found := kind(teaser.kind):
        yield found
    if found := named("series", teaser.series):
        yield found
    for what, names in (("author", teaser.authors), ("tag", teaser.tags)):
        for name in names[:MOST_NAMES]:
            if found := named(what, name):
                yield found


def month(moment: datetime) -> ListKey:
    """The list of a month; the moment is in the section's time zone."""
    return ListKey(f"archive:{moment.year:04d}-{moment.month:02d}")


def kind(word: str) -> ListKey | None:
    """The list of a kind, if it has one."""
    return None if word in ("", PLAIN_KIND) else named("kind", word)


@lru_cache(maxsize=4096)
def named(what: str, name: str) -> ListKey | None:
    """The list of a series, an author or a tag: the same for names that differ in case only, or in Latin accents."""
    name = " ".join(name.split())
    return ListKey(f"{what}:{_word(name)}", name[:300]) if name else None


def _word(name: str) -> str:
    """A name as the last word of an address. What a slug leaves out (C, C++ and C#) is told by a digest."""
    word = slug.plain(name)
    letters = unicodedata.normalize("NFKC", name)
    is_whole = len(word) <= _LONGEST >= len(letters) and len(letters.encode(errors="surrogatepass")) <= slug.MAX_BYTES
    if word and is_whole and all(map(_is_told, letters)):
        return word
    digest = hashlib.sha256(letters.casefold().encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{word}-{digest}" if word else digest


def _is_told(character: str) -> bool:
    """Whether a slug keeps a character, or leaves out what tells no two names apart."""
    return character.isalnum() or character in _SEPARATORS or unicodedata.category(character).startswith("M")


def path(language: str, page: str, number: int = 0) -> str:
    """The path of a list's page: ``pt-pt/kind/news/``, its older ones ``pt-pt/kind/news/3/``."""
    what, _, word = page.partition(":")
    numbered = f"{number}/" if number else ""
    return f"{site.front_path(language)}{_FOLDERS[what]}/{word}/{numbered}"


def archive_path(language: str) -> str:
    """The path of the page that leads to all lists: ``pt-pt/archive/``."""
    return f"{site.front_path(language)}{_FOLDERS['archive']}/"


def is_list(page: str) -> bool:
    """Whether this is the key of a list, or of one of its pages."""
    what, colon, _ = page.partition(":")
    return bool(colon) and what in _FOLDERS


def split(page: str) -> tuple[str, int]:
    """The list and the number of one of its pages: ``kind:news/3`` is ``kind:news`` and 3, the first page has 0."""
    key, _, number = page.partition("/")
    return key, int(number or 0)


def full_pages(numbered: int) -> int:
    """How many older pages a list has of which so many numbers were given: all full ones but the last.

    The first page shows that one and what came since: 50 to 99 articles, and never just one.
    """
    return max(0, numbered // PER_PAGE - 1)


def numbers(numbered: int, number: int) -> range:
    """The numbers of places that stand on a page of a list; ``number`` 0 is its first page."""
    if number:
        return range((number - 1) * PER_PAGE + 1, number * PER_PAGE + 1)
    return range(full_pages(numbered) * PER_PAGE + 1, numbered + 1)


def page_of(numbered: int, place: int) -> int:
    """The number of the page on which a place stands: 0 for the list's first page."""
    number = (place - 1) // PER_PAGE + 1
    return number if number <= full_pages(numbered) else 0
