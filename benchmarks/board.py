"""The board on PostgreSQL with 10,000 articles × 8 languages × 10 sections: server time and queries of its pages.

    .venv/bin/python -m benchmarks.board [--articles 10000] [--times 15] [--explain]

Board, article page, deliveries and workers go through Django's test client, the API's list of articles as well: the
whole middleware, views, templates and a PostgreSQL of its own, but no network. The rows are those of
``benchmarks/desk_data.py`` with a tenth section; some deliveries and translations have failed or wait. Each figure is
the median; *queries* are those of a small and of a large page, which must be as many. ``--explain`` prints how
PostgreSQL finds the first and the last page, and what an editor sees of them.

Machines are noisy: everything is asked for in turn, round after round. Takes about a minute and a half; exits 1 when a
target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import fresh
from benchmarks.desk import NETWORK, SECTION, SECTIONS
from tests.services import postgres, valkey

if TYPE_CHECKING:  # it needs Django's settings, which need the environment that main makes
    from benchmarks.board_run import Figure

TEN = (*SECTIONS, ("angola", "AO", "Africa/Luanda", "pt-AO", "pt", "review"))
TARGET = 150.0
"""Milliseconds of server time at the median: the issue's."""
COLD_TARGET = 500.0
"""Milliseconds at the median for a page of numbers of which nothing has been counted."""


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=15, help="how often each page is asked for")
    parser.add_argument("--explain", action="store_true", help="print the plans of the board's query, too")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sw-board-") as folder, postgres() as database, valkey() as broker:
        _set_up(Path(folder), database, broker)
        # Imported once the environment says where the ledger is.
        from benchmarks import board_run

        return _report(*board_run.measure(options.articles, options.times, explain=options.explain))


def _set_up(home: Path, database: str, broker: str) -> None:
    sections = "".join(SECTION.format(*section) for section in TEN)
    (home / "network.toml").write_text(NETWORK.format() + sections, encoding="utf-8")
    (home / "static").mkdir()
    fresh.environment(home, database, SECTIONWIRE_BROKER_URL=broker, SECTIONWIRE_API_RATE="0")


def _report(rows: dict[str, int], figures: Sequence[Figure]) -> int:
    print(", ".join(f"{count:,} {name}" for name, count in rows.items()) + "\n")
    print(f"{'':<52}{'median':>9}{'best':>9}{'queries':>12}{'kB':>8}")
    missed = False
    for figure in figures:
        slow = figure.median > figure.target
        uneven = figure.few is not None and figure.few != figure.many
        missed |= slow or uneven
        queries = f"{figure.few} / {figure.many}" if figure.few is not None else str(figure.many)
        why = [word for word, is_so in (("slow", slow), ("queries differ", uneven)) if is_so]
        print(
            f"{figure.name:<52}{figure.median:>6.1f} ms{figure.best:>6.1f} ms{queries:>12}{figure.bytes / 1000:>8.1f}"
            f"{'  MISSED: ' + ', '.join(why) if why else ''}"
        )
    print(f"\ntarget: {TARGET:.0f} ms of server time at the median; numbers that are cold {COLD_TARGET:.0f} ms")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
