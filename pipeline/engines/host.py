"""Runs engines in child processes that can be killed, one per core, under as many threads as there are callers.

An engine that runs threads of its own (``parallel``) has one process for all cores, which takes one job at a time.

A job is a list of sentences and the hops of a route. One that passes its deadline, kills its process or makes the
engine raise is halved until the guilty sentence is alone; that one becomes a :class:`Failure`, all others are
translated.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Lock, local
from types import TracebackType
from typing import Self

from pipeline.documents import Failure, Hop, Route, Scored
from pipeline.engines.child import Child, Died, Overdue, Raised
from pipeline.engines.contract import Batch, Engine
from pipeline.engines.registry import engine_class
from pipeline.engines.verdict import absurd
from pipeline.errors import Transient

BATCH_CHARACTERS = 3000
"""Characters of source text in a job, unless the engine asks for another number."""

_OVERHEAD = 60  # characters that a sentence costs beside its own: 32 to 50 usual ones make a job
_SMALLEST = 500  # characters: to make smaller jobs, only to give every process one, costs more than it brings
_SHORTEST = 0.25  # of the deadline: what a single sentence has at least
_GROWTH = 1.5, 64 << 20  # a process that holds more than this many times its usual memory, plus bytes, is replaced

log = logging.getLogger(__name__)


class _Seat:
    """Where a child process sits: with one thread of the host, or with an engine that serves all of them in turn."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.child: Child | None = None
        self.lock = Lock()


@dataclass(frozen=True, slots=True)
class _Fault:
    reason: str
    died: bool = False


class EngineHost:
    """Use it as a context manager, or call ``close``; then no process is left.

    Args:
        models: the folder in which models are installed.
        engines: names of the engines that routes may use.
        processes: how many child processes translate at the same time, one per core.
        deadline_seconds: how long a full job may take; a part of it has less, but never less than a quarter.
        load_seconds: how long loading a model may take.
    """

    def __init__(
        self,
        models: Path,
        engines: Sequence[str],
        processes: int,
        deadline_seconds: float = 60.0,
        load_seconds: float = 180.0,
    ) -> None:
        self._models = models
        self._classes: dict[str, type[Engine]] = {name: engine_class(name) for name in engines}
        self._processes = processes
        self._deadline = deadline_seconds
        self._load_seconds = load_seconds
        self._threads = ThreadPoolExecutor(processes, thread_name_prefix="engine")
        self._own = local()  # each thread has one seat, and lives as long as the host
        self._parallel = {name: _Seat(processes) for name, engine in self._classes.items() if _parallel(engine)}
        self._children: set[Child] = set()
        self._lock = Lock()
        self._warming = Lock()
        self._together = Barrier(processes)
        self._closed = False

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Batch]:
        """Translate different plain sentences, and yield results by source sentence as they come, in no order.

        Every sentence comes exactly once, as its translation or as a Failure. Several threads may call this at a time.

        Raises:
            NoModel: a model of the route is not installed, or damaged.
            Transient: a model was replaced meanwhile or can't be loaded, or the host is closed.
        """
        futures = [self._submit(route, job) for job in cut(sentences, *self._jobs(route))]
        try:
            for future in as_completed(futures):
                yield future.result()
        finally:
            for future in futures:
                future.cancel()

    def warm_up(self, routes: Sequence[Route]) -> None:
        """Load the models of these routes in every process now. Raises as :meth:`translate`."""
        with self._warming:  # two at a time would wait for each other's threads
            self._together = Barrier(self._processes)
            try:
                futures = [self._threads.submit(self._warm, routes, self._together) for _ in range(self._processes)]
                for future in futures:
                    future.result()
            except RuntimeError:  # closed before
                raise self._stopping() from None

    def prepare(self, routes: Sequence[Route], processes: int) -> None:
        """Begin to load the models of these routes in so many processes at most, and return at once.

        Before anything else is asked for. What fails is told by :meth:`translate`.
        """
        count = min(processes, self._processes)
        self._together = Barrier(count)
        for _ in range(count):
            self._threads.submit(self._warm, routes, self._together)

    def fill(self, route: Route) -> int:
        """Characters of source text that make a full job for every process.

        Raises:
            Transient: the route needs an engine that is not run here.
        """
        characters, processes = self._jobs(route)
        return characters * processes

    def close(self) -> None:
        """End all processes at once. Calls of ``translate`` that are under way raise Transient."""
        with self._lock:
            self._closed = True
            for child in self._children:
                child.kill()
            self._children.clear()
        self._together.abort()  # whoever waits there for the others would wait in vain
        # Waiting jobs are not cancelled, for ``as_completed`` never hears of that: each of them finds the host closed.
        self._threads.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    # what to do together

    def _jobs(self, route: Route) -> tuple[int, int]:
        """How many characters a job has, and how many jobs run at the same time."""
        engines = [self._class(hop) for hop in route.hops]
        wanted = [
            getattr(engine, "batch_characters", BATCH_CHARACTERS) * (self._processes if _parallel(engine) else 1)
            for engine in engines
        ]
        processes = 1 if engines and all(map(_parallel, engines)) else self._processes
        return min(wanted, default=BATCH_CHARACTERS), processes

    def _class(self, hop: Hop) -> type[Engine]:
        try:
            return self._classes[hop.engine]
        except KeyError:
            raise Transient(
                f"This worker does not run the engine “{hop.engine}”.", f"It runs {', '.join(self._classes)}."
            ) from None

    def _submit(self, route: Route, job: list[str]) -> Future[dict[str, str | Failure]]:
        try:
            return self._threads.submit(self._run, route, job)
        except RuntimeError:  # after shutdown
            raise self._stopping() from None

    # on the threads

    def _run(self, route: Route, job: list[str]) -> dict[str, str | Failure]:
        """One job along all hops: what failed on the way stays behind."""
        if self._closed:
            raise self._stopping()
        texts: dict[str, str | Failure] = {sentence: sentence for sentence in job}
        for hop in route.hops:
            wanted = list(dict.fromkeys(text for text in texts.values() if isinstance(text, str)))
            crossed = self._cross(hop, wanted, 1.0) if wanted else {}
            texts = {
                key: _joined(text, crossed[text]) if isinstance(text, str) else text for key, text in texts.items()
            }
        return texts

    def _cross(self, hop: Hop, sentences: list[str], share: float) -> dict[str, str | Failure]:
        outcome = self._attempt(hop, sentences, share)
        if isinstance(outcome, _Fault) and outcome.died and (share == 1 or len(sentences) == 1):
            outcome = self._attempt(hop, sentences, share)  # somebody may have killed it: no sentence is to blame
        if not isinstance(outcome, _Fault):
            return dict(zip(sentences, map(_judged, sentences, outcome), strict=True))
        if len(sentences) == 1:
            return {sentences[0]: Failure(outcome.reason)}
        log.info("%s → %s: %d sentences are tried apart: %s", hop.source, hop.target, len(sentences), outcome.reason)
        middle = len(sentences) // 2
        halves = sentences[:middle], sentences[middle:]
        return {key: text for half in halves for key, text in self._cross(hop, half, share / 2).items()}

    def _attempt(self, hop: Hop, sentences: list[str], share: float) -> list[str] | _Fault:
        seat = self._seat(hop)
        with seat.lock:
            child = self._loaded_child(hop, seat)
            try:
                return child.translate(self._class(hop), hop, sentences, self._deadline * max(share, _SHORTEST))
            except Died as error:
                if self._closed:
                    raise self._stopping() from None
                return _Fault(str(error), died=True)
            except (Overdue, Raised) as error:
                return _Fault(str(error))

    def _seat(self, hop: Hop) -> _Seat:
        """The engine's own seat, or else this thread's."""
        if hop.engine in self._parallel:
            return self._parallel[hop.engine]
        if not hasattr(self._own, "seat"):
            self._own.seat = _Seat(1)
        own: _Seat = self._own.seat
        return own

    def _loaded_child(self, hop: Hop, seat: _Seat) -> Child:
        """The seat's child, with the model in memory: loading must not count against a sentence."""
        reason = ""
        for _ in range(2):
            child = self._child(seat)
            if hop in child.loaded:
                return child
            try:
                child.translate(self._class(hop), hop, [], self._load_seconds)
            except (Died, Overdue, Raised) as error:
                reason = str(error)
            else:
                return child
        if self._closed:
            raise self._stopping()
        raise Transient(
            f"The {hop.engine} model for {hop.source} → {hop.target} can't be loaded: {reason}",
            "Look whether there is memory for it; else remove the model and install it again.",
        )

    def _child(self, seat: _Seat) -> Child:
        child = seat.child
        if child is not None and child.alive and not _grown(child):
            return child
        with self._lock:
            if self._closed:
                raise self._stopping()
            if child is not None:
                child.kill()
                self._children.discard(child)
            seat.child = child = Child(self._models, seat.threads)
            self._children.add(child)
        return child

    def _warm(self, routes: Sequence[Route], together: Barrier) -> None:
        try:
            together.wait(self._load_seconds + self._deadline)  # so that each thread takes one of these
        except BrokenBarrierError:
            if self._closed:
                raise self._stopping() from None
            raise Transient("The engine processes are busy.", "Models are loaded when they are needed.") from None
        for hop in dict.fromkeys(hop for route in routes for hop in route.hops):
            seat = self._seat(hop)
            with seat.lock:
                self._loaded_child(hop, seat)

    @staticmethod
    def _stopping() -> Transient:
        return Transient("The engine host is closed.", "The work is done by the next worker.")


