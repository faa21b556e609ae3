"""What in a text is not for the engine: addresses, plugin tags, symbols, names in letters that it does not know."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

import langcodes
from langcodes.tag_parser import LanguageTagError

from pipeline.stages.translate.words import UNSPACED, base_language

LONGEST_WORD: Final = 200
PARTS: Final = re.compile(r"\s+|[^\W_]+|\S")
"""Text in parts for the reader: white space, words, single characters."""


class Sort(Enum):
    TEXT = auto()
    LITERAL = auto()
    SYMBOL = auto()


@dataclass(frozen=True, slots=True)
class Carried:
    """The patterns of what an engine can't be given.

    ``without_names`` is for texts without a character that ``foreign`` finds: it takes a tenth of the time, and most
    texts have none.
    """

    everything: re.Pattern[str]
    without_names: re.Pattern[str]
    foreign: re.Pattern[str] | None

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """What can't be given, in order."""
        named = self.foreign is not None and not text.isascii() and self.foreign.search(text)
        return (self.everything if named else self.without_names).finditer(text)


"""What is cut out of a text, for one pair of languages; see :func:`carried`."""

# Not seen by a reader, and lost or misread by engines: control characters, direction marks, soft hyphens,
# zero-width spaces (the joiners of Persian and Indic scripts stay), lone surrogates, non-characters.
_REMOVED: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)

# Measured with the Firefox models en→pt: each of these comes out as nothing, or as a dash.
_SYMBOL: Final = (
    r"#@{}~^|\\<>`=*\u00a2-\u00a9\u00ac\u00ae\u00b1-\u00b3\u00b6\u00b7\u00b9\u00bc-\u00be\u00d7\u00f7"
    r"\u2020-\u2022\u2030-\u2031\u203b-\u205e\u2070-\u209c\u20a0-\u20cf\u2100-\u2bff\ue000-\uf8ff\ufe0f\ufffc\ufffd"
    r"\U0001f000-\U0001fbff\U000e0000-\U0010fffd"
)
# A symbol drags along what is written to it without a space: €5.20, x², #rivers.
_ATTACHED: Final = r"[0-9A-Za-z\u00c0-\u024f%°.,:/+'’\-\u200d]"
_SYMBOLS: Final = rf"{_ATTACHED}{{0,40}}[{_SYMBOL}](?:[{_SYMBOL}]|{_ATTACHED}*[0-9A-Za-z\u00c0-\u024f%°\u200d]){{0,40}}"

_ADDRESS: Final = (
    r"(?:https?|ftp|mailto|tel):[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’]"
    r"|www\.[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’]"
    r"|[\w.+%-]{1,64}@[\w-]{1,63}(?:\.[\w-]{2,63}){1,8}"
)
_PLUGIN: Final = r"\{(?P<plugin>\w+)[^{}]{0,500}\}(?:[^{}]{0,2000}\{/(?P=plugin)\})?"

# Letters beyond the Latin script, with the spaces between such words. For sources written in Latin letters.
_OTHER_SCRIPT: Final = (
    r"[\u0370-\u1dff\u2c80-\u2dff\u2e80-\ua71f\ua800-\ufaff\ufb13-\ufdcf\ufdf0-\ufdff\ufe70-\ufefe\U00010000-\U0001d3ff"
    r"\U00020000-\U0003ffff]"
)

# Letters of each alphabet beyond a–z, with those common in its loan words (Unicode CLDR, exemplar characters).
_ALPHABETS: Final = {
    "ca": "àçèéíïòóúü·",
    "cs": "áčďéěíňóřšťúůýž",
    "da": "åæøéü",
    "de": "äöüßéèàç",
    "en": "éèêçñïöü",
    "es": "áéíñóúü",
    "fi": "äåöéšž",
    "fr": "àâæçèéêëîïôùûüÿœ",
    "it": "àèéìíîòóùú",
    "nl": "áäéèëíïóöúü",
    "no": "åæøéòü",
    "pl": "ąćęłńóśźż",
    "pt": "àáâãçéêíòóôõúü",
    "ro": "ăâîșțşţ",
    "sv": "åäöéü",
}


@lru_cache(maxsize=256)
def carried(source: str, target: str) -> Carried:
    """The patterns of what an engine between these languages can't be given.

    A model drops letters that it has never seen (en→pt makes “Waosa” of “Wałęsa”), so that words with letters foreign
    to both alphabets are kept; so is everything in another script when the source is written in Latin letters.
    """
    alternatives = [
        rf"(?P<literal>{_PLUGIN}|{_ADDRESS}|[^\s{UNSPACED}]{{{LONGEST_WORD},}})",
        rf"(?P<symbol>{_SYMBOLS})",
    ]
    if _script(source) == "Latn":
        alternatives.append(rf"(?P<script>{_OTHER_SCRIPT}+(?:\s+{_OTHER_SCRIPT}+)*)")
    without_names = re.compile("|".join(alternatives))
    known = [_ALPHABETS.get(base_language(tag)) for tag in (source, target)]
    if not known[0] or not (known[1] or _script(target) != "Latn"):
        return Carried(without_names, without_names, None)
    letters = known[0] + (known[1] or "")
    unknown = rf"(?![{letters}{letters.upper()}])[\u00c0-\u024f\u1e00-\u1eff]"
    latin = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff'’\-]"
    alternatives.append(rf"(?P<name>(?<!{latin}){latin}{{0,40}}?{unknown}{latin}{{0,40}})")
    return Carried(re.compile("|".join(alternatives)), without_names, re.compile(unknown))


def _script(tag: str) -> str:
    try:
        return langcodes.get(tag).maximize().script or ""
    except LanguageTagError:
        return ""


def cut(text: str, pattern: Carried) -> Iterator[tuple[str, Sort]]:
    """The text in parts: what can be translated and what can't. Characters nobody sees are left out."""
    text = _REMOVED.sub("", text)
    at = 0
    for match in pattern.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], Sort.TEXT
        yield match[0], Sort.SYMBOL if match.lastgroup == "symbol" else Sort.LITERAL
        at = match.end()
    if at < len(text):
        yield text[at:], Sort.TEXT
