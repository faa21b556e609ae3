"""Quotation marks, dashes and dots: plain for the engine, in the style of the target afterwards.

Small models drop ``“ ” « » — …`` or make full stops of them. What the source writes plainly stays plain; what it writes
typographically is set as the target language does, where the translation has as many marks as the source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from pipeline.stages.translate.numbers import NUMBER, digits_of
from pipeline.stages.translate.words import base_language, is_atom, is_function

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

_DOUBLE: Final = "“”„‟«»「」"
_SINGLE: Final = "‘’‚‛‹›ʼ『』"
_TABLE: Final = str.maketrans({**dict.fromkeys(_DOUBLE, '"'), **dict.fromkeys(_SINGLE, "'"), "…": "..."})
_INNER_SPACE: Final = re.compile("(?<=[«‹„])[\xa0\u202f]+|[\xa0\u202f]+(?=[»›])")
_WIDE_DASH: Final = re.compile(r"\s*[—―]\s*|\s+[–‒]\s+")
_DASH: Final = re.compile(r"(?:(?<=\s)|^)-(?=\s|$)")
_RANGE: Final = re.compile(r"(?<=\d)[–‒](?=\d)")
_APOSTROPHE: Final = re.compile(r"(?<=\w)'(?=\w)|(?<!\w)'(?=\d)")
_SINGLE_QUOTE: Final = re.compile(r"(?<!\w)'(?!\d)|'(?!\w)")
_ANY_DOUBLE: Final = re.compile(f'[{_DOUBLE}"]')
_PLAIN_DOUBLE: Final = re.compile('"')
_ANY_SINGLE: Final = re.compile(r"[‘‚‛‹›『』]|(?<!\w)[’'](?!\d)|[’'](?!\w)")
_SPACE: Final = re.compile(r"\s+")
_NO_BREAK: Final = re.compile(r"(?<=\S)[\xa0\u202f](?=\S)")
_LAST_NUMBER: Final = re.compile(rf"{NUMBER.pattern}$")
_FIRST_NUMBER: Final = re.compile(NUMBER.pattern)
_LAST_WORD: Final = re.compile(r"\w+\.?$")
_FIRST_WORD: Final = re.compile(r"\w+")


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
    return _with_no_breaks(source, target, language) if _NO_BREAK.search(source) else target


@lru_cache(maxsize=256)
def marks_of(language: str) -> tuple[str, str, str, str]:
    """The outer and inner quotation marks of a language, opening and closing."""
    return _QUOTES.get(language) or _QUOTES.get(base_language(language), _DEFAULT)


def _replace_doubles(source: str, target: str, quotes: Sequence[str]) -> str:
    if not any(mark in source for mark in _DOUBLE):
        return target
    found = re.sub(f"[{_DOUBLE}]", '"', _INNER_SPACE.sub("", target))
    return _set(source, _ANY_DOUBLE, found, _PLAIN_DOUBLE, quotes[:2])


def _replace_singles(source: str, target: str, quotes: Sequence[str]) -> str:
    if not any(mark in source for mark in _SINGLE):
        return target
    found = re.sub(f"[{_SINGLE}]", "'", target)
    return _APOSTROPHE.sub("’", _set(source, _ANY_SINGLE, found, _SINGLE_QUOTE, quotes[2:]))


def _set(source: str, mark: re.Pattern[str], target: str, plain_mark: re.Pattern[str], quotes: Sequence[str]) -> str:
    """Set opening and closing marks: as many as in the source in its order, plain ones plain; else as they stand."""
    given = list(mark.finditer(source))
    found = list(plain_mark.finditer(target))
    parts = []
    at = 0
    for index, match in enumerate(found):
        same = given[index] if len(given) == len(found) else None
        opens = _opens(source, same) if same else _opens(target, match)
        sign = match[0] if same and same[0] in "\"'" else quotes[0] if opens else quotes[1]
        parts += [target[at : match.start()], sign]
        at = match.end()
    return "".join([*parts, target[at:]])


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


def _with_no_breaks(source: str, target: str, language: str) -> str:
    """No-break spaces beside the same numbers as in the source, and between the same names; elsewhere none."""
    for match in _NO_BREAK.finditer(source):
        before, after = source[: match.start()], source[match.end() :]
        if is_atom(before[-1]):
            target = _after(target, target.find(before[-1]) + 1, match[0], after)
        elif number := _LAST_NUMBER.search(before):
            same = _same_number(target, number[0], _rank(before, number[0]))
            target = _after(target, same.end() if same else 0, match[0], after)
        elif number := _FIRST_NUMBER.match(after):
            target = _before_number(target, number[0], _rank(before, number[0]) + 1, match[0], language)
        elif (one := _LAST_WORD.search(before)) and (other := _FIRST_WORD.match(after)):
            target = _between_names(target, one[0], other[0], match[0])
    return target


def _between_names(target: str, one: str, other: str, space: str) -> str:
    named = one[0].isupper() and other[0].isupper()
    return target.replace(f"{one} {other}", f"{one}{space}{other}", 1) if named else target


def _rank(text: str, number: str) -> int:
    """How many of the numbers in ``text`` have these digits."""
    return sum(digits_of(each) == digits_of(number) for each in NUMBER.findall(text))


def _same_number(target: str, number: str, rank: int) -> re.Match[str] | None:
    """The ``rank``-th number (from 1) of the target that has the same digits, or the last one."""
    found = [match for match in NUMBER.finditer(target) if digits_of(match[0]) == digits_of(number)]
    return found[min(rank, len(found)) - 1] if found else None


def _after(target: str, at: int, space: str, after: str) -> str:
    """The target with the space at a place; as it was when that is none (0), or something else stands there."""
    if at and target[at : at + 1] == " ":
        return target[:at] + space + target[at + 1 :]
    if at and target[at : at + 1] in ("%", "°") and after[:1] == target[at : at + 1]:
        return target[:at] + space + target[at:]
    return target


def _before_number(target: str, number: str, rank: int, space: str, language: str) -> str:
    match = _same_number(target, number, rank)
    if match is None or target[: match.start()][-1:] != " ":
        return target
    word = _LAST_WORD.search(target[: match.start() - 1])
    if word is None or is_function(word[0].casefold().rstrip("."), language):
        return target
    return target[: match.start() - 1] + space + target[match.start() :]
