"""What in a text is not for the engine: addresses, plugin tags, symbols, names in letters that it does not know."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from functools import lru_cache
from typing import Final

from pipeline.stages.translate import numbers
from pipeline.stages.translate.words import UNSPACED, base_language, script

LONGEST_WORD: Final = 200
PARTS: Final = re.compile(r"\s+|[^\W_]+|\S")
"""Text in parts for the reader: white space, words, single characters."""


class Sort(Enum):
    TEXT = auto()
    LITERAL = auto()
    SYMBOL = auto()


@dataclass(frozen=True, slots=True)
class Carried:
    """What an engine between two languages can't be given: besides what none can, these letters.

    ``scripts`` and ``foreign`` are patterns of one letter; empty where the source is not written in Latin letters, or
    its alphabet isn't known.
    """

    languages: tuple[str, str]
    scripts: str
    foreign: str

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """What can't be given, in order."""
        wanted = [name for name, sign in _SIGNS.items() if sign.search(text)]
        if len(text) >= LONGEST_WORD and "written" not in wanted:
            wanted.insert(0, "written")  # a word may be too long
        if not text.isascii():
            wanted += [each for each in (self.scripts, self.foreign) if each and _compiled(each).search(text)]
        return _pattern(tuple(wanted)).finditer(text) if wanted else iter(())


# Not seen by a reader, and lost or misread by engines: control characters, direction marks, soft hyphens,
# zero-width spaces (the joiners of Persian and Indic scripts stay), lone surrogates, non-characters.
_REMOVED: Final = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ufdd0-\ufdef\ufffe\uffff\ud800-\udfff]"
)

