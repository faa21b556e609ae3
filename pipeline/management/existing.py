"""Which files are an article and its translations: by a manifest (TOML or CSV), or by their names in a folder."""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from pipeline.errors import Permanent
from pipeline.flow.existing import Existing, Text
from pipeline.management.console import shown
from pipeline.management.files import SUFFIXES, Input
from pipeline.network import Network, language_tag

COLUMNS: Final = ("key", "file", "language", "original", "section", "url", "published_at")
MANIFESTS: Final = (".toml", ".csv")
LARGEST: Final = 20_000_000  # bytes of a manifest
LONGEST_KEY: Final = 200
_NAMED: Final = re.compile(r"(?P<stem>.+)\.(?P<tag>[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*)")


@dataclass(frozen=True, slots=True)
class Listed:
    """One line of a manifest, or one file of a folder; ``where`` stands in messages."""

    where: str
    key: str
    path: Path
    language: str
    original: bool | None = None
    section: str = ""
    url: str = ""
    published_at: datetime | None = None


def listed(place: Path) -> list[Listed]:
    """What a manifest or a folder lists, in its order.

    Raises:
        Permanent: it can't be read, or says something impossible; the message names the line.
    """
    if place.is_dir():
        return list(_of_folder(place))
    if place.suffix.lower() not in MANIFESTS:
        raise Permanent(f"{place} is neither a folder nor a manifest.", "Give a folder, a .toml or a .csv file.")
    text = Input(shown(str(place)), place, place).read(LARGEST, "Give it in parts.")
    try:
        decoded = text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Permanent(f"{place} is not in UTF-8: {error.reason}.", "Save it in UTF-8.") from error
    lines = _toml(place, decoded) if place.suffix.lower() == ".toml" else _csv(place, decoded)
    return [_listed(where, values, place.parent) for where, values in lines]


def _of_folder(folder: Path) -> Iterator[Listed]:
    for path in sorted(folder.rglob("*")):
        below = path.relative_to(folder)
        name = _NAMED.fullmatch(path.stem)
        if any(part.startswith(".") for part in below.parts) or path.suffix.lower() not in SUFFIXES or not name:
            continue
        tag = name["tag"].replace("_", "-")
        try:
            language_tag(tag)
        except ValueError:
            continue
        yield Listed(shown(str(path)), below.with_name(name["stem"]).as_posix(), path, tag)


def _toml(place: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Permanent(f"{place}: this is no TOML: {error}.", "Mend this line.") from error
    except RecursionError:
        raise Permanent(f"{place}: its values are nested too deeply.", f"Each file has {', '.join(COLUMNS)}.") from None
    tables = data.get("file")
    if set(data) != {"file"} or not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise Permanent(f"{place} has no [[file]] tables, or something beside them.", f"Each has {', '.join(COLUMNS)}.")
    for number, table in enumerate(tables, 1):
        yield f"{place}, [[file]] {number}", table


def _csv(place: Path, text: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise Permanent(f"{place}:{reader.line_num}: not as many columns as the first line.", "Mend this line.")
            yield f"{place}:{reader.line_num}", row
    except csv.Error as error:
        raise Permanent(f"{place}:{reader.line_num}: this is no CSV: {error}.", "Mend this line.") from error


def _listed(where: str, values: Mapping[str, Any], folder: Path) -> Listed:
    if unknown := set(values) - set(COLUMNS):
        raise Permanent(f"{where}: nobody knows “{min(unknown)}”.", f"There are: {', '.join(COLUMNS)}.")
    said = {name: value.strip() if isinstance(value, str) else value for name, value in values.items()}
    for name in ("key", "file", "language"):
        if not isinstance(said.get(name), str) or not said[name]:
            raise Permanent(f"{where}: “{name}” is missing.", "Key, file and language are needed of every file.")
    for name in ("key", "file", "language", "section", "url"):
        if not isinstance(said.get(name, ""), str) or "\0" in said.get(name, ""):
            raise Permanent(
                f"{where}: “{name}” is no text.", "Write it in quotation marks, without control characters."
            )
    if len(said["key"]) > LONGEST_KEY:
        raise Permanent(f"{where}: the key has {len(said['key'])} characters.", f"At most {LONGEST_KEY} are allowed.")
    path = folder / said["file"]
    if not path.resolve().is_relative_to(folder.resolve()):
        raise Permanent(f"{where}: {said['file']} is not below the manifest's folder.", "Put it there.")
    return Listed(
        where,
        said["key"],
        path,
        said["language"],
        _yes(where, said.get("original", "")),
        said.get("section", ""),
        _url(where, said.get("url", "")),
        _time(where, said.get("published_at", "")),
    )


def _yes(where: str, value: Any) -> bool | None:
    known = {"": None, "yes": True, "true": True, "no": False, "false": False}
    if isinstance(value, bool):
        return value
    if str(value).lower() not in known:
        raise Permanent(f"{where}: original is “{value}”.", "Say yes or no.")
    return known[str(value).lower()]


def _url(where: str, value: str) -> str:
    if value and (not re.match(r"https?://[^/\s]+", value) or len(value) > 2_000):
        raise Permanent(f"{where}: “{value[:80]}” is no address.", "Give one that begins with https://.")
    return value


def _time(where: str, value: Any) -> datetime | None:
    """A moment; a date, or a time without a zone, is taken as UTC: it says when something was published long ago."""
    if value == "":
        return None
    try:
        time = datetime.fromisoformat(str(value))
        time = time if time.tzinfo else time.replace(tzinfo=UTC)
        time.astimezone(UTC)  # the ledger keeps it so: a year 9999 west of Greenwich has no such time
    except (ValueError, OverflowError):
        raise Permanent(
            f"{where}: “{value}” is no time.", "Write it as 2024-03-09 or 2024-03-09T10:00+00:00."
        ) from None
    return time


def articles(files: Sequence[Listed]) -> dict[str, list[Listed]]:
    """The files by the key of their article."""
    found: dict[str, list[Listed]] = defaultdict(list)
    for each in files:
        found[each.key].append(each)
    return found


def existing(key: str, files: Sequence[Listed], source: str, limit: int, net: Network) -> Existing:
    """An article with its files read: the original is the one that says so, else the one in the language ``source``.

    Raises:
        Permanent: a file can't be read, or it is not clear which one is the original.
    """
    originals = [each for each in files if each.original]
    if not originals and source:
        originals = [each for each in files if each.original is None and _is_of(each.language, source, net)]
    if len(originals) != 1:
        what = "has no original" if not originals else "has several originals"
        raise Permanent(
            f"{key} {what}: {', '.join(each.path.name for each in files)}.",
            "Say the language of the originals with --from, or mark one in the manifest: original = yes.",
        )
    if len(files) == 1:
        raise Permanent(f"{key} has no translation beside {files[0].path.name}.", "Submit it: sectionwire submit FILE")
    [original] = originals
    return Existing(
        key,
        _text(original, limit),
        tuple(_text(each, limit) for each in files if each is not original),
    )


def _is_of(language: str, source: str, net: Network) -> bool:
    try:
        return net.base_for(language_tag(language)) == net.base_for(source)
    except ValueError:
        return False


def _text(file: Listed, limit: int) -> Text:
    name = shown(str(file.path))
    data = Input(name, file.path, file.path).read(limit)
    return Text(name, data, file.language, file.section, file.url, file.published_at)
