"""Restoring a backup: everything or nothing.

The checksums come first, then the ledger in one transaction, then the files. Killed before the transaction's end,
nothing has happened; killed after it, a mark in the installation's folder says that the files are still to come.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.management.color import no_style
from django.db import DataError, IntegrityError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Case, F, When
from django.db.models.functions import Now

from pipeline.errors import Permanent
from pipeline.flow import engines
from pipeline.flow.backup import archive, tables
from pipeline.flow.backup.archive import Manifest, Reader, Told
from pipeline.ledger import invariants
from pipeline.ledger.models import Delivery, Erasure, Refresh, WorkerBeat

LEAP: Final = 100_000
"""So much the sequences of all promises are raised. Outputs ignore what has a lower sequence than they hold, and they
may hold what was sent after the backup was made: else they would ignore what is sent from now on."""

_BATCH: Final = 500
_MARK: Final = "restoring"
_ERASED: Final = (
    "The {kind} {subject} was erased after this backup was made, and is back: erase it again with sectionwire erase."
)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, and what a person should know or do now, a sentence each."""

    manifest: Manifest
    notes: tuple[str, ...]


def restore(path: Path, told: Told, *, replace: bool = False) -> Restored:
    """Fill the ledger from a backup, and put network.toml, the theme and (if it has one) the secret key in place.

    ``replace``: what the ledger holds now is thrown away. ``told`` hears how many rows are restored, of how many.

    Raises:
        Permanent: the backup is damaged or of another version, workers are running, the ledger is not empty, or can't
            take a row. Nothing has changed then.
        DatabaseError: the ledger can't be reached.
    """
    with archive.opened(path) as reader:
        _refuse_other_version(reader.manifest, path)
        _refuse_running()
        if not replace:
            _refuse_full(path)
        reader.verify(told)
        erased = _erased()
        _mark(path)
        try:
            _fill(reader, path, told)
        except BaseException:
            _unmark()  # nothing has happened
            raise
        notes = _put_files(reader, path)
        _unmark()
    back = [_ERASED.format(kind=kind, subject=subject) for kind, subject in sorted(erased - _erased())]
    broken = [f"An invariant does not hold: {each}." for each in invariants.broken()]
    return Restored(reader.manifest, (*notes, *back, *broken))


def was_cut_off() -> str:
    """The backup whose restore was killed in this installation, or nothing."""
    try:
        return (_own_folder() / _MARK).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def _erased() -> set[tuple[str, str]]:
    """What this ledger knows to be erased for good."""
    return set(Erasure.objects.values_list("kind", "subject"))


def _own_folder() -> Path:
    return Path(settings.SECTIONWIRE_HOME) / ".sectionwire"


def _mark(path: Path) -> None:
    """Say that a restore is under way; ``sectionwire doctor`` tells of it if that is still there later."""
    mark = _own_folder() / _MARK
    if mark.parent.is_dir() and os.access(mark.parent, os.W_OK):
        mark.write_text(f"{path.resolve()}\n", encoding="utf-8")


def _unmark() -> None:
    if was_cut_off():
        (_own_folder() / _MARK).unlink(missing_ok=True)


def _refuse_other_version(manifest: Manifest, path: Path) -> None:
    here = sorted(MigrationRecorder(connection).applied_migrations())
    known = {archive.table_name(label) for label in tables.kept()}
    there = {name for name in manifest.members if name.startswith("ledger/")}
    if [*manifest.migrations] != here or there != known:
        raise Permanent(
            f"{path} was made by Sectionwire {manifest.version}, and its ledger has other tables than this one.",
            "Restore it with that version, then upgrade; or, if this ledger is older than this program, first run: "
            "sectionwire migrate",
        )


def _refuse_running() -> None:
    living = WorkerBeat.objects.filter(seen_at__gte=Now() - engines.STALE).order_by("name")
    if names := list(living.values_list("name", flat=True)[:5]):
        raise Permanent(
            f"Workers are running: {', '.join(names)}.", "Stop them all, the web too; then restore (within a minute)."
        )


def _refuse_full(path: Path) -> None:
    full = [
        label
        for label, model in tables.kept().items()
        if label not in tables.MADE_BY_MIGRATE and tables.rows(model).exists()
    ]
    if not full:
        return
    if was_cut_off():
        raise Permanent(
            f"A restore of {was_cut_off()} was cut off here, after the ledger.",
            f"End it: sectionwire restore {path} --replace",
        )
    raise Permanent(
        f"The ledger is not empty: it has rows in {', '.join(full[:5])}{' and more' if len(full) > 5 else ''}.",
        "Restore into a new one, or throw away what this one holds with --replace (make a backup of it first).",
    )


def _fill(reader: Reader, path: Path, told: Told) -> None:
    total, done = reader.manifest.rows, 0
    with transaction.atomic():
        _empty()
        for label, model in tables.kept().items():
            done = _fill_table(reader, path, label, model, lambda rows: told("Restoring", rows, total), done)
        _raise_sequences()
        try:
            connection.check_constraints()
        except IntegrityError as error:
            raise archive.damaged(path, "its rows don't fit together") from error
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), [*tables.all_tables().values()]):
                cursor.execute(statement)


