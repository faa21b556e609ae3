"""The file of a backup: written in one go, and not believed when it is read."""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import IO, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from pipeline.errors import Permanent

FORMAT: Final = 1
MANIFEST: Final = "manifest.json"

_NAME: Final = re.compile(
    r"ledger/[a-z_]+\.[a-z_0-9]+\.jsonl|secrets/secret-key|home/(network\.toml|theme(/[^/\\\x00-\x1f\x7f:]{1,200}){1,16})"
)
_MANIFEST_LIMIT: Final = 20_000_000
_MOST_MEMBERS: Final = 5_000
_PIECE: Final = 1_000_000
_LONGEST_LINE: Final = 100_000_000  # a row with the longest article there may be is a tenth of it
_LARGEST_RATIO: Final = 100  # ledgers shrink to a tenth; 25 times at most
_SMALL: Final = 100_000_000  # bytes that may be unpacked whatever the ratio

Told = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much."""


class Member(BaseModel):
    """One file in a backup. ``rows`` is for tables."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    rows: int = Field(default=0, ge=0)


class Manifest(BaseModel):
    """What a backup says of itself. ``models`` are the translation models: engine, source, target, name, checksum."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int
    version: str = Field(max_length=100)
    made_at: datetime
    database: str = Field(max_length=40)
    with_secrets: bool
    migrations: list[tuple[str, str]]
    models: list[tuple[str, str, str, str, str]]
    members: dict[str, Member]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(member.rows for member in self.members.values())

    def count(self, label: str) -> int:
        """How many rows it has of a table, such as ``ledger.article``."""
        member = self.members.get(table_name(label))
        return member.rows if member else 0


def table_name(label: str) -> str:
    """The member that holds a table."""
    return f"ledger/{label}.jsonl"


class Writer:
    """Writes the members of a backup to a stream, which need not be seekable."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
        self.members: dict[str, Member] = {}

    def add(self, name: str, pieces: Iterable[bytes], *, header: bytes = b"") -> Member:
        """Write one member. Under a header, each piece is a row."""
        digest, size, rows = hashlib.sha256(), 0, 0
        with self._zip.open(_info(name), "w", force_zip64=True) as member:
            for piece in chain([header], pieces):
                member.write(piece)
                digest.update(piece)
                size += len(piece)
                rows += 1
        rows = rows - 1 if header else 0
        self.members[name] = Member(size=size, sha256=digest.hexdigest(), rows=rows)
        return self.members[name]

    def finish(self, manifest: Manifest) -> None:
        """Write the manifest and the end of the file: without them it is no backup."""
        with self._zip.open(_info(MANIFEST), "w") as member:
            member.write(manifest.model_dump_json(indent=1).encode())
        self._zip.close()

    def abandon(self) -> None:
        """Let go of the stream after a failure: the zip would write its end when it is thrown away."""
        self._zip.fp = None


def _info(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = 0o600 << 16
    return info


class Reader:
    """Reads a backup that was checked. Use it within :func:`opened`."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._zip, self._path = archive, path
        self.manifest = self._manifest()

    def lines(self, label: str) -> Iterator[bytes]:
        """The lines of a table; the first one names its columns."""
        with self._zip.open(table_name(label)) as member:
            while text := member.readline(_LONGEST_LINE):
                yield text

    def content(self, name: str) -> bytes:
        """A small member: a file of the theme, network.toml."""
        return self._zip.read(name)

    def verify(self, told: Told) -> None:
        """Read everything once, and compare it with the manifest.

        Raises:
            Permanent: something is not as it was written.
        """
        total = sum(member.size for member in self.manifest.members.values())
        done = 0
        for name, member in self.manifest.members.items():
            digest, size, rows = hashlib.sha256(), 0, 0
            with self._zip.open(name) as file:
                while piece := file.read(_PIECE):
                    size += len(piece)
                    if size > member.size:
                        break
                    digest.update(piece)
                    rows += piece.count(b"\n")
                    told("Checking", done + size, total)
            done += size
            if size != member.size or digest.hexdigest() != member.sha256:
                raise damaged(self._path, f"{name} is not as it was written")
            if name.startswith("ledger/") and rows != member.rows + 1:
                raise damaged(self._path, f"{name} has another number of rows than it should")

    def _manifest(self) -> Manifest:
        infos = self._zip.infolist()
        names = [info.filename for info in infos]
        if MANIFEST not in names:
            raise Permanent(f"{self._path} is no backup of Sectionwire.", "Give a file that sectionwire backup made.")
        for info in infos:
            self._refuse_odd(info)
        if len(set(names)) < len(names) or len(names) > _MOST_MEMBERS:
            raise damaged(self._path, "it holds files that no backup has")
        manifest = self._parsed()
        if set(manifest.members) != set(names) - {MANIFEST}:
            raise damaged(self._path, "it does not hold what its manifest says")
        self._refuse_bomb(manifest)
        return manifest

    def _refuse_odd(self, info: zipfile.ZipInfo) -> None:
        name = info.filename
        folders = name.split("/")
        odd = name != MANIFEST and (not _NAME.fullmatch(name) or {"..", "."} & {*folders})
        if odd or info.flag_bits & 1 or info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
            raise damaged(self._path, f"it holds a file that no backup has ({name[:80]!r})")

    def _parsed(self) -> Manifest:
        with self._zip.open(MANIFEST) as file:
            text = file.read(_MANIFEST_LIMIT + 1)
        try:
            if len(text) > _MANIFEST_LIMIT:
                raise ValueError("it is too long")
            found = json.loads(text)
            if isinstance(found, dict) and found.get("format") != FORMAT and isinstance(found.get("format"), int):
                raise Permanent(
                    f"{self._path} was made by another version ({str(found.get('version', '?'))[:40]}) in a format "
                    "that this one can't read.",
                    "Restore it with that version, then upgrade.",
                )
            return Manifest.model_validate(found)
        except (ValueError, ValidationError, RecursionError) as error:
            raise damaged(self._path, "its manifest can't be read") from error

    def _refuse_bomb(self, manifest: Manifest) -> None:
        size, packed = sum(member.size for member in manifest.members.values()), self._path.stat().st_size
        if size > max(_SMALL, packed * _LARGEST_RATIO):
            raise Permanent(
                f"{self._path} would unpack to {size / 1e9:,.1f} GB, {size // max(1, packed):,} times its size: "
                "no backup does.",
                "Don't trust it; take another one.",
            )


@contextmanager
def opened(path: Path) -> Iterator[Reader]:
    """Open a backup. Nothing of it has been compared yet: see :meth:`Reader.verify`.

    Raises:
        Permanent: it can't be read, is no backup, or (also within) is damaged.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            yield Reader(archive, path)
    except OSError as error:
        raise Permanent(f"{path} can't be read: {error.strerror or error}.", "Give the name of a backup.") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError) as error:
        raise damaged(path, "it is cut off, or no backup at all") from error


def checked(path: Path, told: Told) -> Manifest:
    """Compare a backup with its own checksums.

    Raises:
        Permanent: it is damaged, or no backup.
    """
    with opened(path) as reader:
        reader.verify(told)
        return reader.manifest


def damaged(path: Path, how: str) -> Permanent:
    """Nothing of such a file is used."""
    return Permanent(f"{path} is damaged: {how}.", "Nothing was restored. Take another backup.")


def columns_of(header: bytes) -> list[Any]:
    """The names of a table's columns, from its first line; an empty list where there are none."""
    try:
        found = json.loads(header)["columns"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return []
    return found if isinstance(found, list) else []
