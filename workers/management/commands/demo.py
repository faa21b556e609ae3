"""``sectionwire demo``: the way of an article on real input, compared with what must come out."""

from __future__ import annotations

import io
import shutil
import time
import tomllib
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management import call_command
from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config.settings import CHECKOUT
from pipeline.documents import Submission
from pipeline.errors import Permanent
from pipeline.flow import decisions, installation, status
from pipeline.flow.status import Cell, Place, Row
from pipeline.flow.submit import submit
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Edition, Refresh, Status
from pipeline.management import console as base
from pipeline.management.homes import MARKER, ensure_home
from pipeline.network import Network
from workers import bell
from workers.embedded import Embedded, standard_children

EXAMPLES: Final = CHECKOUT / "examples"
PATIENCE: Final = 150.0
"""Seconds after which something is wrong; the demo takes under 40 where nothing has to be installed."""

SIGNS: Final = {
    Place.PUBLISHED: ("●", "green"),
    Place.REVIEW: ("◐", "yellow"),
    Place.FOLLOWING: ("◔", "yellow"),
    Place.NO_MODEL: ("○", "cyan"),
    Place.NOT_TARGETED: ("–", "dim"),
    Place.HELD: ("■", "magenta"),
    Place.FAILED: ("✗", "red"),
}


