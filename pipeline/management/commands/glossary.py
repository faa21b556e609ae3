"""``sectionwire glossary``: how terms are translated, which stay as they are, and which words are not wanted."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, Final

from pipeline.errors import Permanent
from pipeline.management import console, files

if TYPE_CHECKING:
    from pipeline.ledger.glossary import Changes, Entry
    from pipeline.network import Network

SHOWN: Final = 20
"""How many bad lines of a file are told."""


class Command(console.Command):
    help = (
        "See and change the glossary: how terms are translated, which are not to be translated, and which "
        "translations are forbidden. A target language is a base (pt), or a section's own on top of it (pt-BR). The "
        "engines' translations are made to fit, and the check “glossary” warns where one doesn't."
    )
    examples = (
        'glossary add en "tide table" pt "tabela de marés"',
        'glossary add en "Tidewater Relief" --do-not-translate --exact-case',
        'glossary add en bus pt-BR "ônibus" --forbid autocarro',
        "glossary import terms.csv",
        "glossary export terms.csv",
        "glossary list --to pt",
        'glossary remove en "tide table"',
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list | add | remove | import | export")

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            return parser

        listing = action_parser("list", "show the glossary, or a part of it")
        listing.add_argument("word", nargs="?", default="", metavar="WORD", help="only terms with this in them")
        listing.add_argument("--from", dest="source", default="", metavar="TAG", help="only terms of this language")
        listing.add_argument("--to", dest="target", default="", metavar="TAG", help="only what they are in this one")
        console.add_json(listing, "print one JSON object per entry")
        self._add_adding(action_parser("add", "add a term or a translation, or change one"))
        removing = action_parser("remove", "remove a term, or only its translation into one language")
        removing.add_argument("source", metavar="SOURCE", help="the language of the term: en")
        removing.add_argument("term", metavar="TERM", help="the term")
        removing.add_argument("target", nargs="?", default="", metavar="TARGET", help="this language only: pt-BR")
        importing = action_parser("import", "take over a CSV file; what it does not name stays as it is")
        importing.add_argument("file", metavar="FILE", help="a CSV file in UTF-8, or - for standard input")
        importing.add_argument("--partial", action="store_true", help="take the good lines where others are bad")
        console.add_json(importing, "print one JSON object")
        console.add_by(importing)
        exporting = action_parser("export", "write the whole glossary as CSV")
        exporting.add_argument("file", nargs="?", default="-", metavar="FILE", help="default: standard output")

    def _add_adding(self, adding: ArgumentParser) -> None:
        adding.add_argument("source", metavar="SOURCE", help="the language of the term: en")
        adding.add_argument("term", metavar="TERM", help="the term, in its plain form: tide table")
        adding.add_argument("target", nargs="?", default="", metavar="TARGET", help="the language to translate into")
        adding.add_argument("translation", nargs="?", default="", metavar="TRANSLATION", help="what it is to be")
        adding.add_argument("--do-not-translate", action="store_true", help="keep it (without TARGET: everywhere)")
        adding.add_argument("--exact-case", action="store_true", help="it is meant only when written just so")
        adding.add_argument(
            "--forbid", action="append", default=[], metavar="WORDS", help="a translation that is not wanted"
        )
        adding.add_argument("--note", default="", metavar="TEXT", help="a note for editors")
        console.add_by(adding)

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        if action == "list":
            self._list(**options)
        elif action == "add":
            self._add(**options)
        elif action == "remove":
            self._remove(**options)
        elif action == "import":
            self._import(**options)
        else:
            self._export(**options)

    def _list(self, *, word: str, source: str, target: str, as_json: bool, **_: Any) -> None:
        # Here and in the others, not above: the ledger is slow to import, and --help needs none of it.
        from pipeline.ledger import glossary
        from pipeline.management import glossary_csv

        from_base = glossary_csv.source_language(source, _network()) if source else ""
        found = list(glossary.entries(from_base, glossary_csv.target_language(target), word))
        if as_json:
            for entry in found:
                self.emit(glossary_csv.as_record(entry))
        elif found:
            self._table(found)
        else:
            self.say("No such term." if word or source or target else "The glossary is empty.")
            self.hint('Add a term: sectionwire glossary add en "tide table" pt "tabela de marés"')

    def _table(self, found: list[Entry]) -> None:
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        for name in ("term", "", "translation", "not", "note"):
            table.add_column(name)
        for entry in found:
            languages = f"{entry.source_language} → {entry.target_language or 'all'}"
            target = "(not translated)" if entry.do_not_translate else entry.target
            source = f"{entry.source} (just so)" if entry.exact_case else entry.source
            cells = (source, languages, target, ", ".join(entry.forbidden), entry.note)
            table.add_row(*(Text(console.shown(cell)) for cell in cells))
        self.out.print(table)

    def _add(self, *, by: str, **options: Any) -> None:
        from pipeline.ledger.glossary import Entry, checked
        from pipeline.management import glossary_csv

        entry = checked(
            Entry(
                source_language=glossary_csv.source_language(options["source"], _network()),
                source=options["term"],
                target_language=glossary_csv.target_language(options["target"]),
                target=options["translation"],
                do_not_translate=options["do_not_translate"],
                exact_case=options["exact_case"],
                forbidden=tuple(options["forbid"]),
                note=options["note"],
            )
        )
        changes = _put([entry], by)
        what = "Added" if changes.added else "Changed" if changes.changed else "Known already"
        self.say(f"{what}: {entry.source}.")
        self._hint(changes)

    def _remove(self, *, source: str, term: str, target: str, **_: Any) -> None:
        from pipeline.ledger import glossary
        from pipeline.management import glossary_csv

        language = glossary_csv.source_language(source, _network())
        if not (number := glossary.remove(language, " ".join(term.split()), glossary_csv.target_language(target))):
            raise Permanent(f"The glossary has no such entry: {console.shown(term)}.", "See: sectionwire glossary list")
        self.say(f"Removed: {console.count(number, 'entry', 'entries')}.")

    def _import(self, *, file: str, partial: bool, as_json: bool, by: str, **_: Any) -> None:
        from pipeline.ledger.glossary import Changes
        from pipeline.management import glossary_csv

        path = None if file == files.STANDARD_INPUT else Path(file)
        source = files.Input("standard input" if path is None else file, path, PurePath(file))
        if path is not None and path.is_dir():
            raise Permanent(f"{file} is a folder.", "Name a CSV file.")
        found = glossary_csv.read(source.read(glossary_csv.LARGEST, glossary_csv.TOO_LARGE), source.name, _network())
        taken = not found.errors or partial
        changes = _put(found.entries, by) if taken else Changes()
        if as_json:
            counts = {"added": changes.added, "changed": changes.changed, "unchanged": changes.unchanged}
            errors = [{"line": e.line, "error": e.error.message, "remedy": e.error.remedy} for e in found.errors]
            self.emit({"file": source.name, **counts, "errors": errors})
        else:
            for error in found.errors[:SHOWN]:
                self.fail(f"{source.name}, {error}")
            if (more := len(found.errors) - SHOWN) > 0:
                self.hint(f"… and {console.count(more, 'more bad line')} (all: --json)")
            if taken:
                self.say(f"{changes.added} added, {changes.changed} changed, {changes.unchanged} as they were.")
                self._hint(changes)
        if found.errors:
            if not taken and not as_json:
                self.hint("Nothing was imported. Mend these lines, or take the others with --partial.")
            raise SystemExit(1)

    def _export(self, *, file: str, **_: Any) -> None:
        from pipeline.ledger import glossary
        from pipeline.management import glossary_csv

        text = glossary_csv.write(glossary.entries())
        if file == "-":
            self.write(text)
            return
        files.write(Path(file), text)
        self.hint(f"Written to {file}.")

    def _hint(self, changes: Changes) -> None:
        if changes.added or changes.changed:
            self.hint("New translations follow it. What is translated already stays: see sectionwire retranslate.")


def _network() -> Network:
    from pipeline.flow import installation  # as above

    return installation.network()


def _put(entries: Any, by: str) -> Changes:
    from pipeline.flow import clock
    from pipeline.ledger import glossary

    return glossary.put(entries, by or console.user(), clock.now)
