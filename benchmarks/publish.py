"""Publishing: does it stay as fast in a large section, how many pages a second, and how much one change writes.

    .venv/bin/python -m benchmarks.publish [--large 100000] [--seconds 60]

(a) One article into a section of 100,000 published ones against one of 100, both in one ledger and each in a folder
    with as many pages; in turn, the median of each. *Page* is from the claim to the confirmation; *lists* are the front
    page, lists, feeds and sitemaps that follow, which are written once for many articles. Then `publish verify` reads
    both, which must not take more memory for the larger.
(b) Pages a second into a local folder, on one core and warm: rendered, written to the disk, recorded in the ledger and
    in the log. By the clock, which waits for the disk and for whoever else uses the machine, and for each second of
    CPU, which the target is for.
(c) 1,000 approvals in a real minute: how often each page that is made of many articles is written, where front pages
    wait for 10 seconds for further changes. Should others use the machine, the minute becomes longer, and as many more
    writes are allowed; but approving and publishing must not take more than a minute of CPU, or the target is missed.
(d) One article in 30 new editions at once: page writes, and queries for the alternates of a claim.

The ledger is the embedded one (SQLite). The rows of (a) are copies of an article that went through the flow itself.
Takes about three minutes; exits 1 when a target is missed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from benchmarks import fresh

NETWORK: Final = """\
[organisation]
name = "Tidewater Relief"
source_languages = ["en"]
[engines]
order = ["fake"]
[outputs.site]
type = "folder"
base_url = "https://{section}.example"
settle_seconds = 0
[outputs.slow]
type = "folder"
path = "slow/{section}"
base_url = "https://{section}.example"
settle_seconds = 10
"""
SECTION: Final = """\
[[sections]]
key = "{key}"
name = "{key}"
country = "GB"
time_zone = "Europe/London"
languages = [{{ tag = "{tag}", base = "en" }}]
policy = "{policy}"
outputs = ["{output}"]
targets = {{ tags = ["{only}"] }}
"""
REGIONS: Final = (
    *("GB", "US", "CA", "AU", "NZ", "IE", "ZA", "IN", "PK", "NG", "KE", "GH", "JM", "MT", "SG"),
    *("PH", "HK", "ZM", "ZW", "UG", "TZ", "RW", "MW", "BW", "NA", "LR", "SL", "GM", "FJ", "PG"),
)
"""Thirty countries in which English is published."""


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--large", type=int, default=100_000, help="published articles of the large section")
    parser.add_argument("--times", type=int, default=15, help="how many articles (a) publishes into each")
    parser.add_argument("--pages", type=int, default=1_000, help="pages of (b)")
    parser.add_argument("--seconds", type=float, default=60, help="how long (c) approves")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="sw-publish-") as folder:
        _set_up(Path(folder))
        # Imported once the environment says where the ledger is.
        from benchmarks import publish_run

        return publish_run.measure(options.large, options.times, options.pages, options.seconds)


def _set_up(home: Path) -> None:
    sections = [
        ("small", "en-GB", "auto", "site"),
        ("large", "en-GB", "auto", "site"),
        ("many", "en-GB", "auto", "site"),
    ]
    sections += [("minute", "en-GB", "review", "slow")]
    text = "".join(SECTION.format(key=key, tag=tag, policy=p, output=o, only=key) for key, tag, p, o in sections)
    text += "".join(
        SECTION.format(key=f"all-{code.lower()}", tag=f"en-{code}", policy="auto", output="site", only="all")
        for code in REGIONS
    )
    (home / "network.toml").write_text(NETWORK + text, encoding="utf-8")
    (home / "static").mkdir()
    fresh.environment(home, SECTIONWIRE_LOG="INFO", SECTIONWIRE_LOG_FORMAT="json")


if __name__ == "__main__":
    sys.exit(main())
