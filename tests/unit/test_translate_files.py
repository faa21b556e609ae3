"""``translate`` on files: portions side by side, each sentence asked for once, results in order."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePath

import pytest

from pipeline.documents import CleanDocument, Failure, Hop, Metadata, Route
from pipeline.engines.contract import NoModel
from pipeline.errors import Permanent, PipelineError
from pipeline.management import batch
from pipeline.management.files import Input
from pipeline.management.fragments import Cleaned

ROUTE = Route("en", "pt", (Hop("fake", "en", "pt", "fake", "0" * 16),))
OTHER = Route("en", "pt", (Hop("other", "en", "pt", "other", "1" * 16),))
WAIT = 10  # seconds, for what comes at once


def file(number: int, body: str) -> Cleaned:
    name = f"{number}.html"
    return Cleaned(Input(name, None, PurePath(name)), CleanDocument(Metadata(title=name), body), titled=False)


class Engine:
    """Writes down what it is asked for, and answers in capitals; a sentence with ``held`` in it waits for ``go``."""

    def __init__(self, held: str = "") -> None:
        self.held, self.go, self.reached = held, threading.Event(), threading.Event()
        self.asked: Counter[str] = Counter()
        self.stopped: list[str] = []
        self.lock = threading.Lock()

    def __call__(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        with self.lock:
            self.asked.update(sentences)
        for text in sentences:
            if self.held and self.held in text:
                self.reached.set()
                assert self.go.wait(WAIT)
            yield {text: text.upper()}


def run(files, engine, routes=(ROUTE,), portion=1, failed=None):
    told: list[str] = []
    return batch.translate(
        files, routes, engine, failed or (lambda source, error: told.append(source.name)), portion=portion
    )


def test_results_come_in_the_order_of_files_whatever_is_done_first():
    """The first file's sentence is answered last of all."""
    engine = Engine(held="first")
    files = [file(0, "<p>The first boat.</p>"), *(file(n, f"<p>The boat {n} came.</p>") for n in range(1, 4))]
    results = run(files, engine)
    threading.Timer(0.05, engine.go.set).start()
    assert [each.input.name for each in results] == [f"{n}.html" for n in range(4)]


def test_files_go_on_while_others_are_with_the_engine():
    """What comes after a portion that hangs is asked for meanwhile, and files are taken as they are needed."""
    engine, taken = Engine(held="first"), []

    def files() -> Iterator[Cleaned]:
        for number in range(20):
            taken.append(number)
            yield file(number, f"<p>The {'first' if number == 0 else 'next'} boat {number}.</p>")

    results = run(files(), engine)
    threading.Timer(0.2, engine.go.set).start()
    first = next(results)
    assert first.html == "<p>THE FIRST BOAT 0.</p>\n"
    assert len(taken) <= batch.AT_ONCE + 2
    assert len(list(results)) == 19
    assert set(engine.asked.values()) == {1}


def test_a_sentence_is_asked_for_once_also_while_it_is_under_way():
    """Three portions with one sentence, which the engine has for a while."""
    engine = Engine(held="same")
    files = [file(number, "<p>The same boat came.</p>") for number in range(3)]
    threading.Timer(0.1, engine.go.set).start()
    assert {each.html for each in run(files, engine)} == {"<p>THE SAME BOAT CAME.</p>\n"}
    assert engine.asked == Counter({"The same boat came.": 1})


def test_whoever_waits_for_an_answer_that_never_comes_asks_himself():
    """The first call is broken off with the sentence under way; the second gets its own answer."""
    engine = Engine()
    shared = batch.Shared(engine)
    broken = shared.translate(ROUTE, ["One boat.", "Two boats."])
    assert next(broken) == {"One boat.": "ONE BOAT."}
    found: dict[str, str | Failure] = {}

    def wait() -> None:
        for answers in shared.translate(ROUTE, ["Two boats.", "Three boats."]):
            found.update(answers)
            if "Three boats." in answers:
                engine.reached.set()

    waiting = threading.Thread(target=wait)
    waiting.start()
    assert engine.reached.wait(WAIT)
    assert "Two boats." not in found
    broken.close()
    waiting.join(WAIT)
    assert found == {"Two boats.": "TWO BOATS.", "Three boats.": "THREE BOATS."}


def test_the_next_route_is_asked_when_the_first_has_no_model():
    """In every portion, and what it gives is kept apart from the first's."""
    answered = Engine()

    def engine(route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        if route is ROUTE:
            raise NoModel("There is no model.", "Install one.")
        yield from answered(route, sentences)

    results = list(run([file(n, f"<p>Boat {n % 2} came.</p>") for n in range(4)], engine, (ROUTE, OTHER)))
    assert [each.html for each in results] == [f"<p>BOAT {n % 2} CAME.</p>\n" for n in range(4)]
    assert all(each.engines == ("other:other@" + "1" * 16,) for each in results)


def test_what_no_engine_can_do_ends_the_run_after_the_files_before_it():
    """Results that are there are given out; the error is the engine's own, and nothing hangs."""

    def engine(route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        if any("bad" in text for text in sentences):
            raise NoModel("There is no model.", "Install one.")
        yield {text: text.upper() for text in sentences}

    results = run([file(0, "<p>A good boat.</p>"), file(1, "<p>A bad boat.</p>"), file(2, "<p>A boat.</p>")], engine)
    assert next(results).html == "<p>A GOOD BOAT.</p>\n"
    with pytest.raises(NoModel, match="no model"):
        list(results)


def test_a_file_that_fails_is_told_and_the_others_go_on(monkeypatch):
    """As it comes to it: those before and after it are translated."""
    cut = batch.segment

    def segment(document: CleanDocument):
        if "bad" in document.body:
            raise Permanent("It can't be cut.", "Mend it.")
        return cut(document)

    monkeypatch.setattr(batch, "segment", segment)
    told: list[tuple[str, str]] = []

    def failed(source: Input, error: PipelineError) -> None:
        told.append((source.name, error.message))

    bodies = ["<p>One boat.</p>", "<p>A bad boat.</p>", "<p>Two boats.</p>"]
    results = run([file(n, body) for n, body in enumerate(bodies)], Engine(), failed=failed)
    assert [each.input.name for each in results] == ["0.html", "2.html"]
    assert told == [("1.html", "It can't be cut.")]


def test_a_run_that_is_broken_off_asks_for_nothing_more():
    """As by Ctrl-C: what waits is not begun, and what is under way ends at its next answer."""
    engine = Engine(held="second")
    body = "<p>The first boat.</p><p>A second.</p><p>The third boat of all.</p>"
    results = run([file(0, "<p>Early boat.</p>"), *(file(n, body) for n in range(1, 9))], engine)
    next(results)
    results.close()
    engine.go.set()
    for thread in threading.enumerate():
        if thread.name.startswith("portion"):
            thread.join(WAIT)
            assert not thread.is_alive()
    assert sum(engine.asked.values()) <= 1 + 3
