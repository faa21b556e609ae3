"""The kinds of values that the tables of network.toml hold, each with the remedy where one is refused."""

from __future__ import annotations

import re
from functools import cache
from typing import Annotated
from zoneinfo import available_timezones

import langcodes
from babel import Locale, UnknownLocaleError
from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic_core import PydanticCustomError


def fault_of(message: str, remedy: str, *where: str | int) -> PydanticCustomError:
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
        raise fault_of(f"“{tag}” is no language.", "Give a BCP 47 tag such as pt, pt-BR or zh-Hant.") from None


def is_canonical(tag: str) -> bool:
    try:
        return language_tag(tag) == tag
    except ValueError:
        return False


def _country(code: str) -> str:
    if not re.fullmatch("[A-Z]{2}", code) or code not in Locale("en").territories:
        raise fault_of(f"“{code}” is no country.", "Give two capital letters of ISO 3166, such as PT.")
    return code


_time_zones = cache(available_timezones)  # which searches folders each time


def _time_zone(name: str) -> str:
    if name not in _time_zones():
        raise fault_of(f"“{name}” is no time zone.", "Give a name of the tz database, such as Europe/Lisbon.")
    return name


def _key(key: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", key):
        raise fault_of(
            f"“{key}” can't be a key.",
            "Use small letters, digits and hyphens, beginning with a letter; it never changes later.",
        )
    return key


Language = Annotated[str, AfterValidator(_language)]
Country = Annotated[str, AfterValidator(_country)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Key = Annotated[str, AfterValidator(_key)]


class Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
