"""An installation with real worker processes on the test's own ledger."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from django.conf import settings as django_settings
from django.db import connection

from pipeline.documents import Metadata, Submission
from pipeline.flow import installation as wiring
from pipeline.flow import status
from pipeline.flow.submit import Submitted, submit
from pipeline.ledger import invariants
from pipeline.ledger.models import Article, Delivery, Refresh, Status
from workers import bell
from workers.embedded import Child, Embedded, sectionwire

FROZEN = "2026-11-22T08:00:00+00:00"


def database_url() -> str:
    """The test's own database, for other processes."""
    name = connection.settings_dict["NAME"]
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    host = connection.settings_dict["OPTIONS"].get("host") or connection.settings_dict["HOST"]
    return f"postgresql://postgres:@/{name}?host={host}"


@dataclass
class Installation:
    """A home, a broker and workers that a test may kill."""

    home: Path
    engine: str = "fake"
    environment: dict[str, str] = field(default_factory=dict)
    embedded: Embedded | None = None

    @contextmanager
    def running(self, children: list[Child] | None = None) -> Iterator[Embedded]:
        """Start the broker and the children; by default two workers and the clock."""
        environment = {
            "DATABASE_URL": database_url(),
            "SECTIONWIRE_NETWORK": str(django_settings.NETWORK_FILE),
            "SECTIONWIRE_MODELS": str(django_settings.MODELS_DIR),
            "SECTIONWIRE_FROZEN_CLOCK": FROZEN,
            "SECTIONWIRE_LEASE_SECONDS": "3",
            "SECTIONWIRE_SWEEP_SECONDS": "0.5",
            "SECTIONWIRE_LOG": "INFO",
            **self.environment,
        }
        with (self.home / "log.txt").open("a", encoding="utf-8") as log:
            embedded = Embedded(self.home, children or default_children(), environment, log)
            with embedded.running():
                self.embedded = embedded
                bell.use_broker(embedded.broker_url)
                try:
                    yield embedded
                finally:
                    django_settings.BROKER_URL = ""

    def log(self) -> str:
        """What the processes wrote."""
        return (self.home / "log.txt").read_text(encoding="utf-8")

    def child(self, name: str) -> psutil.Process:
        """A child that runs now."""
        assert self.embedded is not None
        child = next(child for child in self.embedded.children if child.name == name)
        assert child.process is not None
        return psutil.Process(child.process.pid)

    def kill(self, name: str) -> None:
        """SIGKILL, no goodbye."""
        self.child(name).send_signal(signal.SIGKILL)

    def kill_engine(self) -> bool:
        """SIGKILL an engine process of the translating worker; false when it has none yet."""
        children = [
            c
            for c in self.child("translate").children(recursive=True)
            if "resource_tracker" not in " ".join(c.cmdline())
        ]
        if not children:
            return False
        children[0].kill()
        return True

    def wait(self, condition: Callable[[], bool], seconds: float = 40.0) -> None:
        """Wait for a condition, starting dead children again meanwhile; fails with the log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.embedded is not None:
                self.embedded.watch()
            if condition():
                return
            time.sleep(0.1)
        pytest.fail(f"not within {seconds} s\n{self.log()[-6000:]}")

    def settled(self) -> bool:
        """Nothing moves any more."""
        rows = status.matrix(list(Article.objects.all()), wiring.network())
        return (
            all(cell.settled for row in rows for cell in row.cells)
            and not Refresh.objects.exclude(status=Status.DONE).exists()
            and not Delivery.objects.exclude(status__in=[Status.DONE, Status.FAILED]).exists()
        )

    def outputs(self) -> dict[str, bytes]:
        """Every published page and front page, by path."""
        root = self.home / "outputs"
        return {
            str(path.relative_to(root)): path.read_bytes()
            for path in sorted(root.rglob("*"))
            if path.is_file() and ".sectionwire" not in path.parts
        }


def default_children() -> list[Child]:
    """Two workers and the clock, as ``sectionwire up`` runs them."""
    return [
        Child("pages", sectionwire("worker", "--lanes", "prepare,publish,sweep", "--name", f"pages-{os.getpid()}")),
        Child("translate", sectionwire("worker", "--lanes", "translate", "--name", f"translate-{os.getpid()}")),
        Child("beat", sectionwire("beat")),
    ]


NETWORK = """\
[organisation]
name = "Tidewater Relief"

[engines]
order = ["{engine}"]
processes = 2
deadline_seconds = 5

[outputs.site]
type = "folder"
base_url = "https://{{section}}.example"
settle_seconds = 0.5

[[sections]]
key = "portugal"
name = "Portugal"
country = "PT"
time_zone = "Europe/Lisbon"
languages = [{{ tag = "pt-PT", base = "pt" }}]
policy = "review"
outputs = ["site"]

[[sections]]
key = "brazil"
name = "Brasil"
country = "BR"
time_zone = "America/Sao_Paulo"
languages = [{{ tag = "pt-BR", base = "pt" }}]
policy = "auto"
outputs = ["site"]

[[sections]]
key = "angola"
name = "Angola"
country = "AO"
time_zone = "Africa/Luanda"
languages = [{{ tag = "pt-AO", base = "pt" }}]
policy = "lead"
follows = "portugal"
outputs = ["site"]

[[sections]]
key = "united-states"
name = "USA"
country = "US"
time_zone = "America/New_York"
languages = [{{ tag = "en-US", base = "en" }}]
policy = "auto"
outputs = ["site"]
"""


@pytest.fixture
def installation(home: Path, settings, transactional_db) -> Installation:
    """An installation with the fake engine; its workers are not started yet."""
    settings.NETWORK_FILE.write_text(NETWORK.format(engine="fake"), encoding="utf-8")
    settings.FROZEN_CLOCK = FROZEN
    settings.BROKER_URL = ""
    return Installation(home)


def hand_in(number: int, text: str = "", **metadata) -> Submitted:
    """Submit an article whose text is its own."""
    body = f"""<h2>The tide at post {number}</h2>
    <p>The water rose by {number} metres. <a href="https://example.org/{number}">Read <em>the report</em></a>
    before the boats leave harbour {number}.</p><p>{text or "Nobody was hurt."}</p>"""
    meta = Metadata(title=f"Tide report {number}", key=f"tide-{number}", language="en", kind="news", **metadata)
    return submit(Submission(f"tide-{number}.html", body.encode(), meta))


def sound() -> None:
    """The five invariants hold, and every promise is confirmed at its newest sequence."""
    assert invariants.broken() == []
    for delivery in Delivery.objects.all():
        assert (delivery.status, delivery.confirmed_seq) == (Status.DONE, delivery.wanted_seq), delivery
