"""Pages as objects in a bucket of any S3-compatible store, for a web server or a content network in front of it.

How a delayed send is kept from undoing a newer one, with nothing but conditional writes:

1. Read the page that stands there, and its ETag.
2. Write the key's entry, with the sequence, under the condition that nobody has changed it since it was read; an entry
   with a higher sequence ends the matter.
3. Write the page under the condition that it still has the ETag of step 1. Whoever took the entry after step 2 has
   read the page either before this write, and will be refused and try again; or after it, and will replace it.
4. Read the entry once more. ETags tell contents apart and not writes: had somebody newer put back the very bytes of
   step 1, step 3 has undone that; then it is put back here.

A removal can't be conditional (most stores know no such thing): a process that was frozen just before it may take away
a newer page. ``sectionwire publish verify`` finds that.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

from pipeline.documents import Page, Sent
from pipeline.errors import Permanent, Transient
from pipeline.network import Output as OutputConfig
from pipeline.stages.publish import site
from pipeline.stages.publish.outputs import bucket, redirects
from pipeline.stages.publish.outputs.contract import Held, digest_of, digest_of_digests
from pipeline.stages.publish.outputs.files import by_path, check_path
from pipeline.stages.publish.outputs.manifest import Entry, file_name, parse

_OWN: Final = ".sectionwire/pages/"
_TRIES: Final = 5
_READERS: Final = 16  # pages that are compared at the same time
_CHUNK: Final = 256


@dataclass(frozen=True, slots=True)
class _Known:
    """An entry as it stands in the store; ``etag`` is empty where there is none yet."""

    entry: Entry
    etag: str


class S3Output:
    """Writes pages below ``prefix`` in a bucket. ``config.s3`` says which; see docs/outputs.md."""

    def __init__(self, config: OutputConfig, section: str, home: Path) -> None:  # noqa: ARG002 - nothing stands in home
        """``section`` stands for ``{section}`` in the output's prefix and address."""
        assert config.s3 is not None  # network.toml was validated
        self._base_url = config.base_url.replace("{section}", section)
        self._page_cache, self._asset_cache = config.s3.page_cache, config.s3.asset_cache
        self._objects = bucket.Bucket(config.s3, config.s3.prefix.replace("{section}", section))

    def address(self, path: str) -> str:
        return site.address(self._base_url, path)

    def put_assets(self, assets: Mapping[str, bytes]) -> None:
        """Their names carry a digest of the content: what is there is not written again."""
        for name, data in assets.items():
            if not self._objects.has(check_path(name)):
                self._objects.write(name, data, self._asset_cache)

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
        contents = by_path(path, files)
        digests = {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()}
        digest = digest_of(files)
        wanted = Entry(key, sequence, path, self.address(path), digest, digests)
        for _ in range(_TRIES):
            found = {name: self._objects.read(name) for name in contents}  # before the entry: see above
            known = self._entry(key)
            if known.entry.sequence > sequence:
                return _superseded(known.entry)
            if known.entry == wanted and all(found[name].digest == digests[name] for name in contents):
                return Sent(wanted.url, digest, written=False, detail="it is there already")
            if stranger := _stranger(known.entry, found, digests):
                if self._objects.read(stranger) == found[stranger]:
                    raise _in_the_way(stranger)
                continue
            stale = sorted(known.entry.known - contents.keys())
            if not (claimed := self._claim(known, replace(wanted, claims=tuple(stale)))):
                continue
            if not self._write(contents, found):
                continue
            if newer := self._overtaken(key, sequence, contents, found):
                return _superseded(newer)
            for name in stale:
                self._objects.remove(name)
            if stale:
                self._claim(claimed, wanted)  # whoever took the entry meanwhile has read what is stale
            return Sent(wanted.url, digest, written=True, detail=_remark(known.entry, wanted))
        raise Transient(f"{self._objects.name} is written by others all the time, at {path or 'the root'}.")

    def redirect(self, path: str, to: str, key: str, sequence: int) -> Sent:
        """A page: redirects of the store itself work with few stores, and only through their own web servers."""
        return self.put(path, {site.INDEX: redirects.page(to)}, key, sequence)

    def remove(self, key: str, sequence: int) -> Sent:
        for _ in range(_TRIES):
            known = self._entry(key)
            entry = known.entry
            if entry.sequence > sequence:
                return _superseded(entry)
            gone = Entry(key, sequence)  # without its address: the words of a title are in it
            if not (claimed := self._claim(known, replace(gone, claims=tuple(sorted(entry.known))))):
                continue
            for name in sorted(entry.known):
                self._objects.remove(name)
            if entry.known:
                self._claim(claimed, gone)
            return Sent(entry.url, "", written=bool(entry.known), detail="" if entry.known else "nothing was there")
        raise Transient(f"{self._objects.name} is written by others all the time, at {key}.")

    def probe(self) -> None:
        """That the store answers, knows the bucket and takes our credentials; not that we may write."""
        self._objects.read(f"{_OWN}probe")

    def held(self) -> Iterator[Held]:
        """Reads every page, some at a time; pages that change meanwhile are told as they were or as they are."""
        names = self._objects.list(_OWN)
        with ThreadPoolExecutor(_READERS, thread_name_prefix="held") as readers:
            while chunk := list(islice(names, _CHUNK)):
                yield from (held for held in readers.map(self._hold, chunk) if held)

    def _hold(self, name: str) -> Held | None:
        entry = parse(self._objects.read(name).data or b"")
        if not entry or not entry.files:
            return None
        objects = {file: self._objects.read(file) for file in entry.files}
        found = {file.removeprefix(entry.path): each.digest for file, each in objects.items() if each.etag}
        digest = digest_of_digests(found) if found else ""
        return Held(entry.key, entry.sequence, entry.path, entry.url, entry.digest, digest)

    def _entry(self, key: str) -> _Known:
        found = self._objects.read(_OWN + file_name(key))
        if not found.etag:
            return _Known(Entry(key), "")
        return _Known(parse(found.data) or Entry(key, damaged=True), found.etag)

    def _claim(self, known: _Known, entry: Entry) -> _Known | None:
        """Write an entry in the place of the known one; ``None`` when somebody else was quicker."""
        etag = self._objects.swap(_OWN + file_name(entry.key), entry.dump(), known.etag, "private, no-store")
        return _Known(entry, etag) if etag else None

    def _write(self, contents: Mapping[str, bytes], found: Mapping[str, bucket.Found]) -> bool:
        """Write each file in the place of the one that was found; false when one is another by now."""
        return all(
            self._objects.swap(name, data, found[name].etag, self._page_cache) for name, data in contents.items()
        )

    def _overtaken(
        self, key: str, sequence: int, contents: Mapping[str, bytes], found: Mapping[str, bucket.Found]
    ) -> Entry | None:
        """The entry of somebody newer, if there is one: what we have replaced by ours meanwhile is put right."""
        newest = self._entry(key).entry
        if newest.sequence <= sequence:
            return None
        for name, data in contents.items():
            now, before = self._objects.read(name), found[name]
            if now.data != data or newest.files.get(name) == now.digest:
                continue
            if name not in newest.files:
                self._objects.remove(name)
            elif newest.files[name] == before.digest:
                self._objects.swap(name, before.data, now.etag, self._page_cache)
        return newest


def _stranger(entry: Entry, found: Mapping[str, bucket.Found], digests: Mapping[str, str]) -> str:
    """A name at which something stands that is not known as this key's; empty when there is none."""
    unknown = [name for name in found.keys() - entry.known if found[name].etag and not entry.damaged]
    return next((name for name in sorted(unknown) if found[name].digest != digests[name]), "")


def _in_the_way(name: str) -> Permanent:
    return Permanent(
        f"{name} is there already, and this page did not put it there.",
        "Remove it or give the article another slug; then publish again.",
    )


def _superseded(entry: Entry) -> Sent:
    return Sent(entry.url, entry.digest, written=False, detail=f"sequence {entry.sequence} is there already")


def _remark(before: Entry, after: Entry) -> str:
    if before.path and before.path != after.path:
        return f"moved from {before.path}"
    return "it had been changed or was gone, and has been put back" if before == after else ""
