"""Do the numbers agree?"""

from __future__ import annotations

import re
from collections import Counter
from html import unescape
from typing import Final

from pipeline.documents import Origin, Segment, Severity
from pipeline.stages import markup
from pipeline.stages.check.contract import Pair, SegmentCheck
from pipeline.stages.markup import Kind

# Digits with the marks between them that group thousands or begin decimals, in whatever locale.
_NUMBER: Final = re.compile(r"\d+(?:[.,'’٬٫]\d+|[ \xa0\u202f]\d{3}(?!\d))*")
_AFTERNOON: Final = re.compile(r"(?<![\d.,:])(\d{1,2})(?:[:.](\d\d))?\s?([ap])\.?\s?m\b", re.IGNORECASE)


class Numbers(SegmentCheck):
    id = "numbers"
    name = "Numbers agree"
    severity = Severity.WARN

    def problem(self, pair: Pair) -> str:
        segment, target = pair
        if segment.source == target.target or target.origin is Origin.KEPT:
            return ""
        source, translated = (_visible(text, segment) for text in (segment.source, target.target))
        ours, theirs = numbers(source), numbers(translated)
        if ours == theirs or numbers(_on_24_hours(source)) == numbers(_on_24_hours(translated)):
            return ""
        lost, added = sorted((ours - theirs).elements()), sorted((theirs - ours).elements())
        parts = [f"missing: {', '.join(lost)}"] if lost else []
        parts += [f"not in the source: {', '.join(added)}"] if added else []
        return f"Numbers differ from the source ({'; '.join(parts)})."


def numbers(text: str) -> Counter[str]:
    """The numbers of a text in ASCII digits: ``1,000.50``, ``1.000,50`` and ``1 000,50`` are all ``100050``.

    Separators are left out since only the locale says what they mean.
    """
    return Counter("".join(str(int(c)) for c in match[0] if c.isdecimal()) for match in _NUMBER.finditer(text))


def _on_24_hours(text: str) -> str:
    """Times such as ``3:30 pm`` as ``15:30``; full hours lose their ``00``."""
    return re.sub(r"(?<=\d)[:h]00\b", "", _AFTERNOON.sub(_hour, text))


def _hour(match: re.Match[str]) -> str:
    hour = int(match[1]) % 12 + (12 if match[3].lower() == "p" else 0)
    return f"{hour}:{match[2]}" if match[2] else str(hour)


def _visible(text: str, segment: Segment) -> str:
    if not segment.markup:
        return text
    return unescape("".join(text[t.start : t.end] for t in markup.tokenize(text) if t.kind is Kind.TEXT))
