"""The pinned pages through our stages, against the package ``translatehtml`` with the same engine.

    .venv/bin/uv pip install --no-deps translatehtml
    .venv/bin/python -m benchmarks.translatehtml [--rounds 2] [--every 1]

``translatehtml`` is what Argos and LibreTranslate users have for HTML: it gives the engine each text node by itself, in
one process, which tears sentences apart at every tag, and leaves ``alt`` and ``title`` texts as they are. It is asked
for the cleaned body of each page, through an object that cuts sentences, with the model loaded before. Ours is what
``sectionwire translate`` does with a cleaned body: segment, translate, check and restore, in one engine process and in
two. They run in turns on the same half of the pages, since machines are noisy; the median of the ratios counts.

Each half goes through three times. **Whole**: ours has the texts of attributes to translate as well. **Like for like**:
both get bodies from which the attributes that hold text (``alt``, ``title``, ``placeholder``, ``summary``) were taken
away before, so that both have the same texts to translate. **Lent**: like for like, and translatehtml is lent a memory
of sentences, which it has not; torn sentences repeat themselves (“, and”). The targets, 1 on one process and 1.8 on
two, are judged like for like; the others are printed beside it.

Prints the times, the ratios and, side by side, what each did to the markup of the whole pages, as the quality gate
counts it, and the share of the source's sentences (of four words or more) that stand untranslated. Takes about three
minutes; exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import psutil
import sentencex

from benchmarks import pages
from pipeline.documents import CleanDocument, Failure, Route, SegmentedDocument
from pipeline.engines.host import EngineHost
from pipeline.errors import PipelineError
from pipeline.management import batch
from pipeline.management.commands.translate import PORTION_FILLS
from pipeline.management.files import Input
from pipeline.management.fragments import Cleaned
from pipeline.stages import markup
from pipeline.stages.translate import Resources, verify
from tests.quality import corpus, measure

if TYPE_CHECKING:
    from fxtranslate import Translator

TARGETS = 1.0, 1.8
KINDS = ("lost", "doubled", "moved", "emptied", "code", "pre", "urls", "plugins", "entities", "joined", "spaces")
PROCESSES = (1, 2)
_TAG = re.compile(r"<[a-zA-Z](?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_TEXT_ATTRIBUTE = re.compile(
    rf"\s+(?:{'|'.join(sorted(markup.TEXT_ATTRIBUTES))})\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'>]+)(?=[\s/>])"
)
_ABOUT = {
    "whole": "ours translates alt and title texts, too",
    "like for like": "the same texts for both, attributes that hold text taken away before",
    "lent": "as like for like, and translatehtml is lent a memory of sentences, which it has not",
}


@dataclass(slots=True)
class Tally:
    """What one side did: faults by kind, and sentences of the source that stand untranslated in its pages.

    ``characters`` are those that the engine was given.
    """

    faults: Counter[str] = field(default_factory=Counter)
    untranslated: int = 0
    sentences: int = 0
    characters: int = 0


class Underlying:
    """The object that translatehtml expects: the same model, sentence by sentence; with a memory, each once."""

    def __init__(self, translator: Translator, *, has_memory: bool) -> None:
        self.translator = translator
        self.known: dict[str, str] | None = {} if has_memory else None
        self.characters = 0

    def translate(self, text: str) -> str:
        """A text with its white space at both ends, which the module looks at."""
        if not text.strip():
            return text
        parts = [part.strip() for part in sentencex.segment("en", text) if part.strip()]
        return " ".join(self._sentence(part) for part in parts)

    def _sentence(self, text: str) -> str:
        if self.known is not None and text in self.known:
            return self.known[text]
        self.characters += len(text)
        translated: str = self.translator.translate(text)
        if self.known is not None:
            self.known[text] = translated
        return translated


Spent = tuple[float, float]
"""Seconds, and CPU seconds with those of the engine processes."""


def ours(
    documents: Sequence[SegmentedDocument], bodies: Sequence[str], host: EngineHost, route: Route, given: Resources
) -> tuple[Spent, list[str], int]:
    """What was spent, the translated bodies, and the characters that the engine was given."""
    characters = 0

    def counted(way: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        nonlocal characters
        characters += sum(map(len, sentences))
        return host.translate(way, sentences)

    verify.shape.cache_clear()  # the other run of the same pages has filled it
    started = _now()
    files = [
        Cleaned(Input(str(number), None, PurePath(str(number))), CleanDocument(document.metadata, body), titled=False)
        for number, (document, body) in enumerate(zip(documents, bodies, strict=True))
    ]
    done = batch.translate(files, [route], counted, _failed, given, portion=PORTION_FILLS * host.fill(route))
    translated = [each.html for each in done]
    return _since(started), translated, characters


def _failed(source: Input, error: PipelineError) -> None:
    raise SystemExit(f"Page {source.name} failed, so that nothing was measured: {error}")


def theirs(bodies: Sequence[str], translator: Translator, *, has_memory: bool) -> tuple[Spent, list[str], int]:
    """What was spent, the translated bodies, and the characters that the engine was given."""
    translate_html = _module()
    underlying = Underlying(translator, has_memory=has_memory)
    started = _now()
    translated = [str(translate_html(underlying, body)) for body in bodies]
    return _since(started), translated, underlying.characters


def without_attributes(body: str) -> str:
    """A body without the attributes that hold text.

    >>> without_attributes('<p title="Tides">An <img src="a.png" alt="ebb"> chart.</p>')
    '<p>An <img src="a.png"> chart.</p>'
    """
    return _TAG.sub(lambda tag: _TEXT_ATTRIBUTE.sub("", tag[0]), body)


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


def tally(sources: Sequence[str], bodies: Sequence[str], counts: Tally) -> None:
    """Add what was done to these pages."""
    for source, body in zip(sources, bodies, strict=True):
        counts.faults.update(fault.kind for fault in measure.faults(source, body))
        wanted, found = (
            list(chain.from_iterable(map(_sentences, measure.paragraphs(each)))) for each in (source, body)
        )
        here = set(found)
        counts.sentences += len(wanted)
        counts.untranslated += sum(text in here for text in wanted if len(text.split()) > 3)


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in sentencex.segment("en", text) if part.strip()]


@dataclass(slots=True)
class Runs:
    """One way to give the pages, and what was spent on it: by ours on one process and on two, and by the module."""

    name: str
    prepare: Callable[[str], str]
    has_memory: bool = False
    spent: list[tuple[Spent, Spent, Spent]] = field(default_factory=list)
    mine: Tally = field(default_factory=Tally)
    other: Tally = field(default_factory=Tally)

    def ratios(self, unit: int) -> list[float]:
        """How many times as fast ours was on one process and on two, by the clock (0) or by CPU (1)."""
        return [statistics.median(run[2][unit] / run[side][unit] for run in self.spent) for side in (0, 1)]


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="take every such page only")
    options = parser.parse_args()
    documents: list[SegmentedDocument] = [corpus.document(path) for path in pages.paths()[:: options.every]]
    translator = pages.translator()
    whole, like = Runs("whole", str), Runs("like for like", without_attributes)
    lent = Runs("lent", without_attributes, has_memory=True)
    with tempfile.TemporaryDirectory(prefix="sw-html-") as folder:
        route, given = pages.route(Path(folder)), pages.resources(Path(folder))
        hosts = [EngineHost(Path(folder), [pages.ENGINE], number) for number in PROCESSES]
        try:
            for host in hosts:
                host.warm_up([route])
            for number in range(2 * options.rounds):
                half = documents[number % 2 :: 2]
                for runs in (whole, like, lent):
                    bodies = [runs.prepare(corpus.body(document)) for document in half]
                    one, _, _ = ours(half, bodies, hosts[0], route, given)
                    module, module_bodies, their_characters = theirs(bodies, translator, has_memory=runs.has_memory)
                    two, our_bodies, characters = ours(half, bodies, hosts[1], route, given)
                    runs.spent.append((one, two, module))
                    if number < 2:
                        runs.mine.characters += characters
                        runs.other.characters += their_characters
                        tally(bodies, our_bodies, runs.mine)
                        tally(bodies, module_bodies, runs.other)
        finally:
            for host in hosts:
                host.close()
    return _report(len(documents), whole, like, lent)


def _report(count: int, whole: Runs, like: Runs, lent: Runs) -> int:
    print(f"{count} pages, {len(like.spent)} runs of half of them each")
    for runs in (whole, like, lent):
        print(f"\n{runs.name}: {_ABOUT[runs.name]}")
        for name, side in (("translatehtml", 2), ("ours, 1", 0), ("ours, 2", 1)):
            seconds, spent = (sum(run[side][unit] for run in runs.spent) for unit in (0, 1))
            print(f"{name:14}{seconds:8.2f} s {spent:8.2f} s of CPU")
        ratios, cpu = runs.ratios(0), runs.ratios(1)
        aims = [f"; target {target:g}" if runs is like else "" for target in TARGETS]
        print(
            f"ratio         {ratios[0]:8.2f} × as fast on one process{aims[0]}\n"
            f"              {ratios[1]:8.2f} × as fast on two{aims[1]}\n"
            f"by CPU        {cpu[0]:8.2f} × on one, whoever shares the machine\n"
            f"              {2 * cpu[1]:8.2f} × on two that never wait\n"
            f"engine        {runs.mine.characters:8,} characters, translatehtml {runs.other.characters:,}"
        )
    other, mine = whole.other, whole.mine
    print(f"\n{'whole pages':14}{'translatehtml':>14}{'ours':>8}")
    for kind in KINDS:
        print(f"{kind:14}{other.faults[kind]:14}{mine.faults[kind]:8}")
    shares = [f"{100 * each.untranslated / each.sentences:.1f} %" for each in (other, mine)]
    print(f"{'untranslated':14}{shares[0]:>14}{shares[1]:>8} of {mine.sentences} sentences stand as they were")
    return int(any(ratio < target for ratio, target in zip(like.ratios(0), TARGETS, strict=True)))


if __name__ == "__main__":
    sys.exit(main())
