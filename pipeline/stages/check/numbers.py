"""Do the numbers agree?"""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from pipeline.stages.check.compared import differing, sentence
from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.check.dates import without_common
from pipeline.stages.translate.numbers import digits_of

# Digits with the marks between them that group thousands or begin decimals, in whatever locale.
NUMBER: Final = re.compile(r"\d+(?:[.,'’٬٫]\d+|[ \xa0\u202f]\d{3}(?!\d))*")
_AFTERNOON: Final = re.compile(r"(?<![\d.,:])(\d{1,2})(?:[:.](\d\d))?\s?([ap])\.?\s?m\b", re.IGNORECASE)
_MORNING: Final = re.compile(r"(?<![\d.,:])0(?=\d[:.h]\d\d(?!\d))")
_FULL_HOUR: Final = re.compile(r"(?<=\d)[:h]00\b")
_DIGIT: Final = re.compile(r"\d")


class Numbers(TextCheck):
    id = "numbers"
    name = "Numbers agree"

    def problem(self, read: Read) -> str:
        if not _DIGIT.search(read.source.visible) and not _DIGIT.search(read.target.visible):
            return ""
        if numbers(read.source.visible) == numbers(read.target.visible):
            return ""
        source, translated = without_common(read)  # 2026-05-03 is 3 de maio de 2026
        ours, theirs = numbers(source), numbers(translated)
        if ours == theirs or numbers(_on_24_hours(source)) == numbers(_on_24_hours(translated)):
            return ""
        return sentence("Numbers", differing(ours, theirs))


def numbers(text: str) -> Counter[str]:
    """The numbers of a text in ASCII digits: ``1,000.50``, ``1.000,50`` and ``1 000,50`` are all ``100050``.

    Separators are left out since only the locale says what they mean.
    """
    return Counter(digits_of(match[0]) for match in NUMBER.finditer(text))


def _on_24_hours(text: str) -> str:
    """Times such as ``3:30 pm`` as ``15:30``; full hours lose their ``00``, and those before ten their ``0``."""
    return _FULL_HOUR.sub("", _MORNING.sub("", _AFTERNOON.sub(_hour, text)))


def _hour(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    return f"{hour}:{match[2]}" if match[2] else str(hour)
