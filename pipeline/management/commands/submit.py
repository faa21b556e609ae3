"""``sectionwire submit``: articles into the queue."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from pipeline.documents import Metadata, Submission
from pipeline.errors import Permanent, PipelineError
from pipeline.management import console, files

if TYPE_CHECKING:
    from pipeline.flow.submit import Submitted

WORDS: Final = {"new": "new", "updated": "updated", "duplicate": "unchanged"}


class Command(console.Command):
    help = (
        "Put articles into the queue: HTML, Markdown or JSON files (docs/articles.md says what may stand in them). "
        "Once a line says so, an article is in the ledger and cannot get lost, whether anything is running or not. The "
        "same article again is noticed; a changed one with the same key becomes its next revision."
    )
    examples = (
        "submit report.html --source-language en",
        "submit articles/",
        'submit - --key flood-7 --title "The flood" --source-language en < flood.html',
        "submit statement.md --embargo 2026-11-05T18:00+01:00 --urgent",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder, or - for standard input")
        said = parser.add_argument_group("about the article", "This wins over what the file says of itself.")
        said.add_argument("--source-language", default="", metavar="TAG", help="the language it is written in: en-GB")
        said.add_argument("--key", default="", help="your own stable name of the article (for a single file)")
        said.add_argument("--title", default="", help="its title (for a single file)")
        said.add_argument("--summary", default="", help="its teaser (for a single file)")
        said.add_argument("--kind", default="", metavar="WORD", help="news, feature, opinion, statement, …")
        said.add_argument("--tag", action="append", default=[], metavar="TAG", help="a tag; may be given several times")
        said.add_argument("--embargo", type=moment, metavar="TIME", help="not before: 2026-11-05T18:00+01:00")
        parser.add_argument(
            "--origin",
            type=console.one_line,
            default="submit",
            help="who hands it in: keys are unique within one origin",
        )
        parser.add_argument("--urgent", action="store_true", help="before everything that is not urgent")
        console.add_by(parser)
        console.add_json(parser, "print one JSON object per file")

    def handle(self, *_: Any, as_json: bool, **options: Any) -> None:
        # Here and not above: intake is slow to import, and --help needs none of it.
        from pipeline.flow import installation
        from pipeline.flow import submit as flow

        inputs = files.expand(options["files"])
        net = installation.network()
        metadata = about(options, len(inputs))
        if metadata.language:
            net.check_source(metadata.language)
        limit = flow.intake_options(net).max_bytes

        def submit(source: files.Input) -> Submitted:
            submission = Submission(source.name, source.read(limit), metadata)
            return flow.submit(
                submission, origin=options["origin"], by=options["by"], urgent=options["urgent"], net=net
            )

        failed, queued = self._submit_all(inputs, submit, as_json=as_json)
        if queued and not settings.BROKER_URL:
            self.hint(f"Nothing runs here now. {'It' if queued == 1 else 'They'} will be worked on by: sectionwire up")
        if failed:
            raise SystemExit(1)

    def _submit_all(
        self, inputs: list[files.Input], submit: Callable[[files.Input], Submitted], *, as_json: bool
    ) -> tuple[int, int]:
        """How many failed, and how many are in the queue now."""
        failed = queued = 0
        with self.progress() as progress:
            for source in progress.track(inputs, description="submitting"):
                try:
                    submitted = submit(source)
                except PipelineError as error:
                    failed += 1
                    self.fail(error)
                    if as_json:
                        self.emit(
                            {"file": source.name, "outcome": "failed", "error": error.message, "remedy": error.remedy}
                        )
                    continue
                queued += submitted.outcome != "duplicate"
                if as_json:
                    self.emit(_record(source, submitted))
                else:
                    self.say(f"{WORDS[submitted.outcome]:<9}  {source.name}: {submitted.sentence}")
        return failed, queued


def about(options: dict[str, Any], files_given: int) -> Metadata:
    """What the options say of the article.

    Raises:
        Permanent: an option that can only be meant for one article stands with several files, or is too long.
    """
    for name in ("key", "title", "summary"):
        if options[name] and files_given > 1:
            raise Permanent(f"--{name} can't be said of {files_given} files at once.", "Submit them one by one.")
    for name, longest in (("key", 200), ("origin", 80)):
        if len(options[name]) > longest:
            raise Permanent(f"--{name} has more than {longest} characters.", "Choose a shorter one.")
    said = {name: options[name] for name in ("key", "title", "summary", "kind", "embargo") if options[name]}
    tags = tuple(tag.strip() for given in options["tag"] for tag in given.split(",") if tag.strip())
    return Metadata(language=options["source_language"], tags=tags, **said)


def moment(text: str) -> datetime:
    """A time with its zone, as an argument; in UTC, so that the same moment is the same article."""
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise ArgumentTypeError(f"“{text}” is no time with a zone: write it as 2026-11-05T18:00+01:00")
    return time.astimezone(UTC)


def _record(source: files.Input, submitted: Submitted) -> dict[str, Any]:
    article = submitted.article
    return {
        "file": source.name,
        "outcome": WORDS[submitted.outcome],
        "article": article.uid,
        "key": article.key,
        "title": article.title,
        "revision": submitted.revision.number,
    }
