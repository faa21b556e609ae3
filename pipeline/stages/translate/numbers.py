"""Numbers: what of them must be in a translation, and how the target language writes them.

Engines carry small numbers well, long ones badly (en→pt made ``1'34'567,89`` of ``1'234'567.89``), and set separators
as they like. The value must never change; separators are the target's where the source leaves no doubt what they mean.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from babel import Locale, UnknownLocaleError

from pipeline.stages.translate.words import base_language

NUMBER: Final = re.compile(r"\d+(?:[.,'’]\d+)*")
WITH_LETTERS: Final = r"[^\W_]*\d(?:[\w.,'’:/-]*\w)?"
"""A number with all that is written to it, as it is masked: 22nd, 10:30, A4."""

_GAP: Final = r"[ \u00a0\u2009\u202f]"
COMPLEX: Final = (
    rf"(?<![\w.,'’])(?:\d+(?:[.,'’/:\-–]\d+){{2,}}|\d{{1,3}}(?:{_GAP}\d{{3}})+(?:[.,]\d+|{_GAP}\d{{3}})"
    r"|\d{8,}|0[xX][0-9A-Fa-f]+|\d{1,2}'\d{1,2}\"?)(?!\w)"
)
"""What is masked from the start: several separators (dates, long amounts), many digits, feet and inches."""

_AFTERNOON: Final = re.compile(r"(?<!\d)(\d{1,2})(?:[.:]\d\d)?\s?p\.?\s?m\b", re.IGNORECASE)
_DECADE: Final = re.compile(r"(?<!\d)\d\d(\d0)['’]?s\b")
_TIME: Final = re.compile(r"\s?[ap]\.?\s?m\b", re.IGNORECASE)
_MEASURE: Final = re.compile(
    r"\s?(?:%|‰|°|(?:[kcmµ]?m|[kmµ]?g|[mcd]?l|ha|t|[kMGT]?[WB]|km/h|million|billion|per cent|percent)[²³]?(?![\w/]))"
)

# CLDR 47, minimumGroupingDigits 2 (Babel leaves it out): 1234, but 12 345.
_WIDE_GROUPS: Final = frozenset(["es", "pl", "pt-PT"])


def kept(source: str, target: str) -> bool:
    """Whether every number of the source is in its translation, as often; *8 p.m.* may be *20:00*, *1990s* *90*.

    A number that the source writes as a word may be new.
    """
    ours, theirs = _counted(source), _counted(target)
    if ours == theirs:
        return True
    missing, new = ours - theirs, theirs - ours
    for one, other in _other_ways(source):
        if missing[one] and new[other]:
            missing -= Counter([one])
            new -= Counter([other])
    return not missing and not new.keys() & ours.keys()


def _other_ways(source: str) -> Iterator[tuple[str, str]]:
    for hour in _AFTERNOON.findall(source):
        yield _value(hour), str(int(hour) + 12)
    for decade in _DECADE.finditer(source):
        yield _value(decade[0]), decade[1]


def digits_of(number: str) -> str:
    """The digits of a number without its separators, in ASCII whatever script they are written in."""
    digits = "".join(c for c in number if c.isdigit())
    return digits if digits.isascii() else "".join(str(unicodedata.digit(c)) for c in digits)


def _counted(text: str) -> Counter[str]:
    return Counter(value for number in NUMBER.findall(text) if (value := _value(number)) != "00")


def _value(number: str) -> str:
    """The digits alone; a leading zero of two (07:30) says nothing."""
    digits = digits_of(number)
    return digits[1:] if len(digits) == 2 and digits[0] == "0" and digits != "00" else digits


def restored(source: str, target: str, languages: tuple[str, str]) -> str:
    """``target`` with its numbers as the target language writes them where that is certain, else as the source does.

    An engine's own decimal sign stands. Numbers without separators are left alone.
    """
    forms: dict[str, list[tuple[str, ...]]] = {}
    for match in NUMBER.finditer(source):
        if not match[0].isdigit():
            forms.setdefault(_value(match[0]), []).append(_forms(source, match, languages))
    if not forms:
        return target

    def form(match: re.Match[str]) -> str:
        waiting = forms.get(_value(match[0]))
        if not waiting or match[0].isdigit():
            return match[0]
        allowed = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return match[0] if match[0] in allowed else allowed[0]

    return NUMBER.sub(form, target)


def _forms(source: str, match: re.Match[str], languages: tuple[str, str]) -> tuple[str, ...]:
    """How a number may be written in the target; the first is best."""
    number = match[0]
    if certain := localised(number, *languages):
        return (certain,)
    decimal = _decimal(number, *languages)
    if not decimal or _TIME.match(source, match.end()):
        return (number,)
    return (decimal,) if _MEASURE.match(source, match.end()) else (number, decimal)


def localised(number: str, source: str, target: str) -> str:
    """A number with thousands set off, in the target's way; empty when its separators could mean something else."""
    ours, theirs = _separators(source), _separators(target)
    if not ours or not theirs or ours[1].isspace():
        return ""
    decimal, group = map(re.escape, ours)
    if not re.fullmatch(rf"[1-9]\d{{0,2}}(?:{group}\d{{3}})+(?:{decimal}\d+)?", number):
        return ""
    whole, point, rest = number.partition(ours[0])
    narrow = whole.count(ours[1]) == 1 and len(whole) == len("1,234") and _is_wide(target)
    return whole.replace(ours[1], "" if narrow else theirs[1]) + (theirs[0] + rest if point else "")


def _decimal(number: str, source: str, target: str) -> str:
    ours, theirs = _separators(source), _separators(target)
    if not ours or not theirs or not re.fullmatch(rf"\d+{re.escape(ours[0])}\d+", number):
        return ""
    return number.replace(ours[0], theirs[0])


def _is_wide(tag: str) -> bool:
    return tag in _WIDE_GROUPS or base_language(tag) in _WIDE_GROUPS


@lru_cache(maxsize=256)
def _separators(tag: str) -> tuple[str, str] | None:
    """The signs for decimals and for thousands (Unicode CLDR); ``None`` for languages that have other digits."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    if locale.default_numbering_system != "latn":
        return None
    symbols = locale.number_symbols["latn"]
    return symbols["decimal"], symbols["group"]
