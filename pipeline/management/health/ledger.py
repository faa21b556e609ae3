"""The ledger: whether it answers, keeps its promises, and what time it is there."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models.functions import Now

from pipeline.ledger import invariants
from pipeline.ledger.claim import CLAIMABLES
from pipeline.ledger.models import Status
from pipeline.management.console import count, no_installation, shown, size
from pipeline.management.health.result import Result
from pipeline.management.homes import MARKER

OVERDUE: Final = timedelta(minutes=5)
"""Work that is due for so long is somebody's concern."""

SKEW: Final = timedelta(seconds=2)
GREAT_SKEW: Final = timedelta(seconds=30)
"""How far this machine's clock may be from the ledger's: a lease lasts 45 s by the ledger's."""

MOST: Final = 10
"""How many faults of one sort are told."""

_CONNECT_SECONDS: Final = 2.0
_POSTGRESQL_PORT: Final = 5432
_CROWDED: Final = 0.8


def ledger() -> Iterator[Result]:
    """That the ledger answers, and is as new as the program."""
    folder = Path(settings.SECTIONWIRE_HOME)
    if connection.vendor == "sqlite" and not Path(connection.settings_dict["NAME"]).exists():
        known = no_installation(folder) if not (folder / MARKER).is_dir() else None
        remedy = known.remedy if known else "Run: sectionwire migrate"
        yield Result("fault", "ledger", f"{connection.settings_dict['NAME']} does not exist.", remedy)
        return
    if why := _unreachable():
        remedy = "Start it, or mend DATABASE_URL; workers carry on by themselves when it answers."
        yield Result("fault", "ledger", f"PostgreSQL does not answer: {why}.", remedy)
        return
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        yield Result("fault", "ledger", "It is not set up, or older than this program.", "Run: sectionwire migrate")
        return
    if newer := sorted(key for key in executor.loader.applied_migrations if key not in executor.loader.graph.nodes):
        message = f"It is newer than this program: {newer[0][0]}.{newer[0][1]} was applied."
        yield Result("notice", "ledger", message, "Bring this machine to the new version as well.")
    where = connection.settings_dict["NAME"] if connection.vendor == "sqlite" else connection.display_name
    yield Result("ok", "ledger", f"It answers and is up to date ({where}).")
    yield _postgresql() if connection.vendor == "postgresql" else _sqlite()


def _unreachable() -> str:
    """Why no connection to PostgreSQL comes about: the driver alone would wait for minutes."""
    given = connection.settings_dict
    host = str(given.get("HOST") or "")
    if connection.vendor != "postgresql" or not host or host.startswith("/"):
        return ""
    try:
        port = int(given.get("PORT") or _POSTGRESQL_PORT)
        with socket.create_connection((host.partition(",")[0], port), _CONNECT_SECONDS):
            return ""
    except (OSError, ValueError) as error:
        return f"{host}: {error}"


def _postgresql() -> Result:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('server_version'), pg_database_size(current_database()), "
            "(SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), "
            "current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"
        )
        version, number, used, most = cursor.fetchone()
    message = f"PostgreSQL {version}, {size(number)}; {used} of {most} connections are in use."
    if used > most * _CROWDED:
        return Result("notice", "database", message, "Raise max_connections, or run fewer workers or threads.")
    return Result("ok", "database", message)


def _sqlite() -> Result:
    with connection.cursor() as cursor:
        cursor.execute("SELECT sqlite_version()")
        (version,) = cursor.fetchone()
        cursor.execute("PRAGMA journal_mode")
        (mode,) = cursor.fetchone()
    file = Path(connection.settings_dict["NAME"])
    number = sum(part.stat().st_size for part in (file, file.with_name(f"{file.name}-wal")) if part.exists())
    message = f"SQLite {version}, {size(number)}."
    if mode != "wal":
        remedy = "Move it to a disk of this machine: on a network's, SQLite is neither safe nor quick."
        return Result("fault", "database", f"{message} It can't be written by several processes.", remedy)
    return Result("ok", "database", message)


def clock() -> Iterator[Result]:
    """This machine's clock against the ledger's."""
    if settings.FROZEN_CLOCK:
        message = f"SECTIONWIRE_FROZEN_CLOCK is set: pages are dated {settings.FROZEN_CLOCK}."
        yield Result("notice", "clock", message, "Unset it: it is for tests.")
    if connection.vendor == "sqlite":
        yield Result("ok", "clock", "The ledger goes by this machine's clock.")
        return
    before = datetime.now(UTC)
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (there,) = cursor.fetchone()
    after = datetime.now(UTC)
    skew = max(before - there, there - after, timedelta())
    if skew <= SKEW:
        yield Result("ok", "clock", "It agrees with the ledger's.")
        return
    way = "ahead of" if before > there else "behind"
    message = f"This machine's clock is {skew.total_seconds():,.0f} s {way} the ledger's."
    remedy = "Let both be set by a time server (timedatectl set-ntp true)."
    yield Result("fault" if skew > GREAT_SKEW else "notice", "clock", message, remedy)


def invariants_hold() -> Iterator[Result]:
    """The five invariants of the ledger."""
    broken = invariants.broken()
    for sentence in broken[:MOST]:
        remedy = "This is a fault of Sectionwire: keep a copy (sectionwire backup FILE), and tell its makers."
        yield Result("fault", "invariants", sentence, remedy)
    if more := max(0, len(broken) - MOST):
        yield Result("fault", "invariants", f"… and {more} more.")
    if not broken:
        yield Result("ok", "invariants", "All five hold.")


_AGAIN: Final = {
    "delivery": "Then: sectionwire publish --retry",
    "refresh": "Then: sectionwire publish --retry",
    "webhook send": "See to whom: sectionwire webhooks list; then: sectionwire webhooks enable NUMBER",
    "batch run": "See which: sectionwire batch list",
}
"""What makes up for work that failed, by the kind of its row."""


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
        again = _AGAIN.get(name, "Then: sectionwire retry")
        yield Result("notice", "failures", f"{number} × {name}: {reason}", again)
    for lane, number in overdue.most_common(MOST):
        message = f"{count(number, 'row')} of the lane {lane} {'has' if number == 1 else 'have'} been due for minutes."
        yield Result("notice", "failures", message, "See that a worker of this lane runs: sectionwire up, or worker.")
    if not failed and not overdue:
        yield Result("ok", "failures", "Nothing has failed, and nothing is overdue.")
