"""``sectionwire sources``: where articles are found, and what came of it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any, Final

from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.flow.sources import SourceReport
    from pipeline.ledger.models import SourceItem
    from pipeline.network import Network, Source

SHOWN: Final = 50


class Command(console.Command):
    help = (
        "Articles that nobody hands in: from feeds, folders and sites that network.toml names (docs/sources.md). What "
        "is new or has changed is put into the queue; what fails is tried again later, and its reason is kept. A "
        "schedule does this by itself."
    )
    examples = (
        "sources list",
        "sources fetch",
        "sources fetch newsroom --dry-run",
        "sources items newsroom --failed",
        "sources fetch newsroom --again",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list | fetch | items")

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            console.add_json(parser)
            return parser

        action_parser("list", "say which sources there are, and how they are")
        fetch = action_parser("fetch", "look at one source, or at all, and take what is new or has changed")
        fetch.add_argument("keys", nargs="*", metavar="KEY", help="as in network.toml (default: all)")
        fetch.add_argument("--dry-run", action="store_true", help="only say what there is to take")
        fetch.add_argument("--again", action="store_true", help="also try what failed and waits for a later try")
        fetch.add_argument("--accept-gone", action="store_true", help="believe it when more than half is gone at once")
        items = action_parser("items", "say what a source has given, the newest first")
        items.add_argument("key", metavar="KEY")
        items.add_argument("--failed", action="store_true", help="only what failed, with its reason")
        items.add_argument("--all", action="store_true", help=f"more than the first {SHOWN}")

    def handle(self, *_: Any, action: str, as_json: bool, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation

        net = installation.network()
        if action == "list":
            self._list(net, as_json=as_json)
        elif action == "items":
            self._items(net, options["key"], failed=options["failed"], everything=options["all"], as_json=as_json)
        else:
            self._fetch(net, options, as_json=as_json)

    def _list(self, net: Network, *, as_json: bool) -> None:
        from pipeline.flow import sources  # as above

        states = sources.states(net)
        if as_json:
            self.emit([state.record() for state in states])
            return
        if not states:
            self.say("There are no sources.")
            self.hint("Add [[sources]] to network.toml: docs/sources.md says how.")
        for state in states:
            looked = f"looked at {state.fetched_at:%Y-%m-%d %H:%M} UTC" if state.fetched_at else "never looked at"
            numbers = ", ".join(f"{number:,} {name}" for name, number in state.items.items() if number) or "nothing yet"
            self.say(f"{state.key}  {state.type}  {state.place}  {looked}: {numbers}")
            if state.reason:
                self.say(f"  {state.reason}")

    def _fetch(self, net: Network, options: dict[str, Any], *, as_json: bool) -> None:
        from pipeline.errors import Permanent  # as above

        chosen = [net.source(key) for key in options["keys"]] or list(net.sources)
        if not chosen:
            raise Permanent("There are no sources.", "Add [[sources]] to network.toml: docs/sources.md says how.")
        fine = True
        for source in chosen:
            report = self._fetch_one(net, source, options)
            fine = fine and report.is_fine
            if as_json:
                self.emit(report.record())
            else:
                self._tell(report, dry_run=options["dry_run"])
        if not fine:
            raise SystemExit(1)

    def _fetch_one(self, net: Network, source: Source, options: dict[str, Any]) -> SourceReport:
        from django.utils import timezone  # as above

        from pipeline.flow import sources

        with self.progress() as progress:
            task = progress.add_task(source.key, total=None)

            def told(done: int, of: int) -> None:
                progress.update(task, completed=done, total=of)

            return sources.fetch(
                net,
                source.key,
                timezone.now(),
                told,
                dry_run=options["dry_run"],
                again=options["again"],
                accept_gone=options["accept_gone"],
            )

    def _tell(self, report: SourceReport, *, dry_run: bool) -> None:
        numbers = {
            "new": report.new,
            "updated": report.updated,
            "unchanged": report.unchanged,
            "duplicate": report.duplicates,
            "gone": report.gone,
            "waiting": report.waiting,
            "failed": len(report.failed),
        }
        said = ", ".join(f"{number:,} {name}" for name, number in numbers.items() if number) or "nothing"
        self.say(f"{report.source}: {said}{' (nothing was taken)' if dry_run else ''}")
        for each in report.failed:
            self.fail(f"{each.identity}: {each.reason}")
        for note in report.notes:
            self.hint(f"{report.source}: {note}")
        if report.trouble:
            later = f" Tried again from {report.next_at:%Y-%m-%d %H:%M} UTC on." if report.next_at else ""
            self.fail(f"{report.source}: {report.trouble}{later}")

    def _items(self, net: Network, key: str, *, failed: bool, everything: bool, as_json: bool) -> None:
        from pipeline.flow import sources  # as above

        rows = sources.items(net, key, failed=failed)
        shown = list(rows if everything or as_json else rows[:SHOWN])
        if as_json:
            self.emit([_record(item) for item in shown])
            return
        if not shown:
            self.say("Nothing has failed." if failed else "Nothing has come in yet.")
        for item in shown:
            article = f"  {item.article.uid}" if item.article else ""
            self.say(f"{item.dated_at:%Y-%m-%d}  {item.status:<9}  {item.identity}{article}  {item.reason}".rstrip())
        if len(shown) == SHOWN and not everything:
            self.hint("There may be more: --all")


def _record(item: SourceItem) -> dict[str, Any]:
    return {
        "item": item.identity,
        "url": item.url,
        "status": item.status,
        "reason": item.reason,
        "article": item.article.uid if item.article else None,
        "dated_at": item.dated_at,
        "seen_at": item.seen_at,
        "gone_at": item.gone_at,
        "attempts": item.attempts,
        "next_at": item.next_at,
    }
