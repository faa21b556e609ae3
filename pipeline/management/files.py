"""Files as commands read and write them: bounded, whole or not at all, and with errors in one sentence."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import IO, Final

from pipeline.errors import Permanent
from pipeline.management.console import shown

SUFFIXES: Final = frozenset({".html", ".htm", ".xhtml", ".md", ".markdown", ".mdown", ".json"})
"""What is taken of a folder."""

STANDARD_INPUT: Final = "-"

SMALLER: Final = "Submit a smaller file, or raise “megabytes” under [limits] in network.toml."
"""What to do about an article that is too large."""


@dataclass(frozen=True, slots=True)
class Input:
    """One file to read; ``path`` is ``None`` for standard input.

    ``name`` is for messages and the ledger, ``below`` is where it stands below the folder that was named, or its name.
    """

    name: str
    path: Path | None
    below: PurePath

    def read(self, limit: int, remedy: str = SMALLER) -> bytes:
        """The bytes. Not many more than ``limit`` are ever held in memory; ``remedy`` says what to do about them.

        Raises:
            Permanent: it can't be read, or has more than ``limit`` bytes.
        """
        try:
            if self.path is None:
                data = sys.stdin.buffer.read(limit + 1)
            else:
                with self.path.open("rb") as file:
                    data = file.read(limit + 1)
        except FileNotFoundError:
            raise Permanent(f"{self.name} does not exist.", "Look at the path.") from None
        except OSError as error:
            raise Permanent(f"{self.name} can't be read: {error.strerror}.", "Mend that, and try again.") from error
        if len(data) > limit:
            raise Permanent(f"{self.name} is larger than {limit / 1_000_000:g} MB.", remedy)
        return data


def expand(arguments: Sequence[str], out: Path | None = None) -> list[Input]:
    """The files that are meant: a folder stands for those below it that an article may be in; ``-`` for standard input.

    Hidden files are passed over, and so are results of an earlier run below ``out``. A file that does not exist is
    noticed when it is read.

    Raises:
        Permanent: a folder has no such file, or standard input is named twice.
    """
    if arguments.count(STANDARD_INPUT) > 1:
        raise Permanent("Standard input can be read only once.", "Give - once.")
    inputs: dict[tuple[Path | None, PurePath], Input] = {}
    for argument in arguments:
        for each in _inputs(argument, out):
            inputs[each.path, each.below] = each
    return list(inputs.values())


def _inputs(argument: str, out: Path | None) -> Iterator[Input]:
    if argument == STANDARD_INPUT:
        yield Input("standard input", None, PurePath("standard-input"))
        return
    path = Path(argument)
    if not path.is_dir():
        yield Input(shown(str(path)), path, PurePath(path.name))
        return
    found = [file for file in sorted(path.rglob("*")) if _is_article(file, path)]
    if out is not None and out.resolve() != path.resolve():
        found = [file for file in found if not file.resolve().is_relative_to(out.resolve())]
    if not found:
        raise Permanent(f"There is no article in the folder {path}.", f"Articles end in {', '.join(sorted(SUFFIXES))}.")
    for file in found:
        yield Input(shown(str(file)), file, file.relative_to(path))


def _is_article(file: Path, root: Path) -> bool:
    hidden = any(part.startswith(".") for part in file.relative_to(root).parts)
    return not hidden and file.suffix.lower() in SUFFIXES and file.is_file()


def plan(inputs: Sequence[Input], out: Path) -> dict[Input, Path]:
    """Where each result is written: below ``out``, under the input's name with the suffix ``.html``.

    Raises:
        Permanent: two would be written to one place, or one over its own source; nothing has been written then.
    """
    if out.exists() and not out.is_dir():
        raise Permanent(f"{out} is no folder.", "Give --out a folder; it is made when it is not there.")
    targets: dict[Path, Input] = {}
    sources = {each.path.resolve() for each in inputs if each.path is not None}
    for each in inputs:
        known = each.below.suffix.lower() in SUFFIXES
        target = out / each.below.with_name((each.below.stem if known else each.below.name) + ".html")
        if other := targets.get(target):
            raise Permanent(
                f"{other.name} and {each.name} would both be written to {target}.",
                "Rename one of them, or give them in two runs with another --out.",
            )
        if target.resolve() in sources:
            raise Permanent(f"{target} would be written over a source.", "Give --out another folder.")
        targets[target] = each
    return {each: target for target, each in targets.items()}


def write(path: Path, text: str) -> None:
    """Write a file so that readers see what was there before or the new text, never half of it.

    Raises:
        Permanent: it can't be written.
    """
    with writing(path) as file:
        file.write(text)


@contextmanager
def writing(path: Path) -> Iterator[IO[str]]:
    """A file to write to that takes its place as a whole at the end, or not at all. Its folder is made.

    Raises:
        Permanent: it can't be written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        path.parent.mkdir(parents=True, exist_ok=True)
        new = path.with_name(f".{path.name[:200]}.{os.getpid()}")
        try:
            with new.open("w", encoding="utf-8", newline="") as file:
                yield file
            new.replace(path)
        finally:
            with suppress(OSError):
                new.unlink(missing_ok=True)
    except OSError as error:
        raise Permanent(f"{path} can't be written: {error.strerror}.", "Make room, or name another place.") from error
