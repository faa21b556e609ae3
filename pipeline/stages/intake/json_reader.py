"""A JSON object with the fields of front matter, and the text as ``html`` or ``markdown``."""

from __future__ import annotations

import json

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.stages.intake.fields import from_mapping
from pipeline.stages.intake.text import characters

_SHAPE = 'Submit one object such as {"title": "…", "language": "en", "html": "<p>…</p>"}.'


def read(name: str, text: str) -> tuple[Metadata, str, str]:
    """The metadata, the text, and its format: ``html`` or ``markdown``.

    Raises:
        Permanent: it is no JSON, no object, or has not exactly one text; or as ``from_mapping``.
    """
    given = _load(name, text)
    if not isinstance(given, dict):
        raise Permanent(f"{name} holds no JSON object.", _SHAPE)
    bodies = [key for key in ("html", "markdown") if given.get(key)]
    if len(bodies) != 1:
        fault = "both “html” and “markdown”" if bodies else "neither “html” nor “markdown”"
        raise Permanent(f"{name} has {fault}.", f"Give the text in one of them. {_SHAPE}")
    body = given[bodies[0]]
    if not isinstance(body, str):
        raise Permanent(f"{name}: “{bodies[0]}” must be a text.", _SHAPE)
    metadata = from_mapping(name, given, also=("html", "markdown"))
    return metadata, characters(body), bodies[0]


def _load(name: str, text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise Permanent(f"{name} is no JSON: {error.msg} in line {error.lineno}.", "Mend this line.") from None
    except (ValueError, RecursionError) as error:  # a number of 5,000 digits, 100,000 brackets
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else "a number is too long"
        raise Permanent(f"{name} can't be read: {reason}.", _SHAPE) from None
