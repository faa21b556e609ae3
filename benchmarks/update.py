"""An article of 40 sentences of which one is edited: how much of the engine's work the second run repeats.

    .venv/bin/python -m benchmarks.update

Through a fresh ledger, with the flow's own functions and the Firefox model: submit, clean, translate; a person corrects
a sentence, the section approves, the page goes out; then one sentence of the article is edited and it is submitted
again. The same once more without any approval, so that only the machine's memory helps. Characters that the engine was
given are counted, which no noise of the machine changes. Target: at most 1/15 of the first run's; of what was approved
nothing is lost, and what is live stays live. Takes some seconds; exits 1 when a target is missed.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path

from benchmarks import fresh

SENTENCES, PARAGRAPHS = 40, 10
TARGET = 1 / 15
NETWORK = """\
[organisation]
name = "Benchmark"
source_languages = ["en"]
[engines]
order = ["firefox"]
processes = 2
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


def sentences(seed: int) -> list[str]:
    """Distinct sentences, every fourth with a link and every fifth with emphasis."""
    from benchmarks import corpus

    rng = random.Random(seed)
    made = []
    for number in range(SENTENCES):
        words = corpus.sentence(rng, 1_000 * seed + number).split(" ")
        at = 2 + number % 3
        if number % 4 == 0:
            words[at] = f'<a href="https://example.org/{number}">{words[at]}</a>'
        elif number % 5 == 0:
            words[at] = f"<strong>{words[at]}</strong>"
        made.append(" ".join(words))
    return made


def article(lines: list[str]) -> str:
    """Paragraphs of four sentences each."""
    size = SENTENCES // PARAGRAPHS
    return "".join(f"<p>{' '.join(lines[at : at + size])}</p>\n" for at in range(0, len(lines), size))


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    with tempfile.TemporaryDirectory(prefix="sw-update-") as folder:
        Path(folder, "network.toml").write_text(NETWORK, encoding="utf-8")
        fresh.environment(Path(folder))
        # Imported once the environment says where the ledger is.
        from benchmarks.update_run import Run, ready

        ready(Path(folder))
        missed = 0
        for seed, name, approving in ((1, "approved", True), (2, "not approved", False)):
            lines = sentences(seed)
            with Run(Path(folder)) as run:
                first = run.submit(name, article(lines))
                before = run.correct_and_approve(name) if approving else {}
                lines[17] = lines[17].replace(" ", " quite unexpectedly ", 1)
                second = run.submit(name, article(lines))
                lost = run.lost(name, before)
            ratio = second / first
            kept = f", {len(lost)} of {len(before)} approved segments lost" if approving else ""
            print(
                f"{name:14}{first:6} characters to the engine at first, {second} once one of {SENTENCES} sentences was "
                f"edited{kept}\n"
                f"ratio         {ratio:6.3f}  target {TARGET:.3f} or less"
            )
            missed |= int(ratio > TARGET or bool(lost))
            for each in lost:
                print(f"lost          {each}")
    return missed


if __name__ == "__main__":
    sys.exit(main())
