"""Which language is a text in? By lingua, with its small models, of no more languages than a network has.

Measured on one core: 16 MB of memory for seven languages, 0.12 ms for a paragraph and two. Its large models take
170 MB, and py3langid 0.04 ms, but 69 MB (119 while it loads), where a translation worker has 350 MB for everything.
All three are right on every text of 100 characters in tests/quality/pages.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from pipeline.stages.translate.words import base_language, script

if TYPE_CHECKING:  # lingua takes a moment to import, and most commands never ask
    from lingua import LanguageDetector

MOST: Final = 3000
"""Characters of a text that are looked at: more make it no surer, and a hostile text no slower."""

SURE: Final = 0.9
"""How probable a language must be, of all that are asked for, to be told."""

_NAMES: Final = {"no": "nb", "fil": "tl", "prs": "fa", "cmn": "zh", "arb": "ar", "swh": "sw"}
"""Languages that lingua knows by another tag."""

_LETTERS: Final = {
    "Latn": "A-Za-z\u00c0-\u024f\u1e00-\u1eff",
    "Cyrl": "\u0400-\u052f",
    "Grek": "\u0370-\u03ff\u1f00-\u1fff",
    "Armn": "\u0531-\u0587",
    "Geor": "\u10a0-\u10ff\u1c90-\u1cbf",
    "Hebr": "\u05d0-\u05f2",
    "Arab": "\u0620-\u06ff\u0750-\u077f\u08a0-\u08ff\ufb50-\ufdff\ufe70-\ufefc",
    "Deva": "\u0900-\u097f",
    "Beng": "\u0980-\u09ff",
    "Guru": "\u0a00-\u0a7f",
    "Gujr": "\u0a80-\u0aff",
    "Taml": "\u0b80-\u0bff",
    "Telu": "\u0c00-\u0c7f",
    "Knda": "\u0c80-\u0cff",
    "Mlym": "\u0d00-\u0d7f",
    "Sinh": "\u0d80-\u0dff",
    "Thai": "\u0e00-\u0e7f",
    "Laoo": "\u0e80-\u0eff",
    "Tibt": "\u0f00-\u0fff",
    "Mymr": "\u1000-\u109f",
    "Ethi": "\u1200-\u139f",
    "Khmr": "\u1780-\u17ff",
    "Jpan": "\u3040-\u30ff\u3400-\u9fff",
    "Hans": "\u3400-\u9fff\U00020000-\U0003ffff",
    "Hant": "\u3400-\u9fff\U00020000-\U0003ffff",
    "Kore": "\uac00-\ud7af\u1100-\u11ff\u3400-\u9fff",
}


def label(tag: str) -> str:
    """A language as lingua calls it: ``pt`` for ``pt-BR``. It may not know it."""
    found = base_language(tag)
    return _NAMES.get(found, found)


def other_language(text: str, expected: str, languages: frozenset[str]) -> str:
    """The label of the language that a text is in, when it is surely one of ``languages`` and not ``expected``."""
    found = likely(text, languages | {expected}) if expected in _known() else ""
    return found if found != expected else ""


def likely(text: str, languages: frozenset[str]) -> str:
    """The label of the one of some languages that a text is surely in; empty when that is not sure."""
    detector = _detector(languages)
    if detector is None:
        return ""
    values = detector.compute_language_confidence_values(text[:MOST])
    return values[0].language.iso_code_639_1.name.lower() if values[0].value >= SURE else ""


def in_script(text: str, tag: str) -> float:
    """Which share of the letters of a text is in the script of a language (0 to 1); 1 when that is not known."""
    letters = _letters(script(tag))
    text = text[:MOST]
    total = sum(map(str.isalpha, text))
    return min(1.0, len(letters.findall(text)) / total) if letters is not None and total else 1.0


@lru_cache(maxsize=64)
def _letters(name: str) -> re.Pattern[str] | None:
    return re.compile(f"[{_LETTERS[name]}]") if name in _LETTERS else None


@lru_cache(maxsize=1)
def _known() -> frozenset[str]:
    from lingua import Language

    return frozenset(each.iso_code_639_1.name.lower() for each in Language.all())


@lru_cache(maxsize=8)
def _detector(languages: frozenset[str]) -> LanguageDetector | None:
    from lingua import Language, LanguageDetectorBuilder

    wanted = [each for each in Language.all() if each.iso_code_639_1.name.lower() in languages]
    if len(wanted) < 2:
        return None
    return LanguageDetectorBuilder.from_languages(*wanted).with_low_accuracy_mode().build()
