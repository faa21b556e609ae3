"""Which words may translate which, from the lists that come with Firefox models.

Beside a model lies a file that names, for each piece of a word of the source language, the fifty or so pieces of the
target language that translated it most often in the texts from which the model was made. Engines may use it to weigh
fewer words, which costs quality. Here it says which words of a sentence and of its translation belong together, without
any training: most of what a piece lists is wrong anywhere else, but hardly ever stands in the very sentence.

The format is Marian's binary short list: six numbers of 64 bits (a magic one, a checksum, the two counts after which
the file is named, how many offsets and how many entries follow), an offset for each piece and one for the end, then the
entries, 32 bits each, all little-endian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, chain
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from sentencepiece import SentencePieceProcessor

_MAGIC: Final = 0xF11A48D5013417F5
_HEADER: Final = 48  # bytes
COMMON: Final = 0.5
"""How little the pieces say that many others list too (*de*, *s*): of the logarithm of how rarely a piece is listed."""
_KEPT: Final = 20_000  # words and pieces whose lists are kept at hand

Matrix = NDArray[np.float64]


class ShortList:
    """The list of one model, from its source language to its target language."""

    def __init__(self, path: Path, source_vocabulary: Path, target_vocabulary: Path) -> None:
        """Read a list and the vocabularies of its model.

        Raises:
            OSError: a file can't be read.
            ValueError: the list is damaged, or belongs to other vocabularies.
        """
        self._source = _vocabulary(source_vocabulary)
        same = source_vocabulary == target_vocabulary
        self._target = self._source if same else _vocabulary(target_vocabulary)
        self._offsets, self._entries = _read(path.read_bytes())
        size = self._target.vocab_size()
        if len(self._offsets) <= self._source.vocab_size() or int(self._entries.max(initial=0)) >= size:
            raise ValueError("it belongs to another vocabulary")
        listed = np.bincount(self._entries, minlength=size)
        self._weights = np.log(size / np.maximum(listed, 1))
        self._listed = lru_cache(_KEPT)(self._list)
        self._pieces = lru_cache(_KEPT)(self._cut)
        self._union = lru_cache(_KEPT)(self._unite)

    def shares(self, source: Sequence[str], target: Sequence[str]) -> Matrix:
        """For each (casefolded) word of ``source`` how much of each of ``target`` it lists (0 to 1)."""
        ours, theirs = ([self._pieces(word, side) for word in words] for side, words in enumerate((source, target)))
        columns = list(chain.from_iterable(theirs))
        # Each row by ``map``, and all at once: in a loop they took half of the whole time.
        listed = chain.from_iterable(map(self._union(pieces).__contains__, columns) for pieces in ours)
        rows = np.fromiter(listed, dtype=bool, count=len(ours) * len(columns)).reshape(len(ours), len(columns))
        weights = self._weights[columns]
        starts = [0, *accumulate(map(len, theirs[:-1]))]
        whole = np.add.reduceat(weights, starts) + COMMON
        return np.asarray(np.add.reduceat(rows * weights, starts, axis=1) / whole)

    def _unite(self, pieces: tuple[int, ...]) -> frozenset[int]:
        return self._listed(pieces[0]) if len(pieces) == 1 else frozenset().union(*map(self._listed, pieces))

    def _list(self, piece: int) -> frozenset[int]:
        return frozenset(self._folded[int(self._offsets[piece]) : int(self._offsets[piece + 1])].tolist())

    @cached_property
    def _folded(self) -> NDArray[np.uint32]:
        """The entries in small letters, where there is such a piece: the words that are looked for have no capitals."""
        texts = self._target.id_to_piece(list(range(len(self._weights))))
        small = [
            piece if (folded := text.casefold()) == text else self._target.piece_to_id(folded) or piece
            for piece, text in enumerate(texts)
        ]
        return np.array(small, dtype=np.uint32)[self._entries]

    def _cut(self, word: str, side: int) -> tuple[int, ...]:
        return tuple((self._source, self._target)[side].encode(word)) or (0,)


@dataclass(frozen=True, slots=True)
class WordLists:
    """The lists of a pair of languages, of a model there and of one back: at least one of them."""

    there: ShortList | None
    back: ShortList | None

    def strengths(self, source: Sequence[str], target: Sequence[str]) -> Matrix:
        """For each word of ``source`` how surely each of ``target`` translates it (0 to 1), wherever they stand."""
        if self.there is None or self.back is None:
            return self.there.shares(source, target) if self.there else self._back(source, target)
        return np.sqrt(self.there.shares(source, target) * self._back(source, target))

    def _back(self, source: Sequence[str], target: Sequence[str]) -> Matrix:
        assert self.back is not None
        return self.back.shares(target, source).T


def _vocabulary(path: Path) -> SentencePieceProcessor:
    # Here and not above: a native library, which only translating needs.
    from sentencepiece import SentencePieceProcessor

    try:
        return SentencePieceProcessor(model_proto=path.read_bytes())
    except RuntimeError as error:
        raise ValueError(f"{path.name} is no vocabulary") from error


def _read(data: bytes) -> tuple[NDArray[np.uint64], NDArray[np.uint32]]:
    header = np.frombuffer(data[:_HEADER], "<u8")
    if len(header) < 6 or int(header[0]) != _MAGIC:
        raise ValueError("it is no short list")
    count, entries = int(header[4]), int(header[5])
    if len(data) != _HEADER + 8 * count + 4 * entries or count < 1:
        raise ValueError("a part of it is missing")
    offsets = np.frombuffer(data, "<u8", count, _HEADER)
    if int(offsets[-1]) > entries or (offsets[1:] < offsets[:-1]).any():
        raise ValueError("its offsets are wrong")
    return offsets, np.frombuffer(data, "<u4", entries, _HEADER + 8 * count)
