"""``sectionwire approve``: a section takes what waits for its decision."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.ledger.models import Edition, Version

SHORT = 12
"""Digits of a digest that are shown, and enough to name it."""


class Command(console.Command):
    help = (
        "Approve the version of an article that waits for a section's decision; it is then published, after its "
        "embargo. Sections that follow this one take it over. Shows what it approves; only that is approved: when "
        "another version comes in between, nothing happens. Where the section asks for a second pair of eyes, two "
        "people approve, and --by says who: the first approval only lets it wait for the second."
    )
    examples = (
        "approve river-gauges portugal",
        "approve river-gauges canada --language fr-CA --by Marisol",
        'approve river-gauges portugal --dismiss "the number is a street address"',
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        console.add_edition(parser)
        parser.add_argument("--digest", default="", help="approve only the version that has this digest")
        parser.add_argument(
            "--dismiss", default="", metavar="REASON", help="dismiss the findings that block it, for this reason"
        )

        parser.add_argument(
            "--correction", default="", metavar="NOTE", help="tell readers of this page what the version puts right"
        )

    def handle(self, *_: Any, digest: str, dismiss: str, by: str, correction: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import decisions, installation
        from pipeline.ledger.models.editions import seen_digest
        from pipeline.management import editions

        net = installation.network()
        edition = editions.find(options["article"], options["section"], options["language"], net)
        version = edition.candidate
        if version is not None:
            seen = seen_digest(version, edition.overlay)
            self._show(edition, version, seen)
            wanted = seen if named(seen, digest) else digest
        else:
            wanted = digest  # decisions.approve says how it stands
        approved = decisions.approve(
            edition.pk,
            by=by,
            net=net,
            digest=wanted,
            dismiss=console.one_line(dismiss),
            correction=console.one_line(correction),
        )
        self._tell(approved)

    def _show(self, edition: Edition, version: Version, seen: str) -> None:
        made = {"source": "as it was written", "machine": "machine translation", "person": "edited by a person"}
        self.say(
            f"{edition}: version {version.number} of revision {version.revision.number}, {made[version.origin]}",
            f"  title   {edition.own_title or version.title}",
            f"  digest  {seen[:SHORT]}",
        )
        if edition.state == "second":
            self.say(f"  {edition.reason}")
        for finding in version.findings.filter(state="open").order_by("severity", "id"):
            self.say(f"  {'blocks' if finding.severity == 'block' else 'note'}  {finding.message}")

    def _tell(self, edition: Edition) -> None:
        from django.conf import settings

        if edition.state == "second":
            self.say(f"Approved once, by {edition.first_approved_by}; a second person must approve it, too.")
            return
        when = f"goes out on {edition.release_at:%Y-%m-%d at %H:%M %Z}" if edition.release_at else "is being published"
        self.say(f"Approved by {edition.decided_by}; it {when}.")
        if not settings.BROKER_URL:
            self.hint("Nothing runs here now. To publish it at once: sectionwire publish; else with sectionwire up")


def named(seen: str, digest: str) -> bool:
    """Whether a digest, or its beginning, is that of what was shown; an empty one stands for it.

    Raises:
        Permanent: it is too short to tell versions apart.
    """
    if digest and len(digest) < SHORT:
        raise Permanent(f"“{digest}” is too short for a digest.", f"Give at least {SHORT} digits of it.")
    return seen.startswith(digest.lower())
