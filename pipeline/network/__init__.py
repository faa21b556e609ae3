"""``network.toml`` → a frozen, validated :class:`Network`.

The file says who publishes what: sections, their languages and policies, the engines and the outputs. Every error names
the file, the line and the remedy.
"""

from __future__ import annotations

import re
import tomllib
from functools import cached_property
from pathlib import Path
from typing import Literal, Self

import langcodes
from pydantic import Field, ValidationError, model_validator

from pipeline.errors import Permanent
from pipeline.network.engines import Engines
from pipeline.network.errors import explain, line_of
from pipeline.network.outputs import Output
from pipeline.network.release import BarrierRule
from pipeline.network.schedules import Schedule
from pipeline.network.schedules import check as check_schedules
from pipeline.network.sections import Section, SectionLanguage, Targets
from pipeline.network.sources import Source
from pipeline.network.values import Key, Language, Table, fault_of, language_name, language_tag

__all__ = [
    "BarrierRule",
    "Engines",
    "Key",
    "Language",
    "Network",
    "Output",
    "Schedule",
    "Section",
    "SectionLanguage",
    "Source",
    "Targets",
    "language_name",
    "language_tag",
    "line_of",
    "load",
    "parse",
]


class Limits(Table):
    """What a submission may be at most; counted in a streaming pass before anything parses it."""

    megabytes: float = Field(default=5, gt=0, le=100)
    elements: int = Field(default=20_000, gt=0)
    depth: int = Field(default=256, gt=0, le=2_000)


class Embeds(Table):
    """Hosts whose frames may stand in an article: used by cleaning and by the pages' Content-Security-Policy."""

    hosts: tuple[str, ...] = ("www.youtube-nocookie.com", "player.vimeo.com")


CheckSeverity = Literal["off", "warn", "block"]


class Organisation(Table):
    """The organisation as a whole."""

    name: str = Field(min_length=1)
    source_languages: tuple[Language, ...] = ()


