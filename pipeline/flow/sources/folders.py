"""What lies in a folder. Files that are still being written are left for later; links are never followed."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import Final

from pipeline.errors import Permanent, Transient
from pipeline.flow.sources.listing import Known, Listed
from pipeline.stages.intake.text import characters
from pipeline.stages.intake.web import identity

SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml", ".md", ".markdown", ".mdown", ".json"})
MOST_FILES: Final = 100_000
DEEPEST: Final = 32


@dataclass(frozen=True, slots=True)
class File:
    """A file that may be an article; ``stamp`` changes whenever its content may have."""

    path: Path
    stamp: str
    modified_at: datetime
    touched_at: datetime

    @property
    def size(self) -> str:
        """The part of the stamp that no renaming and no touching changes."""
        return self.stamp.partition("-")[0]


def scan(root: Path) -> dict[str, File]:
    """All articles below a folder, by their path in it.

    Raises:
        Transient: it is not there, or can't be read: its disk may be away for a moment.
        Permanent: it has more files or levels than a folder of articles would.
    """
    found: dict[str, File] = {}
    try:
        for path, status in _files(root, 0):
            found[identity(_name(path.relative_to(root)))] = File(path, _stamp(status), *_times(status))
            if len(found) > MOST_FILES:
                raise Permanent(f"{root} has more than {MOST_FILES:,} articles.", "Make several folders of it.")
    except OSError as error:
        raise Transient(
            f"The folder {root} can't be read: {error.strerror}.", "Look whether it is there, and who may read it."
        ) from error
    return found


def listed(
    files: Mapping[str, File], before: Mapping[str, Known], settle: timedelta, now: datetime
) -> Iterator[Listed]:
    """The files as things to take; those that may still be being written not before they have settled.

    A file has settled when nobody touched it for that long; or, whatever its times say (they may be another machine's),
    when it is as it was when it was seen that long ago.
    """
    for name, file in files.items():
        old = before.get(name)
        is_same = old is not None and old.stamp == file.stamp and old.seen_at <= now - settle
        settled = is_same or file.touched_at <= now - settle
        yield Listed(name, file.stamp, file.modified_at, not_before=None if settled else now + settle)


def read(file: File, name: str, limit: int) -> bytes | None:
    """The bytes of a file, or ``None`` when somebody writes it just now.

    Raises:
        Permanent: it can't be read, is no longer a plain file, or has more than ``limit`` bytes.
    """
    try:
        # Not through a link that somebody put there meanwhile, and not waiting for a pipe.
        number = os.open(file.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as opened:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise Permanent(f"{name} is no file.", "Put a file there.")
            data = opened.read(limit + 1)
            after = _stamp(os.fstat(number))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Permanent(
            f"{name} can't be read: {error.strerror}.", "Give the worker's account the right to."
        ) from error
    if len(data) > limit:
        raise Permanent(
            f"{name} is larger than {limit / 1_000_000:g} MB.", "Make it smaller, or raise “megabytes” under [limits]."
        )
    return data if after == file.stamp else None


def _files(folder: Path, depth: int) -> Iterator[tuple[Path, os.stat_result]]:
    if depth > DEEPEST:
        raise Permanent(f"{folder} is more than {DEEPEST} folders deep.", "Move its articles up.")
    with os.scandir(folder) as entries:
        here = sorted(entries, key=lambda entry: entry.name)
    for entry in here:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path), depth + 1)
        elif entry.is_file(follow_symlinks=False) and PurePosixPath(entry.name).suffix.lower() in SUFFIXES:
            try:
                yield Path(entry.path), entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue  # taken away between two looks


def _name(path: Path) -> str:
    """The path in its folder; bytes that are no text are shown as such, and stay different."""
    raw = os.fsencode(PurePosixPath(path))
    return characters(raw.decode("utf-8", "backslashreplace"))


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}-{status.st_mtime_ns}"


def _times(status: os.stat_result) -> tuple[datetime, datetime]:
    """When it was changed, and when it was last touched in any way, such as moved here."""
    return _moment(status.st_mtime), _moment(max(status.st_mtime, status.st_ctime))


def _moment(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return datetime.fromtimestamp(0, UTC)
