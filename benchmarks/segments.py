"""What masking, projection and checks cost of our own CPU, without the engine.

    .venv/bin/python -m benchmarks.segments [--rounds 5]

The pinned pages are translated once and every answer of the engine is written down; then the same run is repeated with
the answers from a dictionary, so that only our CPU is counted: translate (masking, projection, verifying) and all
checks. Prints milliseconds a segment, the median of the rounds. Target: under 3 ms. Takes half a minute; exits 1 when
the target is missed.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks import pages
from pipeline.documents import Failure, Origin, Route, SegmentedDocument, TranslatedSegment
from pipeline.engines.host import EngineHost
from pipeline.stages import check
from pipeline.stages.translate import Resources, translate, verify
from tests.quality import corpus

TARGET_MS = 3.0
PROCESSES = 2


class Nothing:
    """A memory that knows nothing, so that everything is asked for each time."""

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:  # noqa: ARG002 - it knows nothing
        return {}

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:  # noqa: ARG002 - nor does it learn
        return dict(units)


class Recording:
    """Asks the engine for what it was never asked, and gives back what was written down for the rest."""

    def __init__(self, host: EngineHost) -> None:
        self.host = host
        self.answers: dict[str, str | Failure] = {}
        self.fresh = 0

    def __call__(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        missing = [text for text in sentences if text not in self.answers]
        self.fresh += len(missing)
        for batch in self.host.translate(route, missing) if missing else ():
            self.answers.update(batch)
        yield {text: self.answers[text] for text in sentences}


def spent(
    documents: Sequence[SegmentedDocument], route: Route, engine: Recording, given: Resources
) -> tuple[float, float, list[tuple[TranslatedSegment, ...]]]:
    """CPU seconds of translate and of the checks, of texts that were never seen."""
    verify.shape.cache_clear()
    started = time.process_time()
    results = translate(documents, route, Nothing(), engine, given)
    translated = time.process_time()
    for document, segments in zip(documents, results, strict=True):
        check.run(document, segments, route.source, route.target)
    return translated - started, time.process_time() - translated, results


def main() -> int:
    """Run the benchmark; exits 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    documents: list[SegmentedDocument] = [corpus.document(path) for path in pages.paths()]
    with tempfile.TemporaryDirectory(prefix="sw-segments-") as folder:
        route, given = pages.route(Path(folder)), pages.resources(Path(folder))
        with EngineHost(Path(folder), [pages.ENGINE], PROCESSES) as host:
            engine = Recording(host)
            _, _, results = spent(documents, route, engine, given)
        asked, engine.fresh = engine.fresh, 0
        runs = [spent(documents, route, engine, given)[:2] for _ in range(rounds)]
    if engine.fresh:
        raise SystemExit(f"{engine.fresh} sentences were not asked for in the first run: nothing was measured.")
    segments = sum(len(result) for result in results)
    if kept := [each.problem for result in results for each in result if each.origin is Origin.KEPT]:
        raise SystemExit(f"{len(kept)} segments were kept, so that nothing was measured: {kept[0]}")
    stage, checks = (1000 * statistics.median(run[part] for run in runs) / segments for part in (0, 1))
    each = ", ".join(f"{1000 * sum(run) / segments:.2f}" for run in runs)
    codes = sum(len(each.evidence) for result in results for each in result)
    print(
        f"{len(documents)} pages, {segments} segments with {codes} codes, {asked} sentences and spans asked for\n"
        f"translate     {stage:8.2f} ms of CPU a segment: masking, projection, verifying\n"
        f"checks        {checks:8.2f} ms\n"
        f"rounds        {each} ms\n"
        f"together      {stage + checks:8.2f} ms; target under {TARGET_MS:g}"
    )
    return int(stage + checks >= TARGET_MS)


if __name__ == "__main__":
    sys.exit(main())
