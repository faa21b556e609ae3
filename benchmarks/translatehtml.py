"""The pinned pages through our stages, against the package ``translatehtml`` with the same engine.

    .venv/bin/uv pip install --no-deps translatehtml
    .venv/bin/python -m benchmarks.translatehtml [--rounds 1] [--every 1]

``translatehtml`` is what Argos and LibreTranslate users have for HTML: it gives the engine each text node by itself, in
one process, which tears sentences apart at every tag. It is asked for the cleaned body of each page, through an object
that cuts sentences and remembers them, with the model loaded before. Ours goes through segment, translate, check and
restore, in one engine process and in two. They run in turns on the same half of the pages, since machines are noisy;
the median of the ratios counts.

Prints the times, the ratios (targets: 1 on one process, 1.8 on two) and, side by side, what each did to the markup, as
the quality gate counts it, and the share of the source's sentences (of four words or more) that stand untranslated.
Takes about two minutes; exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import sentencex

from benchmarks import pages
from pipeline.documents import CleanDocument, Route, SegmentedDocument
from pipeline.engines.host import EngineHost
from pipeline.stages import check
from pipeline.stages.segment import restore, segment
from pipeline.stages.translate import Resources, translate, verify
from tests.quality import corpus, measure

if TYPE_CHECKING:
    from fxtranslate import Translator

TARGETS = 1.0, 1.8
KINDS = ("lost", "doubled", "moved", "emptied", "code", "pre", "urls", "plugins", "entities", "joined", "spaces")
PROCESSES = (1, 2)


@dataclass(slots=True)
class Tally:
    """What one side did: faults by kind, and sentences of the source that stand untranslated in its pages.

    ``characters`` are those that the engine was given.
    """

    faults: Counter[str] = field(default_factory=Counter)
    untranslated: int = 0
    sentences: int = 0
    characters: int = 0


class Memory:
    """Of one run."""

    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:  # noqa: ARG002 - there is one route
        return {text: self.known[text] for text in sentences if text in self.known}

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG002 - there is one route
        self.known.update(units)
        return dict(units)


class Underlying:
    """The object that translatehtml expects: the same model, sentence by sentence, each distinct one once."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator
        self.known: dict[str, str] = {}

    def translate(self, text: str) -> str:
        """A text with its white space at both ends, which the module looks at."""
        if not text.strip():
            return text
        parts = [part.strip() for part in sentencex.segment("en", text) if part.strip()]
        return " ".join(self._sentence(part) for part in parts)

    def _sentence(self, text: str) -> str:
        if text not in self.known:
            self.known[text] = self.translator.translate(text)
        return self.known[text]


Spent = tuple[float, float]
"""Seconds, and CPU seconds with those of the engine processes."""


def ours(
    documents: Sequence[SegmentedDocument], host: EngineHost, route: Route, given: Resources
) -> tuple[Spent, list[str], int]:
    """What was spent, the bodies, and the characters that the engine was given."""
    memory = Memory()
    verify.shape.cache_clear()  # the other run of the same pages has filled it
    started = _now()
    cut = [segment(CleanDocument(each.metadata, corpus.body(each))) for each in documents]
    results = translate(cut, route, memory, host.translate, given)
    bodies = []
    for document, segments in zip(cut, results, strict=True):
        check.run(document, segments, route.source, route.target)
        bodies.append(restore(document, {each.key: each.target for each in segments}))
    return _since(started), bodies, sum(map(len, memory.known))


def theirs(documents: Sequence[SegmentedDocument], translator: Translator) -> tuple[Spent, list[str], int]:
    """What was spent, the bodies, and the characters that the engine was given."""
    translate_html = _module()
    underlying = Underlying(translator)
    started = _now()
    bodies = [str(translate_html(underlying, corpus.body(each))) for each in documents]
    return _since(started), bodies, sum(map(len, underlying.known))


def _now() -> Spent:
    children = (child.cpu_times() for child in psutil.Process().children())
    return time.monotonic(), time.process_time() + sum(times.user + times.system for times in children)


