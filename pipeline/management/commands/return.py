"""``sectionwire return``: a section sends an article back."""  # noqa: N999 - the command's name is the module's

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pipeline.management import console


class Command(console.Command):
    help = (
        "Return an article that waits for a section's decision, with a note on what is wrong. It is not published "
        "there until somebody approves it after all, or a new version comes."
    )
    examples = ('return river-gauges portugal --note "The title says the opposite of the text."',)

    def add_arguments(self, parser: ArgumentParser) -> None:
        console.add_edition(parser)
        parser.add_argument("--note", required=True, help="what is wrong with it, for those who mend it")

    def handle(self, *_: Any, note: str, by: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import decisions, installation
        from pipeline.management import editions

        edition = editions.find(options["article"], options["section"], options["language"], installation.network())
        done = decisions.send_back(edition.pk, by=by, note=console.one_line(note))
        self.say(f"{done}: {done.reason}")
