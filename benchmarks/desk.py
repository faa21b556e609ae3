"""The review desk on PostgreSQL with 10,000 articles in 8 languages: server time, queries and weight of its pages.

    .venv/bin/python -m benchmarks.desk [--articles 10000] [--times 15]

Requests go through Django's test client: the whole middleware, views, templates and a PostgreSQL of its own, but no
network. The rows are written in bulk, as the flow leaves them: nine editions of each article (two sections share a
language), most of them live, some 400 waiting in each section; one article of 300 segments goes through the flow
itself. Each figure is the median; *queries* are those of a small and of a large page, which must be as many.

Machines are noisy: everything is asked for in turn, round after round, and each run also times an empty view behind the
same middleware (signed in, no content) and a ``SELECT 1``. Some 3 ms and 0.1 ms are a quiet machine. Takes about a
minute; exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import fresh
from tests.services import postgres, valkey

if TYPE_CHECKING:  # it needs Django's settings, which need the environment that main makes
    from benchmarks.desk_run import Figure

HEAVIEST = 100_000
"""Bytes of a page without images: the issue's target."""

SECTIONS = (
    ("portugal", "PT", "Europe/Lisbon", "pt-PT", "pt", "review"),
    ("brazil", "BR", "America/Sao_Paulo", "pt-BR", "pt", "auto"),
    ("spain", "ES", "Europe/Madrid", "es-ES", "es", "review"),
    ("france", "FR", "Europe/Paris", "fr-FR", "fr", "review"),
    ("germany", "DE", "Europe/Berlin", "de-DE", "de", "review"),
    ("italy", "IT", "Europe/Rome", "it-IT", "it", "review"),
    ("netherlands", "NL", "Europe/Amsterdam", "nl-NL", "nl", "review"),
    ("egypt", "EG", "Africa/Cairo", "ar-EG", "ar", "review"),
    ("pakistan", "PK", "Asia/Karachi", "ur-PK", "ur", "review"),
)
NETWORK = """\
[organisation]
name = "Tidewater Relief"
source_languages = ["en"]
[engines]
order = ["fake"]
processes = 1
[outputs.site]
type = "folder"
base_url = "https://{{section}}.example"
settle_seconds = 10
"""
SECTION = """\
[[sections]]
key = "{0}"
name = "{0}"
country = "{1}"
time_zone = "{2}"
languages = [{{ tag = "{3}", base = "{4}" }}]
policy = "{5}"
outputs = ["site"]
"""


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=15, help="how often each page is asked for")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sw-desk-") as folder, postgres() as database, valkey() as broker:
        _set_up(Path(folder), database, broker)
        # Imported once the environment says where the ledger is.
        from benchmarks import desk_run

        return _report(*desk_run.measure(options.articles, options.times))


def _set_up(home: Path, database: str, broker: str) -> None:
    sections = "".join(SECTION.format(*section) for section in SECTIONS)
    (home / "network.toml").write_text(NETWORK.format() + sections, encoding="utf-8")
    (home / "static").mkdir()
    fresh.environment(home, database, SECTIONWIRE_BROKER_URL=broker)


def _report(rows: dict[str, int], seconds: float, figures: Sequence[Figure]) -> int:
    counted = ", ".join(f"{count:,} {name}" for name, count in rows.items())
    print(f"{counted}; made in {seconds:.0f} s (target 60)\n")
    print(f"{'':<44}{'median':>9}{'best':>9}{'target':>8}{'queries':>12}{'kB':>8}")
    missed = seconds > 60
    for figure in figures:
        slow = figure.target is not None and figure.median > figure.target
        uneven = figure.few is not None and figure.few != figure.many
        heavy = figure.bytes > HEAVIEST
        missed |= slow or uneven or heavy
        target = f"{figure.target:.0f} ms" if figure.target is not None else "—"
        queries = f"{figure.few} / {figure.many}" if figure.few is not None else str(figure.many)
        weight = f"{figure.bytes / 1000:.1f}" if figure.bytes else "—"
        why = [word for word, is_so in (("slow", slow), ("queries grow", uneven), ("heavy", heavy)) if is_so]
        print(
            f"{figure.name:<44}{figure.median:>6.1f} ms{figure.best:>6.1f} ms{target:>8}{queries:>12}{weight:>8}"
            f"{'  MISSED: ' + ', '.join(why) if why else ''}"
        )
    print(f"\npages: at most {HEAVIEST / 1000:.0f} kB each, uncompressed")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
