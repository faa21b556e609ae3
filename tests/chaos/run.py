"""One run: articles come in, an editor approves, faults happen in their time; until nothing moves any more."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import Count, Q

from pipeline.flow import installation, verify
from pipeline.flow.submit import submit
from pipeline.ledger.claim import CLAIMABLES
from pipeline.ledger.models import Article, Delivery, Edition, Receipt, Revision, Status, Translation
from tests.chaos import engine, newsroom
from tests.chaos.plan import Fault, Step
from tests.chaos.processes import Processes, Staff
from tests.chaos.receiver import FaultyReceiver
from tests.chaos.services import Broker, Database, Outages
from tests.receiver import SECRET, serving
from workers import bell

FROZEN: Final = "2026-11-22T08:00:00+00:00"
PAUSE: Final = 0.15
GAP: Final = 0.6
"""Seconds between two faults at least: else one would hit what another has just ended."""
AWAY: Final = {Fault.RESTART_BROKER: 1.0, Fault.RESTART_DATABASE: 1.0, Fault.OUTPUT_DOWN: 2.0}
"""Seconds that services stay away."""
UNREACHABLE: Final = (OperationalError, InterfaceError)


class Stuck(Exception):  # noqa: N818 - it says what happened
    """A run did not come to its end; the message says what was left."""


@dataclass(frozen=True)
class Options:
    """How large a run is, and how long it may take at most."""

    articles: int
    updates: int
    staff: Staff
    delay: float  # seconds an engine takes for a sentence
    limit: float  # seconds


@dataclass
class Result:
    """What came out of a run, beside what stands in the ledger."""

    seconds: float = 0.0
    recovery: float = 0.0  # seconds from the end of the last fault until nothing moved any more
    left: int = 0  # rows that were not done when the last fault ended
    faults: list[str] = field(default_factory=list)
    asked: int = 0  # sentences that engines were asked for
    requests: int = 0  # that reached the newsroom's system
    receipts: int = 0  # sends that an output confirmed
    met: dict[str, int] = field(default_factory=dict)
    hasty: int = 0
    drifts: list[str] = field(default_factory=list)
    trees: dict[str, bytes] = field(default_factory=dict)
    held: dict[str, dict[str, Any]] = field(default_factory=dict)


def verified() -> list[str]:
    """What ``sectionwire publish verify`` finds at every output."""
    net = installation.network()
    return [
        str(drift) for place in verify.places(net) for drift in verify.run(place, net, lambda _: None, repair=False)
    ]


@dataclass
class Run:
    """A run in a home of its own; the ledger must be empty."""

    home: Path
    database: Database
    broker: Broker
    options: Options
    receiver: FaultyReceiver
    steps: Sequence[Step] = ()
    result: Result = field(default_factory=Result)
    outages: Outages = field(default_factory=Outages)

    def __post_init__(self) -> None:
        self.steps = list(self.steps)
        self._news = [newsroom.article(number) for number in range(self.options.articles)]
        self._updates = [newsroom.article(number, update=True) for number in range(self.options.updates)]
        self._last = self._started = 0.0

    def work(self) -> Result:
        """From the first article to the end. Raises Stuck."""
        self.home.mkdir(parents=True)
        with serving(self.receiver) as url:
            self._settle_in(url)
            environment = self._environment()
            self.processes = Processes(
                self.options.staff.children(), environment, self.home / "log.txt", self.options.staff.forked
            )
            with self.processes.running():
                self._until_done()
            self.result.drifts = verified()
        self._collect()
        return self.result

    def _settle_in(self, url: str) -> None:
        network = self.home / "network.toml"
        network.write_text(newsroom.network(url), encoding="utf-8")
        settings.SECTIONWIRE_HOME, settings.NETWORK_FILE = self.home, network
        settings.FROZEN_CLOCK = FROZEN
        bell.use_broker(self.broker.url)
        engine.register(self.home / "packages")

    def _environment(self) -> Mapping[str, str]:
        return {
            "DATABASE_URL": self.database.url,
            "PYTHONPATH": os.pathsep.join([str(self.home / "packages"), str(Path.cwd())]),
            # They are started again and again: what is compiled once is not compiled each time.
            "PYTHONDONTWRITEBYTECODE": "",
            "SECTIONWIRE_HOME": str(self.home),
            "SECTIONWIRE_NETWORK": str(self.home / "network.toml"),
            "SECTIONWIRE_MODELS": str(self.home / "models"),
            "SECTIONWIRE_BROKER_URL": self.broker.url,
            "SECTIONWIRE_FROZEN_CLOCK": FROZEN,
            "SECTIONWIRE_LEASE_SECONDS": "3",
            "SECTIONWIRE_SWEEP_SECONDS": "0.5",
            "SECTIONWIRE_LOG": "INFO",
            "SECTIONWIRE_FAKE_ENGINE_DELAY": str(self.options.delay),
            "SECTIONWIRE_WEBHOOK_SECRET": SECRET,
            engine.COUNT: str(self.home / "asked"),
        }

    def _until_done(self) -> None:
        started = self._started = time.monotonic()
        while time.monotonic() - started < self.options.limit:
            self.processes.watch()
            self.outages.end_due()
            try:
                if self._move():
                    self.result.seconds = time.monotonic() - started
                    self.result.recovery = time.monotonic() - self._last if self.result.faults else 0.0
                    return
            except UNREACHABLE:
                connection.close()  # the database is away: people try again, and so do we
            time.sleep(PAUSE)
        raise Stuck(f"not done within {self.options.limit:.0f} s: {self._what_is_left()}")

    def _move(self) -> bool:
        """One moment of the newsroom's day, and a fault if it is time; whether all is done and nothing moves."""
        if not settings.BROKER_URL:
            bell.use_broker(self.broker.url)
        news = self._news or (self._updates if self._is_published() else [])
        for submission in news[: max(1, self.options.articles // 60)]:
            submit(submission)
            news.remove(submission)
        newsroom.decide(installation.network(), max(2, self.options.articles // 20))
        if self.steps:
            self._hurt()
            return False
        return not (self._news or self._updates or self.outages.pending) and self._is_quiet()

    def _is_published(self) -> bool:
        return not self._news and self._progress() >= 1.0

    def _progress(self) -> float:
        """How much is done, 0 to 1; an update does not take it back."""
        each = 1 + len(newsroom.BASES) + newsroom.SECTIONS * newsroom.OUTPUTS
        done = Revision.objects.filter(number=1, status=Status.DONE).count()
        done += Translation.objects.filter(version__isnull=False).exclude(base="en").count()
        done += Delivery.objects.filter(confirmed_seq__gt=0).count()
        return done / (each * self.options.articles)

    def _hurt(self) -> None:
        step, now = self.steps[0], time.monotonic()
        if now - self._last < GAP or self.outages.pending or (progress := self._progress()) < step.at:
            return
        left = self._unfinished()
        if self._do(step):
            self._last = time.monotonic() + AWAY.get(step.fault, 0.0)
            self.result.faults.append(step.fault.value)
            self.result.left = left
            self.steps.pop(0)
            print(f"   {now - self._started:6.1f} s, {progress:4.0%} done: {step.fault.value}", flush=True)

    def _do(self, step: Step) -> bool:
        """Do it; false when there is no victim now."""
        match step.fault:
            case Fault.KILL_ENGINE:
                return self.processes.kill_engine(step.draw)
            case Fault.KILL_WORKER:
                return self.processes.kill_one(("pages", "translate")[step.draw < 0.4], step.draw)
            case Fault.KILL_BEAT:
                return self.processes.kill_one("beat", step.draw)
            case Fault.FLUSH:
                self.broker.flush()
            case Fault.RESTART_BROKER:
                self.broker.kill()
                self.outages.begin(AWAY[step.fault], self.broker.start)
            case Fault.RESTART_DATABASE:
                self.database.stop()
                self.outages.begin(AWAY[step.fault], self.database.start)
            case Fault.OUTPUT_DOWN:
                self.receiver.go_down(AWAY[step.fault])
        return True

    def _is_quiet(self) -> bool:
        """Whether every row is done, of all that must be there; a failed one ends the run."""
        failed = [f"{row}: {row.reason}" for model in CLAIMABLES for row in model.objects.filter(status=Status.FAILED)]
        if failed:
            raise Stuck("a person would have to act: " + "; ".join(failed[:5]))
        editions = newsroom.SECTIONS * self.options.articles
        return (
            not self._unfinished()
            and Edition.objects.filter(state=Edition.State.LIVE).count() == editions
            and Delivery.objects.count() == editions * newsroom.OUTPUTS
        )

    def _unfinished(self) -> int:
        return sum(model.objects.exclude(status=Status.DONE).count() for model in CLAIMABLES)

    def _what_is_left(self) -> str:
        try:
            rows = [
                f"{model.__name__} {row['status']} {row['reason'][:200]!r}: {row['n']}"
                for model in CLAIMABLES
                for row in model.objects.filter(~Q(status=Status.DONE))
                .values("status", "reason")
                .annotate(n=Count("id"))
            ]
            states = list(Edition.objects.values_list("state", "reason").annotate(n=Count("id")))
        except UNREACHABLE as error:
            return f"the database does not answer: {error}"
        return f"{len(self.steps)} faults to come, {rows}, editions {states}, articles {Article.objects.count()}"

    def _collect(self) -> None:
        result, root = self.result, self.home / "outputs"
        result.asked = engine.asked(self.home / "asked")
        result.requests, result.met, result.hasty = self.receiver.requests, self.receiver.met, self.receiver.hasty
        result.receipts = Receipt.objects.filter(outcome=Receipt.Outcome.CONFIRMED).count()
        result.held = self.receiver.holds()
        result.trees = {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and ".sectionwire" not in path.parts
        }