def _since(started: Spent) -> Spent:
    now = _now()
    return now[0] - started[0], now[1] - started[1]


def _module() -> Any:
    try:
        from translatehtml import translate_html  # type: ignore[import-not-found, import-untyped, unused-ignore]
    except ImportError as error:
        raise SystemExit(f"{error}: .venv/bin/uv pip install --no-deps translatehtml") from None
    return translate_html


def tally(documents: Sequence[SegmentedDocument], bodies: Sequence[str], counts: Tally) -> None:
    """Add what was done to these pages."""
    for document, body in zip(documents, bodies, strict=True):
        source = corpus.body(document)
        counts.faults.update(fault.kind for fault in measure.faults(source, body))
        wanted, found = (
            list(chain.from_iterable(map(_sentences, measure.paragraphs(each)))) for each in (source, body)
        )
        here = set(found)
        counts.sentences += len(wanted)
        counts.untranslated += sum(text in here for text in wanted if len(text.split()) > 3)


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in sentencex.segment("en", text) if part.strip()]


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--every", type=int, default=1, help="take every such page only")
    options = parser.parse_args()
    documents: list[SegmentedDocument] = [corpus.document(path) for path in pages.paths()[:: options.every]]
    translator = pages.translator()
    mine, other = Tally(), Tally()
    runs: list[tuple[Spent, Spent, Spent]] = []
    with tempfile.TemporaryDirectory(prefix="sw-html-") as folder:
        route, given = pages.route(Path(folder)), pages.resources(Path(folder))
        hosts = [EngineHost(Path(folder), [pages.ENGINE], number) for number in PROCESSES]
        try:
            for host in hosts:
                host.warm_up([route])
            for number in range(2 * options.rounds):
                half = documents[number % 2 :: 2]
                one, _, _ = ours(half, hosts[0], route, given)
                module, module_bodies, their_characters = theirs(half, translator)
                two, bodies, characters = ours(half, hosts[1], route, given)
                runs.append((one, two, module))
                if number < 2:
                    mine.characters += characters
                    other.characters += their_characters
                    tally(half, bodies, mine)
                    tally(half, module_bodies, other)
        finally:
            for host in hosts:
                host.close()
    return _report(len(documents), runs, mine, other)


def _report(count: int, runs: Sequence[tuple[Spent, Spent, Spent]], mine: Tally, other: Tally) -> int:
    ratios = [statistics.median(run[2][0] / run[side][0] for run in runs) for side in (0, 1)]
    cpu = [statistics.median(run[2][1] / run[side][1] for run in runs) for side in (0, 1)]
    print(f"{count} pages, {len(runs)} runs of half of them each")
    for name, side in (("translatehtml", 2), ("ours, 1", 0), ("ours, 2", 1)):
        seconds, spent = (sum(run[side][unit] for run in runs) for unit in (0, 1))
        print(f"{name:14}{seconds:8.2f} s {spent:8.2f} s of CPU")
    print(
        f"ratio         {ratios[0]:8.2f} × as fast on one process; target {TARGETS[0]:g}\n"
        f"              {ratios[1]:8.2f} × as fast on two; target {TARGETS[1]:g}\n"
        f"by CPU        {cpu[0]:8.2f} × on one, whoever shares the machine\n"
        f"              {2 * cpu[1]:8.2f} × on two that never wait\n"
        f"{'':14}{'translatehtml':>14}{'ours':>8}\n"
        f"{'engine':14}{other.characters:14,}{mine.characters:8,} characters: ours has alt and title texts, too"
    )
    for kind in KINDS:
        print(f"{kind:14}{other.faults[kind]:14}{mine.faults[kind]:8}")
    shares = [f"{100 * each.untranslated / each.sentences:.1f} %" for each in (other, mine)]
    print(f"{'untranslated':14}{shares[0]:>14}{shares[1]:>8} of {mine.sentences} sentences stand as they were")
    return int(ratios[0] < TARGETS[0] or ratios[1] < TARGETS[1])


if __name__ == "__main__":
    sys.exit(main())
