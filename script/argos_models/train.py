"""Trains the toy model: ``python -m argos_models.train FOLDER [STEPS]`` (needs torch and sentencepiece).

Leaves ``sentencepiece.model`` and ``weights.npz`` in the folder. 5,000 steps take a quarter of an hour on one thread
(two threads are slower).
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import sentencepiece
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  # PyTorch's own name for it

from .grammar import Pair, corpus
from .model import BEGIN, END, PAD, Shape, Translator

log = logging.getLogger("argos_models.train")

SENTENCES = 80_000
BATCH = 64
WARM_UP = 300
PEAK_RATE = 2e-3


def tokenizer(pairs: list[Pair], folder: Path) -> sentencepiece.SentencePieceProcessor:
    """Train one SentencePiece model of 1,000 pieces over both languages; digits are split."""
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text for pair in pairs for text in pair),
        model_prefix=str(folder / "sentencepiece"),
        vocab_size=1000,
        character_coverage=1.0,
        model_type="unigram",
        split_digits=True,
        max_sentencepiece_length=16,
        required_chars="".join(map(chr, range(33, 127))) + "áéíóúñüÁÉÍÓÚÑÜ¿¡",
        num_threads=1,
        minloglevel=2,
    )
    return sentencepiece.SentencePieceProcessor(model_file=str(folder / "sentencepiece.model"))


def numbered(processor: sentencepiece.SentencePieceProcessor, text: str) -> list[int]:
    """Piece numbers, moved by one: OpenNMT's vocabulary has a padding token that SentencePiece's has not."""
    return [0 if piece == 0 else piece + 1 for piece in processor.encode(text)]


def batches(data: list[tuple[list[int], list[int]]], rng: Random) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of about equal length, without end: source, target as it is fed, target as it is wanted."""
    data = sorted(data, key=lambda pair: len(pair[0]) + 2 * rng.random())
    while True:
        start = rng.randrange(len(data) - BATCH)
        part = data[start : start + BATCH]
        yield (
            _padded([source for source, _ in part]),
            _padded([[BEGIN, *target] for _, target in part]),
            _padded([[*target, END] for _, target in part]),
        )


def _padded(rows: list[list[int]]) -> Tensor:
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows])


def train(folder: Path, steps: int) -> None:
    """Train on the corpus of seed 1 and write the weights every 1,000 steps."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    pairs = corpus(SENTENCES, seed=1)
    processor = tokenizer(pairs, folder)
    data = [(numbered(processor, english), numbered(processor, spanish)) for english, spanish in pairs]
    model = Translator(Shape(processor.get_piece_size() + 1))
    optimizer = torch.optim.Adam(model.parameters(), betas=(0.9, 0.98), fused=True)
    total = 0.0
    rng = Random(0)  # noqa: S311  # a run must be repeatable
    for step, (source, fed, wanted) in zip(range(1, steps + 1), batches(data, rng), strict=False):
        for group in optimizer.param_groups:
            group["lr"] = PEAK_RATE * min(step / WARM_UP, 1) * max(0.01, 1 - step / steps)
        scores = model(source, fed)
        loss = F.cross_entropy(scores.flatten(0, 1), wanted.flatten(), ignore_index=PAD, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        total += loss.item()
        if step % 100 == 0:
            log.info("step %d: loss %.4f", step, total / 100)
            total = 0.0
        if step % 1000 == 0 or step == steps:
            np.savez(folder / "weights.npz", **model.weights())


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    train(target, int(sys.argv[2]) if len(sys.argv) > 2 else 5000)
