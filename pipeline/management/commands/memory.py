"""``sectionwire memory``: what people have approved, brought in from other tools, taken out, counted and searched."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import Permanent
from pipeline.management import console, files

if TYPE_CHECKING:
    from pipeline.flow.exchange import Imported
    from pipeline.network import Network

SHOWN: Final = 5
"""How many languages that fit nowhere are told on the terminal."""


class Command(console.Command):
    help = (
        "The translation memory. What a person approves is remembered segment by segment and used wherever the same "
        "text comes again, before any engine is asked; similar texts are suggested to editors. TMX files take it to "
        "other tools and bring their memories in."
    )
    examples = (
        "memory stats",
        'memory search en pt "The water rose by two metres."',
        "memory import tidewater.tmx",
        "memory export --from en --to pt --out en-pt.tmx",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="stats | search | import | export")

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            return parser

        stats = action_parser("stats", "say how much is remembered, by pair of languages")
        console.add_json(stats, "print one JSON object")
        search = action_parser("search", "find approved segments like a text")
        search.add_argument("source", metavar="SOURCE", help="the language of the text: en")
        search.add_argument("target", metavar="TARGET", help="the language of the translations: pt")
        search.add_argument("text", metavar="TEXT")
        search.add_argument("--limit", type=int, default=5, metavar="N", help="at most so many (default: 5)")
        console.add_json(search, "print one JSON object per segment")
        importing = action_parser("import", "take in a TMX file of another tool, or of ours")
        importing.add_argument("file", type=Path, metavar="FILE")
        exporting = action_parser("export", "write what people approved as TMX 1.4")
        exporting.add_argument("--out", type=Path, metavar="FILE", help="where to (default: standard output)")
        for action in (importing, exporting):
            action.add_argument("--from", dest="source", default="", metavar="TAG", help="only from this language")
            action.add_argument("--to", dest="target", default="", metavar="TAG", help="only into this language")
        console.add_by(importing)
        console.add_json(importing, "print one JSON object")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation

        net = installation.network()
        pair = [base(options.get(name, ""), net) for name in ("source", "target")]
        if action == "stats":
            self._stats(as_json=options["as_json"])
        elif action == "search":
            self._search(pair, options["text"], options["limit"], as_json=options["as_json"])
        elif action == "import":
            self._import(pair, net, **options)
        else:
            self._export(pair, options["out"])

    def _stats(self, *, as_json: bool) -> None:
        from pipeline.ledger import aligning, approved  # as above

        people, machine = approved.counts(), aligning.counts()
        if as_json:
            names = ("source", "target", "units", "sources", "articles", "used", "newest")
            self.emit(
                {
                    "approved": [{name: getattr(each, name) for name in names} for each in people],
                    "machine": [{"source": s, "target": t, "sentences": n} for (s, t), n in machine.items()],
                }
            )
            return
        if not people:
            self.say("Nobody has approved a translation yet.")
            self.hint(
                "Bring along what you have: sectionwire memory import FILE.tmx, sectionwire import --existing DIR"
            )
        for each in people:
            self.say(
                f"{each.source} → {each.target}  {console.count(each.units, 'approved segment')} of "
                f"{console.count(each.sources, 'text')} from {console.count(each.articles, 'article')}, "
                f"{each.used:,} used; the newest of {each.newest:%Y-%m-%d}"
            )
        for (source, target), number in machine.items():
            self.say(f"{source} → {target}  {console.count(number, 'sentence')} by engines")

    def _search(self, pair: list[str], text: str, limit: int, *, as_json: bool) -> None:
        from pipeline.flow import memory  # as above

        found = memory.suggest(pair[0], pair[1], " ".join(text.split()), max(1, limit))
        for each in found:
            if as_json:
                names = ("source", "target", "likeness", "kind", "approver", "approved_at", "article")
                self.emit({name: getattr(each, name) for name in names})
                continue
            by = f"  {each.approver}, {each.approved_at:%Y-%m-%d}" if each.approver else ""
            self.say(f"{each.likeness:4.0%}  {each.source}", f"      {each.target}", f"    {by}")
        if not found and not as_json:
            self.say("Nothing like it was approved.")

    def _import(self, pair: list[str], net: Network, *, file: Path, by: str, as_json: bool, **_: Any) -> None:
        from pipeline.flow import exchange  # as above

        result = exchange.Imported()
        try:
            with file.open("rb") as stream, self.progress() as progress:
                task = progress.add_task("importing", total=max(1, os.fstat(stream.fileno()).st_size))
                exchange.bring_in(
                    *(stream, console.shown(str(file)), net),
                    by=by or console.user(),
                    source=pair[0],
                    target=pair[1],
                    result=result,
                    told=lambda position: progress.update(task, completed=position),
                )
        except OSError as error:
            raise Permanent(f"{file} can't be read: {error.strerror}.", "Look at the path.") from error
        except Permanent as error:
            if result.pairs:
                self.hint(f"{console.count(result.pairs, 'segment')} before the fault are in the memory.")
            if as_json:
                self.emit({**_record(result), "error": error.message, "remedy": error.remedy})
            raise
        if as_json:
            self.emit(_record(result))
        else:
            self._tell(result)

    def _tell(self, result: Imported) -> None:
        self.say(f"{console.count(result.new, 'new segment')}, {result.known:,} known already.")
        for why, number in result.skipped.most_common():
            self.say(f"{console.count(number, 'unit')} left out: {why}.")
        if result.languages:
            tags = ", ".join(f"{tag or '(none)'} ({number:,})" for tag, number in result.languages.most_common(SHOWN))
            self.hint(f"Not of this network: {tags}. Languages are those of the sections in network.toml.")

    def _export(self, pair: list[str], out: Path | None) -> None:
        from pipeline.flow import exchange  # as above

        if out is None:
            exchange.export(self.stdout, *pair)  # type: ignore[arg-type]
            return
        with files.writing(out) as file:
            number = exchange.export(file, *pair)
        self.say(f"{console.count(number, 'segment')} written to {out}.")


def base(tag: str, net: Network) -> str:
    """The base that a person means by a language; an empty tag stays empty.

    Raises:
        Permanent: it is no language of this network.
    """
    return net.base_for(net.check_source(tag)) if tag else ""


def _record(result: Imported) -> dict[str, Any]:
    return {
        "units": result.units,
        "new": result.new,
        "known": result.known,
        "left_out": dict(result.skipped),
        "unknown_languages": dict(result.languages),
    }
