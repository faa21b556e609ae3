"""``{% load desk %}``: languages, directions, dates and numbers by CLDR, in the language of the interface."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_timezone
from babel.lists import format_list
from babel.numbers import format_decimal, format_percent
from django import template
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString

from pipeline.desk import sentences, words
from pipeline.errors import PipelineError
from pipeline.flow import installation
from pipeline.flow.engines import NO_ENGINE
from pipeline.stages.publish import locales

register = template.Library()

IN_CLDR = {"pt": "pt_PT"}
"""Where CLDR's plain locale of an interface's language is another: its ``pt`` is Brazil's, ours is Portugal's."""


def interface_locale() -> Locale:
    """Babel's locale of the interface's language."""
    tag = translation.get_language() or "en"
    try:
        return Locale.parse(IN_CLDR.get(tag, tag.replace("-", "_")))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


@register.filter
def direction(tag: str) -> str:
    """``rtl`` or ``ltr``: ``dir="{{ tag|direction }}"``."""
    return locales.direction(tag)


@register.filter
def language(tag: str) -> str:
    """The name of a language in the interface's: ``pt-BR`` is Portuguese (Brazil); the tag where CLDR has none."""
    try:
        return Locale.parse(tag, sep="-").get_display_name(interface_locale()) or tag
    except (UnknownLocaleError, ValueError):
        return tag


@register.filter
def own_language(tag: str) -> str:
    """The name of a language in itself, for a menu of languages."""
    return locales.own_name(tag)


@register.filter
def section_name(key: str) -> str:
    """The name of a section; its key when it has left the network."""
    try:
        return installation.network().section(key).name
    except PipelineError:
        return key


@register.filter
def number(value: float) -> str:
    """A number with the separators of the interface's language."""
    return format_decimal(value, locale=interface_locale())


@register.filter
def percent(value: float) -> str:
    """A share of a hundred, as the interface's language writes it: ``85%``."""
    return format_percent(value / 100, locale=interface_locale())


@register.filter
def listed(names: Sequence[str]) -> str:
    """Several names in a row, as the interface's language joins them: ``A, B and C``."""
    return format_list(list(names), locale=interface_locale())


@register.filter
def state_name(state: str) -> str:
    """How an edition stands, in words."""
    return str(words.STATES[state])


@register.filter
def place_name(place: str) -> str:
    """Where an article is (``flow.status.Place``), in words."""
    return str(words.PLACES[place])


@register.filter
def check_name(check_id: str) -> str:
    """What a finding is about; the id of a check that another package brings."""
    return str(words.CHECKS.get(check_id, check_id))


@register.filter
def sentence(text: str) -> SafeString:
    """A sentence of the ledger (a finding, a reason, an event): translated, or as it is and marked as English."""
    text = str(text).removeprefix(f"{NO_ENGINE}: ")  # a mark for programs
    own = sentences.translated(text)
    tag = "en" if own is None else translation.get_language() or "en"
    return format_html('<span lang="{}" dir="{}">{}</span>', tag, direction(tag), text if own is None else own)


@register.filter
def told(text: str) -> str:
    """A sentence of the ledger where no element can stand: translated, or as it is."""
    return sentences.translated(str(text)) or str(text)


@register.filter
def age(when: datetime) -> str:
    """How long ago something was, where no element can stand: ``3 hours ago``."""
    return str(format_timedelta(when - timezone.now(), add_direction=True, locale=interface_locale()))


@register.simple_tag
def ago(when: datetime) -> SafeString:
    """How long ago something was, with the moment itself (UTC) on pointing: ``3 hours ago``."""
    known = interface_locale()
    exact = format_datetime(when, "long", tzinfo=get_timezone("UTC"), locale=known)
    return format_html('<time datetime="{}" title="{}">{}</time>', when.isoformat(), exact, age(when))


@register.simple_tag
def moment(when: datetime, zone: str = "UTC") -> SafeString:
    """A date with the time of day, in a section's time zone: ``4 May 2026, 14:30``."""
    known, there = interface_locale(), when.astimezone(get_timezone(zone))
    words = f"{format_date(there, 'medium', known)}, {format_time(there, 'short', locale=known)}"
    return format_html('<time datetime="{}">{}</time>', when.isoformat(), words)
