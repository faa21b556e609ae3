"""The installation's folder, its network file, its settings, the room on its disks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings
from django.core import checks

from pipeline.engines import registry
from pipeline.errors import Permanent
from pipeline.flow import backup, installation
from pipeline.management.console import count, no_installation
from pipeline.management.health.result import Level, Result
from pipeline.management.homes import MARKER
from pipeline.stages.publish import outputs

LITTLE: Final = 2_000_000_000
TOO_LITTLE: Final = 200_000_000
"""Bytes that are free: somebody should see to it soon, or at once."""


def home() -> Iterator[Result]:
    """The installation's folder and its secret key."""
    folder = Path(settings.SECTIONWIRE_HOME)
    if not (folder / MARKER).is_dir():
        error = no_installation(folder)
        yield Result("fault", "home", error.message, error.remedy)
        return
    if os.access(folder, os.W_OK):
        yield Result("ok", "home", f"{folder} is an installation and can be written.")
    else:
        yield Result(
            "fault", "home", f"{folder} can't be written.", "Give the user that runs Sectionwire the right to."
        )
    if archive := backup.was_cut_off():
        remedy = f"End it: sectionwire restore {archive} --replace"
        yield Result("fault", "restore", f"A restore of {archive} was cut off.", remedy)
    yield _secret_key(folder / MARKER / "secret-key")


def _secret_key(key: Path) -> Result:
    if os.environ.get("SECTIONWIRE_SECRET_KEY") or os.environ.get("SECTIONWIRE_SECRET_KEY_FILE"):
        return Result("ok", "secret key", "It comes from the environment.")
    try:
        mode = key.stat().st_mode
    except OSError:
        remedy = f"Run sectionwire init {key.parent.parent} again: it makes one."
        return Result("fault", "secret key", "None is kept: people are signed out at every start.", remedy)
    if mode & 0o077:
        return Result("notice", "secret key", f"Others may read {key}.", f"Run: chmod 600 {key}")
    return Result("ok", "secret key", "It is kept, and only you can read it.")


def network() -> Iterator[Result]:
    """The network file, and that what it names is there."""
    try:
        net = installation.network()
    except Permanent as error:
        for line in str(error).splitlines():
            yield Result("fault", "network", line)
        return
    sections = count(len(net.sections), "section")
    yield Result("ok", "network", f"{settings.NETWORK_FILE} is valid: {net.organisation.name}, {sections}.")
    for name in sorted(net.engines.names):
        registry.engine_class(name)
    for name, output in net.outputs.items():
        if output.type not in outputs.names():
            yield Result(
                "fault",
                "network",
                f"The output {name} has the type “{output.type}”, which is not installed.",
                f"Use one of: {', '.join(outputs.names())}.",
            )


def system() -> Iterator[Result]:
    """Django's own system checks."""
    # Not those of the addresses: they are the same everywhere, tests look at them, and loading all pages takes seconds.
    tags = sorted(checks.registry.registry.tags_available() - {checks.Tags.urls})
    found = [message for message in checks.run_checks(tags=tags) if not message.is_silenced()]
    for message in found:
        level: Level = "fault" if message.is_serious() else "notice"
        yield Result(level, "settings", f"{message.msg} ({message.id})", message.hint or "")
    if not found:
        yield Result("ok", "settings", "The system checks find nothing.")


def disk() -> Iterator[Result]:
    """The room where the ledger, the models and the pages are."""
    places: dict[int, tuple[Path, list[str]]] = {}
    for what, path in _places():
        there = next(folder for folder in (path, *path.parents) if folder.exists())
        places.setdefault(there.stat().st_dev, (there, []))[1].append(what)
    for there, held in places.values():
        free = shutil.disk_usage(there).free
        level: Level = "fault" if free < TOO_LITTLE else "notice" if free < LITTLE else "ok"
        remedy = "" if level == "ok" else "Free space: nothing can be recorded, and no page written, on a full disk."
        yield Result(level, "disk", f"{free / 1e9:,.1f} GB are free at {there} ({', '.join(held)}).", remedy)


def _places() -> Iterator[tuple[str, Path]]:
    folder = Path(settings.SECTIONWIRE_HOME)
    yield "home", folder
    yield "models", Path(settings.MODELS_DIR)
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3"):
        yield "ledger", Path(database["NAME"]).parent
    try:
        net = installation.network()
    except Permanent:  # told before
        return
    if any(output.type == "folder" for output in net.outputs.values()):
        yield "outputs", folder / "outputs"
