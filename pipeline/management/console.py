"""What all commands share: a help that teaches, readable output, JSON output, and errors in one line."""

from __future__ import annotations

import getpass
import json
import logging
import os
import re
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, ClassVar, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser, OutputWrapper
from django.db.utils import DatabaseError, DataError, IntegrityError
from rich_argparse import RawDescriptionRichHelpFormatter

from pipeline.errors import Permanent, PipelineError
from pipeline.management.homes import MARKER

if TYPE_CHECKING:  # rich is slow to import, and --help of most commands needs none of it
    from rich.console import Console
    from rich.progress import Progress

_NOISE = (
    *("--version", "--verbosity", "--settings", "--pythonpath", "--traceback", "--no-color", "--force-color"),
    "--skip-checks",
)
"""Django's own options: they work, but nobody needs to read of them."""

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
_NO_TEXT = re.compile("[\x00\ud800-\udfff]")
_NO_TABLE = re.compile(r"no such (table|column)|has no column|(relation|column) \S+ does not exist")


class HelpFormatter(RawDescriptionRichHelpFormatter):
    """Keeps the line breaks of descriptions and examples, and takes square brackets for what they are."""

    help_markup = False
    text_markup = False


class Command(BaseCommand):
    """The base of our commands. ``help`` is the description, ``examples`` are lines that can be typed as they stand.

    A failure is a :class:`PipelineError`, of which ``config.cli`` makes one line on standard error and exit status 1.
    """

    examples: ClassVar[Iterable[str]] = ()
    log_level: ClassVar[int] = logging.WARNING
    """From which level on the log is shown, unless SECTIONWIRE_LOG asks for more."""

    hardly_logs: ClassVar[bool] = False
    """The log is set up when there is a line for it, which is nearly never. Only for commands on files: what may log by
    structlog itself needs the log from the start."""

    requires_system_checks = ()  # ``doctor`` runs them; a command that people wait for doesn't

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.suppressed_base_arguments = set(_NOISE)
        self.stderr.style_func = None  # Django would make all of it red
        self._bar: Progress | None = None

    def get_version(self) -> str:
        """Sectionwire's version, not Django's."""
        from importlib.metadata import version  # slow to import, and asked for by few

        return version("sectionwire")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser, with the examples at the end of its help."""
        kwargs.setdefault("formatter_class", HelpFormatter)
        if self.examples:
            lines = "\n".join(f"  sectionwire {example}" for example in self.examples)
            kwargs.setdefault("epilog", f"Examples:\n{lines}")
        return super().create_parser(prog_name, subcommand, **kwargs)

    def run_from_argv(self, argv: list[str]) -> None:
        """Run the command as a process of its own: with our log."""
        if self.hardly_logs and "SECTIONWIRE_LOG" not in os.environ:
            logging.getLogger().handlers[:] = [_LateLog(self._log)]
        else:
            self._log()
        super().run_from_argv(argv)

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command; what the database refuses becomes one clear sentence (``--traceback`` shows it whole)."""
        for name, value in options.items():
            if isinstance(value, str) and _NO_TEXT.search(value):
                raise Permanent(f"The argument {name} is no text in UTF-8.", "Type it again.")
        try:
            return super().execute(*args, **options)
        except (DataError, IntegrityError):
            raise  # a fault of ours: the traceback is wanted
        except DatabaseError as error:
            if options.get("traceback"):
                raise
            raise explain(error) from error

    def _log(self) -> None:
        from config import log  # structlog is slow to import, and --help needs none of it

        log.configure()
        if "SECTIONWIRE_LOG" not in os.environ:
            logging.getLogger().setLevel(max(self.log_level, logging.getLogger().level))

    @property
    def out(self) -> Console:
        """Standard output, for people."""
        return console(self.stdout)

    @property
    def err(self) -> Console:
        """Standard error, for what is no result: progress, hints, failures."""
        return console(self.stderr)

    @contextmanager
    def progress(self) -> Iterator[Progress]:
        """A progress bar on standard error, on a terminal only; it leaves nothing behind."""
        bar = progress(self.err)
        with bar:
            self._bar = bar if self.err.is_terminal else None
            try:
                yield bar
            finally:
                self._bar = None

    def write(self, text: str, stream: OutputWrapper | None = None) -> None:
        """Write text as it is, by default to standard output; above the progress bar, if there is one."""
        stream = stream or self.stdout
        if self._bar is not None and stream.isatty():
            self._bar.console.print(text, end="", soft_wrap=True)
        else:
            stream.write(text, ending="")

    def say(self, *lines: str) -> None:
        """Write lines for a person, with nothing in them taken for markup or a terminal's commands."""
        for line in lines:
            self.write(f"{shown(line)}\n")

    def hint(self, line: str) -> None:
        """Write a line to standard error."""
        self.write(f"{shown(line)}\n", self.stderr)

    def fail(self, error: PipelineError | str) -> None:
        """Write what went wrong with one of several things; the command goes on and exits with 1 at the end."""
        self.hint(f"sectionwire: {error}")

    def emit(self, record: Mapping[str, Any] | list[Any]) -> None:
        """Write one JSON value on a line of its own."""
        text = json.dumps(record, ensure_ascii=False, default=str)
        self.write(text.encode("utf-8", "replace").decode() + "\n")


