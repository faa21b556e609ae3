"""Word aligners for one pair of languages: trained from sentences and their translations, or that and given lists.

The library sil-thot learns which words translate which, once in each direction. What both directions say is kept as a
table in one file: a line with its checksum, then JSON. Aligning needs the table alone. Of the models in the library
FastAlign did best on the judged spans of tests/quality (96.8 % right on pages that it had not seen; IBM 1 and HMM
96.6 %, Eflomal 96.2 %), and learns in half the time of an HMM.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from pipeline.errors import Permanent
from pipeline.stages.translate.resources import Aligner
from pipeline.stages.translate.words import words

LEAST_SENTENCES: Final = 200
"""Of the judged spans of tests/quality (en→pt) some 95 % are right without an aligner; with one that has learned from
100 sentences of other pages 95.5 %, from 400 96.0 %, from 800 96.4 %, from 1,600 96.8 %."""
MOST_SENTENCES: Final = 50_000
"""About a minute of one core; more teach little more."""
FILE: Final = "lexicon"
_FORMAT: Final = 1
_ROUNDS: Final = 5  # ten do no better
_LONGEST: Final = 100  # words; a longer text is no sentence
_STEM: Final = 5  # letters that tell a word from its inflections; of little text the rest is only noise
_LEAST_CHANCE: Final = 0.005  # of one word to be translated by the other; fewer are left out of the table
_LEAST_STRENGTH: Final = 0.02
UNKNOWN: Final = 0.03
"""Strength of a pair with a word that was never seen: it may be anything."""

LEARNT: Final = 0.3
"""What strengths count that were learnt, where there are the lists of models. Of the judged spans of tests/quality
98.5 % are right by lists alone; with what 730 sentences taught 98.4 %, but 98.0 % if it counts in full."""

Pair = tuple[str, str]
"""A sentence and its translation."""
Chances = dict[str, dict[str, float]]
Progress = Callable[[int, int], None]
"""Is told how many of how many rounds are done."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """What was learned; it says how surely words belong together. Implements ``resources.Aligner``."""

    strength: Mapping[str, Mapping[str, float]]  # of the stem of a source word and that of a target word
    target: frozenset[str]  # all stems of the target language
    sentences: int

    def strengths(self, source: Sequence[str], target: Sequence[str]) -> list[list[float]]:
        """For each word of ``source`` its strength (0 to 1) with each of ``target``."""
        theirs = [_stem(word) for word in target]
        unknown = [0.0 if stem in self.target else UNKNOWN for stem in theirs]
        return [self._row(_stem(word), theirs, unknown) for word in source]

    def _row(self, stem: str, theirs: Sequence[str], unknown: list[float]) -> list[float]:
        known = self.strength.get(stem)
        if known is None:
            return [UNKNOWN] * len(theirs)
        return [known.get(other, least) for other, least in zip(theirs, unknown, strict=True)]


@dataclass(frozen=True, slots=True)
class Together:
    """Lists that hold for all texts, and what was learnt from these. Implements ``resources.Aligner``."""

    lists: Aligner
    learnt: Aligner

    def strengths(self, source: Sequence[str], target: Sequence[str]) -> ArrayLike:
        """See ``resources.Aligner``."""
        known, more = (np.asarray(each.strengths(source, target)) for each in (self.lists, self.learnt))
        return np.minimum(1.0, known + LEARNT * more)


def train(pairs: Iterable[Pair], folder: Path, progress: Progress | None = None) -> Lexicon:
    """Learn from sentences and their translations, and write the result into ``folder`` in one step.

    Pairs without words, and longer than any sentence, are left out; of very many the first are taken.

    Raises:
        Permanent: there are fewer than ``LEAST_SENTENCES``, or the folder can't be written.
    """
    known = list(_cut(pairs))
    if len(known) < LEAST_SENTENCES:
        raise Permanent(
            f"There are {len(known)} translated sentences; a word aligner needs {LEAST_SENTENCES}.",
            "Translate more articles first.",
        )
    there = _learned(known, progress, 0)
    back = _learned([(two, one) for one, two in known], progress, _ROUNDS)
    lexicon = Lexicon(_both(there, back), frozenset(back), len(known))
    _write(lexicon, folder)
    return lexicon


def load(folder: Path) -> Lexicon:
    """Read what ``train`` wrote.

    Raises:
        Permanent: it is missing or damaged.
    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
        return _lexicon(text)
    except (OSError, ValueError) as error:
        raise Permanent(
            f"The word aligner in {folder} can't be read ({_reason(error)}).", "Train it again: sectionwire align"
        ) from None


def _lexicon(text: str) -> Lexicon:
    checksum, _, body = text.partition("\n")
    if hashlib.sha256(body.encode()).hexdigest() != checksum:
        raise ValueError("it is not as it was written")
    content: dict[str, Any] = json.loads(body)
    if content["format"] != _FORMAT:
        raise ValueError("another version of Sectionwire wrote it")
    return Lexicon(content["strength"], frozenset(content["target"]), content["sentences"])


def _reason(error: Exception) -> str:
    return error.strerror or type(error).__name__ if isinstance(error, OSError) else str(error)


def _write(lexicon: Lexicon, folder: Path) -> None:
    content = {
        "format": _FORMAT,
        "sentences": lexicon.sentences,
        "target": sorted(lexicon.target),
        "strength": lexicon.strength,
    }
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    partial = folder / f"{FILE}.{os.getpid()}.part"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        partial.write_text(f"{hashlib.sha256(body.encode()).hexdigest()}\n{body}", encoding="utf-8")
        partial.replace(folder / FILE)
    except OSError as error:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise Permanent(f"{folder} can't be written ({_reason(error)}).", "Look at its rights and space.") from None


def _cut(pairs: Iterable[Pair]) -> Iterator[tuple[list[str], list[str]]]:
    count = 0
    for source, target in pairs:
        ours, theirs = ([_stem(word.norm) for word in words(text)] for text in (source, target))
        if 0 < len(ours) <= _LONGEST and 0 < len(theirs) <= _LONGEST:
            yield ours, theirs
            count += 1
        if count == MOST_SENTENCES:
            return


def _stem(norm: str) -> str:
    return norm[:_STEM] if norm.isalpha() else norm


def _learned(pairs: Sequence[tuple[list[str], list[str]]], progress: Progress | None, before: int) -> Chances:
    """For each word how probable its translations are."""
    # Here and not above: only training needs the library.
    from thot.alignment import FastAlignModel

    model = FastAlignModel()
    model.variational_bayes = True  # of rare words less is believed
    for ours, theirs in pairs:
        model.add_sentence_pair(ours, theirs, 1)
    model.start_training()
    for round_ in range(_ROUNDS):
        model.train()
        if progress:
            progress(before + round_ + 1, 2 * _ROUNDS)
    model.end_training()
    return {
        word: {
            model.get_trg_word(other): chance
            for other, chance in model.get_translations(model.get_src_word_index(word), _LEAST_CHANCE)
        }
        for word in sorted({word for ours, _ in pairs for word in ours})
    }


def _both(there: Chances, back: Chances) -> dict[str, dict[str, float]]:
    """The strength of each pair: the geometric mean of its chances in both directions."""
    return {
        word: {
            other: round(strength, 4)
            for other, chance in chances.items()
            if (strength := math.sqrt(chance * back.get(other, {}).get(word, 0.0))) >= _LEAST_STRENGTH
        }
        for word, chances in there.items()
    }
