"""Every worker dies, every message comes twice, the broker forgets: the result is that of an undisturbed run."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import redis
from django.core.management import call_command

from pipeline.flow import bell as flow_bell
from pipeline.flow import prepare, publish, translate
from pipeline.flow.engines import beat
from pipeline.ledger.models import Article, Delivery, MemoryUnit, Revision, Translation, Version
from tests.flow.conftest import Installation, default_children, hand_in, sound
from workers.bell import ring
from workers.embedded import Child, sectionwire
from workers.tasks import WorkerEngines

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]

ARTICLES = 24


def submit_all() -> None:
    """The same articles in the same order, each time."""
    for number in range(ARTICLES):
        hand_in(number)


@pytest.fixture
def undisturbed(installation: Installation, settings, tmp_path: Path) -> dict[str, bytes]:
    """What comes out when one process does everything in order; afterwards the ledger is empty again."""
    settings.SECTIONWIRE_HOME = tmp_path / "reference"
    reference = Installation(settings.SECTIONWIRE_HOME)
    with flow_bell.muffled():
        engines = WorkerEngines()
        beat("reference", engines.hops(), [], first=True)
        submit_all()
        while prepare.run()[1]:
            pass
        while translate.run("pt", engines)[0]:
            pass
        deadline = time.monotonic() + 60
        while not reference.settled() and time.monotonic() < deadline:
            publish.run("site")
            time.sleep(0.1)
        engines.host.close()
    result = reference.outputs()
    assert len(result) > 3 * ARTICLES / 2
    call_command("flush", verbosity=0, interactive=False)
    settings.SECTIONWIRE_HOME = installation.home
    return result


def assert_same(installation: Installation, undisturbed: dict[str, bytes]) -> None:
    """Byte for byte, page for page; and the ledger is sound."""
    found = installation.outputs()
    assert found.keys() == undisturbed.keys()
    assert [path for path in found if found[path] != undisturbed[path]] == []
    sound()
    assert Article.objects.count() == ARTICLES
    assert Version.objects.count() == 2 * ARTICLES
    sources = list(MemoryUnit.objects.values_list("source_text", flat=True))
    assert len(sources) == len(set(sources))


@pytest.mark.parametrize(("model", "victim"), [(Revision, "pages"), (Translation, "translate"), (Delivery, "pages")])
def test_a_worker_killed_in_any_stage_loses_nothing(installation, undisturbed, model, victim):
    """SIGKILL while it holds rows: lease and sweep bring them back."""
    installation.environment["SECTIONWIRE_FAKE_ENGINE_DELAY"] = "0.005"
    with installation.running():
        submit_all()
        installation.wait(lambda: model.objects.filter(status="running").exists())
        installation.kill(victim)
        installation.wait(installation.settled)
    assert_same(installation, undisturbed)


def test_an_engine_process_that_is_killed_is_replaced(installation, undisturbed):
    """Its sentences go to the next one."""
    installation.environment["SECTIONWIRE_FAKE_ENGINE_DELAY"] = "0.01"
    with installation.running():
        submit_all()
        installation.wait(lambda: Translation.objects.filter(status="running").exists())
        installation.wait(installation.kill_engine)
        installation.wait(installation.settled)
    assert_same(installation, undisturbed)


def test_a_broker_that_forgets_everything_delays_but_loses_nothing(installation, undisturbed):
    """FLUSHALL in the middle: the sweep rings again."""
    installation.environment["SECTIONWIRE_FAKE_ENGINE_DELAY"] = "0.005"
    with installation.running() as embedded:
        submit_all()
        client = redis.Redis.from_url(embedded.broker_url)
        installation.wait(lambda: Translation.objects.filter(status="running").exists())
        client.flushall()
        installation.wait(lambda: Delivery.objects.filter(confirmed_seq__gt=0).exists())
        client.flushall()
        installation.wait(installation.settled)
        client.close()
    assert_same(installation, undisturbed)


def test_bells_that_ring_often_and_two_workers_for_each_lane_do_nothing_twice(installation, undisturbed):
    """The second finds nothing to do."""
    twins = [
        Child("pages-2", sectionwire("worker", "--lanes", "prepare,publish,sweep", "--name", "pages-2")),
        Child("translate-2", sectionwire("worker", "--lanes", "translate", "--name", "translate-2")),
    ]
    with installation.running([*default_children(), *twins]):
        submit_all()
        for lane in ["prepare", "translate.pt", "publish.site"] * 5:
            assert ring(lane)
        installation.wait(installation.settled)
    assert_same(installation, undisturbed)


def test_articles_submitted_while_the_broker_is_down_are_worked_on_later(installation):
    """The article is in the ledger at once; the sweep delivers when there is a broker again."""
    hand_in(1)
    assert Revision.objects.get().status == "ready"
    with installation.running():
        installation.wait(installation.settled)
    sound()


def test_a_sentence_that_hangs_its_engine_is_kept_and_the_rest_goes_on(installation):
    """The deadline kills the process, the guilty segment is marked, auto holds the article."""
    with installation.running():
        hand_in(1, text="FAKE-HANG stands in this sentence.")
        hand_in(2)
        installation.wait(installation.settled, seconds=60)
    held, fine = (Translation.objects.get(article__key=f"tide-{number}", base="pt") for number in (1, 2))
    assert [f.check_id for f in held.version.findings.filter(severity="block")] == ["kept"]
    assert not fine.version.findings.filter(severity="block").exists()
    states = {e.section: e.state for e in held.editions.all()}
    assert states == {"portugal": "in_review", "brazil": "held", "angola": "following"}


def test_engine_host_is_closed_with_its_worker(installation):
    """No orphan stays behind when a worker is killed."""
    import psutil

    with installation.running():
        hand_in(1)
        installation.wait(installation.settled)
        engines = installation.child("translate").children(recursive=True)
        assert engines
        installation.kill("translate")
        psutil.wait_procs(engines, timeout=5)
        assert not any(process.is_running() and process.status() != "zombie" for process in engines)
