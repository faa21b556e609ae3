"""What ``sectionwire backup`` and ``sectionwire restore`` share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pipeline.errors import Permanent
from pipeline.management.console import count, models_folder

if TYPE_CHECKING:  # slow to import, and --help needs none of it
    from rich.progress import Progress, TaskID

    from pipeline.flow.backup import Manifest


def teller(bar: Progress) -> Callable[[str, int, int], None]:
    """What shows on a progress bar how far each step is."""
    tasks: dict[str, TaskID] = {}

    def told(what: str, done: int, total: int) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done)

    return told


def write(path: Path, make: Callable[[IO[bytes]], Manifest]) -> Manifest:
    """Let a backup be written to a file that does not exist yet: whole, or not at all, and readable to us alone.

    Raises:
        Permanent: it exists, or can't be written.
    """
    if path.exists():
        raise Permanent(f"{path} exists already.", "Give another name; old backups are never overwritten.")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as stream:
                manifest = make(stream)
                stream.flush()
                os.fsync(stream.fileno())
            part.rename(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(
            f"{path} can't be written: {error.strerror or error}.",
            "Free space, or give another place; nothing is kept.",
        ) from error
    return manifest


def about(manifest: Manifest) -> dict[str, Any]:
    """A backup in JSON."""
    return {
        "version": manifest.version,
        "made_at": manifest.made_at.isoformat(),
        "database": manifest.database,
        "with_secrets": manifest.with_secrets,
        "articles": manifest.count("ledger.article"),
        "rows": manifest.rows,
        "models": [list(model) for model in manifest.models],
        "tables": {
            name.removeprefix("ledger/").removesuffix(".jsonl"): member.rows
            for name, member in sorted(manifest.members.items())
            if name.startswith("ledger/")
        },
        "files": sorted(name for name in manifest.members if not name.startswith("ledger/")),
    }


def lacking(manifest: Manifest) -> list[tuple[str, str, str]]:
    """The models that were there when the backup was made and are not here: engine, source, target."""
    # Here and not above: engines are slow to import, and --help needs none of them.
    from pipeline.engines import registry
    from pipeline.flow import installation

    names = installation.network().engines.names
    here = {
        (model.hop.engine, model.hop.source, model.hop.target) for model in registry.installed(models_folder(), names)
    }
    return sorted({(engine, source, target) for engine, source, target, *_ in manifest.models} - here)


def summary(manifest: Manifest) -> str:
    """A backup in one line."""
    articles = count(manifest.count("ledger.article"), "article")
    files = count(sum(not name.startswith("ledger/") for name in manifest.members), "file")
    secrets = "with secrets" if manifest.with_secrets else "without secrets"
    return (
        f"{articles}, {count(manifest.rows, 'row')}, {files}, {secrets}; made {manifest.made_at:%Y-%m-%d %H:%M} UTC by "
        f"version {manifest.version} from {manifest.database}."
    )