def _empty() -> None:
    """Throw away every row; constraints are looked at when the transaction ends."""
    with connection.cursor() as cursor:
        for model in reversed(tables.all_tables().values()):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(model._meta.db_table)}")  # noqa: S608 - our own table


def _fill_table(reader: Reader, path: Path, label: str, model: tables.Model, told: Any, done: int) -> int:
    fields = tables.columns(model)
    lines = reader.lines(label)
    if archive.columns_of(next(lines, b"")) != [field.attname for field in fields]:
        raise archive.damaged(path, f"the table {label} has other columns")
    quote = connection.ops.quote_name
    names = ", ".join(quote(field.column or "") for field in fields)
    places = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {quote(model._meta.db_table)} ({names}) VALUES ({places})"  # noqa: S608 - our own names
    number = 0
    with connection.cursor() as cursor:
        while batch := list(islice(lines, _BATCH)):
            rows = list(_prepared(fields, batch, path, label, number))
            try:
                cursor.executemany(statement, rows)
            except (DataError, IntegrityError, ValueError, OverflowError) as error:
                where = f"rows {number + 1} to {number + len(batch)} of {label}"
                raise Permanent(
                    f"This ledger can't take {where}: {_first_line(error)}.", "Nothing was restored."
                ) from error
            number += len(batch)
            told(done + number)
    return done + number


def _prepared(
    fields: Sequence[Any], lines: Sequence[bytes], path: Path, label: str, before: int
) -> Iterator[list[Any]]:
    for number, text in enumerate(lines, before + 1):
        try:
            values = tables.values_of(fields, text)
        except (ValueError, RecursionError) as error:
            raise archive.damaged(path, f"row {number} of {label} is none ({_first_line(error)[:100]})") from error
        yield [tables.stored(field, value) for field, value in zip(fields, values, strict=True)]


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _raise_sequences() -> None:
    for model, names in (
        (Delivery, ("wanted_seq", "sending_seq", "confirmed_seq")),
        (Refresh, ("dirty_seq", "sending_seq", "done_seq")),
    ):
        # Zero stays zero: it says that nothing was ever wanted, sent or confirmed.
        changes = {name: Case(When(**{name: 0}, then=0), default=F(name) + LEAP) for name in names}
        model._default_manager.update(**changes)


def _put_files(reader: Reader, path: Path) -> list[str]:
    try:
        return _files(reader)
    except OSError as error:
        raise Permanent(
            f"The ledger is restored, but not the files beside it: {error.filename} can't be written "
            f"({error.strerror}).",
            f"Mend that, then: sectionwire restore {path} --replace",
        ) from error


def _files(reader: Reader) -> list[str]:
    """Put the files in place; what stood there before and differs stays beside them."""
    home = Path(settings.SECTIONWIRE_HOME)
    names = [name for name in reader.manifest.members if not name.startswith("ledger/")]
    if names and not os.access(home, os.W_OK):
        return [f"{home} can't be written: network.toml and theme were left as they are (unzip has them)."]
    notes = []
    if "home/network.toml" in names:
        notes += _network(reader.content("home/network.toml"), home)
    theme = [name for name in names if name.startswith("home/theme/")]
    if theme:
        new = home / ".theme.restored"
        shutil.rmtree(new, ignore_errors=True)
        for name in theme:
            file = new / name.removeprefix("home/theme/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(reader.content(name))
        notes += _swap(new, home / "theme")
    if "secrets/secret-key" in names:
        key = _own_folder() / "secret-key"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.touch(0o600)
        key.write_bytes(reader.content("secrets/secret-key"))
    return notes


def _network(text: bytes, home: Path) -> list[str]:
    path = Path(settings.NETWORK_FILE)
    if path.parent != home and path.exists() and path.read_bytes() == text:
        return []
    if os.environ.get("SECTIONWIRE_NETWORK"):
        return [f"{path} was left as it is, and differs from the backup's: see unzip -p FILE home/network.toml."]
    new = home / ".network.toml.restored"
    new.write_bytes(text)
    return _swap(new, home / "network.toml")


def _swap(new: Path, place: Path) -> list[str]:
    """Move what was restored to its place, and what stood there out of the way."""
    before = place.with_name(f"{place.name}.before-restore")
    notes = []
    if place.exists() and _contents(place) != _contents(new):
        if before.is_dir():
            shutil.rmtree(before)
        place.replace(before)
        notes = [f"What stood in {place} is now {before.name}."]
    if place.is_dir():
        shutil.rmtree(place)  # the same as what was restored
    new.replace(place)
    return notes


def _contents(place: Path) -> dict[str, bytes]:
    """A file, or every file in a folder, by its path in it."""
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    return {str(file.relative_to(place)): file.read_bytes() for file in files if file.is_file()}
