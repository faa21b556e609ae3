"""``sectionwire translate``: the stages from intake to check on files."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from pipeline.errors import Permanent, PipelineError
from pipeline.management import console, files
from pipeline.management.commands.clean import destinations
from pipeline.stages import markup

if TYPE_CHECKING:
    from pipeline.documents import Failure, Route, Term
    from pipeline.engines.host import EngineHost
    from pipeline.management.batch import Translated
    from pipeline.management.fragments import Cleaned
    from pipeline.network import Network
    from pipeline.stages.check import Check
    from pipeline.stages.translate import Resources, Translate

SHOWN = 3
"""How many findings of a file are told on the terminal."""

EXCERPT = 50
"""How many characters of the source text tell where a finding is."""


PORTION_FILLS = 2
"""How many full jobs of every engine process make a portion: fewer, and they wait for each other's last jobs; more, and
the first files come late."""


class Command(console.Command):
    help = (
        "Translate files with the models that are installed here: HTML fragments in (Markdown and JSON as well), "
        "clean HTML fragments out, under the same names. Needs no ledger and no broker. Links, emphasis, tables and "
        "code stay as they are; what the checks find is told on standard error."
    )
    examples = (
        "translate report.html --from en --to pt > relatorio.html",
        "translate articles/ --from en --to pt-BR --out pt",
        "translate - --from pt --to en < artigo.html",
    )

    hardly_logs = True

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE", help="a file, a folder, or - for standard input")
        parser.add_argument(
            "--from", required=True, dest="source", metavar="TAG", help="the language the files are written in: en"
        )
        parser.add_argument(
            "--to", required=True, dest="target", metavar="TAG", help="the language to translate into: pt, pt-BR, …"
        )
        parser.add_argument("--out", type=Path, metavar="DIR", help="write the results into this folder")
        parser.add_argument(
            "--processes",
            type=console.positive,
            default=0,
            metavar="N",
            help="engine processes (default: one per core)",
        )
        parser.add_argument("--engine", metavar="NAME", help="use this engine only (default: as network.toml says)")
        parser.add_argument(
            "--glossary", type=Path, metavar="FILE", help="terms to follow, a CSV file as “sectionwire glossary” has it"
        )
        console.add_json(parser, "print one JSON object per file, with all findings")

    def handle(self, *_: Any, source: str, target: str, out: Path | None, as_json: bool, **options: Any) -> None:
        # Here and not above: stages and engines are slow to import, and --help needs none of them.
        from pipeline.flow import installation
        from pipeline.management import ways

        tags = ways.languages(source, target)
        inputs = files.expand(options["files"], out)
        net = installation.network()
        bases = net.base_for(tags[0]), net.base_for(tags[1])
        glossary = terms(options["glossary"], bases, tags[1], net)
        targets = destinations(inputs, out)
        engines = [options["engine"]] if options["engine"] else list(net.engines.preference(*bases))
        routes = ways.find_routes(*tags, console.models_folder(), engines, net.engines.pivot)
        with host(net, engines, options["processes"]) as engine:
            engine.prepare(routes[:1], len(inputs))  # they start while this process reads the rest, and cleans
            from pipeline.flow import aligners  # as above, and as late as can be
            from pipeline.stages.translate import Resources

            given = Resources(terms=glossary, aligner=aligners.find(*bases))
            run = _Run(self, targets, given, installation.checks(net), as_json=as_json)
            run.translate(run.cleaned(inputs, net, tags[0]), routes, engine)
        run.finish(len(inputs), out)


def terms(path: Path | None, pair: tuple[str, str], language: str, net: Network) -> tuple[Term, ...]:
    """The terms of a glossary file that hold from one base into a language on another.

    As in the ledger, a line for the base wins over one for all languages; one for ``language`` itself over both.

    Raises:
        Permanent: the file can't be read, or a line of it is wrong.
    """
    if path is None:
        return ()
    from pipeline.documents import Term
    from pipeline.management import glossary_csv  # as above

    name = console.shown(str(path))
    data = files.Input(name, path, path).read(glossary_csv.LARGEST, glossary_csv.TOO_LARGE)
    read = glossary_csv.read(data, name, net)
    if read.errors:
        raise Permanent(f"{name}, {read.errors[0]}", "Mend the line, and look at those after it.")
    ours = [each for each in read.entries if each.source_language == pair[0]]
    exact = {each.source for each in ours if each.exact_case}
    # In the order of the file, the nearest of each.
    found = {each.source: each for each in ours if each.target_language in {"", pair[1], language}}
    for tag in ("", pair[1], language):
        found.update((each.source, each) for each in ours if each.target_language == tag)
    return tuple(
        Term(source, source if each.do_not_translate else each.target, source in exact, each.forbidden)
        for source, each in found.items()
    )


def host(net: Network, engines: Sequence[str], processes: int) -> EngineHost:
    """The engine processes; they start when first needed."""
    from pipeline.engines.host import EngineHost  # as above

    return EngineHost(
        models=console.models_folder(),
        engines=engines,
        processes=processes or console.cores(),
        deadline_seconds=net.engines.deadline_seconds,
    )


def excerpt(source: str) -> str:
    """The beginning of a source text, for a finding on it.

    >>> excerpt("Fourteen <em>new</em> gauges")
    ' (“Fourteen new gauges”)'
    """
    plain = " ".join(markup.visible(source).split())
    return f" (“{plain[:EXCERPT]}{'…' if len(plain) > EXCERPT else ''}”)" if plain else ""


class _Run:
    """One run over some files: what was written, and what failed."""

    def __init__(
        self,
        command: Command,
        targets: Mapping[files.Input, Path],
        given: Resources,
        checks: Sequence[Check],
        *,
        as_json: bool,
    ) -> None:
        self.command = command
        self.targets = targets
        self.given, self.checks = given, checks
        self.as_json = as_json
        self.failed = 0
        self.done = 0
        self.findings = 0
        self.characters = 0
        self.engines: dict[str, None] = {}  # names of the routes taken, in order
        self.started = time.monotonic()

    def cleaned(self, inputs: Sequence[files.Input], net: Network, language: str) -> Iterator[Cleaned]:
        """Read and clean files as they are wanted; those that can't be read are told of."""
        from pipeline.management import fragments  # as above

        for each in inputs:
            try:
                yield fragments.read(each, net, language)
            except PipelineError as error:
                self.fail(each, error)

    def translate(self, cleaned: Iterable[Cleaned], routes: Sequence[Route], engine: EngineHost) -> None:
        """Translate, and write each file as soon as it is done."""
        from pipeline.management import batch  # as above

        portion = PORTION_FILLS * engine.fill(routes[0])
        with self._shown(engine.translate) as ask:
            for result in batch.translate(cleaned, routes, ask, self.fail, self.given, self.checks, portion):
                try:
                    self.put(result)
                except PipelineError as error:
                    self.fail(result.input, error)

    @contextmanager
    def _shown(self, ask: Translate) -> Iterator[Translate]:
        """The engine with a progress bar, where somebody looks at one."""
        if not self.command.stderr.isatty():
            yield ask
            return
        with self.command.progress() as progress:
            task = progress.add_task("translating", total=None)
            lock = Lock()  # several portions ask at a time

            def translate(route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
                with lock:
                    before = progress.tasks[0].total or 0
                    progress.update(task, total=before + sum(map(len, sentences)))
                for answers in ask(route, sentences):
                    progress.advance(task, sum(map(len, answers)))
                    yield answers

            yield translate

    def put(self, result: Translated) -> None:
        """Write one result where it belongs, and say what the checks found."""
        target = self.targets.get(result.input)
        if target is not None:
            files.write(target, result.html)
        if self.as_json:
            self.command.emit(_record(result, target))
        elif target is None:
            self.command.write(result.html)
        self.done += 1
        self.characters += result.characters
        self.findings += len(result.findings)
        self.engines.update(dict.fromkeys(result.engines))
        if not self.as_json:
            self._tell(result)

    def _tell(self, result: Translated) -> None:
        for finding, source in result.findings[:SHOWN]:
            self.command.hint(f"{result.input.name}: {finding.message}{excerpt(source)}")
        if (more := len(result.findings) - SHOWN) > 0:
            self.command.hint(f"{result.input.name}: and {console.count(more, 'more finding')} (all: --json)")

    def fail(self, source: files.Input, error: PipelineError) -> None:
        """One file failed; the others go on."""
        self.failed += 1
        self.command.fail(error)
        if self.as_json:
            self.command.emit({"file": source.name, "error": error.message, "remedy": error.remedy})

    def finish(self, number: int, out: Path | None) -> None:
        """The last line, and the exit status."""
        if out is not None or number > 1:
            seconds = time.monotonic() - self.started
            where = f" to {out}" if out is not None else ""
            self.command.hint(
                f"{console.count(self.done, 'file')} written{where}: {console.count(self.characters, 'character')} in "
                f"{seconds:.1f} s, {console.count(self.findings, 'finding')}."
            )
        if self.engines and (out is not None or number > 1 or len(self.engines) > 1):
            self.command.hint(f"Engines: {', '.join(self.engines)}.")
        if self.failed:
            raise SystemExit(1)


def _record(result: Translated, target: Path | None) -> dict[str, Any]:
    findings = [
        {"check": each.check, "severity": each.severity.value, "message": each.message, "source": source}
        for each, source in result.findings
    ]
    where = {"html": result.html} if target is None else {"written": str(target)}
    return {
        "file": result.input.name,
        **where,
        "characters": result.characters,
        "engines": list(result.engines),
        "findings": findings,
    }
