"""Looking at sources of which nothing is new, and at articles of which a third came in already.

    .venv/bin/python -m benchmarks.intake

In a fresh ledger, from a web server on this machine: a feed of 10,000 entries is looked at once more, when the server
says that nothing has changed, and when it can't say and every entry is compared; then a folder of 10,000 files. Target:
under 20 s of a core each and no engine work; the ratio is to parsing the feed alone. Then 1,000 new articles of which
150 have the address and 150 the words of another: none of these is translated. Exits 1 when a target is missed.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from benchmarks import fresh

TARGET = 20.0
NETWORK = """\
[organisation]
name = "Benchmark"
source_languages = ["en"]
[engines]
order = ["fake"]
[outputs.site]
type = "folder"
base_url = "https://{section}.example"
settle_seconds = 0
[[sections]]
key = "portugal"
name = "Portugal"
country = "PT"
time_zone = "UTC"
languages = [{ tag = "pt-PT", base = "pt" }]
policy = "review"
outputs = ["site"]
"""


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    with tempfile.TemporaryDirectory(prefix="sw-intake-") as folder:
        Path(folder, "network.toml").write_text(NETWORK, encoding="utf-8")
        fresh.environment(Path(folder), SECTIONWIRE_LOG="ERROR")
        # Imported once the environment says where the ledger is.
        from benchmarks.intake_run import Intake, ready

        ready(Path(folder))
        intake = Intake(Path(folder))
        alone = intake.parse()
        print(f"parsing       {alone:7.2f} s  a feed of {intake.entries:,} entries alone")
        missed = 0
        for name, seconds in (
            ("not modified", intake.unchanged_feed()),
            ("all compared", intake.compared_feed()),
            ("a folder", intake.unchanged_folder()),
        ):
            print(f"{name:13} {seconds:7.2f} s  target {TARGET:.0f}   ratio {seconds / alone:.2f}")
            missed |= int(seconds > TARGET)
        print(f"engine work   {intake.work()} rows  target 0")
        missed |= int(intake.work() > 0)
        articles, duplicates, asked, distinct = intake.duplicates()
        print(
            f"duplicates    {duplicates} of 1,000, {articles} articles; {asked:,} sentences to the engine, "
            f"{distinct:,} in what is no duplicate"
        )
        return missed | int((articles, duplicates) != (700, 300) or asked != distinct)


if __name__ == "__main__":
    sys.exit(main())
