"""A title → the last word of a page's address."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Literal

import langcodes
from slugify import slugify
from slugify.special import GERMAN

MAX_CHARACTERS = 80
MAX_BYTES = 200  # a folder's name holds 255 bytes on every common file system; room for a number and a temporary suffix
NUMBERS = range(2, 100)

_NORDIC = (("Æ", "Ae"), ("æ", "ae"), ("Ø", "Oe"), ("ø", "oe"), ("Å", "Aa"), ("å", "aa"))
_ELISION = (("’", " "), ("'", " "))  # l’eau is two words; in English, the river’s is one
_RULES: dict[str, tuple[tuple[str, str], ...]] = {
    "de": tuple(GERMAN),
    "da": _NORDIC,
    "nb": _NORDIC,
    "nn": _NORDIC,
    "no": _NORDIC,
    "ca": _ELISION,
    "fr": _ELISION,
    "it": _ELISION,
    "pt": _ELISION,
}


Style = Literal["readable", "ascii", "unicode"]


def make(title: str, language: str, taken: Callable[[str], bool], stable: str, style: Style = "readable") -> str:
    """A slug that is not taken yet: ``a-agua-voltou-ao-rio``, or ``a-agua-voltou-ao-rio-2``.

    In the ``readable`` style, languages in Latin script are transliterated to ASCII by their own rules (German ä is ae,
    Danish å is aa), and others keep their letters; ``ascii`` transliterates all, ``unicode`` none. It has
    at most :data:`MAX_CHARACTERS` characters, cut where a word ends if that is possible.
    ``stable`` names the article for good (its uid): a title without a single letter or digit becomes
    ``article-<stable>``, and so does the hundredth article of one title.
    """
    base = _bounded(_words(title, language, style)) or _last_resort(stable)
    for slug in chain([base], (_numbered(base, number) for number in NUMBERS), _further(stable)):
        if not taken(slug):
            return slug
    raise ValueError(f"every slug for {title!r} is taken")  # a million articles with one uid: the caller's error


def plain(name: str) -> str:
    """A name of no certain language as a word of an address; empty when it has neither letters nor digits."""
    letters = _letters(name)
    return _bounded(_ascii(name, ()) if all(map(_is_latin, letters)) else letters)


def _is_latin(letter: str) -> bool:
    return not letter.isalpha() or unicodedata.name(letter, "").startswith("LATIN")


def _further(stable: str) -> Iterator[str]:
    last_resort = _last_resort(stable)
    yield last_resort
    yield from (_numbered(last_resort, number) for number in range(2, 1_000_000))


def _last_resort(stable: str) -> str:
    return _bounded(f"article-{_ascii(stable, ()) or 'untitled'}")


def _words(title: str, language: str, style: Style) -> str:
    tag = langcodes.get(language)
    if style == "ascii" or (style == "readable" and tag.maximize().script == "Latn"):
        return _ascii(title, _RULES.get(tag.language or "", ()))
    return _letters(title)


def _ascii(text: str, rules: tuple[tuple[str, str], ...]) -> str:
    return str(slugify(unicodedata.normalize("NFC", text), replacements=rules))


def _letters(title: str) -> str:
    """Letters, digits and the marks that belong to them, joined by hyphens.

    slugify's ``allow_unicode`` takes vowel signs (Devanagari, Thai) for separators, since ``\\w`` does not know them.
    Arabic and Hebrew points and the stroke that only stretches a word are left out, as readers leave them out.
    """
    text = unicodedata.normalize("NFKC", title).lower()
    kept = (_letter(character) for character in text)
    return "-".join("".join(kept).split())


def _letter(character: str) -> str:
    category = unicodedata.category(character)
    if character == "\N{ARABIC TATWEEL}" or (category == "Mn" and "\u0591" <= character <= "\u06ed"):
        return ""
    return character if category[0] in "LMN" else " "


def _bounded(slug: str, characters: int = MAX_CHARACTERS, size: int = MAX_BYTES) -> str:
    if len(slug) <= characters and len(slug.encode()) <= size:
        return slug
    cut = slug[:characters].encode()[:size].decode(errors="ignore")
    if slug[len(cut)] != "-" and "-" in cut:
        cut = cut.rpartition("-")[0]
    return cut.rstrip("-")


def _numbered(base: str, number: int) -> str:
    suffix = f"-{number}"
    return _bounded(base, MAX_CHARACTERS - len(suffix), MAX_BYTES - len(suffix)) + suffix
