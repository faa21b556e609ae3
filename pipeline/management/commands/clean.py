"""``sectionwire clean``: the cleaning stage on files."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent, PipelineError
from pipeline.management import console, files

if TYPE_CHECKING:
    from pipeline.management.fragments import Cleaned


class Command(console.Command):
    help = (
        "Clean HTML, Markdown or JSON to plain, safe HTML: what every article goes through before it is translated. "
        "Needs no ledger. A fragment comes out, with the article's title first, as <h1>. One file goes to standard "
        "output; several go into a folder, under their own names."
    )
    examples = (
        "clean report.html",
        "clean report.html --report > clean.html",
        "clean articles/ --out cleaned",
        "clean - < report.html",
    )

    hardly_logs = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder, or - for standard input")
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the results into this folder")
        parser.add_argument("--report", action="store_true", help="say on standard error what was done to each file")
        console.add_json(parser, "print one JSON object per file, with what was done to it")

    def handle(self, *_: Any, out: Path | None, report: bool, as_json: bool, **options: Any) -> None:
        # Here and not above: the stages are slow to import, and --help needs none of them.
        from pipeline.flow import installation
        from pipeline.management import fragments

        inputs = files.expand(options["files"], out)
        targets = destinations(inputs, out)
        net = installation.network()
        failed = 0
        with self.progress() as progress:
            for each in progress.track(inputs, description="cleaning"):
                try:
                    cleaned = fragments.read(each, net)
                    self._put(cleaned, targets.get(each), as_json=as_json)
                except PipelineError as error:
                    failed += 1
                    self.fail(error)
                    if as_json:
                        self.emit({"file": each.name, "error": error.message, "remedy": error.remedy})
                    continue
                if report:
                    self._report(cleaned)
        if out is not None:
            self.hint(f"{console.count(len(inputs) - failed, 'file')} written to {out}.")
        if failed:
            raise SystemExit(1)

    def _put(self, cleaned: Cleaned, target: Path | None, *, as_json: bool) -> None:
        if target is not None:
            files.write(target, cleaned.html)
        if as_json:
            where = {"html": cleaned.html} if target is None else {"written": str(target)}
            self.emit({"file": cleaned.input.name, **where, "notes": list(cleaned.document.notes)})
        elif target is None:
            self.write(cleaned.html)

    def _report(self, cleaned: Cleaned) -> None:
        self.hint(f"{cleaned.input.name}:")
        for note in cleaned.document.notes or ("nothing had to be done",):
            self.hint(f"  {note}")


def destinations(inputs: list[files.Input], out: Path | None) -> dict[files.Input, Path]:
    """Where each result goes; what is missing goes to standard output, which takes one.

    Raises:
        Permanent: there are several files and no ``--out``; or as :func:`files.plan`.
    """
    if out is not None:
        return files.plan(inputs, out)
    if len(inputs) > 1:
        raise Permanent(f"These are {len(inputs)} files.", "Say where the results go: --out DIR.")
    return {}
