"""Do dates mean the same day? They change their form with the language, so that their values are compared.

Month names come from CLDR (Babel). dateparser was not taken: it takes a third of a second to import, milliseconds for a
sentence, and sees dates in ordinary numbers and words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import islice
from typing import Final

from babel import Locale, UnknownLocaleError

from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.check.languages import territory

_ISO: Final = re.compile(r"(?<![\d-])(\d{4})-(\d\d)-(\d\d)(?!\d|-)")
_NUMERIC: Final = re.compile(r"(?<![\d./-])(\d{1,2})([./-])(\d{1,2})\2((?:1\d|20)\d\d)(?![\d/-])")
_EAST_ASIAN: Final = re.compile(r"(?:(\d{4})\s?[年년]\s?)?(?<!\d)(\d{1,2})\s?[月월](?:\s?(\d{1,2})\s?[日일])?")
_DAY: Final = r"(?<![\d.,:])(\d{1,2})(?:st|nd|rd|th|er|\.ª|[ºªº°.])?"
_JOINT: Final = r"[\s\xa0]+(?:(?:de|of|di|du)[\s\xa0]+|d['’])?"
_YEAR: Final = r"(\d{4})(?![\d.,]\d)"
_MOST: Final = 60
_DIGIT: Final = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Found:
    """A date as it is written: ``values`` are what it may mean, as (year, month, day), 0 for what is not said."""

    start: int
    end: int
    text: str
    values: frozenset[tuple[int, int, int]]


class Dates(TextCheck):
    id = "dates"
    name = "Dates mean the same day"

    def problem(self, read: Read) -> str:
        ours, theirs = unmatched(read)
        if ours and theirs:
            return f"A date differs: “{ours[0].text}” in the source, “{theirs[0].text}” in the translation."
        return ""  # one that is missing, or not written as a date, is a matter of its numbers


def unmatched(read: Read) -> tuple[list[Found], list[Found]]:
    """The dates of the source that the translation lacks, and those that it has beside the source's."""
    ours, theirs = both(read)
    return _left(ours, theirs), _left(theirs, ours)


def without_common(read: Read) -> tuple[str, str]:
    """Both texts without the dates that they share."""
    ours, theirs = both(read)
    if not ours or not theirs:
        return read.source.visible, read.target.visible
    lost, added = set(_left(ours, theirs)), set(_left(theirs, ours))
    return (
        _cut(read.source.visible, [each for each in ours if each not in lost]),
        _cut(read.target.visible, [each for each in theirs if each not in added]),
    )


def both(read: Read) -> tuple[list[Found], list[Found]]:
    """The dates of source and target; none where there are so many that each with each would take long."""
    pair = read.translation
    ours = list(islice(dates(read.source.visible, pair.source_language), _MOST + 1))
    theirs = list(islice(dates(read.target.visible, pair.target_language), _MOST + 1))
    return ([], []) if max(len(ours), len(theirs)) > _MOST else (ours, theirs)


def dates(text: str, tag: str) -> Iterator[Found]:
    """The dates of a text that say at least two of day, month and year, in order; those in words need a digit."""
    if not _DIGIT.search(text):
        return
    written = _written(tag)
    taken = 0
    found = [*_by_number(text, tag), *(_by_name(text, written) if written else ())]
    for each in sorted(found, key=lambda each: (each.start, -each.end)):
        if each.start >= taken:
            taken = each.end
            yield each


def _by_number(text: str, tag: str) -> Iterator[Found]:
    for match in _ISO.finditer(text):
        yield from _found(match, [(int(match[1]), int(match[2]), int(match[3]))])
    for match in _NUMERIC.finditer(text):
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        values = [(year, second, first)]
        # 3/5/2024 is in May or in March: only where the month comes first by custom it may be either.
        if territory(tag) == "US" or second > 12:
            values.append((year, first, second))
        yield from _found(match, values)
    if "月" in text or "월" in text:
        for match in _EAST_ASIAN.finditer(text):
            yield from _found(match, [(int(match[1] or 0), int(match[2]), int(match[3] or 0))])


def _by_name(text: str, written: _Written) -> Iterator[Found]:
    if not written.names.search(text):
        return
    for pattern, (year, month, day) in written.patterns:
        for match in pattern.finditer(text):
            number = written.months[_folded(match[month])]
            yield from _found(match, [(int(match[year] or 0) if year else 0, number, int(match[day]) if day else 0)])


def _found(match: re.Match[str], values: list[tuple[int, int, int]]) -> Iterator[Found]:
    possible = frozenset(value for value in values if _is_date(*value))
    if possible:
        yield Found(match.start(), match.end(), match[0], possible)


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year or 2000, month, day or 1)
    except ValueError:
        return False
    return bool(year or day)


@dataclass(frozen=True, slots=True)
class _Written:
    months: dict[str, int]
    names: re.Pattern[str]
    patterns: tuple[tuple[re.Pattern[str], tuple[int, int, int]], ...]  # and its groups of year, month and day


@lru_cache(maxsize=64)
def _written(tag: str) -> _Written | None:
    """How a language writes dates with the names of months."""
    try:
        locale = Locale.parse(tag, sep="-")
    except (UnknownLocaleError, ValueError):
        return None
    names: dict[str, int] = {}
    for usage in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in locale.months[usage][width].items():
                if any(map(str.isalpha, name)):
                    names.setdefault(name.rstrip("."), number)
    if not names:
        return None
    # "May" and "may" are two words: where CLDR writes months with a capital letter, only that is one.
    capital = locale.months["format"]["wide"][1][:1].isupper()
    # As they are written, and not folded: Greek has another letter for the s at the end, Turkish two kinds of i.
    written = {name[:1].upper() + name[1:] if capital else name for name in names}
    alternatives = "|".join(re.escape(name) for name in sorted(written, key=len, reverse=True))
    month = rf"(?<!\w)({alternatives})(?!\w)\.?"  # no \b: Hindi names end in a vowel sign, which is no \w
    flags = re.NOFLAG if capital else re.IGNORECASE
    ways = (
        (rf"{_DAY}{_JOINT}{month}(?:,?{_JOINT}{_YEAR})?", (3, 2, 1)),
        (rf"{month}\s+(\d{{1,2}})(?:st|nd|rd|th)?(?!\d)(?:,?\s+{_YEAR})?", (3, 1, 2)),
        (rf"{month},?{_JOINT}{_YEAR}", (2, 1, 0)),
    )
    months: dict[str, int] = {}
    for name, number in names.items():
        months.setdefault(_folded(name), number)
    return _Written(months, re.compile(month, flags), tuple((re.compile(way, flags), groups) for way, groups in ways))


def _folded(name: str) -> str:
    """A month's name whatever its letters' size, as the patterns take it: İ and ı are an i to them."""
    return name.replace("İ", "i").replace("ı", "i").casefold()


def _left(some: list[Found], others: list[Found]) -> list[Found]:
    """Those that mean none of the others, each of which is used once."""
    rest = list(others)
    left = []
    for each in some:
        match = next((other for other in rest if _same(each, other)), None)
        if match is None:
            left.append(each)
        else:
            rest.remove(match)
    return left


def _same(one: Found, other: Found) -> bool:
    return any(
        all(a == b or not a or not b for a, b in zip(mine, theirs, strict=True)) and mine[1] == theirs[1]
        for mine in one.values
        for theirs in other.values
    )


def _cut(text: str, spans: list[Found]) -> str:
    parts, at = [], 0
    for span in spans:
        parts.append(text[at : span.start])
        at = span.end
    return " ".join([*parts, text[at:]])
