"""``sectionwire revert``: publish an earlier version again."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandParser

from pipeline.management import console


class Command(console.Command):
    help = (
        "Publish the text of an earlier version again in one section: as a new version, approved by you, that says "
        "which one it repeats. Other sections, and what waits for a decision, stay as they are. Without --version: the "
        "versions there are."
    )
    examples = ("revert river-gauges portugal", "revert river-gauges portugal --version 3")

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """The parser: here --version is that of a text, and not Django's option of the same name."""
        return super().create_parser(prog_name, subcommand, conflict_handler="resolve", **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        console.add_edition(parser, "which page of a section that has several")
        parser.add_argument("--version", type=int, default=0, dest="number", metavar="N", help="which one")
        parser.add_argument(
            "--dismiss", default="", metavar="REASON", help="dismiss the findings that block it, for this reason"
        )

    def handle(self, *_: Any, number: int, dismiss: str, by: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation, restore
        from pipeline.management import editions

        net = installation.network()
        edition = editions.find(options["article"], options["section"], options["language"], net, guess=False)
        if not number:
            self._list(edition)
            return
        done = restore.restore(edition.pk, number, by=by, net=net, dismiss=console.one_line(dismiss))
        if done.approved is not None and done.approved.restored_id is not None:
            self.say(f"Version {number} is published again, as version {done.approved.number}.")
        else:
            self.say(f"Version {number} waits for a second person.")

    def _list(self, edition: Any) -> None:
        for version in edition.translation.versions.defer("segments").select_related("revision").order_by("number"):
            sign = (
                "published"
                if version.pk == edition.approved_id
                else "waits"
                if version.pk == edition.candidate_id
                else ""
            )
            line = f"{version.number:>4}  {version.created_at:%Y-%m-%d %H:%M}  revision {version.revision.number}"
            self.say(f"{line}  {version.origin:8} {version.author[:40]:40}  {sign}".rstrip())