class _LateLog(logging.Handler):
    """Sets the log up when the first line comes: structlog takes longer to import than a file to be cleaned."""

    def __init__(self, set_up: Callable[[], None]) -> None:
        super().__init__()
        self._set_up = set_up

    def emit(self, record: logging.LogRecord) -> None:
        """Give the line to the handlers that take the place of this one."""
        self._set_up()
        root = logging.getLogger()
        if record.levelno >= root.level:
            root.handle(record)


def console(stream: OutputWrapper) -> Console:
    """A console that writes there. Text is text: no markup, no emoji codes, nothing highlighted."""
    from rich.console import Console  # as above

    stream.ending = ""  # rich ends its lines itself
    return Console(file=cast("IO[str]", stream), markup=False, emoji=False, highlight=False)


def progress(on: Console) -> Progress:
    """A progress bar on a console; see :meth:`Command.progress`."""
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # as above

    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=on,
        transient=True,
        disable=not on.is_terminal,
    )


def shown(text: str) -> str:
    """Text from outside as a terminal may show it: nothing that moves the cursor, changes colours or turns letters.

    >>> shown("Tides\\x1b[31m rise")
    'Tides�[31m rise'
    """
    return _CONTROL.sub("\ufffd", text)


def count(number: int, singular: str, plural: str = "") -> str:
    """A number with its noun.

    >>> count(1, "file"), count(3, "entry", "entries")
    ('1 file', '3 entries')
    """
    return f"{number:,} {singular if number == 1 else plural or f'{singular}s'}"


def sentence(text: str) -> str:
    """Words of a help as a sentence; names in them stay as they are.

    >>> sentence("take over a CSV file")
    'Take over a CSV file.'
    """
    return f"{text[:1].upper()}{text[1:]}."


def size(number: int) -> str:
    """Bytes as people write them: ``17.2 MB``."""
    return f"{number / 1_000_000:.1f} MB" if number >= 100_000 else f"{number / 1000:.1f} kB"


def models_folder() -> Path:
    """Where this installation's models are."""
    return Path(settings.MODELS_DIR)


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def user() -> str:
    """Who runs this command, as the operating system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        return f"user {os.getuid()}"


def explain(error: DatabaseError) -> Permanent:
    """What a person can do when the ledger can't be used."""
    text = shown(next(iter(str(error).strip().splitlines()), type(error).__name__))
    home = Path(settings.SECTIONWIRE_HOME)
    in_home = settings.DATABASES["default"]["NAME"] == str(home / "ledger.sqlite3")
    if in_home and not (home / MARKER).is_dir():
        return no_installation(home)
    if _NO_TABLE.search(text):
        return Permanent("The ledger is not set up, or older than this program.", "Run: sectionwire migrate")
    if in_home and not os.access(home, os.W_OK):
        return Permanent(f"{home} can't be written.", "Give yourself the right to, or use another installation.")
    if "locked" in text:
        return Permanent("The ledger is busy: somebody else has been writing for 20 seconds.", "Try again.")
    return Permanent(f"The ledger can't be used: {text}.", "Look at what is wrong with: sectionwire doctor")


def no_installation(home: Path) -> Permanent:
    """There is nothing to work with."""
    return Permanent(
        f"There is no installation in {home}.",
        "Make one with sectionwire init FOLDER; then work in that folder, or set SECTIONWIRE_HOME=FOLDER.",
    )


def add_json(parser: ArgumentParser, what: str = "print JSON, for programs") -> None:
    """The option ``--json``."""
    parser.add_argument("--json", action="store_true", dest="as_json", help=what)


def add_edition(parser: ArgumentParser, when: str = "needed only where two languages of a section both wait") -> None:
    """The arguments that name an edition, and who decides; ``when`` says when the language must be given."""
    parser.add_argument("article", metavar="ARTICLE", help="its key, its uid or the uid's beginning, or its address")
    parser.add_argument("section", metavar="SECTION", help="the section's key, as in network.toml")
    parser.add_argument("--language", metavar="TAG", help=when)
    add_by(parser)


def add_by(parser: ArgumentParser) -> None:
    """The option ``--by``; :func:`person` reads it."""
    parser.add_argument("--by", type=person, default="", metavar="NAME", help="your name (default: your account's)")


def positive(text: str) -> int:
    """A number from 1 on, as an argument."""
    number = int(text)
    if number < 1:
        raise ValueError(text)
    return number


def person(text: str) -> str:
    """A person's name, as an argument."""
    name = one_line(text)
    if len(name) > 150:
        raise ArgumentTypeError("a name has at most 150 characters")
    return name or user()


def python(*arguments: str) -> list[str]:
    """The command line that runs one of our commands with this very Python."""
    return [sys.executable, "-m", "config", *arguments]


def one_line(text: str) -> str:
    """A name as it may be kept: no control characters, single spaces."""
    return " ".join(_CONTROL.sub(" ", text).split())
