"""Named fields, as front matter and JSON have them → :class:`Metadata`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from email.utils import parsedate_to_datetime
from typing import Any

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.stages.intake.text import characters, collapse

NAMES = {
    "title": "title",
    "summary": "summary",
    "teaser": "summary",
    "description": "summary",
    "language": "language",
    "lang": "language",
    "kind": "kind",
    "tags": "tags",
    "authors": "authors",
    "author": "authors",
    "date": "published_at",
    "published_at": "published_at",
    "embargo": "embargo",
    "canonical_url": "canonical_url",
    "canonical": "canonical_url",
    "series": "series",
    "part": "part",
    "image": "image",
    "image_alt": "image_alt",
    "key": "key",
    "slug": "slug",
    "only_sections": "only_sections",
}
"""What a field may be called, and which field of :class:`Metadata` it is; the first name of a field wins."""


def from_mapping(name: str, given: Mapping[str, object], also: tuple[str, ...] = ()) -> Metadata:
    """The metadata in front matter or a JSON object; ``name`` is the file's, for messages.

    Unknown names mean something to another system and are passed over, but not those that look like a slip for a known
    one (``also`` are further known ones): an embargo must not be lost over its spelling.

    Raises:
        Permanent: a name is nearly a known one, a value is of the wrong kind, or the article is marked as a draft.
    """
    known = [*NAMES, *also]
    values = {_normal(key): value for key, value in given.items()}
    for key in values:
        if key not in known:
            _refuse_slip(name, key, known)
    if str(values.get("draft", "")).strip().lower() in ("true", "yes", "1", "on"):
        raise Permanent(f"{name} is marked as a draft.", "Remove “draft” from its fields when it is ready to go out.")
    metadata = Metadata()
    for key, target in NAMES.items():
        value = values.get(key)
        if value is not None and not _has(metadata, target):
            converted: Any = _convert(name, key, target, value)
            metadata = replace(metadata, **{target: converted})
    return metadata


def _normal(key: object) -> str:
    return re.sub(r"[\s-]+", "_", str(key).strip().lower())


def _refuse_slip(name: str, key: str, known: list[str]) -> None:
    close = get_close_matches(key[:60], ["embargo"], 1, 0.6) or get_close_matches(key[:60], known, 1, 0.8)
    if close or key.startswith("embarg"):
        meant = close[0] if close else "embargo"
        raise Permanent(
            f"{name} has an unknown field “{key[:60]}”: did you mean “{meant}”?",
            f"Known fields are: {', '.join(known)}.",
        )


def _has(metadata: Metadata, target: str) -> bool:
    return bool(getattr(metadata, target) != getattr(Metadata(), target))


def _convert(name: str, key: str, target: str, value: object) -> object:
    if target in ("published_at", "embargo"):
        return moment(name, key, _text(name, key, value))
    if target == "part":
        return _part(name, _text(name, key, value))
    if target in ("tags", "authors", "only_sections"):
        return _texts(name, key, value)
    text = _text(name, key, value)
    return text or "article" if target == "kind" else text


def _text(name: str, key: str, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Permanent(f"{name}: the field “{key}” must be one text.", f"Write it as {key}: some words.")
    return collapse(characters(str(value)))


def _texts(name: str, key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list):
        named = [item.get("name") if isinstance(item, dict) else item for item in value]
        items = [_text(name, key, item) for item in named]
    elif isinstance(value, dict):
        items = [_text(name, key, value.get("name"))]
    else:
        text = _text(name, key, value)
        items = [text] if key == "author" else text.split(",")
    return tuple(dict.fromkeys(item.strip() for item in items if item.strip()))


def _part(name: str, text: str) -> int | None:
    if not text:
        return None
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) < 1:
        raise Permanent(f"{name}: the part “{text}” is no number from 1 to 9999.", "Write it as part: 2.")
    return int(text)


def moment(name: str, key: str, text: str) -> datetime | None:
    """The time that ``text`` says, in UTC; without a zone it is taken as UTC. ``None`` when it is empty.

    ISO 8601 (``2026-11-05``, ``2026-11-05 18:00 +01:00``) and the form of e-mail (``Thu, 05 Nov 2026 18:00:00 +0100``)
    are understood; nothing is guessed, since 10/11 is another day on the other side of the sea.

    Raises:
        Permanent: it is neither.
    """
    if not text:
        return None
    try:
        time = _parse_time(text)
        return (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)
    except (ValueError, OverflowError, TypeError):
        raise Permanent(
            f"{name}: “{text[:60]}” is no {key}.",
            f"Write it as {key}: 2026-11-05, or {key}: 2026-11-05T18:00:00+01:00.",
        ) from None


def _parse_time(text: str) -> datetime:
    if not re.match("[0-9]", text):
        return parsedate_to_datetime(text)
    if not re.match("[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        raise ValueError(text)
    return datetime.fromisoformat(re.sub(r" +([+-][0-9]{2}:?[0-9]{2}|Z)$", r"\1", text))


def merge(*candidates: Metadata) -> Metadata:
    """One metadata with the first known value of each field."""
    merged = Metadata()
    for entry in fields(Metadata):
        for candidate in candidates:
            if _has(candidate, entry.name):
                merged = replace(merged, **{entry.name: getattr(candidate, entry.name)})
                break
    return merged


def tidy(metadata: Metadata) -> Metadata:
    """Metadata from outside with characters that every tool can carry and without stray white space."""
    changes: dict[str, Any] = {}
    for entry in fields(Metadata):
        value = getattr(metadata, entry.name)
        if isinstance(value, str):
            changes[entry.name] = collapse(characters(value))
        elif isinstance(value, tuple):
            changes[entry.name] = tuple(text for item in value if (text := collapse(characters(item))))
        elif isinstance(value, datetime) and value.tzinfo is None:
            changes[entry.name] = value.replace(tzinfo=UTC)
    return replace(metadata, **changes)