# Measured with the Firefox models en→pt: each of these comes out as nothing, or as a dash.
_SYMBOL: Final = (
    r"#@{}~^|\\<>`=*\u00a2-\u00a9\u00ac\u00ae\u00b1-\u00b3\u00b5\u00b6\u00b7\u00b9\u00bc-\u00be\u00d7\u00f7"
    r"\u2020-\u2022\u2030-\u2037\u203b-\u205e\u2070-\u209c\u20a0-\u20cf\u2100-\u2bff\ue000-\uf8ff\ufe0f\ufffc\ufffd"
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
_PLACEHOLDER: Final = (
    r"\{\{[^{}]{0,200}\}\}|%\(\w{1,60}\)[sdifr]|(?<![\w%])%(?:\d{1,2}\$)?[sdf@](?!\w)"
    r"|&(?:[A-Za-z][A-Za-z0-9]{0,30}|\#\w{1,8});|\[\w{1,60} [\w-]{1,60}=[^\[\]]{0,300}\]"
)

# Hosts and files as they stand in a text. Without a path after it, a host needs a name that ends one:
# "stands.Please" is a full stop without its space.
_LABEL: Final = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ENDS: Final = (
    "[a-z]{2}|com|org|net|edu|gov|int|mil|info|biz|name|coop|museum|aero|app|dev|cloud|online|site|news|media|blog|"
    "charity|foundation|ngo|ong|international|example|test|invalid|local|localhost"
)
_HOST: Final = (
    rf"(?<![\w@.-])(?:(?:{_LABEL}\.)+[a-z]{{2,24}}(?::\d{{1,5}})?/(?:[^\s<>\"“”]*[^\s<>\"“”.,;:!?)\]'’])?"
    rf"|(?:[A-Za-z0-9][A-Za-z0-9-]+\.)+(?:{_ENDS})(?![\w-]|\.\w)|(?:[A-Za-z0-9][A-Za-z0-9-]+\.){{2,}}[a-z]{{2,24}}(?![\w-]|\.\w))"
)
_FILE: Final = (
    r"(?<![\w./])(?:[\w.-]{1,80}[/\\])*[\w-]{1,80}(?:\.[\w-]{1,80})*\.(?:csv|tsv|txt|pdf|docx?|xlsx?|pptx?|od[tsp]|rtf|html?|xml|json|"
    r"ya?ml|toml|ini|cfg|conf|log|md|rst|py|js|ts|css|php|sh|sql|zip|gz|tar|7z|rar|exe|iso|jpe?g|png|gif|svg|webp|tiff?|"
    r"mp[34]|m4a|avi|mov|mkv|wav|ogg|flac|epub|gpx|kml|shp|geojson)(?![\w-])"
    r"|(?<![\w/.])(?:~|\.{1,2})?(?:/[\w.+%-]{0,80}\w){2,}/?"
    r"|(?<!\w)[A-Za-z0-9]{1,60}(?:_[A-Za-z0-9]{1,60})+(?:\.\w{1,60})*(?!\w)"
)
_AND: Final = r"(?<!\w)[A-Z]{1,5}(?:&[A-Z]{1,5})+(?!\w)|(?<!\w)&(?=[^\w\s])"
"""R&D; an & between spaces may become a word."""

# Letters beyond the Latin script, with the spaces between such words. For sources written in Latin letters.
# Joiners belong to Persian and Indic words, and a word with one foreign letter in it is foreign as a whole.
_OTHER_SCRIPT: Final = (
    r"[\u0370-\u1dff\u2c80-\u2dff\u2e80-\ua71f\ua800-\ufaff\ufb13-\ufdcf\ufdf0-\ufdff\ufe70-\ufefe\U00010000-\U0001d3ff"
    r"\U00020000-\U0003ffff]"
)
_JOINED: Final = r"[\w\u0300-\u036f]"
_OTHER_WORD: Final = (
    rf"(?:{_JOINED}{{0,40}}?[\u0370-\u0dff](?:{_JOINED}|[\u0370-\u0dff\u200c\u200d])*"
    rf"|{_OTHER_SCRIPT}(?:{_OTHER_SCRIPT}|[\u200c\u200d])*)"
)

# Letters of each alphabet beyond a–z (Unicode CLDR, main exemplar characters). Measured with the Firefox model en→pt,
# each letter of Latin-1 and Latin Extended in ten names: those below for pt come out, of all others none; é in English
# loan words (café) because Portuguese has it. So letters count that one of the two languages has itself.
_ALPHABETS: Final = {
    "ca": "àçèéíïòóúü·",
    "cs": "áčďéěíňóřšťúůýž",
    "da": "åæø",
    "de": "äöüß",
    "en": "",
    "es": "áéíñóúü",
    "fi": "äåöšž",
    "fr": "àâæçèéêëîïôùûüÿœ",
    "it": "àèéìíòóù",
    "nl": "áäéëíïóöúü",
    "no": "åæøàéóòô",
    "pl": "ąćęłńóśźż",
    "pt": "àáâãçéêíóôõú",
    "ro": "ăâîșțşţ",
    "sv": "åäöàé",
}
_HIATUS: Final = re.compile(r"\b[a-z]*[aeo][ïëö][a-z]*\b")  # naïve, coöperate: English has the word without it, too
_PLAIN_VOWELS: Final = str.maketrans("ïëö", "ieo")


@lru_cache(maxsize=256)
def carried(source: str, target: str) -> Carried:
    """What an engine between these languages can't be given.

    A model drops letters that it has never seen (en→pt makes “Waosa” of “Wałęsa”), so that words with letters foreign
    to both alphabets are kept; so is everything in another script when the source is written in Latin letters.
    """
    scripts = _OTHER_SCRIPT if script(source) == "Latn" else ""
    ours, theirs = (_ALPHABETS.get(base_language(tag)) for tag in (source, target))
    if ours is None or (theirs is None and script(target) == "Latn"):
        return Carried((source, target), scripts, "")
    letters = ours + (theirs or "")
    known = rf"(?![{letters}{letters.upper()}])" if letters else ""
    return Carried((source, target), scripts, rf"(?:{known}[\u00c0-\u024f\u1e00-\u1eff]|[\u0300-\u036f])")


# All patterns together take ten times as long as to see which of them a text needs: most need none.
_SIGNS: Final = {
    "written": re.compile(r"[.:](?=\w)|[/\\_@&%{\[]"),
    "number": re.compile(r"\d[.,'’/:\-–\s]\d|\d{8}|0[xX]"),
    "symbol": re.compile(f"[{_SYMBOL}]"),
}
_TOO_LONG: Final = rf"[^\s{UNSPACED}]{{{LONGEST_WORD},}}"
_PATTERNS: Final = {
    "written": f"(?P<literal>{'|'.join([_PLUGIN, _PLACEHOLDER, _ADDRESS, _HOST, _FILE, _AND, _TOO_LONG])})",
    "number": rf"(?P<number>{numbers.COMPLEX})",
    "symbol": rf"(?P<symbol>{_SYMBOLS})",
    _OTHER_SCRIPT: rf"(?P<script>{_OTHER_WORD}(?:\s+{_OTHER_WORD})*)",
}
_LATIN: Final = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff\u0300-\u036f'’\-]"


@lru_cache(maxsize=256)
def _pattern(wanted: tuple[str, ...]) -> re.Pattern[str]:
    """Of the names in ``_PATTERNS``, and of what else stands for letters that make a word foreign."""
    foreign = rf"(?P<name>(?<!{_LATIN}){_LATIN}{{0,40}}?%s{_LATIN}{{0,40}})"
    return re.compile("|".join(_PATTERNS.get(each) or foreign % each for each in wanted))


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def cut(text: str, pattern: Carried) -> Iterator[tuple[str, Sort]]:
    """The text in parts: what can be translated and what can't. Characters nobody sees are left out."""
    text = _normal(text, pattern.languages[0])
    at = 0
    for match in pattern.finditer(text):
        if match.start() > at:
            yield text[at : match.start()], Sort.TEXT
        if match.lastgroup == "number":
            yield numbers.localised(match[0], *pattern.languages) or match[0], Sort.LITERAL
        else:
            yield match[0], Sort.SYMBOL if match.lastgroup == "symbol" else Sort.LITERAL
        at = match.end()
    if at < len(text):
        yield text[at:], Sort.TEXT


def _normal(text: str, language: str) -> str:
    """In composed form, since no model knows *e* with a combining accent, and without what nobody sees."""
    text = _REMOVED.sub("", text)
    if text.isascii():
        return text
    text = unicodedata.normalize("NFC", text)
    if base_language(language) == "en":
        text = _HIATUS.sub(lambda match: match[0].translate(_PLAIN_VOWELS), text)
    return text
