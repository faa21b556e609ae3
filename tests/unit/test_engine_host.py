"""The host of engines, with real processes, real SIGKILL, and the fake engine that misbehaves when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.documents import Failure, Hop, Route
from pipeline.engines import host as host_module
from pipeline.engines.contract import NoModel
from pipeline.engines.fake import FakeEngine
from pipeline.engines.host import EngineHost, cut
from pipeline.errors import Transient


def route(*tags):
    """A route of the fake engine through these languages."""
    hops = {(model.hop.source, model.hop.target): model.hop for model in FakeEngine(Path()).installed()}
    return Route(tags[0], tags[-1], tuple(hops[pair] for pair in pairwise(tags)))


def gather(host, way, sentences):
    """Everything the host yields, and the check that nothing comes twice."""
    results = {}
    for batch in host.translate(way, sentences):
        assert not results.keys() & batch.keys()
        results |= batch
    return results


def pids(host):
    return {child.pid for child in host._children}


def gone(pid):
    """No such process any more; a zombie that nobody has waited for yet counts as gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


EN_PT = route("en", "pt")
PLAIN = [f"The boat number {number} reached the harbour" for number in range(40)]


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One host for the tests that leave it as it was."""
    with EngineHost(tmp_path_factory.mktemp("models"), ["fake"], 2, deadline_seconds=2) as host:
        yield host


@pytest.fixture
def slow(monkeypatch, tmp_path):
    """A host whose engine takes 20 ms a sentence."""
    monkeypatch.setenv("SECTIONWIRE_FAKE_ENGINE_DELAY", "0.02")
    with EngineHost(tmp_path, ["fake"], 2) as host:
        yield host


def test_every_sentence_comes_once_and_translated(shared):
    """Doubled sentences are translated once."""
    results = gather(shared, EN_PT, [*PLAIN, *PLAIN])
    assert results.keys() == set(PLAIN)
    assert results[PLAIN[7]] == "ehTõ taobõ rebmunõ 7 dehcaerõ ehtõ ruobrahõ"


def test_nothing_to_translate_is_no_job(shared):
    assert gather(shared, EN_PT, []) == {}


def test_a_pivot_is_two_hops(shared):
    """The second engine gets what the first one made."""
    assert gather(shared, route("es", "en", "pt"), ["agua"]) == {"agua": "ŵaguaõ"}


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("FAKE-HANG", "no answer within"),
        ("FAKE-DIE", "died (signal 9)"),
        ("FAKE-RAISE", "RuntimeError: this sentence was too much"),
        ("FAKE-SHORT", "0 translations for 1 sentences"),
        ("FAKE-LOOP", "absurdly long"),
    ],
)
def test_only_the_guilty_sentence_fails(shared, word, reason):
    """All others in its job are translated, and the reason says what happened."""
    guilty = f"This one has {word} in it"
    results = gather(shared, EN_PT, [*PLAIN, guilty])
    failure = results.pop(guilty)
    assert isinstance(failure, Failure)
    assert reason in failure.reason
    assert results.keys() == set(PLAIN)
    assert all(isinstance(target, str) for target in results.values())


def test_two_guilty_sentences_of_a_job_are_both_found(shared):
    results = gather(shared, EN_PT, [PLAIN[0], "FAKE-RAISE", PLAIN[1], "FAKE-DIE", PLAIN[2]])
    assert {key for key, value in results.items() if isinstance(value, Failure)} == {"FAKE-RAISE", "FAKE-DIE"}


def test_what_fails_on_the_first_hop_stays_a_failure(shared):
    results = gather(shared, route("es", "en", "pt"), ["FAKE-RAISE", "agua"])
    assert isinstance(results["FAKE-RAISE"], Failure)
    assert results["agua"] == "ŵaguaõ"


def test_a_lone_surrogate_reaches_the_engine_and_comes_back(shared):
    """It is the engine's to refuse; the way there and back must not lose it."""
    assert gather(shared, EN_PT, ["\ud800 boat"]) == {"\ud800 boat": "\ud800 taobõ"}


