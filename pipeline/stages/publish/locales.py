"""What a page needs to know of its language: direction, names, dates, and how languages group together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import langcodes
from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_skeleton, format_time
from babel.lists import format_list

from pipeline.documents import Alternate

# The scripts that Unicode's CLDR marks as right-to-left and that somebody writes today.
_RIGHT_TO_LEFT = frozenset({"Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"})


@lru_cache(maxsize=512)
def script(tag: str) -> str:
    """The script a language is written in (ISO 15924): ``Latn`` for ``pt``, ``Arab`` for ``ur-PK``."""
    return langcodes.get(tag).maximize().script or "Zyyy"


def direction(tag: str) -> str:
    """``rtl`` or ``ltr``."""
    return "rtl" if script(tag) in _RIGHT_TO_LEFT else "ltr"


@lru_cache(maxsize=512)
def locale(tag: str) -> Locale | None:
    """Babel's locale for a tag, or that of its language alone; ``None`` where CLDR has neither."""
    for candidate in (tag, langcodes.get(tag).language or tag):
        try:
            return Locale.parse(candidate, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return None


def long_date(when: datetime, tag: str) -> str:
    """``4 de maio de 2026``; the ISO date where CLDR does not know the language."""
    known = locale(tag)
    return format_date(when, "long", known) if known else when.date().isoformat()


def month(when: datetime, tag: str) -> str:
    """``novembro de 2026``, as it stands alone; the ISO month where CLDR does not know the language."""
    known = locale(tag)
    return format_skeleton("yMMMM", when, locale=known) if known else f"{when:%Y-%m}"


def span(first: datetime, last: datetime, tag: str) -> str:
    """``4 de maio de 2026 – 9 de junho de 2026``; one date where both are on the same day.

    Two whole dates: Babel's intervals lose a month in languages for which CLDR has no pattern.
    """
    dates = [long_date(first, tag), long_date(last, tag)]
    return dates[0] if dates[0] == dates[1] else " – ".join(dates)


def clock(when: datetime, tag: str) -> str:
    """The time of day as the language writes it: ``14:30``, ``2:30 PM``."""
    known = locale(tag)
    return format_time(when, "short", locale=known) if known else f"{when:%H:%M}"


def enumeration(items: Sequence[str], tag: str) -> str:
    """``Ana, Rui e Eva``."""
    known = locale(tag)
    return format_list(items, "standard", known) if known else ", ".join(items)


# Names come from Babel where CLDR has the language. langcodes knows a few hundred more, but loads 50 MB of names at its
# first answer: it is asked last.


@lru_cache(maxsize=512)
def own_name(tag: str, *, with_region: bool = True) -> str:
    """A language's name in itself, as it stands in a menu: ``Português (Portugal)``."""
    language = langcodes.get(tag)
    if known := locale(tag):
        own = str(known.languages.get(generic(tag).replace("-", "_")) or known.language_name)
        region = with_region and language.territory and known.territories.get(language.territory)
        name = f"{own} ({region})" if region else own
    else:
        name = language.autonym() if with_region else language.language_name(language)
    name = name or tag
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=512)
def name_in(tag: str, reader: str) -> str:
    """A language's name, without its region, for a reader of another language: ``inglês``."""
    language = langcodes.get(tag)
    known = locale(reader)
    name = known.languages.get(language.language or tag) if known else None
    return str(name or language.language_name(reader))


@lru_cache(maxsize=512)
def region_name(tag: str) -> str:
    """The region of a tag in its own language (``Brasil``), or the language's name when it has none."""
    language = langcodes.get(tag)
    if not language.territory:
        return own_name(tag)
    known = locale(tag)
    name = known.territories.get(language.territory) if known else None
    return str(name or language.territory_name(language))


@lru_cache(maxsize=512)
def generic(tag: str) -> str:
    """The tag without its region; the script stays where it tells languages apart: ``pt``, ``zh-Hant``."""
    full = langcodes.get(tag).maximize()
    return langcodes.Language.make(language=full.language, script=full.script).simplify_script().to_tag()


@dataclass(frozen=True, slots=True)
class Link:
    """One ``<link rel="alternate" hreflang>``."""

    hreflang: str
    url: str


def hreflang_links(alternates: Sequence[Alternate], source_language: str) -> tuple[Link, ...]:
    """The alternates of a page as search engines want them.

    Every language with its region; the generic language where several regions share it (the source's page if it is
    among them, else the first); and ``x-default``: the page in the source language, else the first. The answer depends
    on nothing but the alternates, so that the pages of an article name each other alike.
    """
    if not alternates:
        return ()
    urls = {alternate.language: alternate.url for alternate in reversed(alternates)}
    default = original_of(alternates, source_language) or alternates[0]
    groups: dict[str, list[str]] = {}
    for alternate in alternates:
        groups.setdefault(generic(alternate.language), []).append(alternate.language)
    for language, members in groups.items():
        if len(set(members)) > 1 and language not in urls:
            urls[language] = default.url if default.language in members else urls[members[0]]
    links = [Link(language, url) for language, url in sorted(urls.items())]
    return (*links, Link("x-default", default.url))


def original_of(alternates: Sequence[Alternate], source_language: str) -> Alternate | None:
    """The page in the language an article was written in: this very tag, else the first of the same language."""
    exact = [alternate for alternate in alternates if alternate.language == source_language]
    same = [alternate for alternate in alternates if generic(alternate.language) == generic(source_language)]
    return next(iter(exact + same), None)
