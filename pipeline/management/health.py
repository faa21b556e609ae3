"""What ``sectionwire doctor`` looks at: one function per matter, each with a remedy for what is not in order."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from django.conf import settings
from django.core import checks
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now

from pipeline.engines import registry
from pipeline.errors import Permanent, PipelineError
from pipeline.flow import engines, installation, lanes
from pipeline.ledger import invariants
from pipeline.ledger.claim import CLAIMABLES
from pipeline.ledger.models import Status, WorkerBeat
from pipeline.management import pairs
from pipeline.management.console import count, explain, models_folder, no_installation, shown
from pipeline.management.homes import MARKER
from pipeline.stages.publish import outputs

Level = Literal["ok", "notice", "fault"]

OVERDUE: Final = timedelta(minutes=5)
"""Work that is due for so long is somebody's concern."""

MOST: Final = 10
"""How many faults of one sort are told."""


@dataclass(frozen=True, slots=True)
class Result:
    """What one look has shown. A notice needs somebody's attention sooner or later, a fault now."""

    level: Level
    matter: str
    message: str
    remedy: str = ""


def examine(*more: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    """Look at everything, one matter after the other; ``more`` are further matters.

    What needs the network file or the ledger is left out when these are broken: that is told once.
    """
    yield from _guarded("home", home)
    readable = yield from _told("network", network)
    yield from _guarded("settings", system)
    sound = yield from _told("ledger", ledger)
    looks = [
        *((invariants_hold, failures) if sound else ()),
        *more,
        *((workers,) if sound and readable else ()),
        *((models, output_folders) if readable else ()),
    ]
    for look in looks:
        yield from _guarded(look.__name__.replace("_", " "), look)


def _told(matter: str, look: Callable[[], Iterator[Result]]) -> Generator[Result, None, bool]:
    """As :func:`_guarded`; gives back whether there was no fault."""
    results = list(_guarded(matter, look))
    yield from results
    return all(result.level != "fault" for result in results)


def _guarded(matter: str, look: Callable[[], Iterator[Result]]) -> Iterator[Result]:
    try:
        yield from look()
    except DatabaseError as error:
        known = explain(error)
        yield Result("fault", matter, known.message, known.remedy)
    except PipelineError as error:
        yield Result("fault", matter, error.message, error.remedy)


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
    found = [message for message in checks.run_checks() if not message.is_silenced()]
    for message in found:
        level: Level = "fault" if message.is_serious() else "notice"
        yield Result(level, "settings", f"{message.msg} ({message.id})", message.hint or "")
    if not found:
        yield Result("ok", "settings", "The system checks find nothing.")


def ledger() -> Iterator[Result]:
    """That the ledger answers, and is as new as the program."""
    folder = Path(settings.SECTIONWIRE_HOME)
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        known = no_installation(folder) if not (folder / MARKER).is_dir() else None
        remedy = known.remedy if known else "Run: sectionwire migrate"
        yield Result("fault", "ledger", f"{connection.settings_dict['NAME']} does not exist.", remedy)
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Result("fault", "ledger", "It is not set up, or older than this program.", "Run: sectionwire migrate")
        return
    where = connection.settings_dict["NAME"] if connection.vendor == "sqlite" else connection.display_name
    yield Result("ok", "ledger", f"It answers and is up to date ({where}).")


def invariants_hold() -> Iterator[Result]:
    """The five invariants of the ledger."""
    broken = invariants.broken()
    for sentence in broken[:MOST]:
        remedy = "This is a fault of Sectionwire: keep a copy of the ledger, and tell its makers."
        yield Result("fault", "invariants", sentence, remedy)
    if more := max(0, len(broken) - MOST):
        yield Result("fault", "invariants", f"… and {more} more.")
    if not broken:
        yield Result("ok", "invariants", "All five hold.")


def failures() -> Iterator[Result]:
    """What failed for good, and what has been due for long."""
    failed: Counter[tuple[str, str]] = Counter()
    overdue: Counter[str] = Counter()
    for model in CLAIMABLES:
        name = str(model._meta.verbose_name)
        rows = model._default_manager.filter(status=Status.FAILED)
        failed.update((name, shown(reason)) for reason in rows.values_list("reason", flat=True))
        late = model._default_manager.filter(status=Status.READY, due_at__lt=Now() - OVERDUE)
        overdue.update(late.values_list("lane", flat=True))
    for (name, reason), number in failed.most_common(MOST):
        again = "Then: sectionwire publish --retry" if name in {"delivery", "refresh"} else "Then submit it again."
        yield Result("notice", "failures", f"{number} × {name}: {reason}", again)
    for lane, number in overdue.most_common(MOST):
        message = f"{count(number, 'row')} of the lane {lane} {'has' if number == 1 else 'have'} been due for minutes."
        yield Result("notice", "failures", message, "See that a worker of this lane runs: sectionwire up, or worker.")
    if not failed and not overdue:
        yield Result("ok", "failures", "Nothing has failed, and nothing is overdue.")


def workers() -> Iterator[Result]:
    """Who lives, and which lanes nobody serves."""
    living = list(WorkerBeat.objects.filter(seen_at__gte=Now() - engines.STALE).order_by("name"))
    if not living:
        yield Result("notice", "workers", "No worker runs.", "Start them: sectionwire up, or sectionwire worker.")
        return
    yield Result("ok", "workers", f"{count(len(living), 'worker')} live: {', '.join(each.name for each in living)}.")
    served = {lane for each in living for lane in each.lanes}
    net = installation.network()
    wanted = [lanes.PREPARE, "sweep", *(lanes.publish(output) for output in net.outputs)]
    for lane in wanted:
        if lane not in served:
            kind = lane.partition(".")[0]
            yield Result("notice", "workers", f"Nobody serves {lane}.", f"Run: sectionwire worker --lanes {kind}")
    if not any(each.hops for each in living):
        yield Result("notice", "workers", "Nobody translates.", "Run: sectionwire worker --lanes translate")


def models() -> Iterator[Result]:
    """The models of this machine."""
    net = installation.network()
    for name, why in sorted(registry.broken_engines().items()):
        yield Result("fault", "models", f"The engine {name} can't be loaded: {why}.", "Install its package again.")
    hops = [model.hop for model in registry.installed(models_folder(), net.engines.names)]
    yield Result("ok", "models", f"{count(len(hops), 'model')} installed on this machine.")
    for source, target in pairs.missing(net, hops):
        command = f"sectionwire models install {source} {target}"
        yield Result("notice", "models", f"There is none here for {source} → {target}.", f"Install one: {command}")


def output_folders() -> Iterator[Result]:
    """The folders that pages are written to."""
    net = installation.network()
    root = Path(settings.SECTIONWIRE_HOME)
    folders = {
        root / net.outputs[name].path.replace("{section}", section.key): name
        for section in net.sections
        for name in section.outputs
        if net.outputs[name].type == "folder"
    }
    bad = {folder: name for folder, name in folders.items() if not _can_be_written(folder)}
    for folder, name in bad.items():
        yield Result(
            "fault",
            "outputs",
            f"{folder} (output {name}) can't be written.",
            "Give the user that runs the publishing worker the right to, or set another path in network.toml.",
        )
    if folders and not bad:
        yield Result("ok", "outputs", f"{count(len(folders), 'folder')} can be written.")


def _can_be_written(folder: Path) -> bool:
    """Whether a folder can be written, or made."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
