"""``sectionwire release``: hold an article or a series until all who must publish it are ready."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import Permanent
from pipeline.management import console


class Command(console.Command):
    help = (
        "Hold an article, or a series, until all sections have approved it (or those that --require names), then let "
        "all go out together; or at the latest --until a time, with those that are approved by then. Pages that are "
        "published already are not held. Without options: what an article, or everything, waits for."
    )
    examples = (
        "release",
        "release flood-report --hold",
        "release flood-report --require portugal --require canada/fr-CA --until 2026-12-01T08:00+01:00",
        'release --series "Rivers of the north" --parts 5 --hold',
        "release flood-report --open",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("article", metavar="ARTICLE", nargs="?", help="its key, uid (or its beginning) or address")
        parser.add_argument("--series", default="", metavar="NAME", help="a series instead of one article")
        parser.add_argument("--hold", action="store_true", help="hold it until all sections have approved it")
        parser.add_argument(
            "--require",
            action="append",
            default=[],
            metavar="SECTION",
            help="hold it for these: a key, or key/language",
        )
        parser.add_argument(
            "--parts", type=console.positive, default=0, metavar="N", help="how many articles the series must have"
        )
        parser.add_argument(
            "--until", type=_moment, metavar="TIME", help="at the latest until then: ISO 8601 with a zone"
        )
        parser.add_argument("--open", action="store_true", help="let it out now, whatever is missing")
        console.add_by(parser)
        console.add_json(parser)

    def handle(self, *_: Any, article: str | None, series: str, by: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation, release
        from pipeline.management import editions

        if article and series:
            raise Permanent("Name an article or a series, not both.", "Leave one of them out.")
        target: Any = editions.find_article(article) if article else series
        wants = options["hold"] or options["require"] or options["parts"] or options["until"]
        if not target:
            if wants or options["open"]:
                raise Permanent("What is to be held, or let out?", "Name an article, or --series NAME.")
            self._list(as_json=options["as_json"])
            return
        if options["open"] and wants:
            raise Permanent("It is let out, or held, not both.", "Leave out --open, or what goes with --hold.")
        if options["open"]:
            barrier = release.find_barrier(target)
            if barrier is None or not release.open_barrier(barrier, by=by):
                raise Permanent(f"Nothing holds {target}.", "See what waits: sectionwire release")
            self.say(f"{target} is let out: what is approved goes out.")
            return
        if wants:
            rule = {"required": options["require"], "parts": options["parts"], "until": options["until"]}
            release.set_barrier(target, by=by, net=installation.network(), **rule)
        self._show(target, as_json=options["as_json"])

    def _list(self, *, as_json: bool) -> None:
        from pipeline.ledger.models import Barrier  # as above

        closed = list(Barrier.objects.filter(opened_at=None).select_related("article").order_by("id"))
        for barrier in closed:
            self._show(barrier.article or barrier.series, as_json=as_json)
        if not closed and not as_json:
            self.say("Nothing is held.")

    def _show(self, target: Any, *, as_json: bool) -> None:
        from pipeline.flow import release  # as above

        barrier = release.find_barrier(target)
        standing = release.look(barrier) if barrier else None
        if as_json:
            record = {"held": str(target), "set_by": barrier.set_by, "required": barrier.required} if barrier else {}
            missing = list(standing.missing) if standing else []
            self.emit({**record, "missing": missing, "until": barrier.until if barrier else None})
        elif barrier is None or standing is None:
            self.say(f"Nothing holds {target}.")
        elif standing.ready:
            self.say(f"{target} goes out: {standing.ready}.")
        else:
            self.say(f"{target}, held by {barrier.set_by}: {standing.reason.removeprefix(release.BARRIER)}.")


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise ArgumentTypeError(f"“{text}” has no zone: add one, such as +01:00 or Z")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"“{text}” is no time: write 2026-12-01T08:00+01:00") from None
