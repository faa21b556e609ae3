"""One translated run of the corpus for all tests and all processes of pytest, and the summary of its figures."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from filelock import FileLock

from tests.quality import corpus, measure

FIGURE = "quality figure"


@dataclass(slots=True)
class Run:
    """The corpus as it came out; ``plain`` has the engine's own translation of each page's paragraphs.

    ``fresh`` are the pages before anything was learnt.
    """

    fresh: list[corpus.Page] = field(default_factory=list)
    pages: list[corpus.Page] = field(default_factory=list)
    nasty: list[corpus.Page] = field(default_factory=list)
    plain: dict[str, list[str]] = field(default_factory=dict)

    @property
    def everything(self) -> list[corpus.Page]:
        return [*self.pages, *self.nasty]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Whichever process of pytest comes first translates; the others read what it made."""
    shared = tmp_path_factory.getbasetemp()
    if os.environ.get("PYTEST_XDIST_WORKER"):
        shared = shared.parent
    kept = shared / "quality.pickle"
    with FileLock(shared / "quality.lock"):
        if not kept.exists():
            kept.write_bytes(pickle.dumps(translated(tmp_path_factory.mktemp("models"))))
        return pickle.loads(kept.read_bytes())


def translated(models: Path) -> Run:
    """Translate the corpus. Two processes at most: a test run has others to feed."""
    with corpus.Engine(models, min(2, len(os.sched_getaffinity(0)))) as engine:
        paths, nasty = corpus.files("pages/*.en.html"), corpus.files("nasty/*.html")
        fresh = engine.pages(paths)
        done = engine.pages([*paths, *nasty], learnt=True)
        result = Run(fresh, done[: len(paths)], done[len(paths) :])
        for page in result.pages:
            result.plain[page.name] = engine.plain(measure.paragraphs(page.source))
        return result


def pytest_terminal_summary(terminalreporter) -> None:
    """The figures, and which of them are better than their floor: also from the processes of xdist."""
    figures = sorted(set(_figures(terminalreporter)))
    if figures:
        terminalreporter.section("quality gate")
        for figure in figures:
            terminalreporter.write_line(figure)


def _figures(terminalreporter) -> Iterator[str]:
    for reports in terminalreporter.stats.values():
        for report in reports:
            yield from (value for name, value in getattr(report, "user_properties", ()) if name == FIGURE)
