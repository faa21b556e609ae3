"""One engine process: the handle that the host holds, and the loop that runs inside.

The process is started as ``python -m pipeline.engines.child``, not by ``multiprocessing``: a spawned process would run
the parent's main module again, and with it Django. It ends when its parent dies, whatever it is doing. Parent and child
talk JSON over a socket pair of their own.

``pebble`` and ``concurrent.futures`` were tried first: both give up the whole pool when a process that has no work is
killed from outside, and pebble waits three seconds, under the lock that all its processes share, for a process that
hangs in native code.
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pipeline.documents import Hop, Scored
from pipeline.engines.contract import THREADS, Engine, NoModel
from pipeline.errors import Permanent, Transient

_PR_SET_PDEATHSIG = 1  # from <sys/prctl.h>


class Died(Exception):  # noqa: N818  # it says what happened
    """The process ended by itself or was killed; the message says how."""


class Overdue(Exception):  # noqa: N818  # it says what happened
    """The process did not answer in time; it is killed now."""


class Raised(Exception):  # noqa: N818  # it says what happened
    """The engine raised, or broke its contract; the message is for a person."""


class Child:
    """A running engine process. It is used by one thread at a time; ``kill`` may come from any."""

    def __init__(self, models: Path, threads: int = 1) -> None:
        """Start the process, in a group of its own so that Ctrl-C at the terminal is not for it.

        The thread that calls this must live as long as the child is wanted: Linux takes the death of the thread that
        started a process for the death of its parent.
        """
        self._connection, theirs = Pipe()
        self._process = subprocess.Popen(  # noqa: S603  # our own interpreter, numbers and the operator's folder
            [sys.executable, "-P", "-m", "pipeline.engines.child", str(theirs.fileno()), str(os.getpid()), str(models)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            process_group=0,
            env=_environment(threads),
        )
        theirs.close()
        self.loaded: set[Hop] = set()
        self.jobs = 0
        self.memory = 0  # bytes, after the last job
        self.settled = 0  # bytes, when the first jobs after the last load were done

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def translate(self, engine: type[Engine], hop: Hop, sentences: Sequence[str], seconds: float) -> list[str]:
        """Run one job and wait for its result.

        Raises:
            Died: the process ended.
            Overdue: there was no answer in time; the process is dead.
            Raised: the engine raised, or gave a wrong number of sentences.
            NoModel: see the engine contract.
            Transient: the model was replaced after the route had been chosen.
        """
        job = {
            "engine": f"{engine.__module__}:{engine.__qualname__}",
            "hop": asdict(hop),
            "sentences": list(sentences),
        }
        try:
            self._connection.send_bytes(json.dumps(job).encode())
            if not self._connection.poll(seconds):
                self.kill()
                raise Overdue(f"The engine gave no answer within {seconds:g} seconds.")
            answer = json.loads(self._connection.recv_bytes())
        except (OSError, EOFError):
            self.kill()
            raise Died(f"The engine's process died ({_manner(self._process.returncode)}).") from None
        targets = _targets(answer)
        self._note(hop, answer["memory"])
        return targets

    def kill(self) -> None:
        """End the process now, and wait for its end. A dead one is left alone."""
        self._process.kill()
        self._process.wait()

    def _note(self, hop: Hop, memory: int) -> None:
        if hop not in self.loaded:
            self.loaded.add(hop)
            self.settled = self.jobs = 0
        self.jobs += 1
        self.memory = memory
        if self.jobs == 20:
            self.settled = memory


def _targets(answer: dict[str, Any]) -> list[str]:
    match answer:
        case {"targets": list(targets), "scores": list(scores)}:
            return [text if score is None else Scored(text, score) for text, score in zip(targets, scores, strict=True)]
        case {"targets": list(targets)}:
            return targets
        case {"kind": "NoModel"}:
            raise NoModel(answer["message"], answer["remedy"])
        case {"kind": "Transient"}:
            raise Transient(answer["message"], answer["remedy"])
        case _:
            raise Raised(answer["message"])


def _manner(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return f"signal {-returncode}"
    return f"exit status {returncode}"


def _environment(threads: int) -> dict[str, str]:
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parents[2]), *filter(None, sys.path)]),
        "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime, which comes with the argostranslate module, sends it otherwise
        "OMP_NUM_THREADS": "1",  # one process a core, one thread a process; but for engines that share a model
        THREADS: str(threads),
        "MALLOC_ARENA_MAX": "1",  # glibc gives back from one heap what it would hoard in one per thread
        "RUST_BACKTRACE": "0",
    }


def main(descriptor: int, parent: int, models: Path) -> None:
    """Answer jobs until the parent closes the connection, or dies."""
    _die_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    connection = Connection(descriptor)
    engines: dict[str, Engine] = {}
    while True:
        try:
            job = json.loads(connection.recv_bytes())
        except EOFError:
            return
        answer = _answer(job, engines, models)
        answer["memory"] = _resident()
        connection.send_bytes(json.dumps(answer).encode())
        if answer.get("kind") == "Panic":
            return


def _die_with(parent: int) -> None:
    """Let the kernel kill this process when its parent dies: a call into native code can't look after itself.

    Elsewhere than on Linux the process ends after its job, when it finds the connection closed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(0)


def _answer(job: dict[str, Any], engines: dict[str, Engine], models: Path) -> dict[str, Any]:
    try:
        targets = _translate(job, engines, models)
        scores = [target.score if isinstance(target, Scored) else None for target in targets]
        return {"targets": targets, "scores": scores} if any(scores) else {"targets": targets}
    except (NoModel, Transient) as error:
        return {"kind": type(error).__name__, "message": error.message, "remedy": error.remedy}
    except Permanent as error:
        return {"kind": "Permanent", "message": str(error), "remedy": ""}
    except Exception as error:  # noqa: BLE001  # an engine may raise anything; the host finds the guilty sentence
        return {"kind": "Raised", "message": f"The engine failed: {type(error).__name__}: {error}", "remedy": ""}
    except BaseException as error:  # noqa: BLE001  # a panic in Rust comes as one; what it leaves behind is not used again
        return {"kind": "Panic", "message": f"The engine failed: {type(error).__name__}: {error}", "remedy": ""}


def _translate(job: dict[str, Any], engines: dict[str, Engine], models: Path) -> list[str]:
    place = job["engine"]
    if place not in engines:
        module, _, name = place.partition(":")
        engines[place] = getattr(import_module(module), name)(models)
    engine, hop, sentences = engines[place], Hop(**job["hop"]), job["sentences"]
    _check_model(engine, hop)
    targets = engine.translate(sentences, hop.source, hop.target)
    if len(targets) != len(sentences) or not all(isinstance(target, str) for target in targets):
        raise ValueError(f"it gave {len(targets)} translations for {len(sentences)} sentences")
    return targets


def _check_model(engine: Engine, hop: Hop) -> None:
    """The provenance names this very model, so no other may be used."""
    for model in engine.installed():
        if (model.hop.source, model.hop.target) == (hop.source, hop.target):
            if model.hop != hop:
                raise Transient(
                    f"The {hop.engine} model for {hop.source} → {hop.target} was replaced meanwhile.",
                    "It is translated anew with the new one.",
                )
            return
    raise NoModel(
        f"The {hop.engine} model for {hop.source} → {hop.target} is no longer installed.",
        f"Install it with: sectionwire models install {hop.source} {hop.target} --engine {hop.engine}",
    )


def _resident() -> int:
    """Bytes of memory this process holds now; elsewhere than on Linux, what it held at most."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]))