class Command(base.Command):
    help = (
        "Submit the articles of examples/ to a fresh installation in var/demo, translate and publish them with real "
        "workers, and compare the result with examples/expected.toml. Use it as script/demo."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--serve", action="store_true", help="then serve the published sites until Ctrl-C")

    def handle(self, *_: Any, serve: bool, **__: Any) -> None:
        console = Console()
        home = Path(settings.SECTIONWIRE_HOME)
        _fresh(home)
        started = time.monotonic()
        call_command("migrate", verbosity=0, interactive=False)
        _show_pictures(home)
        call_command(
            "glossary", "import", str(EXAMPLES / "glossary.csv"), by="demo", stdout=io.StringIO(), stderr=io.StringIO()
        )
        expected = tomllib.loads((EXAMPLES / "expected.toml").read_text(encoding="utf-8"))
        with (
            (home / "demo.log").open("w", encoding="utf-8") as log,
            Embedded(home, standard_children(), log_to=log).running() as embedded,
        ):
            bell.use_broker(embedded.broker_url)
            _submit_all(console)
            rows = _watch(console, embedded, expected)
        _show(console, rows, home)
        differences = [*_compare(rows, expected), *invariants.broken()]
        console.print(f"{time.monotonic() - started:.0f} s, log: {_short(home / 'demo.log')}")
        if differences:
            console.print(f"[red]The result is not what {_short(EXAMPLES / 'expected.toml')} says:[/]")
            for difference in differences:
                console.print(f"  {difference}", markup=False)
            raise SystemExit(1)
        console.print(f"[green]The result equals {_short(EXAMPLES / 'expected.toml')}.[/]")
        if serve:
            call_command("serve")


def _fresh(home: Path) -> None:
    if home.exists():
        if not (home / MARKER).is_dir() and any(home.iterdir()):
            raise Permanent(f"{home} is no demo of ours.", "Move it away; the demo begins with an empty folder.")
        shutil.rmtree(home)
    ensure_home(home)


def _show_pictures(home: Path) -> None:
    """The pictures of the examples stand where the organisation's media server would be."""
    shutil.copytree(EXAMPLES / "media", home / "outputs" / "media")


def _submit_all(console: Console) -> None:
    console.print("[bold]Submitting the articles of examples/[/]")
    for path in sorted(EXAMPLES.iterdir()):
        if path.suffix in {".html", ".md", ".json"} and path.name != "README.md":
            submitted = submit(Submission(path.name, path.read_bytes()), by="demo")
            line = f"  {path.name:28}{submitted.article.title}"
            console.print(line, markup=False, highlight=False, no_wrap=True, overflow="ellipsis")


def _watch(console: Console, embedded: Embedded, expected: dict[str, Any]) -> list[Row]:
    """Show the progress and play the editors until nothing moves any more."""
    net = installation.network()
    deadline = time.monotonic() + PATIENCE
    with Live(console=console, refresh_per_second=4, transient=True) as live:
        while True:
            embedded.watch()
            rows = status.matrix(list(Article.objects.order_by("id")), net)
            cells = [cell for row in rows for cell in row.cells]
            live.update(_progress(cells))
            acted = _edit(rows, expected.get("approvals", {}), net)
            fronts_open = Refresh.objects.exclude(status=Status.DONE).exists()
            if not acted and not fronts_open and all(cell.settled for cell in cells):
                return rows
            if time.monotonic() > deadline:
                console.print(f"[red]Not everything has settled within {PATIENCE:.0f} s.[/]")
                return rows
            time.sleep(0.3)


def _edit(rows: list[Row], approvals: dict[str, list[str]], net: Network) -> bool:
    """Approve, as the editors of the demo, what expected.toml says they approve."""
    acted = False
    for row in rows:
        for cell in row.cells:
            if cell.place == Place.REVIEW and row.key in approvals.get(cell.section, []):
                edition = Edition.objects.get(article__uid=row.uid, section=cell.section, language=cell.language)
                decisions.approve(edition.pk, by=f"demo editor, {cell.section}", net=net)
                acted = True
    return acted


def _progress(cells: list[Cell]) -> Text:
    settled = sum(cell.settled for cell in cells)
    width = 30
    filled = width * settled // max(1, len(cells))
    counts = Counter(cell.place for cell in cells)
    words = ", ".join(f"{count} {place}" for place, count in counts.most_common() if place != Place.NOT_TARGETED)
    return Text(f"  {'━' * filled}{'─' * (width - filled)} {settled}/{len(cells)}  {words}")


def _show(console: Console, rows: list[Row], home: Path) -> None:
    net = installation.network()
    table = Table(title="Article × section", title_justify="left", pad_edge=False, expand=False)
    table.add_column("article", no_wrap=True)
    for section, tag in status.columns(net):
        table.add_column(f"{section.country}\n{tag.partition('-')[0]}", justify="center", no_wrap=True)
    for row in rows:
        table.add_row(row.key, *(_sign(cell.place) for cell in row.cells))
    console.print(table)
    counts = Counter(cell.place for row in rows for cell in row.cells)
    for place, count in counts.most_common():
        console.print(Text.assemble("  ", _sign(place), f" {place}: {count}"))
    reasons = Counter(
        cell.why for row in rows for cell in row.cells if cell.place in {Place.NO_MODEL, Place.FAILED, Place.HELD}
    )
    for reason, count in reasons.most_common():
        console.print(f"  {count} × {reason}", markup=False, highlight=False, soft_wrap=True)
    console.print("Open the result (or: script/demo --serve):")
    for section in net.sections:
        index = home / "outputs" / section.key / "index.html"
        if index.exists():
            console.print(f"  {section.name}: {_short(index)}", markup=False, highlight=False, soft_wrap=True)


def _sign(place: Place) -> Text:
    sign, style = SIGNS.get(place, ("…", ""))
    return Text(sign, style=style)


def _compare(rows: list[Row], expected: dict[str, Any]) -> list[str]:
    """Every cell that is not where expected.toml says, and every published page that is not on disk."""
    wanted = {
        (article, column): place
        for article, places in expected["articles"].items()
        for place, column_list in places.items()
        for column in column_list
    }
    found = {(row.key, f"{cell.section}/{cell.language}"): cell for row in rows for cell in row.cells}
    differences = [
        f"{article} for {column}: expected “{wanted.get((article, column), 'nothing')}”, "
        f"found “{cell.place}”{f' ({cell.why})' if cell.why else ''}"
        for (article, column), cell in found.items()
        if wanted.get((article, column)) != cell.place
    ]
    differences += [
        f"{article} for {column}: expected “{place}”, found no such article or section"
        for (article, column), place in wanted.items()
        if (article, column) not in found
    ]
    net = installation.network()
    for (article, column), cell in found.items():
        if cell.place == Place.PUBLISHED and not _page_file(cell, net).is_file():
            differences.append(f"{article} for {column}: published at {cell.url}, but no page stands there")
    return differences


def _page_file(cell: Cell, net: Network) -> Path:
    section = net.section(cell.section)
    edition = Edition.objects.get(section=cell.section, language=cell.language, deliveries__url=cell.url)
    folder = net.outputs[section.outputs[0]].path.replace("{section}", cell.section)
    return Path(settings.SECTIONWIRE_HOME, folder, edition.path, "index.html")


def _short(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
