"""``sectionwire retranslate``: translate again what a newer model or a changed term touches."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.documents import Hop
    from pipeline.flow.retranslate import Chosen, Wanted
    from pipeline.network import Network

MANY = 20
"""More than so many translations are made again only when somebody says yes."""

SHOWN = 10


class Command(console.Command):
    help = (
        "Translate articles again: one, a language, what a newer model would translate, or what has a term in it. All "
        "conditions that are given must hold. Workers do it behind what is new. Where the text comes out different, "
        "there is a new version, on which each section decides as on any other; what is published stays until then. "
        "What people wrote or approved stays as it is."
    )
    examples = (
        "retranslate river-gauges",
        "retranslate --engine-changed --dry-run",
        "retranslate --language pt --term 'flood warden' 'tide table' --yes",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("article", nargs="?", metavar="ARTICLE", help="its key, uid or address (default: of all)")
        parser.add_argument("--language", metavar="TAG", help="into this language: pt, pt-BR, …")
        parser.add_argument(
            "--engine-changed", action="store_true", help="what another engine or model would be asked for now"
        )
        parser.add_argument(
            "--term", nargs="+", default=[], metavar="TERM", help="whose source text has one of these terms in it"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say how many, and how long it takes at most")
        parser.add_argument("--yes", action="store_true", help=f"don't ask, although there are more than {MANY}")
        console.add_by(parser)
        console.add_json(parser, "print one JSON object")

    def handle(
        self, *_: Any, article: str | None, dry_run: bool, yes: bool, by: str, as_json: bool, **options: Any
    ) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation, retranslate

        net = installation.network()
        wanted, why = self._wanted(article, options, net)
        workers = self._workers(net) if wanted.changed else []
        with self.progress() as progress:
            task = progress.add_task("looking", total=retranslate.candidates(wanted).count())
            chosen = retranslate.choose(wanted, net, workers, lambda number: progress.advance(task, number))
        seconds = retranslate.seconds(chosen, net.engines.processes or console.cores())
        made = 0
        if not as_json:
            self._tell(chosen, seconds, retranslate.in_work(wanted))
        if chosen and not dry_run:
            if len(chosen) > MANY and not yes:
                self._confirm(len(chosen), ask=not as_json)
            with self.progress() as progress:
                task = progress.add_task("queueing", total=len(chosen))
                made = retranslate.again(
                    chosen, by=by, why=why, net=net, done=lambda number: progress.advance(task, number)
                )
        if as_json:
            self.emit(_record(chosen, seconds, made))
        elif made:
            self._done(made)

    def _wanted(self, article: str | None, options: dict[str, Any], net: Network) -> tuple[Wanted, str]:
        """What is meant, and the reason that is written down."""
        from pipeline.flow.retranslate import Wanted  # as above
        from pipeline.management import editions

        terms = tuple(filter(None, map(console.one_line, options["term"])))
        changed, language = options["engine_changed"], options["language"]
        if options["term"] and not terms:
            raise Permanent("An empty term stands in every article.", "Give its source text: --term 'flood warden'")
        if not (article or language or changed or terms):
            raise Permanent(
                "Everything there is would be translated again.",
                "Name an article or a condition: --language, --engine-changed, --term.",
            )
        base = _base(language, net) if language else ""
        reasons = ["the engine has changed"] if changed else []
        reasons += [f"a term has changed: {', '.join(terms)}"] if terms else []
        found = editions.find_article(article) if article else None
        return Wanted(found, base, terms, changed), "; ".join(reasons) or "asked for"

    def _workers(self, net: Network) -> Sequence[Sequence[Hop]]:
        """What live workers can translate; what this machine can, when none lives."""
        from pipeline.engines import registry  # as above
        from pipeline.flow import engines

        if living := engines.live_hops():
            return living
        self.hint("No worker translates now: the models of this machine count.")
        return [[model.hop for model in registry.installed(console.models_folder(), net.engines.names)]]

    def _tell(self, chosen: Sequence[Chosen], seconds: float, in_work: int) -> None:
        if in_work:
            self.hint(f"{console.count(in_work, 'translation is', 'translations are')} in work anyway, and left alone.")
        if not chosen:
            self.say("There is nothing to translate again.")
            return
        for each in chosen[:SHOWN]:
            self.say(f"  {each.article}  {each.source} → {each.target}  {console.count(each.characters, 'character')}")
        if len(chosen) > SHOWN:
            self.say(f"  and {len(chosen) - SHOWN:,} more (all: --json)")
        total = console.count(sum(each.characters for each in chosen), "character")
        self.say(
            f"{console.count(len(chosen), 'translation')}, {total}: at most about {_duration(seconds)} of the engines."
        )

    def _confirm(self, number: int, *, ask: bool) -> None:
        if not (ask and sys.stdin.isatty()):
            raise Permanent(f"{number:,} translations would be made again.", "Say so with --yes; nothing was done.")
        self.write("Translate them again? [y/N] ")
        if sys.stdin.readline().strip().casefold() not in {"y", "yes"}:
            self.say("Nothing was done.")
            raise SystemExit(1)

    def _done(self, made: int) -> None:
        from django.conf import settings

        self.say(f"{console.count(made, 'translation')} made ready. Follow them with: sectionwire status")
        if not settings.BROKER_URL:
            self.hint("Nothing runs here now; workers do it as soon as they start: sectionwire up")


def _base(language: str, net: Network) -> str:
    """The base on which a language that somebody names stands.

    Raises:
        Permanent: nobody publishes in it.
    """
    base = net.base_for(net.check_source(language))
    if base not in net.bases:
        raise Permanent(f"Nobody publishes in {language}.", f"Use one of {', '.join(net.bases)}.")
    return base


def _duration(seconds: float) -> str:
    """A time as people say it.

    >>> _duration(3), _duration(400), _duration(9000)
    ('3 seconds', '7 minutes', '2.5 hours')
    """
    if seconds < 90:
        return console.count(max(1, round(seconds)), "second")
    return f"{seconds / 60:.0f} minutes" if seconds < 5400 else f"{seconds / 3600:.1f} hours"


def _record(chosen: Sequence[Chosen], seconds: float, made: int) -> dict[str, Any]:
    return {
        "translations": len(chosen),
        "articles": len({each.article for each in chosen}),
        "characters": sum(each.characters for each in chosen),
        "seconds_at_most": round(seconds, 1),
        "queued": made,
        "chosen": [
            {"article": each.article, "from": each.source, "to": each.target, "characters": each.characters}
            for each in chosen
        ],
    }
