"""``sectionwire publish``: send what is wanted, here and now; try again what failed; write pages again."""

from __future__ import annotations

import logging
from argparse import ArgumentParser
from typing import Any

from django.conf import settings

from pipeline.errors import Permanent
from pipeline.management import console


class Command(console.Command):
    help = (
        "Send every page that is due to its output, here and now, without a worker. Say what was sent, and what "
        "failed and why. With --retry, what failed is made due again; with --again, all published pages are (after a "
        "change of templates). Where workers run, both leave the sending to them."
    )
    examples = ("publish", "publish --retry", "publish --again --section portugal")
    log_level = logging.ERROR  # what failed, and why, is told in the command's own words

    def add_arguments(self, parser: ArgumentParser) -> None:
        mode = parser.add_mutually_exclusive_group()
        mode.add_argument("--retry", action="store_true", help="make failed deliveries due again")
        mode.add_argument("--again", action="store_true", help="write pages again that are published already")
        parser.add_argument("--section", metavar="KEY", help="with --retry or --again: of this section only")
        parser.add_argument("--article", metavar="ARTICLE", help="with --retry or --again: of this article only")

    def handle(self, *_: Any, retry: bool, again: bool, section: str | None, article: str | None, **__: Any) -> None:
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
        sent = sending.send()
        for page in sent.pages:
            self.say(f"sent    {page.edition}: {page.url}")
        if sent.fronts:
            self.say(f"sent    {console.count(sent.fronts, 'front page')}")
        for failure in sent.failures:
            self.say(f"{'failed ' if failure.final else 'later  '} {failure.what}: {failure.why}")
        if not (sent.pages or sent.fronts or sent.failures):
            self.say("Nothing was due.")
        if sent.failures:
            self.hint("Once the cause is mended: sectionwire publish --retry")
            raise SystemExit(1)
