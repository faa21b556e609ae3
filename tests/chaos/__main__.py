"""Run the same articles undisturbed and disturbed, and compare: ``python -m tests.chaos --help``."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HELP = """\
Treat a whole installation badly: workers and engines killed, the broker flushed and restarted, PostgreSQL stopped at
once, an output that answers 500, 429, too late or not to the end. What comes out must be what an undisturbed run gives.

  script/chaos                                    the full form: 300 articles, 50 kills, about half an hour
  script/chaos --articles 6 --kills 4 --outages 1     the form of tests/flow/test_chaos.py, about a minute
  script/chaos --seed 7                           the same faults again, in the same order

Exits 1 and keeps the logs when something is not as it must be.
"""


@dataclass(frozen=True)
class Arguments:
    """The command line."""

    articles: int
    kills: int
    outages: int
    faulty: float
    seed: int
    limit: float
    report: Path | None
    keep: bool

    @property
    def again(self) -> str:
        """The command that runs the same again."""
        return (
            f"script/chaos --articles {self.articles} --kills {self.kills} --outages {self.outages} "
            f"--faulty {self.faulty:g} --seed {self.seed}"
        )


def arguments() -> Arguments:
    """Read the command line."""
    parser = argparse.ArgumentParser("script/chaos", description=HELP, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--articles", type=int, default=300, help="how many articles, for 6 sections in 3 languages")
    parser.add_argument("--kills", type=int, default=50, help="how many processes are killed with SIGKILL")
    parser.add_argument("--outages", type=int, default=3, help="how often each service goes away")
    parser.add_argument("--faulty", type=float, default=0.15, help="share of the requests that meet a fault (0.15)")
    parser.add_argument("--seed", type=int, help="draws the faults; without it, a new one that is printed")
    parser.add_argument("--limit", type=float, default=1800, help="seconds that each of the two runs may take")
    parser.add_argument("--report", type=Path, help="write the figures to this file, as JSON")
    parser.add_argument("--keep", action="store_true", help="keep the logs and pages, whatever comes out")
    given = parser.parse_args()
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(1_000_000)
    return Arguments(**{**vars(given), "seed": seed})


def main() -> int:
    """Both runs, the comparison, the report."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that services are stopped on the way out
    wanted = arguments()
    folder = Path(tempfile.mkdtemp(prefix="sectionwire-chaos-"))
    print(f"{wanted.again}\nlogs: {folder}", flush=True)
    report: dict[str, Any] = {"command": wanted.again}
    faults = ["it was stopped"]
    try:
        faults = _both(wanted, folder, report)
    finally:
        if wanted.report:
            wanted.report.write_text(json.dumps({**report, "faults": faults}, indent=1), encoding="utf-8")
        if faults:
            print(_last_words(folder), file=sys.stderr)
        if faults or wanted.keep:
            print(f"The logs and pages are kept in {folder}. The same again: {wanted.again}", file=sys.stderr)
        else:
            shutil.rmtree(folder)
    for fault in faults[:40]:
        print(f"✗ {fault}", file=sys.stderr)
    return 1 if faults else 0


def _last_words(folder: Path) -> str:
    """The end of the last run's log: where no files are kept, it is all there is."""
    logs = sorted(folder.glob("*/log.txt"), key=lambda path: path.stat().st_mtime)
    return logs[-1].read_text(encoding="utf-8", errors="replace")[-4000:] if logs else ""


def _both(wanted: Arguments, folder: Path, report: dict[str, Any]) -> list[str]:
    from tests.chaos.services import services

    with services(folder) as (database, broker):
        _set_up(database.url, folder)
        # Django can be imported now that its database is known.
        from tests.chaos import pair

        try:
            return pair.compare(wanted, folder, database, broker, report)
        finally:
            pair.hang_up()


def _set_up(url: str, folder: Path) -> None:
    """Django in this process, on the run's own ledger."""
    from tests.receiver import SECRET

    os.environ |= {
        "DATABASE_URL": url,
        "SECTIONWIRE_HOME": str(folder / "none"),
        "SECTIONWIRE_LOG": "WARNING",
        "SECTIONWIRE_WEBHOOK_SECRET": SECRET,
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    import django

    django.setup()
    from django.core.management import call_command

    started = time.monotonic()
    call_command("migrate", verbosity=0, interactive=False)
    print(f"services and tables: {time.monotonic() - started:.1f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
