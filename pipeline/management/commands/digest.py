"""``sectionwire digest``: tell editors by e-mail what waits for them."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pipeline.errors import Transient
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.flow.digest import Told
    from pipeline.network import Network


class Command(console.Command):
    help = (
        "Send every editor the e-mail of the day: what waits for their decision, most urgent first, and what failed in "
        "their sections. In their language; at most one a day for each person, not before six in the morning where the "
        "first of their sections is, and none when nothing waits. Run it as often as you like. Who does not want it "
        "switches it off under Preferences, or by the link in the e-mail."
    )
    examples = ("digest", "digest --dry-run", "digest --person ines --dry-run", "digest --json")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="show what would be sent to whom; send nothing")
        parser.add_argument("--person", default="", metavar="NAME", help="this person only, whatever the hour")
        console.add_json(parser, "print one JSON object per person")

    def handle(self, *_: Any, dry_run: bool, person: str, as_json: bool, **__: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import accounts, clock, digest, installation

        net = installation.network()
        name = accounts.find_open(console.one_line(person)).get_username() if person else ""
        if dry_run:
            self._show(net, name, as_json=as_json)
            return
        told = digest.send_due(net, clock.now(), only=name)
        for each in told:
            if as_json:
                self.emit(asdict(each))
            else:
                self._tell(each)
        if not told:
            self._nobody(name)
        if wrong := [each for each in told if each.outcome in (digest.Outcome.LATER, digest.Outcome.FAILED)]:
            raise Transient(
                f"{console.count(len(wrong), 'digest')} could not be sent: {wrong[0].detail}.",
                "Look at SECTIONWIRE_EMAIL_URL; those to be tried again are sent by the next run.",
            )

    def _nobody(self, name: str) -> None:
        self.hint(f"{name or 'Nobody'} decides {'for no section' if name else 'for any section'}: nothing to send.")

    def _tell(self, told: Told) -> None:
        counts = f", {told.waiting} waiting, {told.failed} failed" if told.waiting or told.failed else ""
        self.say(f"{told.name}: {told.outcome}{counts}{f': {told.detail}' if told.detail else ''}")

    def _show(self, net: Network, only: str, *, as_json: bool) -> None:
        from pipeline.flow import digest  # as above

        users = list(digest.editors(only))
        if not users and not as_json:
            self._nobody(only)
        for user in users:
            found = digest.compose(user, net)
            if as_json:
                self.emit({"name": user.get_username(), "address": user.email, **asdict(found)})
            elif found.total or found.failed:
                message = digest.written(user, found, net)
                self.say(f"To: {user.email or '(no address)'}", f"Subject: {message.subject}", "")
                self.write(f"{console.shown(str(message.body))}\n")
            else:
                self.say(f"{user.get_username()}: {digest.Outcome.NOTHING}")
