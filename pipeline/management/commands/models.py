"""``sectionwire models``: which languages can be translated here, and which could be."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings

from pipeline.errors import Permanent, PipelineError
from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.engines.contract import Installed


class Command(console.Command):
    help = (
        "See, install, update and remove translation models. list shows what is here and what this network still "
        "lacks. Only list --available, install and update reach the network (the engines' public indexes); "
        "install --from-file does not."
    )
    examples = (
        "models list",
        "models install en es",
        "models install --from-file translate-en_es-1_9.argosmodel",
        "models update",
        "models remove en es --engine argos",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list | install | update | remove")

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            return parser

        listing = action_parser("list", "say what is installed, and what is missing")
        listing.add_argument("--available", action="store_true", help="what the public indexes have")
        console.add_json(listing, "print one JSON object")
        install = action_parser("install", "install a model")
        install.add_argument("--from-file", type=Path, metavar="FILE", help="an .argosmodel file at hand")
        update = action_parser("update", "put newer versions of the indexes in place of what is installed")
        remove = action_parser("remove", "remove a model")
        for action, number in ((install, "?"), (update, "?"), (remove, None)):
            action.add_argument("source", nargs=number, metavar="SOURCE", help="the language to translate from: en")
            action.add_argument("target", nargs=number, metavar="TARGET", help="the language to translate into: es")
            action.add_argument("--engine", metavar="NAME", help="argos or firefox (default: the first that has it)")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        if action == "list":
            (self._available if options["available"] else self._list)(as_json=options["as_json"])
        elif action == "install":
            self._install(options["source"], options["target"], options["engine"], options["from_file"])
        elif action == "update":
            self._update(options["source"], options["target"], options["engine"])
        else:
            self._remove(options["source"], options["target"], options["engine"])

    def _list(self, *, as_json: bool) -> None:
        # Here and not above: engines are slow to import, and --help needs none of them.
        from pipeline.engines import registry
        from pipeline.flow import installation
        from pipeline.management import pairs

        net = installation.network()
        installed = registry.installed(console.models_folder())
        missing = pairs.missing(net, [model.hop for model in installed])
        if as_json:
            lacking = [{"source": s, "target": t, "install": f"sectionwire models install {s} {t}"} for s, t in missing]
            self.emit({"models": [_record(model) for model in installed], "missing": lacking})
            return
        self._table(("pair", "engine", "model", "size", ""), [_row(model) for model in installed])
        if missing:
            self.say("", "This network also needs, to publish every language of every section:")
            self.say(*(f"  sectionwire models install {source} {target}" for source, target in missing))

    def _available(self, *, as_json: bool) -> None:
        from pipeline.engines import models  # as above

        found, failures = [], 0
        for engine in models.INSTALLABLE:
            try:
                found += models.catalogue(engine, console.models_folder())
            except PipelineError as error:
                failures += 1
                self.fail(error)
        found.sort(key=lambda each: (each.source, each.target, each.engine))
        if as_json:
            names = ("source", "target", "engine", "name", "here")
            self.emit({"available": [{name: getattr(each, name) for name in names} for each in found]})
        elif found:
            rows = [
                (f"{each.source} → {each.target}", each.engine, each.name, "", "installed" if each.here else "")
                for each in found
            ]
            self._table(("pair", "engine", "model", "", ""), rows)
        if failures == len(models.INSTALLABLE):
            raise SystemExit(1)

    def _install(self, source: str | None, target: str | None, engine: str | None, file: Path | None) -> None:
        from pipeline.engines import models  # as above

        if file is not None:
            if source or target or engine not in (None, "argos"):
                raise Permanent("--from-file goes without SOURCE and TARGET.", "The file says what it translates.")
            self._tell_installed(models.install_file(file, console.models_folder()))
            return
        if not source or not target:
            raise Permanent(
                "Which model?", "Give two languages: sectionwire models install en es; or --from-file FILE."
            )
        with self.err.status(f"Installing {source} → {target} …"):
            installed = install_first(*_tags(source, target), [engine] if engine else preferred())
        for model in installed:
            self._tell_installed(model)

    def _tell_installed(self, model: Installed) -> None:
        hop = model.hop
        self.say(f"Installed {hop.source} → {hop.target}: {hop.engine} {hop.model}, {console.size(model.size)}.")
        if settings.BROKER_URL:
            self.hint("Workers that run will use it within some seconds; what waited for it goes on by itself.")

    def _update(self, source: str | None, target: str | None, engine: str | None) -> None:
        """All models that came from an index, or those of a pair. One that fails doesn't keep the others from it."""
        from pipeline.engines import models, registry  # as above

        if bool(source) != bool(target):
            raise Permanent("Which pair?", "Give two languages, or none: then everything is updated.")
        having = _having(source, target) if source and target else registry.installed(console.models_folder())
        wanted = [model for model in having if model.hop.engine in ([engine] if engine else models.INSTALLABLE)]
        if engine and not wanted:
            raise Permanent(f"There is no model of the engine “{engine}” to update.", "See: sectionwire models list")
        failures = 0
        for model in wanted:
            pair = f"{model.hop.source} → {model.hop.target}: {model.hop.engine}"
            try:
                with self.err.status(f"Updating {pair} …"):
                    newer = models.update(model, console.models_folder())
            except PipelineError as error:
                failures += 1
                self.fail(error)
                continue
            if newer is None:
                self.say(f"{pair} {model.hop.model}: nothing newer.")
            else:
                self.say(f"Updated {pair} {newer.hop.model}, in place of {model.hop.model}.")
        if failures:
            raise SystemExit(1)

    def _remove(self, source: str, target: str, engine: str | None) -> None:
        from pipeline.engines import models  # as above

        source, target = _tags(source, target)
        if engine is None:
            having = [model.hop.engine for model in _having(source, target)]
            if len(having) > 1:
                raise Permanent(f"{' and '.join(having)} have a model for this pair.", "Say which: --engine NAME.")
            engine = having[0]
        removed = models.remove(source, target, engine, console.models_folder())
        self.say(f"Removed {source} → {target}: {engine} {removed.hop.model}.")

    def _table(self, head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
        from rich import box  # as above
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in head:
            table.add_column(name, justify="right" if name == "size" else "left", no_wrap=not name)
        for row in rows:
            table.add_row(*(Text(console.shown(cell)) for cell in row))
        self.out.print(table)


def preferred() -> list[str]:
    """The engines that this network prefers, of those whose models come from an index."""
    from pipeline.engines import models  # as above
    from pipeline.flow import installation

    order = installation.network().engines.order
    return [name for name in order if name in models.INSTALLABLE] or list(models.INSTALLABLE)


def install_first(source: str, target: str, engines: list[str]) -> list[Installed]:
    """Install a pair's model of the first engine that has one.

    Raises:
        Permanent: none has; the message says why of each.
    """
    from pipeline.engines import models  # as above

    errors: list[Permanent] = []
    for engine in engines:
        try:
            return models.install(source, target, engine, console.models_folder())
        except Permanent as error:
            errors.append(error)
    message = " ".join(error.message for error in errors)
    raise Permanent(message, errors[-1].remedy)


def _having(source: str, target: str) -> list[Installed]:
    """The installed models of a pair, of whatever engine. Raises Permanent when there is none."""
    from pipeline.engines import registry  # as above

    pair = _tags(source, target)
    having = [
        model for model in registry.installed(console.models_folder()) if (model.hop.source, model.hop.target) == pair
    ]
    if not having:
        raise Permanent(f"There is no model for {pair[0]} → {pair[1]} here.", "See: sectionwire models list")
    return having


def _tags(source: str, target: str) -> tuple[str, str]:
    from pipeline.network import language_tag  # as above

    tags = []
    for tag in (source, target):
        try:
            tags.append(language_tag(tag))
        except ValueError:
            raise Permanent(f"“{tag}” is no language.", "Give a BCP 47 tag, such as en, pt-BR or zh-Hant.") from None
    if tags[0] == tags[1]:
        raise Permanent(f"{source} and {target} are one language.", "Name two.")
    return tags[0], tags[1]


def _row(model: Installed) -> tuple[str, ...]:
    hop = model.hop
    return (f"{hop.source} → {hop.target}", hop.engine, hop.model, console.size(model.size), model.note)


def _record(model: Installed) -> dict[str, Any]:
    hop = model.hop
    return {
        "source": hop.source,
        "target": hop.target,
        "engine": hop.engine,
        "model": hop.model,
        "checksum": hop.checksum,
        "bytes": model.size,
        "path": str(model.path),
        "note": model.note,
    }
