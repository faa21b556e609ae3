"""An engine for tests: it is visibly wrong, always the same, and misbehaves when it is asked to.

It reverses the letters of each word and adds one letter that tells the target language, so the translation of a part of
a sentence is a part of the translation of the sentence. What carries a digit, a percent sign or an address is kept.
It is never used unless it is named, so that it can't translate for real by accident.
"""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

from pipeline.documents import Hop
from pipeline.engines.contract import Installed, NoModel

MARKS = {
    "en": "ŵ", "pt": "õ", "pt-BR": "ũ", "es": "ñ", "fr": "ç", "ur": "ٹ", "ar": "ض", "de": "ß", "zh-Hans": "们",
    "zh-Hant": "們", "sw": "ŋ", "it": "ì", "nl": "ĳ", "ru": "ы", "tr": "ğ", "hi": "क",
}  # fmt: skip  # one line a language says no more
"""The letter that is added to each word, by target language: every ordered pair of these is a hop."""

_WORD = re.compile(r"[^\W\d_]+")
_CHECKSUM = "fa4e" * 4


class FakeEngine:
    """Takes the environment variable ``SECTIONWIRE_FAKE_ENGINE_DELAY``: seconds it waits for each sentence.

    A sentence with one of these words makes it misbehave: FAKE-HANG sleeps for ever, FAKE-DIE kills its own process,
    FAKE-RAISE raises, FAKE-SHORT loses a sentence, FAKE-LOOP says the same word 5,000 times.
    """

    name = "fake"

    def __init__(self, models: Path) -> None:  # noqa: ARG002  # it has none
        self._delay = float(os.environ.get("SECTIONWIRE_FAKE_ENGINE_DELAY", "0"))

    def installed(self) -> list[Installed]:
        """Every ordered pair of the languages it knows."""
        return [
            Installed(Hop("fake", source, target, "fake", _CHECKSUM), Path(__file__), 0, "for tests only")
            for source, target in permutations(MARKS, 2)
        ]

    def translate(self, sentences: Sequence[str], source: str, target: str) -> list[str]:
        """Reverse every word of every sentence. Raises NoModel for a language it doesn't know."""
        if source not in MARKS or target not in MARKS:
            raise NoModel(f"The fake engine knows no pair {source} → {target}.")
        targets = [self._sentence(sentence, MARKS[target]) for sentence in sentences]
        return targets[1:] if any("FAKE-SHORT" in sentence for sentence in sentences) else targets

    def _sentence(self, sentence: str, mark: str) -> str:
        time.sleep(self._delay)
        if "FAKE-HANG" in sentence:
            while True:
                time.sleep(3600)
        if "FAKE-DIE" in sentence:
            os.kill(os.getpid(), signal.SIGKILL)
        if "FAKE-RAISE" in sentence:
            raise RuntimeError("this sentence was too much")
        if "FAKE-LOOP" in sentence:
            return "pool " * 5000
        return " ".join(_word(word, mark) for word in sentence.split(" "))


def _word(word: str, mark: str) -> str:
    if any(character.isdigit() or character in "%@" for character in word) or "://" in word:
        return word
    return _WORD.sub(lambda letters: letters[0][::-1] + mark, word)
