"""Whole articles through our Argos engine, against ``argostranslate.translate`` paragraph by paragraph.

    .venv/bin/python -m benchmarks.argos [--articles 8] [--characters 4000] [--rounds 3]

The model is the repository's own toy package, widened to the shape of a published Argos model (6+6 layers, 512 wide,
8 heads, 2,048 feed-forward units, a vocabulary of 32,000) without a change in what it says: it costs what a published
one costs. The articles are written in the toy grammar, so that it translates them sensibly. Both sides search with a
beam of 4 and must say the same.

Ours goes through the engine host on 2 cores, eight articles together, as a worker takes them. Theirs runs with the
module's defaults and with the best setting we know (``ARGOS_INTRA_THREADS=1``, ``ARGOS_BATCH_SIZE=2048``). Prints
source characters per second, the ratios (targets: 6 × the defaults, 2.5 × the best setting) and resident memory of all
engine processes together when the work is done (target: no more than theirs); the peak is printed, too. All take
turns, and of each its fastest round counts: what else the machine does slows some of them down. Takes two minutes;
exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

import psutil

from pipeline.documents import Route
from pipeline.engines.argos import ArgosEngine, environment
from pipeline.engines.host import EngineHost
from pipeline.engines.models import install_file
from script.argos_models.grammar import Grammar
from script.argos_models.widen import widen

PACKAGE = Path(__file__).parents[1] / "tests" / "data" / "translate-en_es.argosmodel"
PROCESSES = 2
TOGETHER = 8
"""So many articles a worker takes at a time."""

BEST = {"ARGOS_INTRA_THREADS": "1", "ARGOS_BATCH_SIZE": "2048"}
TARGETS = {"defaults": 6.0, "best setting": 2.5}

Article = list[list[str]]  # paragraphs of sentences


@dataclass(frozen=True, slots=True)
class Run:
    """Source characters per second, MB resident at the end and at most, and what was said."""

    speed: float
    resident: float
    peak: float
    said: dict[str, str]


def articles(count: int, characters: int) -> list[Article]:
    """Articles of paragraphs of three to six sentences, all different."""
    grammar = Grammar(2026)
    sentences = dict.fromkeys(text.en for text in islice(grammar.plain(), count * characters // 20))
    fresh = iter(sentences)
    made = []
    for _ in range(count):
        article: Article = []
        while _characters([article]) < characters:
            article.append(list(islice(fresh, 3 + len(article) % 4)))
        made.append(article)
    return made


def ours(models: Path, written: Sequence[Article]) -> Run:
    """Through the engine host, so many articles at a time."""
    (model,) = ArgosEngine(models).installed()
    route = Route("en", "es", (model.hop,))
    said: dict[str, str] = {}
    with EngineHost(models, ["argos"], PROCESSES) as host:
        host.warm_up([route])
        started = time.monotonic()
        for place in range(0, len(written), TOGETHER):
            sentences = [text for article in written[place : place + TOGETHER] for part in article for text in part]
            for batch in host.translate(route, sentences):
                said |= {source: str(target) for source, target in batch.items()}
        seconds = time.monotonic() - started
        children = psutil.Process().children(recursive=True)
        return Run(_characters(written) / seconds, sum(map(_resident, children)), sum(map(_peak, children)), said)


def theirs(models: Path, written: Sequence[Article], options: dict[str, str]) -> Run:
    """The module in a process of its own, which does nothing else."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ARGOS_")}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.argos", "--module", models],
        input=json.dumps(written),
        capture_output=True,
        text=True,
        check=True,
        env={**clean, **options, "ORT_DISABLE_TELEMETRY": "1"},
    )
    return Run(**json.loads(done.stdout))


def module(models: Path) -> None:
    """What runs in the process of :func:`theirs`: articles in, a run out."""
    written: list[Article] = json.load(sys.stdin)
    with environment(models):
        # The module makes folders as it is imported, and must be told where first.
        from argostranslate.translate import translate
    translate("The red house is big.", "en", "es")  # loads the model
    started = time.monotonic()
    said = {text: translate(text, "en", "es") for article in written for text in map(" ".join, article)}
    speed = _characters(written) / (time.monotonic() - started)
    itself = psutil.Process()
    print(json.dumps(asdict(Run(speed, _resident(itself), _peak(itself), said))))


def _characters(written: Sequence[Article]) -> int:
    return sum(len(text) for article in written for part in article for text in part)


def _resident(process: psutil.Process) -> float:
    return process.memory_info().rss / 1e6


def _peak(process: psutil.Process) -> float:
    """The most that was ever resident, as the kernel remembers it."""
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024 / 1e6


def _same(written: Sequence[Article], run: Run, module_run: Run) -> float:
    """The share of paragraphs, of those that the module translated, for which both say the same."""
    pairs = [
        (" ".join(run.said[text] for text in part), module_run.said[" ".join(part)])
        for article in written
        for part in article
        if " ".join(part) in module_run.said
    ]
    return sum(ours == theirs for ours, theirs in pairs) / len(pairs)


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=TOGETHER)
    parser.add_argument("--characters", type=int, default=4_000, help="of each article")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--module", type=Path, metavar="MODELS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.module:
        module(options.module)
        return 0
    written = articles(options.articles, options.characters)
    few = max(1, options.articles // 8)
    with tempfile.TemporaryDirectory(prefix="sw-argos-") as folder:
        models, wide = Path(folder, "models"), Path(folder, "wide.argosmodel")
        widen(PACKAGE, wide)
        install_file(wide, models)
        runs: dict[str, list[Run]] = {"ours": [], "defaults": [], "best setting": []}
        for _ in range(options.rounds):
            runs["ours"].append(ours(models, written))
            runs["defaults"].append(theirs(models, written[:few], {}))
            runs["best setting"].append(theirs(models, written[: 2 * few], BEST))
    return _report(written, runs)


def _report(written: Sequence[Article], runs: dict[str, list[Run]]) -> int:
    print(
        f"{len(written)} articles, {_characters(written):,} characters, beam 4, a model of the shape of a published one"
    )
    for name, rounds in runs.items():
        speeds = " ".join(f"{run.speed:6.0f}" for run in rounds)
        memory = f"{max(run.resident for run in rounds):.0f} MB resident, {max(run.peak for run in rounds):.0f} at most"
        print(f"{name:14}{speeds} characters/s, {memory}")
    fastest = {name: max(run.speed for run in rounds) for name, rounds in runs.items()}
    resident = {name: max(run.resident for run in rounds) for name, rounds in runs.items()}
    allowed = min(resident[name] for name in TARGETS)
    same = min(_same(written, runs["ours"][0], run) for name in TARGETS for run in runs[name])
    missed = resident["ours"] > allowed or same < 1
    for name, target in TARGETS.items():
        ratio = fastest["ours"] / fastest[name]
        print(f"speed         {ratio:6.2f} × its {name}; target {target:g}")
        missed |= ratio < target
    print(f"memory        {resident['ours']:6.0f} MB resident; target {allowed:.0f}")
    print(f"same          {100 * same:6.1f} % of the paragraphs are translated alike; target 100")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
