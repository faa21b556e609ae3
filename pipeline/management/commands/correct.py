"""``sectionwire correct``: tell readers that a text puts right what was published before."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pipeline.management import console


class Command(console.Command):
    help = (
        "Label the newest revision of an article as a correction: its pages tell readers the date and the note, once "
        "they show it. With a section, the note is for its own page, in its own language, and about the version that "
        "waits there, or else the published one."
    )
    examples = (
        'correct river-gauges --note "An earlier version gave the height in feet."',
        'correct river-gauges portugal --note "Uma versão anterior indicava a altura em pés."',
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "article", metavar="ARTICLE", help="its key, its uid or the uid's beginning, or its address"
        )
        parser.add_argument("section", metavar="SECTION", nargs="?", default="", help="for this section's page only")
        parser.add_argument("--language", metavar="TAG", help="which page of a section that has several")
        parser.add_argument("--note", required=True, help="what was wrong, in a sentence for readers")
        console.add_by(parser)

    def handle(self, *_: Any, article: str, section: str, language: str | None, note: str, by: str, **__: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import corrections, installation
        from pipeline.management import editions

        net = installation.network()
        edition = editions.find(article, section, language, net, guess=False) if section else None
        found = editions.find_article(article)
        text = console.one_line(note)
        done = corrections.label(found, text, by=by, edition_id=edition.pk if edition else None)
        where = f" for {done.edition.section} {done.edition.language}" if done.edition else ""
        self.say(f"Revision {done.revision.number} of {found} is labelled as a correction{where}.")
