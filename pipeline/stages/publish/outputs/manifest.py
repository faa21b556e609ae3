"""What an output knows of its pages: one small file for each, so that a page costs the same among 100,000."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pipeline.stages.publish.outputs import files

UNKNOWN = -1  # the sequence of a key that nothing was confirmed for


@dataclass(frozen=True, slots=True)
class Entry:
    """What is known of one key. Its file stays when the page is removed: it holds the fencing token.

    ``files`` are the page's files (path in the site → SHA-256), noted before they are written, so that a rerun of a
    write that was killed knows them for its own. ``claims`` are earlier files that are still to be removed.
    """

    key: str
    sequence: int = UNKNOWN
    path: str = ""
    url: str = ""
    digest: str = ""
    files: dict[str, str] = field(default_factory=dict)
    claims: tuple[str, ...] = ()
    damaged: bool = False

    @property
    def known(self) -> set[str]:
        """Every path that is this key's to write and to remove."""
        return {*self.files, *self.claims}

    def dump(self) -> bytes:
        """The entry as its file holds it; :func:`parse` reads it."""
        names = ("key", "sequence", "path", "url", "digest", "files", "claims")
        data = {name: getattr(self, name) for name in names}
        return json.dumps(data, ensure_ascii=True).encode()


class Manifest:
    """The entries of one site, in ``.sectionwire/pages/ab/<hash>.json``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _file(self, key: str) -> Path:
        return self._folder / file_name(key)

    def read(self, key: str) -> Entry:
        """The entry of a key; an unknown one has the sequence :data:`UNKNOWN`.

        A damaged file (a torn disk) counts as unknown, and is marked: its page is ours, and is made anew.
        """
        try:
            data = self._file(key).read_bytes()
        except FileNotFoundError:
            return Entry(key)
        return parse(data) or Entry(key, damaged=True)

    def write(self, entry: Entry) -> None:
        """Write an entry. The caller holds the site's lock.

        Without waiting for the disk, which took as long as the page itself: should a power cut tear it, it counts as
        damaged, and the senders that it fenced off died with the machine.
        """
        files.write(self._file(entry.key), entry.dump(), durable=False)

    def __iter__(self) -> Iterator[Entry]:
        """Every readable entry, also of removed pages; one folder of names in memory at a time."""
        for folder in sorted(self._folder.glob("??")):
            for path in sorted(folder.glob("*.json")):
                try:
                    entry = parse(path.read_bytes())
                except FileNotFoundError:
                    continue
                if entry:
                    yield entry


def file_name(key: str) -> str:
    """Where the entry of a key stands among the others: ``ab/<hash>.json``."""
    name = hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
    return f"{name[:2]}/{name}.json"


def parse(data: bytes) -> Entry | None:
    """The entry that a file holds, or ``None`` when it is damaged."""
    try:
        values: dict[str, Any] = json.loads(data)
        return Entry(**{**values, "claims": tuple(values["claims"])})
    except (ValueError, TypeError, KeyError):
        return None
