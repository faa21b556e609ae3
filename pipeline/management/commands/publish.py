"""``sectionwire publish``: send what is wanted, here and now; try again, write again; verify what outputs hold."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from django.conf import settings

from pipeline.errors import Permanent, PipelineError
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.flow.verify import Drift


class Command(console.Command):
    help = (
        "Send every page that is due to its output, here and now, without a worker. Say what was sent, and what "
        "failed and why. With --retry, what failed is made due again; with --again, all published pages are (after a "
        "change of templates). Where workers run, both leave the sending to them.\n\n"
        "publish verify compares what each output really holds with what the ledger says that it has confirmed: pages "
        "that are missing, that somebody has changed, that are older, or that nobody wants. With --repair, such pages "
        "are sent again or taken away."
    )
    examples = (
        "publish",
        "publish --retry",
        "publish --again --section portugal",
        "publish verify",
        "publish verify --output site --repair",
    )
    log_level = logging.ERROR  # what failed, and why, is told in the command's own words

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--retry", action="store_true", help="make failed deliveries due again")
        mode.add_argument("--again", action="store_true", help="write pages again that are published already")
        parser.add_argument("--section", metavar="KEY", help="with --retry or --again: of this section only")
        parser.add_argument("--article", metavar="ARTICLE", help="with --retry or --again: of this article only")
        actions = parser.add_subparsers(dest="action", metavar="[verify]")
        verify = actions.add_parser(
            "verify",
            help="compare what outputs hold with the ledger",
            description="Compare what each output really holds with the ledger. Exits with 1 when they differ.",
            formatter_class=console.HelpFormatter,
        )
        verify.add_argument("--output", metavar="NAME", help="only this output, as network.toml names it")
        verify.add_argument("--repair", action="store_true", help="send such pages again, take away what nobody wants")
        console.add_json(verify, "print one JSON object for each such page, and one that sums up")

    def handle(self, *_: Any, action: str | None, **options: Any) -> None:
        if action != "verify":
            self._publish(options["section"], options["article"], retry=options["retry"], again=options["again"])
            return
        if any(options[name] for name in ("section", "article", "retry", "again")):
            raise Permanent(
                "publish verify looks at every section.", "Leave out --section, --article, --retry and --again."
            )
        self._verify(options["output"], repair=options["repair"], as_json=options["as_json"])

    def _publish(self, section: str | None, article: str | None, *, retry: bool, again: bool) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.management import sending

        if (section or article) and not (retry or again):
            raise Permanent("--section and --article go with --retry or --again.", "Add one of them.")
        if retry or again:
            number = sending.wake(section, article, again=again)
            what = console.count(number, "delivery", "deliveries")
            self.say(f"{what} {'is' if number == 1 else 'are'} due again." if number else "Nothing to do again.")
            if settings.BROKER_URL or not number:
                return
        self._send()

    def _send(self) -> None:
        from pipeline.management import sending  # as above

        sent = sending.send()
        for page in sent.pages:
            self.say(f"sent    {page.edition}: {page.url}")
        if sent.fronts:
            lists = console.count(sent.fronts, "front page, list or feed", "front pages, lists and feeds")
            self.say(f"sent    {lists}")
        for failure in sent.failures:
            self.say(f"{'failed ' if failure.final else 'later  '} {failure.what}: {failure.why}")
        if not (sent.pages or sent.fronts or sent.failures):
            self.say("Nothing was due.")
        if sent.failures:
            self.hint("Once the cause is mended: sectionwire publish --retry")
            raise SystemExit(1)

    def _verify(self, output: str | None, *, repair: bool, as_json: bool) -> None:
        from pipeline.flow import installation, verify  # as above

        net = installation.network()
        places = verify.places(net, output)
        found = {"compared": 0, "different": 0, "unread": 0}
        with self.progress() as bar:
            task = bar.add_task("pages", total=sum(place.pages for place in places))

            def compared(number: int) -> None:
                found["compared"] += number
                bar.advance(task, number)

            for place in places:
                bar.update(task, description=f"{place.section.key} at {place.output}")
                try:
                    for drift in verify.run(place, net, compared, repair=repair):
                        found["different"] += 1
                        self._tell(drift, as_json=as_json)
                except PipelineError as error:
                    found["unread"] += 1
                    self.fail(error)
        if as_json:
            self.emit({**found, "repaired": repair})
        else:
            self._sum_up(found, repair=repair)
        if found["unread"] or (found["different"] and not repair):
            raise SystemExit(1)

    def _tell(self, drift: Drift, *, as_json: bool) -> None:
        if as_json:
            self.emit(asdict(drift))
        else:
            what = drift.url or drift.path or drift.key
            self.say(f"{drift.kind:<9} {drift.section} at {drift.output}: {what}")

    def _sum_up(self, found: dict[str, int], *, repair: bool) -> None:
        self.say(
            f"{console.count(found['compared'], 'page')} compared, {found['different']:,} not as the ledger has it."
        )
        if not found["different"]:
            return
        if not repair:
            self.hint("To send such pages again, and take away what nobody wants: sectionwire publish verify --repair")
        elif not settings.BROKER_URL:
            self._send()
