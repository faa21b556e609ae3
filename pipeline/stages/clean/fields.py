"""The fields of an article: plain text, canonical languages, addresses on the web."""

from __future__ import annotations

from dataclasses import replace

from slugify import slugify

from pipeline.documents import Metadata
from pipeline.network import language_tag
from pipeline.stages.clean.addresses import host_of, web_address
from pipeline.stages.clean.notes import Notes
from pipeline.stages.intake.text import plain


def cleaned(metadata: Metadata, notes: Notes) -> Metadata:
    """Metadata whose texts are plain and whose addresses are on the web; a language that is none is left as it is."""
    canonical = _address(metadata.canonical_url, "", notes)
    return replace(
        metadata,
        title=plain(metadata.title),
        summary=plain(metadata.summary),
        language=_language(metadata.language),
        kind=plain(metadata.kind) or "article",
        canonical_url=canonical,
        authors=_texts(metadata.authors),
        tags=_texts(metadata.tags),
        series=plain(metadata.series),
        image=_address(metadata.image, canonical, notes),
        image_alt=plain(metadata.image_alt),
        slug=slugify(metadata.slug),
    )


def _texts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for value in values if (text := plain(value))))


def _language(tag: str) -> str:
    try:
        return language_tag(tag)
    except ValueError:
        return tag


def _address(given: str, base: str, notes: Notes) -> str:
    address = web_address(given, base)
    if host_of(address):
        return address
    if given:
        notes.add("metadata_url")
    return ""
