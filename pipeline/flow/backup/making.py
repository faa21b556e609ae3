"""Making a backup while everything runs: all rows as they were at one moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Final

from django.conf import settings
from django.db import connection, connections, transaction
from django.db.migrations.recorder import MigrationRecorder

from pipeline.engines import registry
from pipeline.errors import Permanent
from pipeline.flow import clock, installation
from pipeline.flow.backup import tables
from pipeline.flow.backup.archive import FORMAT, Manifest, Told, Writer, table_name
from pipeline.ledger.models import Webhook

SNAPSHOT: Final = "snapshot"
"""The alias of the connection that sees one moment."""

_CHUNK: Final = 500
_STEP: Final = 200  # rows between two words on how far it is
_LARGEST_FILE: Final = 50_000_000
_WITHOUT_SECRET: Final = "Its signing secret was not in the backup: remove it and add it again."  # noqa: S105


def make(stream: IO[bytes], told: Told, *, with_secrets: bool = False) -> Manifest:
    """Write a backup of this installation to a stream; ``told`` hears how many rows are written, of how many.

    Raises:
        Permanent: the network file can't be read, or a file of the theme is none.
        DatabaseError: the ledger can't be read.
    """
    writer = Writer(stream)
    try:
        migrations = _write_ledger(writer, told, with_secrets=with_secrets)
        for name, path in _files(with_secrets=with_secrets):
            writer.add(name, [_content(path)])
        manifest = Manifest(
            format=FORMAT,
            version=version("sectionwire"),
            made_at=clock.now(),
            database=connection.vendor,
            with_secrets=with_secrets,
            migrations=migrations,
            models=_models(),
            members=writer.members,
        )
        writer.finish(manifest)
    except BaseException:  # Ctrl-C as well: half a backup must not stand there as one
        writer.abandon()
        raise
    return manifest


def _write_ledger(writer: Writer, told: Told, *, with_secrets: bool) -> list[tuple[str, str]]:
    """Write every table, as they are at one moment. Returns the migrations that made them what they are."""
    with _snapshot():
        total = sum(tables.rows(model, SNAPSHOT).count() for model in tables.kept().values())
        done = 0
        for label, model in tables.kept().items():
            header = {"table": label, "columns": [field.attname for field in tables.columns(model)]}
            rows = _told(_rows(model, with_secrets=with_secrets), done, total, told)
            done += writer.add(table_name(label), rows, header=json.dumps(header).encode() + b"\n").rows
        return sorted(MigrationRecorder(connections[SNAPSHOT]).applied_migrations())


@contextmanager
def _snapshot() -> Iterator[None]:
    """A connection of its own, under the alias :data:`SNAPSHOT`, in which nothing changes and nobody has to wait.

    PostgreSQL: repeatable read. SQLite: a deferred transaction sees, in WAL mode, the moment of its first read; the
    immediate ones that we use otherwise would keep every worker waiting.
    """
    reader = connection.copy(alias=SNAPSHOT)
    options = dict(reader.settings_dict.get("OPTIONS") or {})
    if connection.vendor == "sqlite":
        options["transaction_mode"] = "DEFERRED"
    else:
        from psycopg import IsolationLevel  # SQLite needs none of it

        options["isolation_level"] = IsolationLevel.REPEATABLE_READ
    reader.settings_dict["OPTIONS"] = options
    connections[SNAPSHOT] = reader
    try:
        with transaction.atomic(using=SNAPSHOT):
            yield
    finally:
        reader.close()
        del connections[SNAPSHOT]


def _rows(model: tables.Model, *, with_secrets: bool) -> Iterator[bytes]:
    names = [field.attname for field in tables.columns(model)]
    found = tables.rows(model, SNAPSHOT).order_by("pk").values_list(*names)
    for row in found.iterator(chunk_size=_CHUNK):
        bare = model is Webhook and not with_secrets
        yield tables.line(_without_secret(dict(zip(names, row, strict=True))) if bare else row)


def _without_secret(row: dict[str, Any]) -> list[Any]:
    """A webhook without what signs its messages: it is switched off, and says why."""
    row["secret"] = ""
    if row["disabled_at"] is None:
        row["disabled_at"], row["disabled_why"] = clock.now(), _WITHOUT_SECRET
    return list(row.values())


def _told(rows: Iterator[bytes], before: int, total: int, told: Told) -> Iterator[bytes]:
    for number, row in enumerate(rows, before + 1):
        if number % _STEP == 0 or number == total:
            told("Writing", number, total)
        yield row


def _files(*, with_secrets: bool) -> Iterator[tuple[str, Path]]:
    """What stands beside the ledger: by its name in the backup."""
    home, network = Path(settings.SECTIONWIRE_HOME), Path(settings.NETWORK_FILE)
    if network.is_file():
        yield "home/network.toml", network
    theme = home / "theme"
    for path in sorted(theme.rglob("*")):
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(theme).parts):
            yield f"home/theme/{path.relative_to(theme).as_posix()}", path
    key = home / ".sectionwire" / "secret-key"
    if with_secrets and key.is_file():
        yield "secrets/secret-key", key


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise Permanent(f"{path} is larger than 50 MB.", "A theme has no such files: move it away.")
        return path.read_bytes()
    except OSError as error:
        raise Permanent(f"{path} can't be read: {error.strerror}.", "Give yourself the right to.") from error


def _models() -> list[tuple[str, str, str, str, str]]:
    """The translation models of this machine: which there are, not what they are."""
    names = installation.network().engines.names
    hops = sorted(model.hop for model in registry.installed(Path(settings.MODELS_DIR), names))
    return [(hop.engine, hop.source, hop.target, hop.model, hop.checksum) for hop in hops]
