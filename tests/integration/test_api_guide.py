"""The guide in docs/api.md: its commands, run as they stand, against a web process that really listens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.flow import publish
from pipeline.ledger.models import Edition
from tests.flow.conftest import database_url

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
RECENT = (7, 82)
"""The curl that knows --json."""


def blocks() -> list[str]:
    """The commands of the guide."""
    return BLOCK.findall(Path("docs/api.md").read_text(encoding="utf-8"))


def curl_version() -> tuple[int, ...]:
    """Of the curl on this machine; (0,) when there is none."""
    if shutil.which("curl") is None:
        return (0,)
    said = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
    return tuple(int(part) for part in said.split()[1].split("-")[0].split(".")[:2])


class Shell:
    """One bash, in which what a block has set is there for the next."""

    def __init__(self, environment: dict[str, str], folder: Path) -> None:
        self.bash = subprocess.Popen(
            ["bash", "-e", "-u"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=folder,
            env={**os.environ, **environment},
        )

    def run(self, commands: str) -> str:
        """Run commands; gives what they said. Fails when one of them does."""
        assert self.bash.stdin is not None
        assert self.bash.stdout is not None
        self.bash.stdin.write(f"set -o pipefail\n{commands}\necho; echo ---done\n")
        self.bash.stdin.flush()
        said = []
        for line in self.bash.stdout:
            if line == "---done\n":
                return "".join(said)
            said.append(line)
        raise AssertionError(f"{commands}\nended with {self.bash.wait()}: {''.join(said)}")

    def close(self) -> None:
        """No more commands."""
        assert self.bash.stdin is not None
        assert self.bash.stdout is not None
        self.bash.stdin.close()
        self.bash.stdout.close()
        self.bash.wait(5)


@pytest.mark.skipif(
    curl_version() < RECENT and "CI" not in os.environ, reason="this machine has no curl of 7.82 or newer"
)
@pytest.mark.django_db(transaction=True)
def test_the_commands_of_the_guide_do_what_it_says(desk, live_server, tmp_path):
    """From a token to a page that is approved, with the desk's workers working in between."""
    here = Path.cwd()
    shell = Shell(
        {
            "DATABASE_URL": database_url(),
            "SECTIONWIRE_HOME": str(desk.home),
            "SECTIONWIRE_NETWORK": str(desk.home / "network.toml"),
            "PYTHONPATH": str(here),
        },
        tmp_path,
    )
    shell.run(f'sectionwire() {{ "{sys.executable}" -m config "$@"; }}')
    said = []
    try:
        for commands in blocks():
            said.append(shell.run(commands.replace("http://127.0.0.1:8200", live_server.url)))
            desk.work(publishing=False)
    finally:
        shell.close()
    publish.run("site")
    approved = Edition.objects.get(section="portugal", article__key="guide-tide")
    assert (approved.state, approved.decided_by) == ("live", "token guide")
    everything = "".join(said)
    for told in ('"outcome": "new"', "waiting for review", "Tide report", "whsec_", "https://cms.example.org/hooks"):
        assert told in everything
    assert '"field": "query.limit"' in everything
