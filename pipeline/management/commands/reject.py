"""``sectionwire reject``: an article is not for a section."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pipeline.management import console


class Command(console.Command):
    help = (
        "Reject an article for a section: it is not for its readers. Later revisions don't come back to this section; "
        "the other sections are not affected."
    )
    examples = ('reject river-gauges angola --reason "These rivers are not ours."',)

    def add_arguments(self, parser: ArgumentParser) -> None:
        console.add_edition(parser)
        parser.add_argument("--reason", required=True, help="why, in a sentence")

    def handle(self, *_: Any, reason: str, by: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import decisions, installation
        from pipeline.management import editions

        edition = editions.find(options["article"], options["section"], options["language"], installation.network())
        done = decisions.decline(edition.pk, by=by, reason=console.one_line(reason))
        self.say(f"{done}: {done.reason}")
