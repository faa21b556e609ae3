"""What every output promises."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pipeline.documents import Page, Sent
from pipeline.errors import Permanent
from pipeline.network import Output as OutputConfig


class Unverifiable(Permanent):
    """The output has no way to say what it holds; what it confirmed is all that is known."""


@dataclass(frozen=True, slots=True)
class Held:
    """One page that an output says it holds, and what is really there.

    ``digest`` is what was confirmed, ``found`` what stands there now: another digest when somebody changed it, empty
    when it is gone.
    """

    key: str
    sequence: int
    path: str
    url: str
    digest: str
    found: str


class Output(Protocol):
    """A place where the pages of one section go. It is made as ``OutputClass(config, section, home)``.

    ``key`` names a page for good, whatever its path. ``sequence`` is a fencing token: what comes with a lower one than
    the output already has for that key is ignored (``Sent.written`` is false), so that a send that was delayed can't
    undo a newer one. The same sequence may be sent again and changes nothing. Making an output touches nothing.

    Every method that reaches the outside raises:
        Transient: it may work later (the disk is full).
        Unreachable: it gives no answer, and would give none to other pages now; a kind of Transient.
        Permanent: a person must act (no right to write, a file of somebody else stands there).

    ``chooses_addresses``, where the class has it and it is true: confirmations may name another address than
    :meth:`address` gives, and go on naming it. Everything that names the page then names that.

    A path has one key at a time: before another key may have it, the first must be removed or put elsewhere.
    """

    def __init__(self, config: OutputConfig, section: str, home: Path) -> None: ...

    def address(self, path: str) -> str:
        """The absolute address at which readers find a path; ``""`` is the site's root."""
        ...

    def put_assets(self, assets: Mapping[str, bytes]) -> None:
        """Make sure that files whose names carry a digest of their content are there. Call it before ``put``."""
        ...

    def put(self, path: str, files: Mapping[str, bytes], key: str, sequence: int, page: Page | None = None) -> Sent:
        """Put a page's files (by name, below ``path``) there, and take away what the key had at another path.

        ``page`` is what the files show, for outputs that want more than bytes; ``None`` for pages that are no
        article's.
        """
        ...

    def redirect(self, path: str, to: str, key: str, sequence: int) -> Sent:
        """Lead readers who come to ``path`` on to the address ``to``; else as :meth:`put`, with a key of its own.

        Raises besides:
            Permanent: ``to`` is no web address.
        """
        ...

    def remove(self, key: str, sequence: int) -> Sent:
        """Take a page away; ``Sent.digest`` is empty. A later ``put`` with a higher sequence brings it back."""
        ...

    def probe(self) -> None:
        """Look whether pages could be put there now, and change nothing. ``sectionwire doctor`` asks, and waits."""
        ...

    def held(self) -> Iterator[Held]:
        """Every page that is there, in no particular order, each compared with what was confirmed.

        Raises besides:
            Unverifiable: it can't say.
        """
        ...


def digest_of(files: Mapping[str, bytes]) -> str:
    """The digest of a page: the SHA-256 of its only file, or of the list of its files' names and digests."""
    return digest_of_digests({name: hashlib.sha256(data).hexdigest() for name, data in files.items()})


def digest_of_digests(digests: Mapping[str, str]) -> str:
    """As :func:`digest_of`, from the SHA-256 of each file."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    lines = "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
