"""Files of a site: names that can't leave it, writes that are whole or not at all, errors that say what to do."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from pipeline.errors import Permanent, Transient

_NEW = ".sectionwire-new"  # a write that was killed leaves this; the next write of the same file takes it over
_LONGEST = 255 - len(_NEW) - 1
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"|?*\\\ud800-\udfff]')
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EROFS, errno.EACCES, errno.EPERM)
_IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG)


def check_path(path: str) -> str:
    """A relative path whose every part is a plain name; returned as it is.

    Raises:
        Permanent: it could leave the site, hide a file or can't be a file name everywhere.
    """
    if any(not _plain(part) for part in path.split("/")):
        raise Permanent(f"“{path!r}” can't be a path in a site.", "Give the article another slug.")
    return path


def by_path(path: str, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """A page's files by their path in the site.

    Raises:
        Permanent: as :func:`check_path`.
    """
    if not files or (path and not path.endswith("/")):
        raise ValueError("a page has files, and its path ends with a slash or is empty")  # a fault of the caller
    return {check_path(f"{path}{name}"): data for name, data in files.items()}


def _plain(part: str) -> bool:
    if not part or part.startswith(".") or part != part.strip() or part.endswith(".") or _UNFIT.search(part):
        return False
    return len(part.encode()) <= _LONGEST


@contextmanager
def explained(root: Path) -> Iterator[None]:
    """Turn an ``OSError`` into a sentence about the output folder ``root``.

    Raises:
        Transient: the disk is full, or something that may pass.
        Permanent: the folder may not be written, or something that is no folder stands in the way.
    """
    try:
        yield
    except OSError as error:
        where, why = error.filename or root, error.strerror or error
        if error.errno in _FULL:
            message = f"The disk is full: {where} could not be written."
            raise Transient(message, "Free space there; the page is sent again by itself.") from error
        if error.errno in _FORBIDDEN:
            raise Permanent(
                f"The output folder {root} can't be written: {where}: {why}.",
                "Give the user that runs the publishing worker the right to write there, or set another path for the "
                "output in network.toml; then publish again.",
            ) from error
        if error.errno in _IN_THE_WAY:
            raise Permanent(
                f"The output folder {root} can't be used: {where}: {why}.",
                "Move away what stands there, or set another path for the output in network.toml; then publish again.",
            ) from error
        raise Transient(f"Writing to {where} failed: {why}.") from error


def write(path: Path | str, data: bytes, *, durable: bool = True) -> None:
    """Write a file so that readers see the old bytes or the new ones; if ``durable``, also after a power cut.

    The caller holds the site's lock: the new file's name is always the same, and so nothing is left behind for good.
    """
    new = _new(str(path))
    try:
        _write_new(new, data, durable=durable)
        os.replace(new, path)  # noqa: PTH105 - strings: this is done for every page, and pathlib takes its time
    except OSError:
        with suppress(OSError):
            os.unlink(new)  # noqa: PTH108
        raise


def _new(path: str) -> str:
    folder, _, name = path.rpartition("/")
    return f"{folder}/.{name}{_NEW}"


def _write_new(new: str, data: bytes, *, durable: bool) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(new, flags, 0o644)
    except FileNotFoundError:
        Path(new).parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(new, flags, 0o644)
    try:
        left = memoryview(data)
        while left:
            left = left[os.write(handle, left) :]
        if durable:
            os.fdatasync(handle)  # else a power cut may leave the new name with no bytes behind it
    finally:
        os.close(handle)


def remove(root: Path, name: str) -> None:
    """Remove a file of the site, and the folders above it that became empty. It may be gone already."""
    path = root / name
    for file in (path, Path(_new(str(path)))):  # a write that was killed may have left the second
        with suppress(FileNotFoundError):
            file.unlink()
    for folder in path.parents:
        if folder == root:
            return
        try:
            folder.rmdir()
        except FileNotFoundError:
            continue
        except OSError:  # not empty: other pages live there
            return


def refuse_detour(root: Path, name: str) -> None:
    """See that no symbolic link inside the site leads a path elsewhere.

    Raises:
        Permanent: one does.
    """
    folder = str(root)
    for part in name.split("/")[:-1]:
        folder = f"{folder}/{part}"
        try:
            mode = os.lstat(folder).st_mode
        except FileNotFoundError:
            return  # nothing stands below it, either
        if stat.S_ISLNK(mode):
            raise Permanent(
                f"{folder} leads out of the output folder {root} by a symbolic link.",
                "Remove the link; then publish again.",
            )
