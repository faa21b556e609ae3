"""A glossary as CSV: what spreadsheets write, read with an error for each line; and written so that none runs it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from pipeline.errors import Permanent
from pipeline.ledger.glossary import SEPARATOR, Entry, checked
from pipeline.network import Network, language_tag

COLUMNS: Final = (
    "source_language",
    "source",
    "target_language",
    "target",
    "do_not_translate",
    "exact_case",
    "forbidden",
    "note",
)
REQUIRED: Final = ("source_language", "source")
LARGEST: Final = 20_000_000
"""Bytes of one file: some 200,000 lines."""
TOO_LARGE: Final = "Give it in parts."

_YES: Final = frozenset(["yes", "y", "true", "1", "x"])
_NO: Final = frozenset(["no", "n", "false", "0", ""])
_FORMULA: Final = tuple("=+-@\t\r")
_QUOTE: Final = "'"
_LONGEST_FIELD: Final = 100_000


@dataclass(frozen=True, slots=True)
class LineError:
    """What is wrong with one line of a file; the first line is 1."""

    line: int
    error: Permanent

    def __str__(self) -> str:
        return f"line {self.line}: {self.error}"


@dataclass(frozen=True, slots=True)
class Read:
    """The entries of a file, and the lines that are none."""

    entries: tuple[Entry, ...]
    errors: tuple[LineError, ...]


def read(data: bytes, name: str, net: Network) -> Read:
    """Read a glossary. The separator (comma, semicolon or tab) is found out by the first line.

    Raises:
        Permanent: it is no CSV file with our columns at all.
    """
    text = _text(data, name)
    first = next(iter(text.splitlines()), "")
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    csv.field_size_limit(max(_LONGEST_FIELD, csv.field_size_limit()))
    try:
        columns = _columns(next(rows, []), name)
        return _read(_numbered(rows), columns, net)
    except csv.Error as error:
        raise Permanent(
            f"{name} can't be read as CSV after line {rows.line_num} ({error}).",
            "Look for a quotation mark that is not closed; one within a field is written twice.",
        ) from None


def _text(data: bytes, name: str) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            try:
                return data.decode(encoding)  # Excel's “Unicode text”
            except UnicodeDecodeError:
                break
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise Permanent(
            f"{name} is not in UTF-8 (line {line}).", "Save it from the spreadsheet as “CSV UTF-8”."
        ) from None


def _columns(head: list[str], name: str) -> list[str]:
    columns = [" ".join(cell.split()).lower().replace(" ", "_") for cell in head]
    while columns and not columns[-1]:
        columns.pop()
    known = f"The columns are: {', '.join(COLUMNS)}."
    if missing := [column for column in REQUIRED if column not in columns]:
        raise Permanent(f"The first line of {name} does not name the column {missing[0]}.", known)
    if unknown := [column for column in columns if column not in COLUMNS]:
        raise Permanent(f"{name} has a column “{unknown[0]}”, which is none of a glossary's.", known)
    if twice := [column for column in columns if columns.count(column) > 1]:
        raise Permanent(f"{name} has the column {twice[0]} twice.", "Remove one of them.")
    return columns


def _numbered(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """The rows with the number of the line on which each begins."""
    line = 2
    for row in rows:
        yield line, row
        line = rows.line_num + 1  # type: ignore[attr-defined]  # csv.reader has it


def _read(rows: Iterable[tuple[int, list[str]]], columns: list[str], net: Network) -> Read:
    entries: dict[tuple[str, ...], tuple[int, Entry]] = {}
    spelled: dict[tuple[str, str], tuple[int, Entry]] = {}
    errors = []
    for line, row in rows:
        if not any(cell.strip() for cell in row):
            continue
        try:
            entry = _entry(row, columns, net)
            _differs(entry, spelled)
            key = (entry.source_language, entry.source, entry.target_language)
            if key in entries and entries[key][1] != entry:
                raise Permanent(f"Line {entries[key][0]} says otherwise of “{entry.source}”.", "Remove one of them.")
        except Permanent as error:
            errors.append(LineError(line, error))
            continue
        entries.setdefault(key, (line, entry))
        spelled.setdefault(_identity(entry), (line, entry))
    return Read(tuple(entry for _, entry in entries.values()), tuple(errors))


def _identity(entry: Entry) -> tuple[str, str]:
    return entry.source_language, entry.source if entry.exact_case else entry.source.casefold()


def _differs(entry: Entry, spelled: dict[tuple[str, str], tuple[int, Entry]]) -> None:
    """Raises Permanent when another line has the term in other capitals."""
    line, other = spelled.get(_identity(entry), (0, entry))
    if other.source != entry.source:
        raise Permanent(
            f"“{entry.source}” and “{other.source}” (line {line}) differ only in capitals.",
            "Write them alike, or set exact_case for one of them.",
        )


def _entry(row: list[str], columns: list[str], net: Network) -> Entry:
    if len(row) > len(columns) and any(cell.strip() for cell in row[len(columns) :]):
        raise Permanent(
            f"There are {len(row)} fields, but {len(columns)} columns.",
            "Put a field with a comma into quotation marks.",
        )
    cells = {column: unguarded(cell) for column, cell in zip(columns, row, strict=False)}
    entry = Entry(
        source_language=source_language(cells.get("source_language", ""), net),
        source=cells.get("source", ""),
        target_language=target_language(cells.get("target_language", "")),
        target=cells.get("target", ""),
        do_not_translate=_flag(cells, "do_not_translate"),
        exact_case=_flag(cells, "exact_case"),
        forbidden=tuple(cells.get("forbidden", "").split(SEPARATOR)),
        note=cells.get("note", ""),
    )
    return checked(entry)


def source_language(tag: str, net: Network) -> str:
    """The base of a source language: terms in en-GB hold for all of English.

    Raises:
        Permanent: it is no language.
    """
    if not tag.strip():
        raise Permanent("There is no source language.", "Name the language of the term, such as en.")
    return net.base_for(_tag(tag))


def target_language(tag: str) -> str:
    """A target language in its canonical form; empty for all.

    Raises:
        Permanent: it is no language.
    """
    return _tag(tag) if tag.strip() not in ("", "*") else ""


def _tag(tag: str) -> str:
    try:
        return language_tag(tag.strip().replace("_", "-"))
    except ValueError:
        raise Permanent(
            f"“{tag.strip()[:40]}” is no language.", "Give a BCP 47 tag, such as en, pt or pt-BR."
        ) from None


def _flag(cells: dict[str, str], column: str) -> bool:
    value = cells.get(column, "").strip().casefold()
    if value not in _YES | _NO:
        raise Permanent(f"“{value[:40]}” in {column} is neither yes nor no.", "Write yes, or leave it empty.")
    return value in _YES


def write(entries: Iterable[Entry]) -> str:
    """The glossary as CSV, with commas and lines that end as RFC 4180 has them.

    A cell that a spreadsheet would take for a formula gets an apostrophe in front, which :func:`read` takes away.
    """
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for entry in entries:
        cells = (
            entry.source_language,
            entry.source,
            entry.target_language,
            entry.target,
            "yes" if entry.do_not_translate else "",
            "yes" if entry.exact_case else "",
            SEPARATOR.join(entry.forbidden),
            entry.note,
        )
        writer.writerow([guarded(cell) for cell in cells])
    return out.getvalue()


def guarded(cell: str) -> str:
    """A cell that no spreadsheet runs.

    >>> guarded("=1+1"), guarded("tide"), guarded("'=x")
    ("'=1+1", 'tide', "''=x")
    """
    return _QUOTE + cell if cell.lstrip(_QUOTE).startswith(_FORMULA) else cell


def unguarded(cell: str) -> str:
    """What :func:`guarded` was given.

    >>> unguarded("'=1+1"), unguarded("'tis"), unguarded("''=x")
    ('=1+1', "'tis", "'=x")
    """
    return cell[1:] if cell.startswith(_QUOTE) and cell.lstrip(_QUOTE).startswith(_FORMULA) else cell


def as_record(entry: Entry) -> dict[str, object]:
    """An entry for JSON, under the names of the columns."""
    return {column: list(value) if isinstance(value := getattr(entry, column), tuple) else value for column in COLUMNS}