def test_several_threads_translate_at_once(shared):
    """Each gets its own results."""
    sets = [[f"Sheet {number} of stack {stack}" for number in range(30)] for stack in range(6)]
    with ThreadPoolExecutor(6) as threads:
        results = list(threads.map(lambda sentences: gather(shared, EN_PT, sentences), sets))
    assert [set(result) for result in results] == [set(sentences) for sentences in sets]


def test_a_caller_may_stop_listening(shared):
    """The jobs that nobody waits for are taken back, and the host goes on."""
    batches = shared.translate(EN_PT, [f"{text} {number}" for text in PLAIN for number in range(20)])
    next(batches)
    batches.close()
    assert gather(shared, EN_PT, ["boat"]) == {"boat": "taobõ"}


def test_a_kill_from_outside_in_the_middle_costs_nothing(slow):
    """The job is done again: no sentence is to blame."""
    killed = False
    results = {}
    for batch in slow.translate(EN_PT, [f"{text} {part}" for text in PLAIN for part in "ab"]):
        results |= batch
        if not killed:
            for pid in pids(slow):
                os.kill(pid, signal.SIGKILL)
            killed = True
    assert len(results) == 80
    assert all(isinstance(target, str) for target in results.values())


def test_a_kill_while_idle_costs_nothing(slow):
    """pebble and concurrent.futures give up the whole pool here."""
    slow.warm_up([EN_PT])
    for pid in pids(slow):
        os.kill(pid, signal.SIGKILL)
    assert gather(slow, EN_PT, ["boat"]) == {"boat": "taobõ"}


def test_ctrl_c_is_not_for_the_children(slow):
    slow.warm_up([EN_PT])
    before = pids(slow)
    for pid in before:
        os.kill(pid, signal.SIGINT)
        assert os.getpgid(pid) != os.getpgrp()
    gather(slow, EN_PT, PLAIN[:12])
    assert pids(slow) == before


def test_warming_up_loads_the_models_in_every_process(slow):
    slow.warm_up([route("es", "en", "pt")])
    assert [child.loaded for child in slow._children] == [set(route("es", "en", "pt").hops)] * 2


def test_closing_ends_everything_at_once(tmp_path):
    """Whoever waits is told, nobody waits for the hanging sentence, and no process is left."""
    host = EngineHost(tmp_path, ["fake"], 2, deadline_seconds=600)
    heard = []

    def work():
        try:
            gather(host, EN_PT, ["FAKE-HANG"] + PLAIN * 30)
        except Transient as error:
            heard.append(error)

    thread = Thread(target=work)
    thread.start()
    wait_until(lambda: any(child.loaded for child in host._children))
    children = pids(host)
    host.close()
    thread.join(10)
    assert len(heard) == 1
    assert all(gone(pid) for pid in children)
    with pytest.raises(Transient, match="closed"):
        gather(host, EN_PT, ["boat"])


def test_closing_tells_callers_too_whose_jobs_have_not_begun(tmp_path):
    """Every process is busy with another caller's sentence."""
    host = EngineHost(tmp_path, ["fake"], 1, deadline_seconds=600)
    with ThreadPoolExecutor(2) as threads:
        busy = threads.submit(gather, host, EN_PT, ["FAKE-HANG"])
        wait_until(lambda: any(child.loaded for child in host._children))
        waiting = threads.submit(gather, host, EN_PT, PLAIN)
        wait_until(lambda: host._threads._work_queue.qsize())
        host.close()
        for future in (busy, waiting):
            with pytest.raises(Transient, match="closed"):
                future.result(10)


def test_closing_ends_a_warming_up_that_waits_for_a_busy_process(tmp_path):
    host = EngineHost(tmp_path, ["fake"], 2, deadline_seconds=600)
    with ThreadPoolExecutor(2) as threads:
        busy = threads.submit(gather, host, EN_PT, ["FAKE-HANG"])
        wait_until(lambda: any(child.loaded for child in host._children))
        warming = threads.submit(host.warm_up, [EN_PT])
        wait_until(lambda: host._together.n_waiting)
        host.close()
        for future in (busy, warming):
            with pytest.raises(Transient, match="closed"):
                future.result(10)
    with pytest.raises(Transient, match="closed"):
        host.warm_up([EN_PT])


