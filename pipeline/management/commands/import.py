"""``sectionwire import --existing``: an organisation does not start empty."""  # noqa: N999 - the command's name is the module's

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent, PipelineError
from pipeline.management import console

if TYPE_CHECKING:
    from collections.abc import Callable

    from pipeline.flow.existing import Brought
    from pipeline.management.existing import Listed


class Command(console.Command):
    help = (
        "Take articles together with the translations that people made of them before Sectionwire came: as published "
        "history, and as translation memory. Nothing is translated, and nothing is published or sent. Give a folder "
        "with files such as flood.en.html and flood.pt-PT.html, or a manifest (docs/memory.md says what stands in it). "
        "The same again is noticed."
    )
    examples = (
        "import --existing archive/ --from en --dry-run",
        "import --existing archive/ --from en",
        "import --existing archive/manifest.csv",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--existing", type=Path, required=True, metavar="PATH", help="a folder, or a manifest: .csv or .toml"
        )
        parser.add_argument(
            "--from", dest="source", default="", metavar="TAG", help="the language of the originals: en"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what could be aligned")
        parser.add_argument(
            "--origin", type=console.one_line, default="submit", help="as in submit: keys are unique within one origin"
        )
        console.add_by(parser)
        console.add_json(parser, "print one JSON object per article")

    def handle(
        self, *_: Any, existing: Path, source: str, dry_run: bool, origin: str, by: str, as_json: bool, **__: Any
    ) -> None:
        # Here and not above: stages are slow to import, and --help needs none of them.
        from pipeline.flow import existing as flow
        from pipeline.flow import installation, submit
        from pipeline.management import existing as files

        net = installation.network()
        source = net.check_source(source) if source else ""
        found = files.articles(files.listed(existing))
        if not found:
            raise Permanent(
                f"There is no article in {existing}.",
                "Files are named by their language: flood.en.html, flood.pt.html.",
            )
        limit = submit.intake_options(net).max_bytes

        def bring(key: str, listed: list[Listed]) -> Brought:
            article = files.existing(key, listed, source, limit, net)
            return flow.bring(article, net, by=by or console.user(), origin=origin, dry_run=dry_run)

        if self._all(found, bring, dry_run=dry_run, as_json=as_json):
            raise SystemExit(1)

    def _all(
        self,
        found: dict[str, list[Listed]],
        bring: Callable[[str, list[Listed]], Brought],
        *,
        dry_run: bool,
        as_json: bool,
    ) -> int:
        """Bring all of them in; what fails is told, and the others go on. Returns how many failed."""
        failed = remembered = 0
        with self.progress() as progress:
            for key, listed in progress.track(found.items(), description="importing", total=len(found)):
                try:
                    brought = bring(key, listed)
                except PipelineError as error:
                    failed += 1
                    self.fail(error)
                    if as_json:
                        self.emit({"key": key, "outcome": "failed", "error": error.message, "remedy": error.remedy})
                    continue
                remembered += sum(each.remembered for each in brought.translations)
                if as_json:
                    self.emit(_record(brought))
                else:
                    self._tell(brought)
        if not as_json:
            segments = console.count(remembered, "segment")
            would = "would be " if dry_run else ""
            self.hint(f"{console.count(len(found) - failed, 'article')}, {segments} {would}remembered.")
        return failed

    def _tell(self, brought: Brought) -> None:
        words = {"new": "new", "more": "more", "known": "unchanged"}
        self.say(f"{words[brought.outcome]:<9}  {brought.key}: “{brought.title}”")
        for each in brought.translations:
            where = f" for {', '.join(each.sections)}" if each.sections else ""
            self.say(
                f"             {each.language}{where}: aligned by {each.how}, {each.confidence:.0%} sure; "
                f"{each.remembered} of {console.count(each.segments, 'segment')} remembered"
            )
            if each.note:
                self.say(f"             {each.language}: {each.note}")


def _record(brought: Brought) -> dict[str, Any]:
    names = ("name", "language", "base", "sections", "how", "confidence", "segments", "remembered", "note")
    return {
        "key": brought.key,
        "title": brought.title,
        "outcome": brought.outcome,
        "translations": [{name: getattr(each, name) for name in names} for each in brought.translations],
    }
