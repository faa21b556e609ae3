"""Quotation marks, dashes and dots: plain for the engine, in the style of the target afterwards.

Small models drop ``“ ” « » — …`` or make full stops of them. What the source writes plainly stays plain; what it writes
typographically is set as the target language does, where the translation has as many marks as the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pipeline.stages.translate.words import base_language

# Unicode CLDR 47, delimiters: quotationStart, quotationEnd, alternateQuotationStart, alternateQuotationEnd (Babel's
# data leaves them out). French marks are set off by no-break spaces.
_DEFAULT: Final = ("“", "”", "‘", "’")
_GUILLEMETS: Final = ("«", "»", "“", "”")
_LOW: Final = ("„", "“", "‚", "‘")
_POLISH: Final = ("„", "”", "«", "»")
_CORNERS: Final = ("「", "」", "『", "』")
_QUOTES: Final = {
    **dict.fromkeys(["it", "es", "el", "ca", "gl", "pt-PT", "ast"], _GUILLEMETS),
    **dict.fromkeys(["de", "cs", "sk", "sl", "is", "lt", "lb", "bg", "et"], _LOW),
    **dict.fromkeys(["pl", "hu", "ro", "hr"], _POLISH),
    **dict.fromkeys(["ja", "zh-Hant", "zh-TW"], _CORNERS),
    **dict.fromkeys(["sv", "fi"], ("”", "”", "’", "’")),
    **dict.fromkeys(["ru", "uk", "be", "hy"], ("«", "»", "„", "“")),
    **dict.fromkeys(["no", "nb", "nn", "da"], ("«", "»", "‘", "’")),
    "fr": ("«\xa0", "\xa0»", "«\xa0", "\xa0»"),
    "fa": ("«", "»", "‹", "›"),
    "ur": ("”", "“", "’", "‘"),
    "he": ("”", "”", "’", "’"),
}

_DOUBLE: Final = "“”„‟«»″「」"
_SINGLE: Final = "‘’‚‛′‹›ʼ『』"
_TABLE: Final = str.maketrans({**dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_SINGLE, "'"), "…": "..."})
_INNER_SPACE: Final = re.compile("(?<=[«‹„])[\xa0\u202f]+|[\xa0\u202f]+(?=[»›])")
_WIDE_DASH: Final = re.compile(r"\s*[—―]\s*|\s+[–‒]\s+")
_DASH: Final = re.compile(r"(?:(?<=\s)|^)-(?=\s|$)")
_RANGE: Final = re.compile(r"(?<=\d)[–‒](?=\d)")
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)")
_SINGLE_QUOTE: Final = re.compile(r"(?<!\w)'|'(?!\w)")
_SPACE: Final = re.compile(r"\s+")


def plain(text: str) -> str:
    """Text as an engine can carry it."""
    text = _INNER_SPACE.sub("", text)
    text = _WIDE_DASH.sub(lambda match: " - " if match.start() else "- ", text)
    text = text.replace("–", "-").replace("‒", "-").replace("‑", "-").translate(_TABLE)
    return _SPACE.sub(" ", text).strip()


def restored(source: str, target: str, language: str) -> str:
    """``target``, which answers :func:`plain` of ``source``, with the marks of the source in the target's style."""
    if source.isascii():
        return target
    quotes = marks_of(language)
    target = _replace_doubles(source, target, quotes)
    target = _replace_singles(source, target, quotes)
    target = _replace_dashes(source, target)
    if source.count("…") and source.count("…") == target.count("...") and "..." not in source:
        target = target.replace("...", "…")
    if (ranges := len(_RANGE.findall(source))) and ranges == len(re.findall(r"(?<=\d)-(?=\d)", target)):
        target = re.sub(r"(?<=\d)-(?=\d)", "–", target)
    return target


@lru_cache(maxsize=256)
def marks_of(language: str) -> tuple[str, str, str, str]:
    """The outer and inner quotation marks of a language, opening and closing."""
    return _QUOTES.get(language) or _QUOTES.get(base_language(language), _DEFAULT)


def _replace_doubles(source: str, target: str, quotes: Sequence[str]) -> str:
    count = sum(source.count(mark) for mark in _DOUBLE)
    if not count or '"' in source:
        return target
    found = re.sub(f"[{_DOUBLE}]", '"', _INNER_SPACE.sub("", target))
    return _in_order(source, f"[{_DOUBLE}]", found, re.compile('"'), quotes[:2]) or target


def _replace_singles(source: str, target: str, quotes: Sequence[str]) -> str:
    if not any(mark in source for mark in _SINGLE):
        return target
    found = re.sub(f"[{_SINGLE}]", "'", target)
    return _APOSTROPHE.sub("’", _in_order(source, r"[‘‚‛‹›]|’(?!\w)", found, _SINGLE_QUOTE, quotes[2:]) or found)


def _in_order(source: str, mark: str, target: str, plain_mark: re.Pattern[str], quotes: Sequence[str]) -> str:
    """Set opening and closing marks in the order of the source; empty when the numbers differ."""
    sides = [_opens(source, match) for match in re.finditer(mark, source)]
    if not sides or len(sides) != len(plain_mark.findall(target)):
        return ""
    following = iter(sides)
    return plain_mark.sub(lambda _: quotes[0] if next(following) else quotes[1], target)


def _opens(text: str, mark: re.Match[str]) -> bool:
    """By what stands beside it, since „so“, »so« and ”so” disagree on the shapes."""
    before, after = text[: mark.start()][-1:], text[mark.end() :][:1]
    if not before or before.isspace() or before in "([{—–-":
        return not after.isspace()
    if not after or after.isspace() or not after.isalnum():
        return False
    return not before.isalnum() and mark[0] in "“„«‘‚‹「『"


def _replace_dashes(source: str, target: str) -> str:
    dashes = _WIDE_DASH.findall(source)
    if not dashes or len(_DASH.findall(target)) != len(dashes) + len(_DASH.findall(source)):
        return target
    if _DASH.search(source):
        return target  # which one is which is not known
    following = iter(dashes)
    return _DASH.sub(lambda _: next(following).strip(), target)
