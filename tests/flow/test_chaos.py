"""The small form of the chaos suite (tests/chaos), and single faults that it does not have: full disks, clocks."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import psutil
import pytest
import redis
from django.conf import settings as django_settings
from django.db import OperationalError, connection
from django.db.models import F
from structlog.testing import capture_logs

from pipeline.flow import bell as flow_bell
from pipeline.flow import installation as wiring
from pipeline.flow import prepare, sources, translate
from pipeline.flow.batches.tick import tick
from pipeline.flow.engines import beat
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, BatchRun, Delivery, Refresh, Revision
from tests.flow.conftest import NETWORK, Installation, database_url, hand_in, sound
from tests.integration.conftest import InlineEngines
from tests.receiver import Reply, Request, serving
from workers import tasks
from workers.embedded import Embedded, sectionwire, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

CHECKOUT = Path(__file__).parents[2]
KILLS, OUTAGES = 4, 4  # one of each: of the broker two, of the database, of the newsroom's system
SMALL = ("--articles", "6", "--kills", str(KILLS), "--outages", "1", "--limit", "180")
LARGEST_FILE = 3_000  # bytes: less than any page


def test_an_installation_that_is_treated_badly_gives_what_an_undisturbed_one_gives(tmp_path):
    """Kills, a broker that forgets and one that restarts, PostgreSQL stopped at once, an output that fails.

    On a PostgreSQL of its own, whatever the other tests run on.
    """
    seed = os.environ.get("SECTIONWIRE_CHAOS_SEED", "7")
    command = [sys.executable, "-m", "tests.chaos", *SMALL, "--seed", seed, "--report", str(tmp_path / "report.json")]
    ours = {name: value for name, value in os.environ.items() if not name.startswith(("SECTIONWIRE_", "DATABASE_"))}
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=ours, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as run:
        try:
            said, _ = run.communicate(timeout=260)
        except subprocess.TimeoutExpired:
            run.terminate()  # SIGKILL would leave its PostgreSQL behind
            said, _ = run.communicate()
    assert run.returncode == 0, said
    disturbed = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["disturbed"]
    assert sum(disturbed["faults"].values()) == KILLS + OUTAGES, said
    assert disturbed["faults met by requests"], said


@pytest.fixture
def translated(installation: Installation) -> Installation:
    """Two articles, ready to be published; nobody publishes yet."""
    inline = InlineEngines(installation.home)
    with flow_bell.muffled():
        beat("inline", inline.hops(), [], first=True)
        for number in range(2):
            hand_in(number)
        while prepare.run()[1]:
            pass
        while translate.run("pt", inline)[1]:
            pass
    return installation


def publish(installation: Installation, *, stderr: Path, limited: Callable[[], None] | None = None) -> int:
    """``sectionwire publish`` in a process of its own."""
    environment = {
        "DATABASE_URL": database_url(),
        "SECTIONWIRE_HOME": str(installation.home),
        "SECTIONWIRE_NETWORK": str(django_settings.NETWORK_FILE),
        "SECTIONWIRE_LEASE_SECONDS": "1",
        "SECTIONWIRE_LOG": "INFO",
    }
    with stderr.open("ab") as log:
        done = subprocess.run(
            sectionwire("publish"),
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=log,
            preexec_fn=limited,
            timeout=60,
            check=False,
        )
    return done.returncode


def no_large_files() -> None:
    """A real write that the system refuses in its middle. A full disk needs rights that a test does not have."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (LARGEST_FILE, LARGEST_FILE))


