"""``sectionwire init``: a new installation."""

from __future__ import annotations

import os
import shlex
import subprocess
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from pipeline.errors import Permanent
from pipeline.management import console
from pipeline.management.homes import MARKER, ensure_home

NETWORK = "network.toml"


class Command(console.Command):
    help = (
        "Make an installation: a folder with its network.toml (who publishes what, in which languages, and who "
        "decides), its ledger and its secret key. Do it again as often as you like: what is there stays."
    )
    examples = ("init newsroom", 'init newsroom --name "Coast and River Aid"')

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or empty folder, or an installation")
        parser.add_argument("--name", metavar="ORGANISATION", help="the organisation's name, for network.toml")

    def handle(self, *_: Any, folder: Path, name: str | None, **__: Any) -> None:
        home = folder.expanduser().resolve()
        check(home)
        if name is not None and not (name := console.one_line(name)):
            raise Permanent("The organisation's name is empty.", 'Give one: --name "Coast and River Aid".')
        has_network = (home / NETWORK).exists()
        new = ensure_home(home, network=settings.CHECKOUT / "config" / NETWORK)
        if name and has_network:
            self.hint(f"{home / NETWORK} was there already and stays as it is: change the name in it.")
        elif name:
            rename(home / NETWORK, name)
        migrate(home)
        self._tell(home, new=new)

    def _tell(self, home: Path, *, new: bool) -> None:
        self.say(
            f"{home} is {'now' if new else 'already'} an installation{'' if new else '; its ledger is up to date'}.",
            "",
            "What to do next:",
            f"  cd {shlex.quote(str(home))}",
            f"  edit {NETWORK}                your sections, their languages and addresses",
            "  sectionwire up                   run everything here; stop it with Ctrl-C",
            "  sectionwire submit FILE          in another terminal, in the same folder",
            "  sectionwire status               where each article is, and why",
        )


def check(home: Path) -> None:
    """See that a folder can become an installation, or is one.

    Raises:
        Permanent: it is a file, or holds something else.
    """
    if home.exists() and not home.is_dir():
        raise Permanent(f"{home} is no folder.", "Give the name of a new one.")
    if home.is_dir() and not (home / MARKER).is_dir() and any(home.iterdir()):
        raise Permanent(f"{home} holds other files.", "Give a new or an empty folder.")


def rename(network: Path, name: str) -> None:
    """Write the organisation's name into a fresh network.toml, and into its sections' names; comments stay.

    Raises:
        Permanent: the file can't be written.
    """
    import tomlkit  # only a new installation needs it

    document: Any = tomlkit.parse(network.read_text(encoding="utf-8"))
    example = document["organisation"]["name"]
    document["organisation"]["name"] = name
    for section in document["sections"]:
        section["name"] = section["name"].replace(example, name)
    try:
        network.write_text(tomlkit.dumps(document), encoding="utf-8")
    except OSError as error:
        raise Permanent(f"{network} can't be written: {error.strerror}.", "Make room, and try again.") from error


def migrate(home: Path) -> None:
    """Make or update the ledger of an installation.

    In a process of its own, since the settings of this one belong to another folder.

    Raises:
        Permanent: the ledger can't be made; the message has the last line of what Django says.
    """
    environment = {**os.environ, "SECTIONWIRE_HOME": str(home)}
    done = subprocess.run(  # noqa: S603 - our own command
        console.python("migrate", "--no-input", "--verbosity", "0"),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        why = next(reversed(done.stderr.strip().splitlines()), f"exit status {done.returncode}")
        raise Permanent(f"The ledger of {home} can't be made: {why}", "Mend that, and run init again.")
