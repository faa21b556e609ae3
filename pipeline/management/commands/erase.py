"""``sectionwire erase``: an article or a person, for good."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent
from pipeline.management import console

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pipeline.flow.erase import Progress


class Command(console.Command):
    help = (
        "Erase for good: an article (its pages at every output, all its texts, versions and memory), or a person (the "
        "account, and the name wherever it stands, for which a tombstone such as erased-7f3a90c1 stands from then on). "
        "Without --yes nothing is changed: it says what would go. It can't be undone; backups that were made before "
        "still have it. An article is being erased until every output has confirmed that its pages are gone; the sweep "
        "finishes it then, and so does the same command."
    )
    examples = (
        "erase article river-gauges",
        "erase article river-gauges --yes",
        "erase article river-gauges --yes --without-outputs",
        "erase person ines --yes",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        kinds = parser.add_subparsers(dest="kind", required=True, metavar="article | person")
        article = kinds.add_parser("article", help="an article", formatter_class=console.HelpFormatter)
        article.add_argument(
            "subject", metavar="ARTICLE", help="its key, its uid or the uid's beginning, or its address"
        )
        article.add_argument(
            "--without-outputs", action="store_true", help="don't wait for outputs that can't be reached any more"
        )
        person = kinds.add_parser("person", help="a person", formatter_class=console.HelpFormatter)
        person.add_argument("subject", metavar="NAME", help="the name of the account, or the one that stands in --by")
        for each in (article, person):
            each.add_argument("--yes", action="store_true", help="do it; else only say what would go")
            console.add_by(each)
            console.add_json(each)

    def handle(self, *_: Any, kind: str, subject: str, yes: bool, by: str, as_json: bool, **options: Any) -> None:
        name = console.one_line(subject)
        if kind == "person":
            self._person(name, yes=yes, by=by, as_json=as_json)
        else:
            self._article(name, yes=yes, by=by, as_json=as_json, without_outputs=options["without_outputs"])

    def _article(self, name: str, *, yes: bool, by: str, as_json: bool, without_outputs: bool) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import erase, installation
        from pipeline.management import editions

        article = editions.find_article(name)
        if yes:
            net = installation.network()
            done = erase.erase_article(article, by=by, net=net, without_outputs=without_outputs)
        else:
            done = erase.foresee_article(article)
        if as_json:
            state = "erased" if done.is_done else "erasing" if yes else "foreseen"
            self.emit({"article": done.uid, "state": state, "rows": dict(done.rows), "waits": done.waits})
            return
        self._tell_article(done, yes=yes)

    def _tell_article(self, done: Progress, *, yes: bool) -> None:
        for url in done.elsewhere:
            self.say(f"It also stands at {url}, where Sectionwire did not put it: have it taken down there.")
        if done.is_done and not done.rows:
            self.say(f"{done.uid} is erased already.")
        elif done.is_done:
            self._rows(done.rows, "went")
            self.say(f"{done.uid} is erased. Backups that were made before still have it.")
        elif yes:
            self.say(f"{done.uid} is withdrawn and is being erased. These outputs have not taken it away yet:")
            self.say(*(f"  {each}" for each in done.waits))
            self.hint("The sweep finishes it once they have. If one never will: --without-outputs.")
        else:
            self.say(f"{done.uid} “{done.title}”: this would go for good.")
            self._rows(done.rows, "would go")
            self.hint("Nothing was changed. To do it: the same with --yes")

    def _person(self, name: str, *, yes: bool, by: str, as_json: bool) -> None:
        from pipeline.flow import erase  # as above

        done = erase.erase_person(name, by=by) if yes else erase.foresee_person(name)
        if as_json:
            self.emit({"tombstone": done.tombstone, "rows": dict(done.rows), "pages": done.pages})
        elif not done.rows and not done.tombstone:
            self.say(f"Nothing in the ledger has the name “{name}”.")
        elif yes:
            self._rows(done.rows, "went")
            self.say(f"{done.tombstone} stands for the name from now on. Backups made before still have it.")
            if done.pages:
                self.hint(f"{console.count(done.pages, 'page')} that named them will be sent again.")
        else:
            self._rows(done.rows, "would go, or get a tombstone")
            if done.pages:
                self.say(f"  {console.count(done.pages, 'page')} that name them would be sent again")
            self.hint("Nothing was changed. To do it: the same with --yes")

    def _rows(self, rows: Mapping[str, int], what: str) -> None:
        if not rows:
            raise Permanent("There is nothing to erase.", "See what there is: sectionwire status")
        self.say(*(f"  {count:>8,}  {name} {what}" for name, count in rows.items()))
