"""``sectionwire backup``: everything that can't be made again, in one file."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import IO, Any

from pipeline.errors import Permanent
from pipeline.management import console, safekeeping


class Command(console.Command):
    help = (
        "Write the ledger (every table, as it is at this moment), network.toml, the theme and the list of translation "
        "models into one file, while everything runs. It carries a ledger from SQLite to PostgreSQL and back as well. "
        "Published pages, models, and what sectionwire align has learnt are not in it: they come back with one command "
        "each. Keep it safe: it has every article, also unpublished ones, and the hashes of passwords."
    )
    examples = (
        "backup /srv/backups/monday.zip",
        "backup -",
        "backup monday.zip --with-secrets",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", metavar="FILE", help="where to; it must not exist yet. - is standard output, for ssh"
        )
        parser.add_argument(
            "--with-secrets",
            action="store_true",
            help="also the secret key, and the signing secrets of webhooks (without them these are switched off when "
            "restored)",
        )
        console.add_json(parser)

    def handle(self, *_: Any, file: str, with_secrets: bool, as_json: bool, **__: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import backup

        with self.progress() as bar:
            told = safekeeping.teller(bar)
            if file == "-":
                with self._standard_output() as stream:
                    manifest = backup.make(stream, told, with_secrets=with_secrets)
            else:
                manifest = safekeeping.write(
                    Path(file), lambda stream: backup.make(stream, told, with_secrets=with_secrets)
                )
        if file == "-":
            self.hint(safekeeping.summary(manifest))
        elif as_json:
            self.emit(
                {"file": str(Path(file).resolve()), "size": Path(file).stat().st_size} | safekeeping.about(manifest)
            )
        else:
            self.say(f"{file} ({console.size(Path(file).stat().st_size)}): {safekeeping.summary(manifest)}")
            self.say("It is checked with: sectionwire restore FILE --check")

    def _standard_output(self) -> IO[bytes]:
        if sys.stdout.isatty():
            raise Permanent(
                "A backup is no text for a terminal.", "Give a file, or send it on: sectionwire backup - | …"
            )
        return os.fdopen(os.dup(sys.stdout.fileno()), "wb")
