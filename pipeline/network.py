"""``network.toml`` → a frozen, validated :class:`Network`.

The file says who publishes what: sections, their languages and policies, the engines and the outputs. Every error names
the file, the line and the remedy.
"""

from __future__ import annotations

import re
import tomllib
from datetime import tzinfo
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

import langcodes
from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from pipeline.errors import Permanent


def _fault(message: str, remedy: str, *where: str | int) -> PydanticCustomError:
    """An error that carries its remedy, and the key it is about where the model as a whole is refused."""
    return PydanticCustomError("network", "{message}", {"message": message, "remedy": remedy, "where": where})


def language_tag(tag: str) -> str:
    """The canonical form of a BCP 47 tag.

    Raises:
        ValueError: it is no tag, or names no known language.
    """
    if not tag or not langcodes.tag_is_valid(tag):
        raise ValueError(tag)
    return langcodes.standardize_tag(tag)


def language_name(tag: str) -> str:
    """The English name of a language, by CLDR: ``pt-BR`` is Portuguese (Brazil); the tag itself where it has none."""
    try:
        name = Locale.parse(tag, sep="-").get_display_name("en")
    except (UnknownLocaleError, ValueError):
        name = None
    return name or tag


def _language(tag: str) -> str:
    try:
        return language_tag(tag)
    except ValueError:
        raise _fault(f"“{tag}” is no language.", "Give a BCP 47 tag such as pt, pt-BR or zh-Hant.") from None


def _is_canonical(tag: str) -> bool:
    try:
        return language_tag(tag) == tag
    except ValueError:
        return False


def _country(code: str) -> str:
    if not re.fullmatch("[A-Z]{2}", code) or code not in Locale("en").territories:
        raise _fault(f"“{code}” is no country.", "Give two capital letters of ISO 3166, such as PT.")
    return code


def _time_zone(name: str) -> str:
    if name not in available_timezones():
        raise _fault(f"“{name}” is no time zone.", "Give a name of the tz database, such as Europe/Lisbon.")
    return name


