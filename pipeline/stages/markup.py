"""Tags, text and attributes of a clean HTML fragment, by their offsets.

Clean HTML is well-formed (``nh3`` wrote it), so that a tokenizer which never re-serialises is enough; what is no tag is
text. All functions are linear in the length of the fragment and never raise.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from html import unescape
from typing import NamedTuple

import langcodes
from langcodes.tag_parser import LanguageTagError


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


INLINE = _names(
    "a abbr acronym b bdi bdo big cite code data del dfn em font i img ins kbd label mark q rp rt ruby s samp small "
    "span strike strong sub sup time tt u var wbr"
)
VOID = _names("area base br col embed hr img input link meta param source track wbr")
LEFT_ALONE = _names(
    "audio canvas embed iframe math noscript object pre script select style svg template textarea video"
)
"""Block elements whose content is not text to translate."""

LITERAL = _names("bdi code kbd samp tt var")
"""Inline elements whose content is kept as it is."""

TEXT_ATTRIBUTES = frozenset(["alt", "title", "placeholder", "summary", "aria-label"])

_TAG = re.compile(r"""<(/?)([a-zA-Z][^\s/>"'<=]*)((?:"[^"]*"|'[^']*'|[^"'<>])*+)>|<[!?][^<>]*>""")
_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'=<>`]+))?""")


class Kind(Enum):
    TEXT = auto()
    OPEN = auto()
    CLOSE = auto()
    VOID = auto()
    OTHER = auto()  # a comment, a declaration


class Token(NamedTuple):  # and no frozen dataclass, which takes four times as long to make: there are thousands
    """``html[start:end]``; ``name`` is the element's, in small letters, or empty."""

    kind: Kind
    start: int
    end: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attribute:
    """``start`` and ``end`` enclose the value as written, quotes included; ``value`` is what it means."""

    name: str
    start: int
    end: int
    value: str


def tokenize(html: str) -> list[Token]:
    """Cut a fragment into tokens that, joined, give it back."""
    tokens = []
    at = 0
    for match in _TAG.finditer(html):
        if match.start() > at:
            tokens.append(Token(Kind.TEXT, at, match.start()))
        at = match.end()
        name = (match[2] or "").lower()
        tokens.append(Token(_kind(match[1], name), match.start(), at, name))
    if at < len(html):
        tokens.append(Token(Kind.TEXT, at, len(html)))
    return tokens


def visible(
    html: str, *, without: frozenset[str] = frozenset(), mark: str = "", tokens: Sequence[Token] | None = None
) -> str:
    """The text of a fragment as a reader sees it: without tags, with the characters that references stand for.

    ``<br>`` is a line break: it parts words, as a space does, and no number goes on across it. Elements that are named
    in ``without`` are left out with all that is in them; ``mark`` stands where each of them was, of those inside each
    other where the outermost was. ``tokens`` are those of the part that is wanted, where they are known already.
    """
    if tokens is None:
        if "<" not in html:
            return unescape(html)
        tokens = tokenize(html)
    shown: list[str] = []
    outside: list[str] = []  # the open elements that are left out, the outermost first
    for token in tokens:
        if token.kind is Kind.TEXT:
            if not outside:
                shown.append(unescape(html[token.start : token.end]))
        elif token.name == "br":
            shown.append("" if outside else "\n")
        elif token.name in without:
            if token.kind is not Kind.CLOSE:
                shown.append("" if outside else mark)
            if token.kind is Kind.OPEN:
                outside.append(token.name)
            elif outside and outside[-1] == token.name:
                outside.pop()
    return "".join(shown)


def _kind(slash: str | None, name: str) -> Kind:
    if not name:
        return Kind.OTHER
    if name in VOID:
        return Kind.OTHER if slash else Kind.VOID
    return Kind.CLOSE if slash else Kind.OPEN


def attributes(tag: str, offset: int = 0) -> Iterator[Attribute]:
    """The attributes that have a value, in order; positions are counted from ``offset``."""
    if "=" not in tag:
        return
    name_end = re.match(r"""<[^\s/>"'<=]*""", tag)
    assert name_end is not None
    for match in _ATTRIBUTE.finditer(tag, name_end.end()):
        if match[2] is not None:
            raw = match[2]
            inner = raw[1:-1] if raw[0] in "\"'" else raw
            yield Attribute(match[1].lower(), offset + match.start(2), offset + match.end(2), unescape(inner))


def escape_text(text: str) -> str:
    """Text as the HTML serialisation of the standard (and ``nh3``) writes it."""
    return text.replace("&", "&amp;").replace("\xa0", "&nbsp;").replace("<", "&lt;").replace(">", "&gt;")


def quoted(value: str) -> str:
    """An attribute value with its quotes, as ``nh3`` writes it."""
    return '"' + escape_text(value).replace('"', "&quot;") + '"'


def has_letter(text: str) -> bool:
    return any(map(str.isalpha, text))


def untranslatable(tag: str, language: str) -> bool:
    """Whether a start tag asks that its content stays: ``translate="no"``, or another language than the article's.

    An engine for English makes nothing good of a quotation in Arabic. ``language`` may be empty: not known.
    """
    if "=" not in tag or ("translate" not in tag and "lang" not in tag):
        return False
    values = {attribute.name: attribute.value.strip() for attribute in attributes(tag)}
    return values.get("translate", "").lower() == "no" or foreign(values.get("lang", ""), language)


@lru_cache(maxsize=1024)
def foreign(tag: str, language: str) -> bool:
    """Whether the two tags name different languages or scripts; false when one of them is empty or no tag."""
    try:
        mine, theirs = (langcodes.get(langcodes.standardize_tag(t, macro=True)).maximize() for t in (language, tag))
    except LanguageTagError:
        return False
    if not (tag and language) or "und" in (mine.language, theirs.language):
        return False
    if mine.script != theirs.script:
        return True
    return mine.language != theirs.language and langcodes.tag_distance(mine, theirs) > 1  # nb is no
