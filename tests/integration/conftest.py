"""An installation whose work is done inline, by the same functions that workers call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipeline.documents import Failure, Hop, Metadata, Route, Submission
from pipeline.engines.fake import FakeEngine
from pipeline.flow import bell, engines, prepare, publish, translate
from pipeline.flow.submit import Submitted, submit
from pipeline.ledger.models import Edition
from tests.flow.conftest import NETWORK


class InlineEngines:
    """The fake engine in this very process."""

    def __init__(self, home: Path) -> None:
        self.engine = FakeEngine(home)
        self.asked: list[str] = []

    def hops(self) -> list[Hop]:
        """Every pair that the fake engine has."""
        return [model.hop for model in self.engine.installed()]

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        """One batch with everything."""
        self.asked += sentences
        (hop,) = route.hops
        answers = self.engine.translate(sentences, hop.source, hop.target)
        yield dict(zip(sentences, answers, strict=True))


@dataclass
class Desk:
    """What a test does with an installation."""

    home: Path
    engines: InlineEngines

    def submit(self, html: str = "<p>The water rose.</p>", *, name: str = "tide.html", **metadata: object) -> Submitted:
        """Hand an article in."""
        given = {"title": "Tide report", "language": "en", "kind": "news", "key": "tide", **metadata}
        return submit(Submission(name, html.encode(), Metadata(**given)))  # type: ignore[arg-type]

    def work(self, *, publishing: bool = True) -> None:
        """Do all the work there is now."""
        lanes: list[Callable[[], tuple[int, bool]]] = [prepare.run, lambda: translate.run("pt", self.engines)]
        if publishing:
            lanes.append(lambda: publish.run("site"))
        for lane in lanes:
            while lane()[1]:  # on a busy machine the slice of time of one call may be over
                pass

    def edition(self, section: str) -> Edition:
        """The only edition of a section."""
        return Edition.objects.get(section=section)

    def page(self, section: str) -> str:
        """The published page of a section."""
        return (self.home / "outputs" / section / self.edition(section).path / "index.html").read_text(encoding="utf-8")


@pytest.fixture
def desk(home: Path, settings, db) -> Iterator[Desk]:
    """A network of four sections on two bases, the fake engine, no broker."""
    settings.NETWORK_FILE.write_text(
        NETWORK.format(engine="fake").replace("settle_seconds = 0.5", "settle_seconds = 0"), encoding="utf-8"
    )
    settings.FROZEN_CLOCK = ""
    inline = InlineEngines(home)
    with bell.muffled():
        engines.beat("inline", inline.hops(), [], first=True)
        yield Desk(home, inline)
