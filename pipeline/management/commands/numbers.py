"""``sectionwire numbers``: how it goes, as tables."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, date, timedelta
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import Permanent
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.flow.numbers import Column, Table

NAMES: Final = ("coverage", "backlog", "publishing", "acceptance", "distance", "review", "throughput")
USUAL: Final = timedelta(days=29)
A_BATCH: Final = 200


class Command(console.Command):
    help = (
        "How it goes: what readers have of what came in (coverage), what waits for editors (backlog), how long it "
        "takes from submit to published (publishing), what editors approve as it was proposed (acceptance), how much "
        "they change (distance) and how long it waits for them (review), by engine and pair; and what is done each day "
        "(throughput). Days are in UTC. Approvals that have not been compared with their proposals yet are compared "
        "first."
    )
    examples = (
        "numbers",
        "numbers distance --since 2026-01-01 --until 2026-03-31",
        "numbers coverage --section portugal --csv > coverage.csv",
        "numbers review --json",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", nargs="?", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
        parser.add_argument("--since", type=_day, metavar="DAY", help="from this day on (default: 30 days)")
        parser.add_argument("--until", type=_day, metavar="DAY", help="up to and with this day (default: today)")
        parser.add_argument("--section", default="", metavar="KEY", help="only this section")
        parser.add_argument("--language", default="", metavar="TAG", help="only this language, as sections publish it")
        how = parser.add_mutually_exclusive_group()
        how.add_argument("--csv", action="store_true", dest="as_csv", help="print CSV: one NAME, for a spreadsheet")
        how.add_argument("--json", action="store_true", dest="as_json", help="print one JSON object per number")

    def handle(self, *_: Any, name: str | None, as_csv: bool, as_json: bool, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import clock, installation
        from pipeline.flow.numbers import NUMBERS, Scope

        if as_csv and name is None:
            raise Permanent("CSV is of one number.", f"Name one: {', '.join(NAMES)}.")
        net = installation.network()
        until: date = options["until"] or clock.now().astimezone(UTC).date()
        since: date = options["since"] or until - USUAL
        if since > until:
            raise Permanent(f"{since} is after {until}.", "Give --since a day before that of --until.")
        section = net.section(options["section"]).key if options["section"] else ""
        scope = Scope(since, until, section, _known_language(options["language"], net))
        self._compare()
        for each in [name] if name else NAMES:
            table = NUMBERS[each](scope)
            if as_csv:
                self.write(table.as_csv())
            elif as_json:
                times = {"since": since.isoformat(), "until": until.isoformat()}
                self.emit({"number": each, **times, "step": table.step, "rows": table.records()})
            else:
                self._print(table, scope)

    def _compare(self) -> None:
        from pipeline.flow.numbers import comparing  # as above

        if left := comparing.left():
            with self.progress() as bar:
                task = bar.add_task("comparing approvals with their proposals", total=left)
                while done := comparing.compare(A_BATCH):
                    bar.advance(task, done)

    def _print(self, table: Table, scope: Any) -> None:
        from rich.table import Table as Shown  # slow to import, and --help needs none of it

        period = "now" if table.name == "backlog" else f"{scope.since} to {scope.until}"
        if table.is_empty:
            self.say(f"{table.name}, {period}: nothing to count.")
            return
        shown = Shown(title=f"{table.name}, {period}", title_justify="left")
        for column in table.columns:
            shown.add_column(column.key.replace("_", " "), justify="right" if column.kind in _RIGHT else "left")
        for row in table.rows:
            shown.add_row(*(_told(column, value) for column, value in zip(table.columns, row, strict=True)))
        self.out.print(shown)


_RIGHT: Final = frozenset({"count", "share", "seconds"})


def _told(column: Column, value: Any) -> str:
    if value is None:
        return "–"
    match column.kind:
        case "share":
            return f"{value:.1%}"
        case "seconds":
            return _duration(value)
        case "section" | "engine" if value == "":
            return "all"
        case "count":
            return f"{value:,}"
    return console.shown(str(value))


def _duration(seconds: int) -> str:
    days, rest = divmod(seconds, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _known_language(tag: str, net: Any) -> str:
    tags = dict.fromkeys(each.tag for section in net.sections for each in section.languages)
    if tag and tag not in tags:
        raise Permanent(f"No section publishes in “{tag}”.", f"Languages: {', '.join(tags)}.")
    return tag


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ArgumentTypeError(f"“{text}” is no day: write it as 2026-05-31") from None
