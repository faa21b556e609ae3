"""Sections: who publishes what, in which languages, and who decides."""

from __future__ import annotations

from datetime import tzinfo
from typing import Literal, Self
from zoneinfo import ZoneInfo

import langcodes
from pydantic import Field, model_validator

from pipeline.network.release import LocalTime
from pipeline.network.values import Country, Key, Language, Table, TimeZone, fault_of


class SectionLanguage(Table):
    """A language of a section: ``tag`` is what its pages say, ``base`` is what is translated."""

    tag: Language
    base: Language

    @model_validator(mode="after")
    def _base_fits(self) -> Self:
        tag, base = langcodes.get(self.tag), langcodes.get(self.base)
        if tag.language != base.language:
            raise fault_of(f"{self.tag} can't stand on the base {self.base}.", "Name a base of the same language.")
        if tag.maximize().script != base.maximize().script:
            raise fault_of(
                f"{self.tag} and its base {self.base} are written in two scripts.",
                "Scripts never share a base: give this language its own, such as zh-Hant.",
            )
        return self


class Targets(Table):
    """Which articles a section takes. An empty list sets no condition."""

    kinds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    not_kinds: tuple[str, ...] = ()
    not_tags: tuple[str, ...] = ()
    source_languages: tuple[Language, ...] = ()

    def refusal(self, kind: str, tags: tuple[str, ...], source_base: str) -> str:
        """Why an article of this kind, tags and source base is not for the section; empty when it is.

        >>> Targets(kinds=("news",)).refusal("opinion", (), "en")
        'takes only kinds: news'
        """
        if self.kinds and kind not in self.kinds:
            return f"takes only kinds: {', '.join(self.kinds)}"
        if kind in self.not_kinds:
            return f"takes no {kind}"
        if self.tags and not set(self.tags) & set(tags):
            return f"takes only tags: {', '.join(self.tags)}"
        if unwanted := set(self.not_tags) & set(tags):
            return f"takes nothing tagged {', '.join(sorted(unwanted))}"
        if self.source_languages and source_base not in self.source_languages:
            return f"takes only articles written in {', '.join(self.source_languages)}"
        return ""


class Section(Table):
    """A national section: a country, its languages, who decides for it and where its pages go."""

    key: Key
    name: str = Field(min_length=1)
    country: Country
    time_zone: TimeZone
    languages: tuple[SectionLanguage, ...] = Field(min_length=1)
    policy: Literal["review", "lead", "auto"] = "review"
    follows: Key | None = None
    outputs: tuple[Key, ...] = Field(min_length=1)
    targets: Targets = Targets()
    front_page: int = Field(default=20, ge=1, le=200)
    slugs: Literal["readable", "ascii", "unicode"] = "readable"
    """How titles become addresses: ASCII for Latin script and letters for others, always ASCII, or always letters."""
    release_time: LocalTime | None = None
    """The local hour at which new articles go out; at once when there is none."""
    withdrawn: Literal["notice", "remove"] = "notice"
    """What a withdrawn page leaves behind: a notice, or nothing."""
    paused: bool = False
    """Whether pages wait; withdrawals do not."""
    retired: Literal["keep", "withdraw"] | None = None
    """Set once a section takes no articles any more: its pages stay, or are withdrawn."""
    split_from: Key | None = None
    """The section whose editions in these languages become this one's: see ``sectionwire sections``."""
    second_eyes: bool = False
    """Whether two people have to approve what is published."""
    urgent: bool = False
    """Whether an editor may publish a correction of what is published already before it is reviewed."""

    @model_validator(mode="after")
    def _policy_is_whole(self) -> Self:
        if self.policy == "lead" and self.follows is None:
            raise fault_of(
                f"the policy of section {self.key} is “lead”, but it follows nobody.",
                'Add follows = "…" with the key of the section whose approvals it takes over.',
                "policy",
            )
        if self.policy != "lead" and self.follows is not None:
            raise fault_of(
                f"section {self.key} follows {self.follows}, but its policy is “{self.policy}”.",
                'Set policy = "lead", or remove follows.',
                "follows",
            )
        if self.second_eyes and self.policy == "auto":
            raise fault_of(
                f"section {self.key} asks for a second pair of eyes, but its policy is “auto”: nobody looks at all.",
                'Set policy = "review", or remove second_eyes.',
                "second_eyes",
            )
        if self.follows == self.key:
            raise fault_of(
                f"section {self.key} follows itself.", "Name another section, or set the policy to review.", "follows"
            )
        tags = [language.tag for language in self.languages]
        if len(set(tags)) < len(tags):
            raise fault_of(f"section {self.key} lists a language twice.", "Remove one of them.", "languages")
        return self

    @property
    def zone(self) -> tzinfo:
        """The section's time zone."""
        return ZoneInfo(self.time_zone)

    def publishes(self, tag: str) -> bool:
        """Whether the section publishes anything new in a language."""
        return not self.retired and any(language.tag == tag for language in self.languages)

    def base_of(self, tag: str) -> str:
        """The base of one of the section's languages. Raises KeyError when it has no such language."""
        return {language.tag: language.base for language in self.languages}[tag]
