"""Quotation marks: as many as there were, in the target language's form."""

from __future__ import annotations

import re
from typing import Final

from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.translate.typography import marks_of
from pipeline.stages.translate.words import base_language

_DOUBLE: Final = re.compile('[“”„‟«»″「」『』"]')
_INCHES: Final = re.compile('(?<=\\d)["″]')
_STRAIGHT: Final = frozenset('"″')
_ALSO: Final = {
    **dict.fromkeys(["pt", "es", "it", "ca", "gl", "ast", "el", "fr", "ru", "uk", "be", "hy", "tr", "az"], "“”«»"),
    **dict.fromkeys(["ru", "uk", "be", "bg", "sr", "mk", "hr", "sl", "cs", "sk", "pl", "hu", "ro"], "«»„“”"),
    **dict.fromkeys(["de", "da", "lt", "lv", "et"], "»«„“"),
    **dict.fromkeys(["no", "nb", "nn", "da", "sv", "fi"], "«»”“„"),
    **dict.fromkeys(["ja", "zh"], "「」『』“”"),
    **dict.fromkeys(["ar", "fa", "ur", "ps", "he"], "«»“”„"),
}
"""Marks that are seen in good print of a language beside those that CLDR names first (its alternates, and the usage of
its other countries)."""


class Quotes(TextCheck):
    id = "quotes"
    name = "Quotation marks are those of the target language"

    def problem(self, read: Read) -> str:
        source, target = read.source.prose, read.target.prose
        ours, theirs = quotes(source), quotes(target)
        if not theirs:
            return "The quotation marks are lost." if ours and len(ours) % 2 == 0 else ""
        if len(theirs) % 2 and len(ours) % 2 == 0:
            return "A quotation mark is missing, or one is too many."
        tag = read.translation.target_language
        usual = "".join(marks_of(tag)) + _ALSO.get(base_language(tag), "")
        allowed = set(usual) | (_STRAIGHT if '"' in ours else set())
        if foreign := sorted(set(theirs) - allowed - _STRAIGHT):
            opening, closing, *_ = marks_of(tag)
            return f"“{foreign[0]}” is not a quotation mark of the language, which sets {opening}…{closing}."
        return ""


def quotes(text: str) -> list[str]:
    """The double quotation marks of a text; not those that mean inches."""
    return _DOUBLE.findall(_INCHES.sub("", text) if _INCHES.search(text) and text.count('"') % 2 else text)
