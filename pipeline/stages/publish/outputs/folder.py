"""Pages as files in a folder, for any web server to serve."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from pipeline.documents import Page, Sent
from pipeline.errors import Permanent, Unreachable
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish import site
from pipeline.stages.publish.outputs import files as disk
from pipeline.stages.publish.outputs import redirects
from pipeline.stages.publish.outputs.contract import Held, digest_of_digests
from pipeline.stages.publish.outputs.manifest import Entry, Manifest

_OWN = ".sectionwire"  # never among the pages: their paths can't begin with a dot
_PATIENCE = 10.0  # seconds; a page holds the lock for some milliseconds


class FolderOutput:
    """Writes pages below ``config.path``, which is relative to the installation's folder.

    Several processes and threads may write to one folder, also from several machines if its file system has locks. A
    process may be killed at any point: sending the page again puts right what it left.
    """

    def __init__(self, config: OutputConfig, section: str, home: Path) -> None:
        """``section`` stands for ``{section}`` in the output's path and address."""
        self.root = home / config.path.replace("{section}", section)
        self._base_url = config.base_url.replace("{section}", section)
        self._own = self.root / _OWN
        self._manifest = Manifest(self._own / "pages")

    def address(self, path: str) -> str:
        return site.address(self._base_url, path)

    def put_assets(self, assets: Mapping[str, bytes]) -> None:
        """Their names carry a digest of the content: what has the right size is not written again."""
        with disk.explained(self.root):
            missing = {name: data for name, data in assets.items() if not self._has(disk.check_path(name), len(data))}
            if not missing:
                return
            with self._locked():
                for name, data in missing.items():
                    disk.refuse_detour(self.root, name)
                    disk.write(self.root / name, data)

    def put(
        self,
        path: str,
        files: Mapping[str, bytes],
        key: str,
        sequence: int,
        page: Page | None = None,  # noqa: ARG002 - the files say it all
    ) -> Sent:
        """As the contract says; raises besides:

        Permanent: something that was not written here stands at one of the paths, or the path is no path of a site.
        """
        contents = disk.by_path(path, files)
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        # The digest names files as the caller does: it says the same wherever the page stands.
        digest = digest_of_digests({name: digests[f"{path}{name}"] for name in files})
        wanted = Entry(key, sequence, path, self.address(path), digest, digests)
        with disk.explained(self.root), self._locked():
            entry = self._manifest.read(key)
            if entry.sequence > sequence:
                return Sent(
                    entry.url, entry.digest, written=False, detail=f"sequence {entry.sequence} is there already"
                )
            if entry == wanted and self._found(entry) == digests:
                return Sent(entry.url, digest, written=False, detail="it is there already")
            self._refuse_strangers(entry, contents)
            stale = sorted(entry.known - contents.keys())
            # The entry first: killed in the middle, a rerun knows what it finds for its own and puts it right.
            self._manifest.write(replace(wanted, claims=tuple(stale)))
            self._write(contents)
            if stale:
                for name in stale:
                    disk.remove(self.root, name)
                self._manifest.write(wanted)
        return Sent(wanted.url, digest, written=True, detail=_remark(entry, wanted))

    def redirect(self, path: str, to: str, key: str, sequence: int) -> Sent:
        return self.put(path, {site.INDEX: redirects.page(to)}, key, sequence)

    def remove(self, key: str, sequence: int) -> Sent:
        with disk.explained(self.root), self._locked():
            entry = self._manifest.read(key)
            if entry.sequence > sequence:
                return Sent(
                    entry.url, entry.digest, written=False, detail=f"sequence {entry.sequence} is there already"
                )
            for name in sorted(entry.known):
                disk.refuse_detour(self.root, name)
                disk.remove(self.root, name)
            # Without its address: the words of a title are in it, and an article may be erased for good.
            self._manifest.write(Entry(key, sequence))
        detail = "" if entry.known else "nothing was there"
        return Sent(entry.url, "", written=bool(entry.known), detail=detail)

    def probe(self) -> None:
        """That the folder can be written, or made."""
        with disk.explained(self.root):
            there = next(path for path in (self.root, *self.root.parents) if path.exists())
            if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
                raise Permanent(
                    f"{self.root} can't be written.",
                    "Give the user that runs the publishing worker the right to, or set another path in network.toml.",
                )

    def held(self) -> Iterator[Held]:
        """Reads every page; pages that change meanwhile are told as they were or as they are."""
        with disk.explained(self.root):
            for entry in self._manifest:
                if not entry.files:
                    continue
                found = {name.removeprefix(entry.path): digest for name, digest in self._found(entry).items()}
                digest = digest_of_digests(found) if found else ""
                yield Held(entry.key, entry.sequence, entry.path, entry.url, entry.digest, digest)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        lock = f"{self._own}/lock"
        # Opened here first, since filelock would wait for its whole timeout in a folder that may not be written.
        try:
            os.close(os.open(lock, os.O_RDWR | os.O_CLOEXEC))
        except FileNotFoundError:
            self._own.mkdir(parents=True, exist_ok=True)
            os.close(os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644))
        try:
            with _lock(lock, os.getpid()):
                yield
        except Timeout as error:
            raise Unreachable(
                f"Somebody else has been writing to {self.root} for {_PATIENCE:.0f} seconds.",
                "If this stays so, look for a publishing worker that hangs.",
            ) from error

    def _refuse_strangers(self, entry: Entry, contents: Mapping[str, bytes]) -> None:
        """See that nobody else's file stands at a path that is not yet known as this key's, and no link above one."""
        for name in contents:
            disk.refuse_detour(self.root, name)
        for name in contents.keys() - entry.known:
            path = self.root / name
            if not entry.damaged and path.exists() and path.read_bytes() != contents[name]:
                raise Permanent(
                    f"{path} is there already, and this page did not put it there.",
                    "Move it away or give the article another slug; then publish again.",
                )

    def _write(self, contents: Mapping[str, bytes]) -> None:
        for name, data in contents.items():
            path = f"{self.root}/{name}"
            if not (self._has(name, len(data)) and Path(path).read_bytes() == data):
                disk.write(path, data)

    def _has(self, name: str, size: int) -> bool:
        try:
            return os.stat(f"{self.root}/{name}").st_size == size  # noqa: PTH116 - strings, as in disk.write
        except FileNotFoundError:
            return False

    def _found(self, entry: Entry) -> dict[str, str]:
        """The digests of an entry's files that are there."""
        found = {}
        for name in entry.files:
            try:
                found[name] = hashlib.sha256((self.root / name).read_bytes()).hexdigest()
            except FileNotFoundError:
                continue
        return found


@lru_cache(maxsize=256)
def _lock(path: str, process: int) -> FileLock:  # noqa: ARG001 - a child must not take its parent's lock for its own
    """The lock of a folder: one object for all threads, each of which has to wait for the others."""
    return FileLock(path, timeout=_PATIENCE, poll_interval=0.005)


def _remark(before: Entry, after: Entry) -> str:
    if before.damaged:
        return "the manifest's entry was damaged and has been made anew"
    if before.path and before.path != after.path:
        return f"moved from {before.path}"
    if before == after:
        return "it had been changed or was gone, and has been put back"
    return ""