class Network(Table):
    """Everything that ``network.toml`` says, validated as a whole."""

    organisation: Organisation
    engines: Engines = Engines()
    limits: Limits = Limits()
    embeds: Embeds = Embeds()
    checks: dict[str, CheckSeverity] = Field(
        default_factory=dict
    )  # by id; which ids there are, flow/installation knows
    outputs: dict[Key, Output] = Field(min_length=1)
    sections: tuple[Section, ...] = Field(min_length=1)
    barriers: tuple[BarrierRule, ...] = ()
    sources: tuple[Source, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        keys = [section.key for section in self.sections]
        for index, section in enumerate(self.sections):
            if section.key in keys[:index]:
                raise fault_of(
                    f"two sections have the key {section.key}.", "Rename one of them.", "sections", index, "key"
                )
            for output in section.outputs:
                if output not in self.outputs:
                    raise fault_of(
                        f"section {section.key} publishes to “{output}”, which is no output.",
                        f"Use one of: {', '.join(self.outputs)}; or add [outputs.{output}].",
                        *("sections", index, "outputs"),
                    )
            if section.follows is not None:
                self._follower_fits(index, section)
        return self

    @model_validator(mode="after")
    def _releases_fit(self) -> Self:
        editions = {f"{section.key}/{lang.tag}" for section in self.sections for lang in section.languages}
        known = {section.key for section in self.sections} | editions
        for index, rule in enumerate(self.barriers):
            if unknown := [name for name in rule.required if name not in known]:
                raise fault_of(
                    f"a barrier waits for “{unknown[0]}”, which nobody publishes.",
                    "Name sections by their keys, or editions as section/language.",
                    *("barriers", index, "required"),
                )
        by_key = {section.key: section for section in self.sections}
        for index, section in enumerate(self.sections):
            if section.split_from is not None and section.split_from not in by_key.keys() - {section.key}:
                raise fault_of(
                    f"section {section.key} is split from “{section.split_from}”, which is no other section.",
                    "Name the section that had its languages before, by its key.",
                    *("sections", index, "split_from"),
                )
            if section.follows in by_key and by_key[section.follows].retired and not section.retired:
                raise fault_of(
                    f"section {section.key} follows {section.follows}, which is retired.",
                    "Follow another section, or set the policy to review.",
                    *("sections", index, "follows"),
                )
        return self

    @model_validator(mode="after")
    def _schedules_fit(self) -> Self:
        languages = {name for section in self.sections for lang in section.languages for name in (lang.tag, lang.base)}
        sections, sources = {section.key for section in self.sections}, {source.key for source in self.sources}
        check_schedules(self.schedules, sections, languages, sources)
        return self

    @model_validator(mode="after")
    def _sources_have_keys_of_their_own(self) -> Self:
        keys = [source.key for source in self.sources]
        for index, key in enumerate(keys):
            if key in keys[:index]:
                raise fault_of(f"two sources have the key {key}.", "Rename one of them.", "sources", index, "key")
        return self

    def _follower_fits(self, index: int, section: Section) -> None:
        where = ("sections", index, "follows")
        leader = next((other for other in self.sections if other.key == section.follows), None)
        if leader is None:
            raise fault_of(
                f"section {section.key} follows “{section.follows}”, which is no section.",
                f"Name one of: {', '.join(s.key for s in self.sections if s.key != section.key)}.",
                *where,
            )
        if leader.policy == "lead":
            raise fault_of(
                f"section {section.key} follows {leader.key}, which itself follows {leader.follows}.",
                f'Set follows = "{leader.follows}".'
                if leader.follows != section.key
                else "One of them must decide: set its policy to review.",
                *where,
            )
        missing = {language.base for language in section.languages} - {lang.base for lang in leader.languages}
        if missing:
            raise fault_of(
                f"section {section.key} can't follow {leader.key} in {', '.join(sorted(missing))}: {leader.key} does "
                "not publish it.",
                "Follow a section that shares its languages, or set the policy to review.",
                *where,
            )

    @cached_property
    def bases(self) -> tuple[str, ...]:
        """The languages that are translated into, in the order in which the sections name them."""
        return tuple(dict.fromkeys(lang.base for section in self.sections for lang in section.languages))

    def section(self, key: str) -> Section:
        """The section with this key.

        Raises:
            Permanent: there is none.
        """
        for section in self.sections:
            if section.key == key:
                return section
        raise Permanent(
            f"There is no section “{key}”.", f"The sections are: {', '.join(s.key for s in self.sections)}."
        )

    def schedule(self, key: str) -> Schedule:
        """The schedule with this key.

        Raises:
            Permanent: there is none.
        """
        for schedule in self.schedules:
            if schedule.key == key:
                return schedule
        known = ", ".join(schedule.key for schedule in self.schedules)
        raise Permanent(
            f"There is no schedule “{key}”.",
            f"The schedules are: {known}." if known else "Add [[schedules]] to network.toml; see docs/schedules.md.",
        )

    def source(self, key: str) -> Source:
        """The source with this key.

        Raises:
            Permanent: there is none.
        """
        for source in self.sources:
            if source.key == key:
                return source
        keys = ", ".join(source.key for source in self.sources)
        raise Permanent(
            f"There is no source “{key}”.",
            f"The sources are: {keys}." if keys else "Add it to network.toml: docs/sources.md says how.",
        )

    def base_for(self, tag: str) -> str:
        """The base on which a language stands: pt for pt-AO, zh-Hant for zh-TW; ``tag`` itself when no base fits.

        Only a base of the same language and script fits; never cut at the hyphen.
        """
        wanted = langcodes.get(tag).maximize()
        fitting = [
            base
            for base in self.bases
            if (candidate := langcodes.get(base).maximize()).language == wanted.language
            and candidate.script == wanted.script
        ]
        best, _ = langcodes.closest_match(tag, fitting, max_distance=20) if fitting else ("und", 0)
        return tag if best == "und" else best

    def check_source(self, tag: str) -> str:
        """The canonical form of a language that articles may be written in.

        Raises:
            Permanent: it is no language, or nobody in the network writes or publishes in it.
        """
        try:
            canonical = language_tag(tag)
        except ValueError:
            raise Permanent(f"“{tag}” is no language.", "Give a BCP 47 tag, such as en, pt-BR or zh-Hant.") from None
        if canonical in self.organisation.source_languages or self.base_for(canonical) in self.bases:
            return canonical
        raise Permanent(
            f"Nobody in this network writes or publishes in {language_name(canonical)} ({canonical}).",
            f"Use one of {', '.join(self.bases)}; or add it to source_languages in network.toml.",
        )


def load(path: Path) -> Network:
    """Read and validate a network file.

    Raises:
        Permanent: it can't be read, is no TOML or says something impossible; the message has one line per fault, each
            with file, line and remedy.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise Permanent(f"{path} does not exist.", "Make an installation with: sectionwire init FOLDER") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Permanent(f"{path} can't be read: {error}.", "It must be a readable file in UTF-8.") from error
    return parse(text, str(path))


def parse(text: str, name: str = "network.toml") -> Network:
    """Validate the text of a network file; ``name`` stands in the messages. Raises as :func:`load`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = re.search(r"line (\d+)", str(error))
        where = f"{name}:{line[1]}" if line else name
        raise Permanent(f"{where}: this is no TOML: {error}.", "Mend this line.") from error
    try:
        return Network.model_validate(data)
    except ValidationError as error:
        faults = [dict(fault) for fault in error.errors(include_url=False)]
        # A list whose only entry was refused is "too short" as well: that says nothing to anybody.
        faults = [fault for fault in faults if fault["type"] != "too_short" or len(faults) == 1]
        lines = [explain(text, name, fault) for fault in faults]
        raise Permanent("\n".join(lines)) from None
