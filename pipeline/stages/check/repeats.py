"""Does an engine stammer, or never end?"""

from __future__ import annotations

import zlib
from collections import Counter
from typing import Final

from pipeline.stages.check.contract import Read, TextCheck
from pipeline.stages.check.languages import REDUPLICATING, UNSPACED
from pipeline.stages.translate.words import base_language

_LONGEST_PHRASE: Final = 4
_LEGITIMATE: Final = {
    "en": frozenset(["that", "had"]),
    "fr": frozenset(["nous", "vous"]),
    "de": frozenset(["die", "der", "das", "den", "sie"]),
    "nl": frozenset(["dat", "die"]),
    "it": frozenset(["man", "via", "così"]),
}
"""Words that may stand beside themselves: *nous nous sommes*, *die, die die Tür*. Of translate-toolkit's
``validdoublewords`` (version 3.20) those that we can confirm, and more; its ``doublewords`` does not look at the
source."""

_LONG: Final = 160
_MOST: Final = 2.6
_CALM: Final = 1.8


class Repeated(TextCheck):
    """Words and short phrases twice in a row, where the source has fewer such: *o o rio*, *de água de água*."""

    id = "repeated"
    name = "No word is repeated by mistake"

    def problem(self, read: Read) -> str:
        tag = base_language(read.translation.target_language)
        if tag in UNSPACED:
            return ""
        found = doubled(read.target.prose, single=tag not in REDUPLICATING)
        found = [phrase for phrase in found if phrase not in _LEGITIMATE.get(tag, ())]
        if len(found) <= len(doubled(read.source.prose)):
            return ""
        return f"Repeated: “{found[0]} {found[0]}”."


class Repetition(TextCheck):
    """An engine that lost its way says the same again and again: such text compresses far better than the source.

    The measure is that of Whisper (OpenAI), which drops a text that compresses by more than 2.4; single sentences of
    ours reach 1.7, so that 2.6 and a calm source leave room for lists and poems.
    """

    id = "repetition"
    name = "The translation comes to an end"

    def problem(self, read: Read) -> str:
        target = read.target.prose
        if len(target) < _LONG:
            return ""
        if compression(target) < _MOST or compression(read.source.prose) > _CALM:
            return ""
        return "The translation says the same again and again."


def doubled(text: str, *, single: bool = True) -> list[str]:
    """The words and phrases, of at most four words, that stand twice in a row without a mark between them."""
    words = text.casefold().split()
    if len(words) == len(set(words)):
        return []  # the common case: no word occurs twice at all
    repeated = {word for word, count in Counter(words).items() if count > 1}
    found = []
    for at, word in enumerate(words):
        if word not in repeated:
            continue
        for length in range(1 if single else 2, _LONGEST_PHRASE + 1):
            phrase = words[at : at + length]
            if phrase == words[at + length : at + 2 * length] and _is_phrase(phrase):
                found.append(" ".join(phrase))
                break
    return found


def _is_phrase(words: list[str]) -> bool:
    return words[-1][-1].isalpha() and any(word.isalpha() for word in words) and len(" ".join(words)) < 80


def compression(text: str) -> float:
    """How many times smaller a text gets: 1.2 to 1.7 for a sentence, 10 and more for one that repeats itself."""
    data = text.encode("utf-8", "surrogatepass")
    return len(data) / len(zlib.compress(data, 1)) if data else 0.0
