"""``sectionwire withdraw``: an article, or one section's edition of it, is taken back from its readers."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pipeline.errors import Permanent
from pipeline.management import console


class Command(console.Command):
    help = (
        "Withdraw an article everywhere, or from one section: each page becomes a notice, or goes, as the section's "
        "“withdrawn” says; front pages, feeds, sitemaps and sibling pages follow. A new revision does not bring it "
        "back; --undo does: what was approved is published again, and what came in meanwhile waits for an editor."
    )
    examples = (
        'withdraw river-gauges --reason "The figures were wrong."',
        'withdraw river-gauges canada --language fr-CA --reason "A name must not be public."',
        "withdraw river-gauges --undo",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "article", metavar="ARTICLE", help="its key, its uid or the uid's beginning, or its address"
        )
        parser.add_argument("section", metavar="SECTION", nargs="?", default="", help="from this section only")
        parser.add_argument("--language", metavar="TAG", default="", help="with SECTION: in this language only")
        parser.add_argument("--reason", default="", help="why, in a sentence; editors see it, readers do not")
        parser.add_argument("--undo", action="store_true", help="bring back what was withdrawn")
        console.add_by(parser)
        console.add_json(parser)

    def handle(self, *_: Any, section: str, language: str, undo: bool, as_json: bool, by: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation, withdraw
        from pipeline.management import editions

        net = installation.network()
        if language and not section:
            raise Permanent("--language goes with a section.", "Name the section as well.")
        article = editions.find_article(options["article"])
        where = {"section": _known(section, net, article), "language": language}
        if undo:
            done = withdraw.reinstate(article, by=by, net=net, **where)
        else:
            reason = console.one_line(options["reason"])
            done = withdraw.withdraw(article, by=by, reason=reason, net=net, **where)
        if as_json:
            names = [{"section": each.section, "language": each.language} for each in done.editions]
            self.emit({"article": article.uid, "editions": names, "pages": done.pages, "elsewhere": done.elsewhere})
            return
        self._tell(done, undo=undo)

    def _tell(self, done: Any, *, undo: bool) -> None:
        if not done.editions:
            self.say(
                "Nothing of it was published or waited: what comes in later stays unpublished." if not undo else ""
            )
            return
        word = "reinstated" if undo else "withdrawn"
        self.say(*(f"{word}  {each.section} {each.language}" for each in done.editions))
        for url in done.elsewhere:
            self.say(f"It also stands at {url}, where Sectionwire did not put it: have it taken down there.")
        if done.pages:
            self.hint(f"{console.count(done.pages, 'page')} to send. Watch it with: sectionwire status")


def _known(section: str, net: Any, article: Any) -> str:
    """The section's key; one that has left the network file still has editions that can be withdrawn."""
    if section and not article.editions.filter(section=section).exists():
        return str(net.section(section).key)
    return section
