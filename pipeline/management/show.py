"""How ``status`` shows articles: as a table that fits the terminal, and one article as its whole story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.flow.status import Place, Row
from pipeline.management.console import shown
from pipeline.network import Section

SIGNS: Final[dict[Place, tuple[str, str, str]]] = {
    Place.PUBLISHED: ("●", "live", "green"),
    Place.PUBLISHING: ("◍", "send", "green"),
    Place.EMBARGO: ("◷", "time", "blue"),
    Place.REVIEW: ("◐", "review", "yellow"),
    Place.FOLLOWING: ("◔", "follow", "yellow"),
    Place.SECOND: ("◒", "second", "yellow"),
    Place.NO_MODEL: ("○", "model", "cyan"),
    Place.HELD: ("■", "held", "magenta"),
    Place.RETURNED: ("↩", "back", "magenta"),
    Place.REJECTED: ("⊘", "no", "dim"),
    Place.BARRIER: ("◇", "wait", "blue"),
    Place.PAUSED: ("‖", "paused", "blue"),
    Place.WITHDRAWN: ("⊖", "gone", "red"),
    Place.NOT_TARGETED: ("–", "–", "dim"),
    Place.PREPARING: ("…", "prep", "dim"),
    Place.TRANSLATING: ("»", "transl", "dim"),
    Place.FAILED: ("✗", "failed", "bold red"),
}
"""For each place a sign, a short word and a style: colour never says anything alone."""

LONGEST_WORD: Final = 8  # the sign, a space, a short word
SHORTEST_NAME: Final = 16  # of an article, in the first column

HELP: Final[dict[Place, str]] = {
    Place.REVIEW: "sectionwire approve ARTICLE SECTION (or return, reject)",
    Place.FOLLOWING: "approve it in the section that is followed",
    Place.SECOND: "another person: sectionwire approve ARTICLE SECTION --by NAME",
    Place.HELD: "sectionwire status ARTICLE tells the finding; approve with --dismiss REASON, or submit a mended text",
    Place.BARRIER: "sectionwire release ARTICLE --open lets out what is approved",
    Place.PAUSED: "remove paused = true from the section in network.toml",
    Place.WITHDRAWN: "sectionwire withdraw ARTICLE --undo brings it back",
    Place.RETURNED: "submit a mended text, or approve it after all",
}
"""What a person can do where the reason does not say it."""

QUIET: Final = frozenset({Place.PUBLISHED, Place.NOT_TARGETED, Place.REJECTED})
"""Places that need no reason in the list below the table."""


def signed(place: Place, *, word: bool = False) -> Text:
    """A place as a sign, with or without its short word."""
    sign, short, style = SIGNS[place]
    return Text(f"{sign} {short}" if word and short != sign else sign, style=style)


def articles(rows: Sequence[Row], columns: Sequence[tuple[Section, str]], console: Console) -> None:
    """Print article × section, as wide as the console allows: with words, with signs alone, or a line per place."""
    heads = headings(columns)
    widest = max((len(line) for head in heads for line in head.split("\n")), default=0)
    if console.width >= SHORTEST_NAME + len(columns) * (max(widest, LONGEST_WORD) + 2):
        body: RenderableType = _table(rows, heads, words=True)
    elif console.width >= SHORTEST_NAME + len(columns) * (widest + 2):
        body = _table(rows, heads, words=False)
    else:
        body = Group(*(_lines(row) for row in rows))
    console.print(body, "")
    for line in (*legend(rows), *reasons(rows)):
        # Not wrapped here: a command in it can then be copied whole.
        console.print(line, soft_wrap=True)


def _table(rows: Sequence[Row], heads: Sequence[str], *, words: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1), expand=True)
    table.add_column("article", no_wrap=True, overflow="ellipsis", min_width=SHORTEST_NAME, ratio=1)
    for head in heads:
        table.add_column(head, no_wrap=True, justify="left" if words else "center")
    for row in rows:
        name = Text.assemble(shown(row.key), (f"  {shown(row.title)}", "dim"))
        table.add_row(name, *(signed(cell.place, word=words) for cell in row.cells))
    return table


def headings(columns: Sequence[tuple[Section, str]]) -> list[str]:
    """Sections as narrow headings: country above language; key above tag where that does not tell them apart."""
    short = [f"{section.country}\n{tag.split('-')[0]}" for section, tag in columns]
    full = [f"{section.key}\n{tag}" for section, tag in columns]
    return [narrow if short.count(narrow) == 1 else wide for narrow, wide in zip(short, full, strict=True)]


def _lines(row: Row) -> RenderableType:
    """One article without a table: for each place, where."""
    by_place: dict[Place, list[str]] = {}
    for cell in row.cells:
        by_place.setdefault(cell.place, []).append(f"{cell.section}/{cell.language}")
    lines = [Text.assemble("  ", signed(place), f" {place}: {', '.join(where)}") for place, where in by_place.items()]
    return Group(Text(shown(row.key), style="bold"), *lines)


def legend(rows: Iterable[Row]) -> list[Text]:
    """What the signs mean, with how often each place occurs."""
    counts = Counter(cell.place for row in rows for cell in row.cells)
    return [Text.assemble(signed(place), f" {place} ({number})") for place, number in counts.most_common()]


def reasons(rows: Iterable[Row]) -> list[Text]:
    """Why articles are where they are, each reason once, and what a person can do."""
    counts: Counter[tuple[Place, str]] = Counter()
    for row in rows:
        for cell in row.cells:
            if cell.place not in QUIET and cell.why:
                counts[cell.place, cell.why] += 1
            if cell.update:
                counts[cell.place, cell.update] += 1
    lines = [Text.assemble(signed(place), f" {number} × {shown(why)}") for (place, why), number in counts.most_common()]
    remedies = [
        Text.assemble(signed(place), f" {HELP[place]}", style="italic")
        for place in dict.fromkeys(place for place, _ in counts)
        if place in HELP
    ]
    return ([Text(""), *lines] if lines else []) + ([Text(""), *remedies] if remedies else [])
