"""The processes of an installation on several machines: two for each lane, two clocks. Who dies is started again."""

from __future__ import annotations

import os
import random
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from tests.chaos.nursery import Nursery
from workers.embedded import Child, _die_with_parent, sectionwire

PAGES: Final = "prepare,publish,webhooks,sweep"
RESTART_SECONDS: Final = 0.2
STOP_SECONDS: Final = 15.0


@dataclass(frozen=True)
class Staff:
    """How many processes there are of each kind. One clock is enough; two do no harm.

    ``forked``: by :mod:`tests.chaos.nursery`; else each is started as an installation does.
    """

    pages: int = 2
    translators: int = 2
    clocks: int = 2
    forked: bool = False

    def children(self) -> list[Child]:
        """The processes, not started yet."""
        workers = [(f"pages-{number}", PAGES) for number in range(1, self.pages + 1)]
        workers += [(f"translate-{number}", "translate") for number in range(1, self.translators + 1)]
        children = [Child(name, sectionwire("worker", "--lanes", lanes, "--name", name)) for name, lanes in workers]
        return [*children, *(Child(f"beat-{number}", sectionwire("beat")) for number in range(1, self.clocks + 1))]


@dataclass
class Processes:
    """Children of ours; ``log`` takes what they write."""

    children: Sequence[Child]
    environment: Mapping[str, str]
    log: Path
    forked: bool = False
    _nursery: Nursery | None = None

    @contextmanager
    def running(self) -> Iterator[Processes]:
        """Start all; leave none behind."""
        try:
            self._nursery = Nursery(self.environment, self.log) if self.forked else None
            self.watch()
            yield self
        finally:
            self._stop()
            if self._nursery is not None:
                self._nursery.close()

    def watch(self) -> None:
        """Start who does not run."""
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                child.process, child.start_at = None, time.monotonic() + RESTART_SECONDS
            if child.process is None and time.monotonic() >= child.start_at:
                child.process = self._start(child.command)

    def _start(self, command: Sequence[str]) -> Any:
        if self._nursery is not None:
            return self._nursery.start(command)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def kill_one(self, kind: str, draw: float) -> bool:
        """SIGKILL one of those whose name begins so; false when none of them runs."""
        alive = [child for child in self.children if child.name.startswith(kind) and _runs(child)]
        if not alive:
            return False
        victim = random.Random(draw).choice(alive)
        assert victim.process is not None
        victim.process.kill()
        return True

    def kill_engine(self, draw: float) -> bool:
        """SIGKILL one engine process; false when none runs."""
        engines = sorted(self.engines(), key=lambda process: process.pid)
        if not engines:
            return False
        random.Random(draw).choice(engines).kill()
        return True

    def engines(self) -> list[psutil.Process]:
        """The engine processes of all translating workers."""
        found = []
        for child in self.children:
            if child.name.startswith("translate") and _runs(child):
                assert child.process is not None
                try:
                    found += [p for p in psutil.Process(child.process.pid).children() if _is_engine(p)]
                except psutil.NoSuchProcess:
                    continue
        return found

    def _stop(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _runs(child: Child) -> bool:
    return child.process is not None and child.process.poll() is None


def _is_engine(process: psutil.Process) -> bool:
    try:
        return "pipeline.engines.child" in process.cmdline()
    except psutil.Error:  # it has just died
        return False


def orphans(home: Path) -> list[str]:
    """Processes of an installation that outlived it."""
    left = []
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and process.environ().get("SECTIONWIRE_HOME") == str(home):
                left.append(" ".join(process.cmdline()) or process.name())
        except psutil.Error:  # gone, or not ours
            continue
    return left