def cut(sentences: Sequence[str], characters: int, processes: int) -> list[list[str]]:
    """Cut different sentences into jobs of about as many characters, longest first, at least one job per process.

    A sentence that comes twice is taken once. Sentences of like length stand together, which batches well. Where there
    are several processes the last jobs are ever smaller, so that all end at about the same time.

    >>> cut(["bb", "a", "bb"], 1000, 1)
    [['bb', 'a']]
    """
    different = sorted(dict.fromkeys(sentences), key=len, reverse=True)
    total = sum(len(sentence) + _OVERHEAD for sentence in different)
    limit = min(characters, max(_SMALLEST, -(-total // processes)))
    if different:  # jobs of equal size: a small last one would leave cores idle, or threads of a parallel engine
        limit = min(limit, -(-total // -(-total // limit)) + len(different[0]) + _OVERHEAD)
    jobs: list[list[str]] = []
    room, left = 0, total
    for sentence in different:
        cost = len(sentence) + _OVERHEAD
        if cost > room:
            jobs.append([])
            room = limit if processes == 1 else min(limit, max(_SMALLEST, -(-left // processes)))
        jobs[-1].append(sentence)
        room -= cost
        left -= cost
    return jobs


def _parallel(engine: type[Engine]) -> bool:
    return bool(getattr(engine, "parallel", False))


def _joined(before: str, after: str | Failure) -> str | Failure:
    """What a hop made of the text of the one before; with scores of both, it is as sure as both together."""
    if isinstance(before, Scored) and isinstance(after, Scored):
        return Scored(after, before.score * after.score)
    return after


def _judged(source: str, target: str) -> str | Failure:
    reason = absurd(source, target)
    return Failure(reason) if reason else target


def _grown(child: Child) -> bool:
    factor, bytes_more = _GROWTH
    return child.settled > 0 and child.memory > child.settled * factor + bytes_more