def _key(key: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", key):
        raise _fault(
            f"“{key}” can't be a key.",
            "Use small letters, digits and hyphens, beginning with a letter; it never changes later.",
        )
    return key


Language = Annotated[str, AfterValidator(_language)]
Country = Annotated[str, AfterValidator(_country)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Key = Annotated[str, AfterValidator(_key)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class SectionLanguage(_Table):
    """A language of a section: ``tag`` is what its pages say, ``base`` is what is translated."""

    tag: Language
    base: Language

    @model_validator(mode="after")
    def _base_fits(self) -> Self:
        tag, base = langcodes.get(self.tag), langcodes.get(self.base)
        if tag.language != base.language:
            raise _fault(f"{self.tag} can't stand on the base {self.base}.", "Name a base of the same language.")
        if tag.maximize().script != base.maximize().script:
            raise _fault(
                f"{self.tag} and its base {self.base} are written in two scripts.",
                "Scripts never share a base: give this language its own, such as zh-Hant.",
            )
        return self


class Targets(_Table):
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


class Section(_Table):
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

    @model_validator(mode="after")
    def _policy_is_whole(self) -> Self:
        if self.policy == "lead" and self.follows is None:
            raise _fault(
                f"the policy of section {self.key} is “lead”, but it follows nobody.",
                'Add follows = "…" with the key of the section whose approvals it takes over.',
                "policy",
            )
        if self.policy != "lead" and self.follows is not None:
            raise _fault(
                f"section {self.key} follows {self.follows}, but its policy is “{self.policy}”.",
                'Set policy = "lead", or remove follows.',
                "follows",
            )
        if self.follows == self.key:
            raise _fault(
                f"section {self.key} follows itself.", "Name another section, or set the policy to review.", "follows"
            )
        tags = [language.tag for language in self.languages]
        if len(set(tags)) < len(tags):
            raise _fault(f"section {self.key} lists a language twice.", "Remove one of them.", "languages")
        return self

    @property
    def zone(self) -> tzinfo:
        """The section's time zone."""
        return ZoneInfo(self.time_zone)

    def base_of(self, tag: str) -> str:
        """The base of one of the section's languages. Raises KeyError when it has no such language."""
        return {language.tag: language.base for language in self.languages}[tag]


class Output(_Table):
    """A place where pages go. ``{section}`` in ``path`` and ``base_url`` stands for the section's key.

    ``path`` is relative to the installation's folder (SECTIONWIRE_HOME). ``settle_seconds`` is how long front pages and
    alternates wait for further changes before they are written again.
    """

    type: str
    path: str = "outputs/{section}"
    base_url: str
    settle_seconds: float = Field(default=10, ge=0, le=3600)

    @model_validator(mode="after")
    def _address_is_whole(self) -> Self:
        if not re.match(r"https?://[^/\s]+", self.base_url):
            raise _fault(f"“{self.base_url}” is no address.", "Give one that begins with https://.", "base_url")
        return self


class Engines(_Table):
    """Which engines translate, in order of preference, and how they run.

    ``processes`` is the number of engine processes of a translation worker (0: one per core), ``deadline_seconds`` how
    long one batch may take before the process is killed.
    """

    order: tuple[str, ...] = ("firefox", "argos")
    pivot: Language | None = "en"
    processes: int = Field(default=0, ge=0, le=256)
    deadline_seconds: float = Field(default=60, gt=0)
    pairs: dict[str, tuple[str, ...]] = {}

    @model_validator(mode="after")
    def _pairs_are_pairs(self) -> Self:
        for pair, names in self.pairs.items():
            source, sign, target = pair.partition(">")
            if not sign or not all(map(_is_canonical, (source, target))):
                raise _fault(f"“{pair}” is no pair.", 'Write both bases with > between them: "es>pt".', "pairs", pair)
            if not names:
                raise _fault(f"{pair} has no engine.", "Name one, or remove this line.", "pairs", pair)
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Every engine that is named, for all pairs or for one."""
        return tuple(dict.fromkeys((*self.order, *(name for names in self.pairs.values() for name in names))))

    def preference(self, source: str, target: str) -> tuple[str, ...]:
        """The engines to try for a pair of bases, best first."""
        return self.pairs.get(f"{source}>{target}", self.order)


class Limits(_Table):
    """What a submission may be at most; counted in a streaming pass before anything parses it."""

    megabytes: float = Field(default=5, gt=0, le=100)
    elements: int = Field(default=20_000, gt=0)
    depth: int = Field(default=256, gt=0, le=2_000)


class Embeds(_Table):
    """Hosts whose frames may stand in an article: used by cleaning and by the pages' Content-Security-Policy."""

    hosts: tuple[str, ...] = ("www.youtube-nocookie.com", "player.vimeo.com")


CheckSeverity = Literal["off", "warn", "block"]


class Organisation(_Table):
    """The organisation as a whole."""

    name: str = Field(min_length=1)
    source_languages: tuple[Language, ...] = ()


class Network(_Table):
    """Everything that ``network.toml`` says, validated as a whole."""

    organisation: Organisation
    engines: Engines = Engines()
    limits: Limits = Limits()
    embeds: Embeds = Embeds()
    checks: dict[str, CheckSeverity] = {}  # by id; which ids there are, flow/installation knows
    outputs: dict[Key, Output] = Field(min_length=1)
    sections: tuple[Section, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _references_hold(self) -> Self:
        keys = [section.key for section in self.sections]
        for index, section in enumerate(self.sections):
            if section.key in keys[:index]:
                raise _fault(
                    f"two sections have the key {section.key}.", "Rename one of them.", "sections", index, "key"
                )
            for output in section.outputs:
                if output not in self.outputs:
                    raise _fault(
                        f"section {section.key} publishes to “{output}”, which is no output.",
                        f"Use one of: {', '.join(self.outputs)}; or add [outputs.{output}].",
                        *("sections", index, "outputs"),
                    )
            if section.follows is not None:
                self._follower_fits(index, section)
        return self

    def _follower_fits(self, index: int, section: Section) -> None:
        where = ("sections", index, "follows")
        leader = next((other for other in self.sections if other.key == section.follows), None)
        if leader is None:
            raise _fault(
                f"section {section.key} follows “{section.follows}”, which is no section.",
                f"Name one of: {', '.join(s.key for s in self.sections if s.key != section.key)}.",
                *where,
            )
        if leader.policy == "lead":
            raise _fault(
                f"section {section.key} follows {leader.key}, which itself follows {leader.follows}.",
                f'Set follows = "{leader.follows}".'
                if leader.follows != section.key
                else "One of them must decide: set its policy to review.",
                *where,
            )
        missing = {language.base for language in section.languages} - {lang.base for lang in leader.languages}
        if missing:
            raise _fault(
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
        lines = [_explain(text, name, fault) for fault in faults]
        raise Permanent("\n".join(lines)) from None


_REMEDIES = {
    "extra_forbidden": ("unknown key", "Remove it, or mend its spelling"),
    "missing": ("a key is missing", "Add it"),
    "literal_error": ("this is none of the allowed values", "Use one of them"),
}


def _explain(text: str, name: str, fault: dict[str, Any]) -> str:
    loc: list[str | int] = [part for part in fault["loc"] if part != "[key]"]
    context = fault.get("ctx", {})
    if fault["type"] == "network":
        loc += context["where"]
        message, remedy = context["message"], context["remedy"]
    else:
        message, remedy = _REMEDIES.get(fault["type"], (fault["msg"], "Mend this value"))
        message = f"{'.'.join(str(part) for part in loc)}: {message}."
        if allowed := context.get("expected"):
            remedy = f"{remedy}: {allowed}"
        remedy += "."
    return f"{name}:{line_of(text, loc)}: {message} {remedy}"


def line_of(text: str, loc: list[str | int]) -> int:
    """The line (from 1) where the key at ``loc`` stands, or the nearest table around it.

    tomllib gives no positions; a scan of headers and key names finds what a person needs to see.
    """
    best, depth = 1, 0
    table: list[str | int] = []
    counts: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if header := re.match(r"\[\[?([^\]]+)\]\]?", stripped):
            table = _table_path(header[1], counts, is_array=stripped.startswith("[["))
            here = table
        elif key := re.match(r"""["']?([\w>-]+)["']?\s*=""", stripped):
            here = [*table, key[1]]
        else:
            continue
        common = _common(here, loc)
        if common == len(here) and common > depth:
            best, depth = number, common
    return best


def _table_path(header: str, counts: dict[str, int], *, is_array: bool) -> list[str | int]:
    names = [name.strip().strip("\"'") for name in header.split(".")]
    if is_array:
        counts[header] = counts.get(header, -1) + 1
    path: list[str | int] = []
    for depth, name in enumerate(names, 1):
        path.append(name)
        if (index := counts.get(".".join(names[:depth]))) is not None:
            path.append(index)
    return path


def _common(here: list[str | int], loc: list[str | int]) -> int:
    length = 0
    for mine, theirs in zip(here, loc, strict=False):
        if mine != theirs:
            break
        length += 1
    return length
