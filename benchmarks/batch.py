"""What a nightly run asks of a ledger with 100,000 articles: how long it takes to select its work, and by which index.

    .venv/bin/python -m benchmarks.batch [--articles 100000] [--times 10]

On a PostgreSQL of its own; the rows are written in bulk, as the flow leaves them: three sections, two bases, most of it
live; 500 translations and 500 pages are due, 50 of each have failed. Everything that a run selects is timed: the tick,
what is left in the lanes, the marks, the report as a whole. Each is told as the best and the median of several times
(other work on the machine only adds; eleven times SELECT 1 show how much), and EXPLAIN says whether a table was read as
a whole. The target is a second for the best of all together, and no such reading of a large table. Takes some minutes,
of which the measuring is seconds; exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import fresh
from benchmarks.desk import NETWORK, SECTION, SECTIONS
from tests.services import postgres

TARGET = 1.0
"""Seconds, for all that a run selects."""

SCHEDULE = """
[[schedules]]
key = "night"
cron = "0 2 * * *"
time_zone = "Europe/Lisbon"
actions = ["retry", "translate", "release", "rebuild", "tidy"]
"""
OF = SECTIONS[:3]


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=100_000)
    parser.add_argument("--times", type=int, default=10, help="how often each is asked for")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sw-batch-") as folder, postgres() as database:
        _set_up(Path(folder), database)
        # Imported once the environment says where the ledger is.
        from benchmarks import batch_run

        rows, figures = batch_run.measure(options.articles, options.times)
        whole = sum(figure.best for figure in figures)
        print(", ".join(f"{count:,} {name}" for name, count in rows.items()), "\n")
        print(f"{'':<44}{'best':>12}{'median':>12}")
        for figure in figures:
            read = f"  READS ALL OF {', '.join(figure.scans)}" if figure.scans else ""
            taken = f"{figure.best * 1000:>9.1f} ms{figure.median * 1000:>9.1f} ms"
            print(f"{figure.name:<44}{taken}{figure.queries:>6} queries{read}")
        print(f"\nall together: {whole:.2f} s (target {TARGET:.0f} s)")
        return int(whole > TARGET or any(figure.scans for figure in figures))


def _set_up(home: Path, database: str) -> None:
    sections = "".join(SECTION.format(*section) for section in OF)
    (home / "network.toml").write_text(NETWORK.format() + sections + SCHEDULE, encoding="utf-8")
    (home / "static").mkdir()
    fresh.environment(home, database)


if __name__ == "__main__":
    sys.exit(main())
