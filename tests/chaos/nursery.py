"""Starts our commands as processes by forking one that has imported everything: a start is quick, a kill is a kill.

Importing is most of what starting a worker costs; a short run would spend most of its time on it. The full form starts
each process as an installation does.

``python -m tests.chaos.nursery LOG``: reads the arguments of one command a line, as JSON; answers with its process id.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from workers.embedded import _die_with_parent


class Forked:
    """A process of the nursery, for those who know :class:`subprocess.Popen`."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._process: psutil.Process | None = None
        try:
            self._process = psutil.Process(pid)
        except psutil.NoSuchProcess:  # it has ended already
            return

    def poll(self) -> int | None:
        """``None`` while it runs; how it ended only its parent knows."""
        if self._process is None or not self._process.is_running():
            return 0
        try:
            return 0 if self._process.status() == psutil.STATUS_ZOMBIE else None
        except psutil.NoSuchProcess:
            return 0

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended.

        Raises:
            subprocess.TimeoutExpired: it has not.
        """
        if self._process is not None:
            try:
                self._process.wait(timeout)
            except psutil.TimeoutExpired as error:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0) from error
        return 0

    def kill(self) -> None:
        """SIGKILL."""
        self._send(signal.SIGKILL)

    def terminate(self) -> None:
        """SIGTERM."""
        self._send(signal.SIGTERM)

    def _send(self, number: signal.Signals) -> None:
        if self._process is not None:
            try:
                self._process.send_signal(number)
            except psutil.NoSuchProcess:
                return


class Nursery:
    """The process that forks; ``close`` it when its children have ended."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(log)],
                env={**os.environ, **environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    def start(self, command: Sequence[str]) -> Forked:
        """Start a command line as :func:`workers.embedded.sectionwire` gives it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(command[3:]) + "\n")  # after: python -m config
        self._process.stdin.flush()
        return Forked(int(self._process.stdout.readline()))

    def close(self) -> None:
        """End it."""
        self._process.communicate()


def main() -> int:
    """Import, then fork for each line."""
    _import_everything()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how they ended
    for line in sys.stdin:
        arguments = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _become(arguments, sys.argv[1])
        print(pid, flush=True)
    return 0


def _import_everything() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    import django

    django.setup()

    import workers.management.commands.beat
    import workers.management.commands.worker
    import workers.tasks  # noqa: F401 - all of them are imported to be there


def _become(arguments: Sequence[str], log: str) -> Any:
    """Be a command from now on, as if it had been started; never returns."""
    from config.cli import main as command

    status: Any = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        _die_with_parent()
        nothing, file = os.open(os.devnull, os.O_RDONLY), os.open(log, os.O_WRONLY | os.O_APPEND)
        for theirs, ours in ((nothing, 0), (file, 1), (file, 2)):
            os.dup2(theirs, ours)
        sys.argv = ["sectionwire", *arguments]
        status = command()
    except SystemExit as ended:
        status = ended.code
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status if isinstance(status, int) else 0)


if __name__ == "__main__":
    sys.exit(main())