def test_a_disk_that_takes_no_more_leaves_no_half_page_and_nothing_is_lost(translated):
    """On SQLite the ledger can't be written either. When there is room again, everything goes out."""
    log = translated.home / "publish.log"
    publish(translated, stderr=log, limited=no_large_files)
    assert not [path for path in translated.outputs() if path.endswith(".html")]
    assert not Delivery.objects.filter(confirmed_seq__gt=0).exists()
    translated.wait(lambda: not Delivery.objects.filter(status="running").exists() or claims.release_expired() > 0)
    Delivery.objects.filter(status="ready").update(due_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert publish(translated, stderr=log) == 0, log.read_text(encoding="utf-8")
    assert len([path for path in translated.outputs() if "/2026/" in path]) == 2 * 2
    sound()


@pytest.fixture
def small_disk(translated: Installation) -> Iterator[Path]:
    """The folder of the outputs is a disk of its own, of one megabyte."""
    folder = translated.home / "outputs"
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, timeout=10, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount here: a real full disk needs one")
    if done.returncode:
        pytest.skip(f"a real full disk needs the right to mount one: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], timeout=10, check=True)


def fill(disk: Path, pages: int) -> Path:
    """Leave room for so many pages of memory; gives the file that takes the rest."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(b"x" * 4096):
            pass
        pytest.fail("the disk is not full")
    with ballast.open("r+b") as file:
        file.truncate(ballast.stat().st_size - pages * 4096)
    return ballast


def test_a_disk_that_is_really_full_leaves_no_half_page_and_everything_goes_out_when_there_is_room(
    small_disk, translated
):
    """ENOSPC in the middle: some pages found room, the others say why not; the ledger lies on another disk."""
    log = translated.home / "publish.log"
    ballast = fill(small_disk, pages=6)
    publish(translated, stderr=log)
    held = [path for path in small_disk.rglob("*.html") if path.is_file()]
    assert all(path.read_text(encoding="utf-8").rstrip().endswith("</html>") for path in held)
    waiting = Delivery.objects.filter(confirmed_seq=0)
    assert waiting.exists()
    reasons = set(waiting.values_list("reason", flat=True))
    assert all(reason.startswith("The disk is full") for reason in reasons if reason), reasons
    assert any(reasons)
    assert Delivery.objects.filter(confirmed_seq__gt=0).count() == len([p for p in held if "/2026/" in str(p)])
    ballast.unlink()
    for model in (Delivery, Refresh):
        model.objects.filter(status="ready").update(due_at=datetime(2026, 1, 1, tzinfo=UTC))
    assert publish(translated, stderr=log) == 0, log.read_text(encoding="utf-8")
    assert not Delivery.objects.exclude(status="done", confirmed_seq=F("wanted_seq")).exists()
    assert len([path for path in translated.outputs() if "/2026/" in path]) == 2 * 2
    sound()


def test_a_log_that_can_not_be_written_stops_nobody(translated):
    """Its disk is full (/dev/full says so to every write): pages go out all the same."""
    publish(translated, stderr=Path("/dev/full"))
    assert Delivery.objects.exists()
    sound()


def test_a_broker_that_dies_is_started_again_where_it_was(tmp_path):
    """By ``sectionwire up`` itself: its workers go on looking for it at the old place."""
    embedded = Embedded(tmp_path, [])
    with embedded.running(), redis.Redis.from_url(embedded.broker_url) as client:
        old = client.info("server")["process_id"]
        psutil.Process(old).kill()

        def is_back() -> bool:
            embedded.watch()
            with suppress(redis.ConnectionError):
                return client.info("server")["process_id"] != old
            return False

        assert wait_for(is_back, 20)
    assert not psutil.pid_exists(old)


def test_a_ledger_that_is_away_costs_a_line_for_each_bell_and_no_traceback():
    """Hundreds of bells may wait in the queue; the work itself comes back when leases are over."""

    def run() -> tuple[int, bool]:
        raise OperationalError("connection is bad:\n\tserver closed")

    with capture_logs() as lines:
        tasks._work("publish.site", run)
    assert [(line["log_level"], line["reason"]) for line in lines] == [("warning", "connection is bad: server closed")]


SOURCE = """
[[sources]]
key = "wire"
type = "feed"
url = "{url}/feed"
language = "en"
content = "feed"
limit = 2
politeness_seconds = 0
timeout_seconds = 2
megabytes = 10
allow_private = true
"""

BOMB = '<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {chr(98 + i)} "{f"&{chr(97 + i)};" * 10}">' for i in range(8)
)
GARBAGE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 400,
    "a page": b"<!DOCTYPE html><title>Under maintenance</title><p>Come back at high tide.",
    "half a feed": b'<?xml version="1.0"?><rss version="2.0"><channel><title>Tide</title><item><title>Half',
    "entities of entities": f"{BOMB}]><rss><channel><item><title>&i;</title></item></channel></rss>".encode(),
    "depth": b"<rss><channel>" + b"<item>" * 50_000,
    "JSON of another kind": b'{"version": "https://jsonfeed.org/version/1.1", "items": {"a": [1, null, "b"]}}',
    "deep JSON": b"[" * 100_000,
    "too much": b" " * 10_000_001,
}


def feed(number: int) -> bytes:
    """A JSON feed with so many entries."""
    items = [
        {
            "id": f"tide-{each}",
            "url": f"https://example.org/tide/{each}",
            "title": f"Tide report {each}",
            "content_html": f"<p>The water rose by {each} metres, and the keeper of post {each} saw it.</p>",
        }
        for each in range(number)
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Tide", "items": items}).encode()


@pytest.fixture
def wire(installation, settings):
    """A source whose server says what stands in the list, and no more after its end."""
    says: list[bytes] = []

    def answer(request: Request) -> Reply:
        return Reply(404) if request.path != "/feed" else Reply(200, says[0], {"Content-Type": "application/feed+json"})

    with serving(answer) as url, flow_bell.muffled():
        settings.NETWORK_FILE.write_text(NETWORK.format(engine="fake") + SOURCE.format(url=url), encoding="utf-8")
        yield says


def test_a_source_that_serves_garbage_is_told_of_and_taken_up_again_when_it_is_mended(wire):
    """Whatever it is: no article comes of it, nothing is raised, and the report says that something is wrong."""
    net, now = wiring.network(), datetime(2026, 11, 22, tzinfo=UTC)
    for name, data in GARBAGE.items():
        wire[:] = [data]
        report = sources.fetch(net, "wire", now, again=True)
        why = [report.trouble or "none", *(each.reason for each in report.failed)]
        assert (name, report.new) == (name, 0)
        assert not any("Traceback" in each for each in why)
        # What calls itself a feed may simply have no entry that can be read.
        assert name in ("half a feed", "JSON of another kind") or not report.is_fine, name
    assert not Article.objects.exists()
    wire[:] = [feed(1)]
    report = sources.fetch(net, "wire", now, again=True)
    assert (report.new, report.trouble) == (1, "")


def test_a_feed_of_ten_thousand_entries_is_taken_piece_by_piece_and_nothing_twice(wire):
    """Each run takes its limit; what is left waits in the ledger, although the feed itself has nothing new."""
    net, now = wiring.network(), datetime(2026, 11, 22, tzinfo=UTC)
    wire[:] = [feed(10_000)]
    first, second = sources.fetch(net, "wire", now), sources.fetch(net, "wire", now)
    assert [(report.new, report.waiting, report.trouble) for report in (first, second)] == [
        (2, 9_998, ""),
        (2, 9_996, ""),
    ]
    assert Article.objects.count() == Revision.objects.count() == 4


SCHEDULES = """
[[schedules]]
key = "gap"
cron = "30 1 * * *"
time_zone = "Europe/Lisbon"
actions = ["tidy"]
catch_up = "all"

[[schedules]]
key = "morning"
cron = "0 7 * * *"
time_zone = "Europe/Lisbon"
actions = ["tidy"]
catch_up = "all"
"""

DAYS = {
    # 01:30 does not exist on the second day (the first minute after the gap is taken), or comes twice (once is enough)
    "spring": (datetime(2027, 3, 27, 12, tzinfo=UTC), ["28T01:00", "28T06:00", "29T00:30", "29T06:00"]),
    "autumn": (datetime(2026, 10, 24, 12, tzinfo=UTC), ["25T00:30", "25T07:00", "26T01:30", "26T07:00"]),
}


@pytest.mark.parametrize("season", DAYS)
def test_two_clocks_that_jump_over_a_change_of_clocks_make_each_run_once(installation, settings, season):
    """Both look at the same moment, again and again; then one is set back by an hour."""
    settings.NETWORK_FILE.write_text(NETWORK.format(engine="fake") + SCHEDULES, encoding="utf-8")
    net = wiring.network()
    start, expected = DAYS[season]
    tick(net, start)
    both = Barrier(2)

    def look(moments: list[datetime]) -> None:
        try:
            for moment in moments:
                both.wait(10)
                tick(net, moment)
        finally:
            connection.close()

    moments = [start + timedelta(hours=hours) for hours in (1, 30, 31, 47)]
    with ThreadPoolExecutor(2) as clocks:
        list(clocks.map(look, [moments, moments]))
    tick(net, moments[-1] - timedelta(hours=1))
    tick(net, moments[-1])
    found = sorted(BatchRun.objects.values_list("planned_at", flat=True))
    assert [f"{moment:%dT%H:%M}" for moment in found] == expected
