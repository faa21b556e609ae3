"""Is the translation as long as one would expect?"""

from __future__ import annotations

from typing import Final

from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.translate.words import base_language, script

# Characters that a language takes for what English says in one, roughly: what is told apart is a lost sentence from a
# whole one, so that 30 % here or there do not matter. Seen on the corpus in tests/quality for pt (1.09).
_BY_SCRIPT: Final = {
    **dict.fromkeys(["Hans", "Hant"], 0.33),
    "Jpan": 0.48,
    "Kore": 0.52,
    **dict.fromkeys(["Arab", "Hebr", "Thaa", "Syrc"], 0.85),
    "Ethi": 0.65,
    "Thai": 0.9,
}
_BY_LANGUAGE: Final = {
    **dict.fromkeys(["fr", "de", "el", "hu", "it", "es", "pt", "nl", "ro", "tl", "vi", "mg"], 1.1),
    "ur": 1.0,
    "fa": 0.95,
}
_SHORT: Final = 20
"""Characters (as English would have) below which a segment may be of any length but absurd: *OK*, *See also*."""

_LONG: Final = 120
_TIGHT: Final = (0.55, 1.9)
_LOOSE: Final = (0.4, 2.6)


class Length(TextCheck):
    id = "length"
    name = "The length is what one would expect"

    def problem(self, read: Read) -> str:
        pair = read.translation
        source = len(read.source.prose.strip()) / density(pair.source_language)
        target = len(read.target.prose.strip()) / density(pair.target_language)
        if source < _SHORT:
            return _told("long", read) if target > 40 + 4 * source else ""
        least, most = _LOOSE if source < _LONG else _TIGHT
        if target < source * least:
            return _told("short", read)
        return _told("long", read) if target > source * most else ""


def density(tag: str) -> float:
    """How many characters a language takes for one of English."""
    return _BY_LANGUAGE.get(base_language(tag)) or _BY_SCRIPT.get(script(tag), 1.0)


def _told(what: str, read: Read) -> str:
    numbers = f"{len(read.target.prose.strip())} characters for {len(read.source.prose.strip())}"
    return f"The translation is unusually {what} ({numbers}): look whether something is {_MEANS[what]}."


_MEANS: Final = {"short": "missing", "long": "added or repeated"}