ORPHAN = """
import sys
from itertools import pairwise
from pathlib import Path
from threading import Thread
from pipeline.documents import Route
from pipeline.engines.fake import FakeEngine
from pipeline.engines.host import EngineHost

hop = next(model.hop for model in FakeEngine(Path()).installed())
route = Route(hop.source, hop.target, (hop,))
host = EngineHost(Path(sys.argv[1]), ["fake"], 2, deadline_seconds=600)
host.warm_up([route])
Thread(target=lambda: list(host.translate(route, ["FAKE-HANG"])), daemon=True).start()
print(*(child.pid for child in host._children), flush=True)
sys.stdin.read()
"""


def test_no_process_outlives_its_parent(tmp_path):
    """One is idle and one hangs when the parent is killed with SIGKILL."""
    parent = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    children = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(children) == 2
    assert not any(gone(pid) for pid in children)
    parent.kill()
    parent.communicate()
    wait_until(lambda: all(gone(pid) for pid in children))


def test_a_child_is_lean_and_tells_nobody(slow):
    """This process has Django in memory; the child has not, and its environment forbids telemetry."""
    assert "django" in sys.modules
    gather(slow, EN_PT, ["boat"])
    (child,) = slow._children
    environment = Path(f"/proc/{child.pid}/environ").read_bytes().split(b"\0")
    maps = Path(f"/proc/{child.pid}/maps").read_text()
    assert child.memory < 30 << 20
    assert b"ORT_DISABLE_TELEMETRY=1" in environment
    assert "onnxruntime" not in maps


def test_a_child_that_grew_is_replaced(monkeypatch, slow):
    """The next job goes to a new process."""
    gather(slow, EN_PT, ["boat"])
    (child,) = slow._children
    child.settled = child.memory
    gather(slow, EN_PT, ["river"])
    assert pids(slow) == {child.pid}
    monkeypatch.setattr(host_module, "_GROWTH", (0.5, 0))
    gather(slow, EN_PT, ["river"])
    assert child.pid not in pids(slow)


def test_a_model_that_was_replaced_meanwhile_is_not_used(slow):
    """The provenance names a checksum: another model must not answer for it."""
    old = Hop("fake", "en", "pt", "fake", "0" * 16)
    with pytest.raises(Transient, match="replaced"):
        gather(slow, Route("en", "pt", (old,)), ["boat"])


def test_a_model_that_is_gone_is_said_to_be(slow):
    with pytest.raises(NoModel, match="models install en cy"):
        gather(slow, Route("en", "cy", (Hop("fake", "en", "cy", "fake", "0" * 16),)), ["boat"])


def test_an_engine_that_this_host_does_not_run_is_for_another(slow):
    with pytest.raises(Transient, match="does not run"):
        gather(slow, Route("en", "es", (Hop("argos", "en", "es", "x", "0" * 16),)), ["boat"])


@given(st.lists(st.text(max_size=400), max_size=60), st.integers(500, 5000), st.integers(1, 8))
def test_cutting_loses_nothing_and_keeps_its_bounds(sentences, characters, processes):
    """Every sentence stands in one job, longest first, and only a single long one may break the bound."""
    jobs = cut(sentences, characters, processes)
    flat = [sentence for job in jobs for sentence in job]
    assert sorted(flat) == sorted(set(sentences))
    assert [len(sentence) for sentence in flat] == sorted(map(len, flat), reverse=True)
    assert all(len(job) == 1 or sum(len(sentence) + 60 for sentence in job) <= characters for job in jobs)


def test_the_last_jobs_are_the_smallest():
    """So that processes that work side by side end at about the same time; with one process there is no need."""
    sentences = [f"{number:03} sentences are cut." for number in range(200)]
    assert len(cut(sentences, 3000, 2)[-1]) * 4 < len(cut(sentences, 3000, 2)[0])
    assert len(cut(sentences, 3000, 1)[-1]) * 2 > len(cut(sentences, 3000, 1)[0])


def test_every_process_gets_its_share_of_a_small_lot():
    assert len(cut(PLAIN, 12_000, 4)) >= 4
