"""Trains a toy model: ``python -m argos_models.train NAME FOLDER [STEPS]`` (needs torch).

Leaves the tokenizer, ``vocabulary.json`` and ``weights.npz`` in the folder. 5,000 steps take a quarter of an hour on
one thread (two threads are slower).
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812  # PyTorch's own name for it

from . import tokens
from .grammar import Text, corpus
from .model import BEGIN, END, PAD, Shape, Translator
from .recipes import RECIPES, Recipe

log = logging.getLogger("argos_models.train")

TEXTS = 80_000
BATCH = 64
WARM_UP = 300
PEAK_RATE = 2e-3

Example = tuple[list[int], list[int]]


def examples(recipe: Recipe, texts: list[Text], trained: tokens.Tokens) -> list[Example]:
    """Source and target numbers, one example for each target language; the target begins with its token, if any."""
    number = {token: place for place, token in enumerate(trained.vocabulary)}

    def numbers(text: Text, language: str) -> list[int]:
        return [number.get(token, 0) for token in trained.encode[language](getattr(text, language))]

    return [
        (numbers(text, recipe.source), [number[prefix]] * bool(prefix) + numbers(text, target))
        for target, prefix in recipe.targets.items()
        for text in texts
    ]


def batches(data: list[Example], rng: Random) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
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


def train(recipe: Recipe, folder: Path, steps: int) -> None:
    """Train on the corpus of seed 1 and write the weights every 1,000 steps."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    texts = [text for text in corpus(TEXTS, seed=1) if tokens.survives(recipe, text)]
    trained = tokens.train(recipe, texts, folder)
    (folder / "vocabulary.json").write_text(json.dumps(trained.vocabulary), encoding="utf-8")
    data = examples(recipe, texts, trained)
    log.info("%d examples, %d tokens", len(data), len(trained.vocabulary))
    model = Translator(Shape(len(trained.vocabulary)))
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
    wanted, target = RECIPES[sys.argv[1]], Path(sys.argv[2])
    target.mkdir(parents=True, exist_ok=True)
    train(wanted, target, int(sys.argv[3]) if len(sys.argv) > 3 else wanted.steps)
