"""``sectionwire retry``: try again what failed, in whatever stage."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pipeline.management import console


class Command(console.Command):
    help = (
        "Make ready again what failed and waits for a person: revisions that could not be cleaned, translations, "
        "pages. Mend the cause first; sectionwire status says what it is. Workers then go on with it."
    )
    examples = ("retry", "retry word-field-report")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("article", nargs="?", metavar="ARTICLE", help="of this article only (default: of all)")

    def handle(self, *_: Any, article: str | None, **__: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import retry
        from pipeline.management import editions

        changed = retry.failed(editions.find_article(article) if article else None)
        if not any(changed.values()):
            self.say("Nothing has failed.")
        for stage, number in changed.items():
            if number:
                self.say(f"{stage:10}{console.count(number, 'piece')} of work made ready again.")
