"""``sectionwire restore``: a backup, back into the ledger."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from pipeline.management import console, safekeeping


class Command(console.Command):
    help = (
        "Fill an empty ledger from a file that sectionwire backup made, and put network.toml and the theme back in "
        "place; what stood there stays beside them as ….before-restore. Everything is checked first: a file that is "
        "damaged or of another version changes nothing, and nor does it when this is stopped in the middle. Stop all "
        "workers and the web before. (To publish an earlier version of an article again: sectionwire revert.)"
    )
    examples = ("restore monday.zip --check", "restore monday.zip", "restore monday.zip --replace")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", type=Path, help="the backup")
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--check", action="store_true", help="look only whether the file is whole, and what it has")
        mode.add_argument("--replace", action="store_true", help="throw away what the ledger holds now")
        console.add_json(parser)

    def handle(self, *_: Any, file: Path, check: bool, replace: bool, as_json: bool, **__: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import backup

        with self.progress() as bar:
            told = safekeeping.teller(bar)
            if check:
                restored = backup.Restored(backup.checked(file, told), notes=())
            else:
                restored = backup.restore(file, told, replace=replace)
        manifest, notes = restored.manifest, restored.notes
        if as_json:
            self.emit({**safekeeping.about(manifest), "restored": not check, "notes": list(notes)})
            return
        self.say(f"{file} is whole: {safekeeping.summary(manifest)}")
        if not check:
            self._next(manifest, notes)

    def _next(self, manifest: Any, notes: tuple[str, ...]) -> None:
        self.say("The ledger is restored.", *notes, "Now:")
        for engine, source, target in safekeeping.lacking(manifest):
            self.say(f"  sectionwire models install {source} {target}      # {engine}; it was there")
        self.say(
            "  sectionwire doctor                     # is everything in order?",
            "  sectionwire up                         # or start your workers, the clock and the web",
            "  sectionwire publish verify --repair    # make the outputs show what the ledger knows",
        )
