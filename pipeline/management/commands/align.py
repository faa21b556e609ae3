"""``sectionwire align``: train the word aligners from the translation memory."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent, PipelineError
from pipeline.management import console
from pipeline.management.commands.memory import base

if TYPE_CHECKING:
    from pipeline.network import Network

Pair = tuple[str, str]


class Command(console.Command):
    help = (
        "Train the word aligners, which say where links and emphasis belong in a translation. Each learns from what "
        "the engines have translated so far, in seconds, and is used from the next article on. Without arguments "
        "every pair of languages is trained that has sentences enough. Do it after the first hundred articles, and "
        "again when the memory has grown to twice its size."
    )
    examples = ("align", "align en pt", "align --json")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", nargs="?", metavar="SOURCE", help="the language that was translated from: en")
        parser.add_argument("target", nargs="?", metavar="TARGET", help="the language that was translated into: pt")
        console.add_json(parser, "print one JSON object per pair")

    def handle(self, *_: Any, source: str | None, target: str | None, **options: Any) -> None:
        # Here and not above: the help needs none of it.
        from pipeline.flow import aligners, installation

        known = aligners.trainable()
        pairs = [_pair(source, target, installation.network())] if source else _ready(known, aligners.LEAST_SENTENCES)
        failures = 0
        for pair in pairs:
            try:
                self._train(pair, known.get(pair, 0), as_json=options["as_json"])
            except PipelineError as error:
                failures += 1
                self.fail(error)
        if failures:
            raise SystemExit(1)

    def _train(self, pair: Pair, remembered: int, *, as_json: bool) -> None:
        from pipeline.flow import aligners  # as above

        name = " → ".join(pair)
        if remembered < aligners.LEAST_SENTENCES:
            raise Permanent(
                f"{name}: the memory has {remembered} sentences, and an aligner needs {aligners.LEAST_SENTENCES}.",
                "Translate more articles first; see what there is: sectionwire memory stats",
            )
        with self.progress() as bar:
            task = bar.add_task(name, total=None)
            lexicon, folder = aligners.train(*pair, lambda done, rounds: bar.update(task, completed=done, total=rounds))
        if as_json:
            source, target = pair
            record = {
                "source": source,
                "target": target,
                "sentences": lexicon.sentences,
                "words": len(lexicon.strength),
            }
            self.emit({**record, "path": str(folder)})
        else:
            self.say(f"{name}: learned {len(lexicon.strength)} words from {lexicon.sentences} sentences.")


def _pair(source: str, target: str | None, net: Network) -> Pair:
    if not target:
        raise Permanent("Which pair?", "Give two languages: sectionwire align en pt; or none: then all are trained.")
    return base(source, net), base(target, net)


def _ready(known: Mapping[Pair, int], least: int) -> list[Pair]:
    ready = [pair for pair, number in known.items() if number >= least]
    if not ready:
        best = max(known, key=lambda pair: known[pair], default=None)
        having = f"the most are {known[best]}, {' → '.join(best)}" if best else "there are none"
        raise Permanent(
            f"No pair of languages has the {least} remembered sentences that an aligner needs: {having}.",
            "Translate more articles first.",
        )
    return ready
