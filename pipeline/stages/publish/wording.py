"""Our own words on a page ("Home", "Machine translation"), in the page's language or the closest one we have.

They stand in ``labels/<language>.toml``; English is complete by definition, and what another file lacks is taken from
it. An installation adds or changes a language by a folder ``labels`` in its theme.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from types import MappingProxyType

import langcodes

from pipeline.errors import Permanent
from pipeline.stages.publish import locales

OURS = Path(__file__).parent / "labels"
FALLBACK = "en"
_REMEDY = "Compare it with labels/en.toml, which comes with Sectionwire."


@dataclass(frozen=True, slots=True)
class Labels:
    """The words for one page. ``attributes`` is `` lang="…" dir="…"`` where they are in another language than it."""

    language: str
    attributes: str
    texts: Mapping[str, str]
    kinds: Mapping[str, str]

    def __getitem__(self, name: str) -> str:
        return self.texts[name]

    def kind(self, word: str) -> str:
        """How readers call a kind of article; the plain ``article`` needs no word, an unknown kind keeps its own."""
        if word in ("", "article"):
            return ""
        return self.kinds.get(word) or word.replace("-", " ").replace("_", " ").capitalize()


class Wording:
    """All label files, read once."""

    def __init__(self, folders: Sequence[Path] = ()) -> None:
        """``folders`` win over our own, the first of them most.

        Raises:
            Permanent: a file is no TOML, or holds something other than texts.
        """
        self._tables: dict[str, dict[str, str]] = {}
        self._kinds: dict[str, dict[str, str]] = {}
        self._add(OURS / f"{FALLBACK}.toml")
        for folder in (OURS, *reversed(folders)):
            for path in sorted(folder.glob("*.toml")):
                self._add(path)
        self._chosen: dict[str, Labels] = {}

    def _add(self, path: Path) -> None:
        texts, kinds = _read(path)
        for name, text in texts.items():
            if not _fields(text) <= _fields(self._tables.get(FALLBACK, {}).get(name, text)):
                raise Permanent(f"{path}: “{name}” has a {{…}} that nothing fills in.", _REMEDY)
        self._tables.setdefault(path.stem, {}).update(texts)
        self._kinds.setdefault(path.stem, {}).update(kinds)

    def for_page(self, language: str) -> Labels:
        """The labels for a page in ``language``, by the closest match of language and script."""
        if language not in self._chosen:
            self._chosen[language] = self._choose(language)
        return self._chosen[language]

    def _choose(self, language: str) -> Labels:
        match, _ = langcodes.closest_match(language, list(self._tables))
        chosen = match if match in self._tables else FALLBACK
        foreign = locales.generic(chosen) != locales.generic(language)
        return Labels(
            chosen,
            f' lang="{chosen}" dir="{locales.direction(chosen)}"' if foreign else "",
            MappingProxyType({**self._tables[FALLBACK], **self._tables[chosen]}),
            MappingProxyType(self._kinds[chosen]),
        )


def _fields(text: str) -> set[str]:
    """The names in braces. A lone brace counts as a name that nothing fills in, and so does a name with a format."""
    try:
        parts = [part for part in Formatter().parse(text) if part[1] is not None]
        return {text if spec or conversion else str(name) for _, name, spec, conversion in parts}
    except ValueError:
        return {text}


def _read(path: Path) -> tuple[dict[str, str], dict[str, str]]:
    if not langcodes.tag_is_valid(path.stem):
        raise Permanent(f"{path}: the file's name is no language.", "Name it by a BCP 47 tag, such as sw.toml.")
    try:
        texts = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Permanent(f"{path} can't be read: {error}.", _REMEDY) from error
    kinds = texts.pop("kinds", {})
    if not isinstance(kinds, dict) or not all(isinstance(text, str) for text in [*texts.values(), *kinds.values()]):
        raise Permanent(f"{path} holds something other than texts.", _REMEDY)
    return texts, kinds
