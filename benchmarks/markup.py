"""``sectionwire translate`` on the pinned pages, against the raw engine on their distinct sentences.

    .venv/bin/python -m benchmarks.markup [--rounds 2]

The command runs as a person runs it, with everything it does: start, intake, cleaning, segmenting, masking, projection,
checks, files written. The raw engine has its model loaded and gets nothing but the sentences, in as many processes.
They run in turns, since machines are noisy; medians count. Target: at most 1.05 × the raw engine's time, and 2 s for
the start. Takes about a minute with two rounds; exits 1 when the target is missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import pages
from benchmarks.throughput import PROCESSES, raw_engine

FACTOR, START = 1.05, 2.0


def ours(folder: Path) -> tuple[float, float]:
    """Seconds and CPU seconds of the command, with its engine processes."""
    files = [str(path) for path in pages.paths()]
    options = ["--from", "en", "--to", "pt", "--out", str(folder / "out"), "--processes", str(PROCESSES)]
    before, started = _cpu(), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "config", "translate", *files, *options],
        check=False,
        capture_output=True,
        text=True,
        env=_environment(folder),
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return time.monotonic() - started, _cpu() - before


def _environment(folder: Path) -> dict[str, str]:
    """Our modules are compiled once, as those of an installed package are, whatever the shell here says of that."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPYCACHEPREFIX": str(folder / "compiled"), "SECTIONWIRE_HOME": str(folder / "home")}


def compile_modules(folder: Path) -> None:
    """Let the command run once over next to nothing."""
    (folder / "home").mkdir()
    (folder / "short.html").write_text("<p>The <em>tide</em> is out.</p>", encoding="utf-8")
    command = [sys.executable, "-m", "config", "translate", str(folder / "short.html"), "--from", "en", "--to", "pt"]
    subprocess.run(command, check=True, capture_output=True, env=_environment(folder))


def _cpu() -> float:
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    return spent.ru_utime + spent.ru_stime


def main() -> int:
    """Run the benchmark; exits 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2)
    rounds = parser.parse_args().rounds
    sentences = pages.sentences()
    with tempfile.TemporaryDirectory(prefix="sw-markup-") as folder:
        compile_modules(Path(folder))
        runs = [(raw_engine(sentences), ours(Path(folder))) for _ in range(rounds)]
    raw, raw_cpu, seconds, cpu = (
        statistics.median(run[side][unit] for run in runs) for side in (0, 1) for unit in (0, 1)
    )
    allowed = FACTOR * raw + START
    characters = sum(map(len, sentences))
    each = ", ".join(f"{a[0]:.1f}/{b[0]:.1f}" for a, b in runs)
    print(
        f"{len(pages.paths())} pages, {len(sentences)} distinct sentences, {characters:,} characters, "
        f"{PROCESSES} processes\n"
        f"raw engine    {raw:8.2f} s   {characters / raw:8.0f} characters/s   {raw_cpu:6.1f} s of CPU\n"
        f"the command   {seconds:8.2f} s   {characters / seconds:8.0f} characters/s   {cpu:6.1f} s of CPU\n"
        f"rounds        {each} s\n"
        f"ratio         {(seconds - START) / raw:8.2f} × without {START:g} s of start; target {FACTOR} or less "
        f"({seconds:.2f} s of {allowed:.2f} s)\n"
        f"by CPU        {(cpu - START) / raw_cpu:8.2f} × without {START:g} s, whoever shares the machine"
    )
    return int(seconds > allowed)


if __name__ == "__main__":
    sys.exit(main())
