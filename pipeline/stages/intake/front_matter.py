"""YAML between two lines of ``---`` at the head of Markdown or HTML."""

from __future__ import annotations

from typing import Any

import yaml
from frontmatter.default_handlers import YAMLHandler

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.stages.intake.fields import NAMES, from_mapping

LIMIT = 64_000
"""Characters of front matter: YAML is read by a slow parser, and nobody writes as much by hand."""

_REMEDY = "Write one “field: value” a line between two lines of ---, and quote values that hold a colon."


class _Loader(yaml.BaseLoader):
    """Makes only texts, lists and mappings (so ``no`` stays Norwegian, and a bad date is ours to explain).

    Aliases are refused: a few lines of them can stand for gigabytes.
    """

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("it uses an alias (*name)")
        return super().compose_node(parent, index)


def split(name: str, text: str) -> tuple[Metadata, str]:
    """The metadata in the front matter of ``text``, and what comes after it. Without front matter: ``text`` as it is.

    Raises:
        Permanent: the front matter is never closed, is too long, or is no mapping of fields; or as ``from_mapping``.
    """
    handler = YAMLHandler()
    text = text.lstrip()
    if not handler.detect(text):
        return Metadata(), text
    try:
        head, body = handler.split(text)
    except ValueError:
        head, body = text[3:], ""
        if not _looks_like_fields(head):
            return Metadata(), text  # a rule, as Markdown draws one
        raise Permanent(
            f"{name}: the front matter is never closed.", "Put a line of --- between the fields and the text."
        ) from None
    return _load(name, head), body


def _looks_like_fields(head: str) -> bool:
    lines = head[:LIMIT].split("\n", 40)[:40]
    return any(line.partition(":")[0].strip().lower() in NAMES for line in lines if ":" in line)


def _load(name: str, head: str) -> Metadata:
    if len(head) > LIMIT:
        raise Permanent(f"{name}: the front matter is longer than {LIMIT:,} characters.", _REMEDY)
    try:
        given = yaml.load(head, Loader=_Loader)  # noqa: S506  # a BaseLoader makes no objects
    except yaml.MarkedYAMLError as error:
        line = f", line {error.problem_mark.line + 1}" if error.problem_mark else ""
        raise Permanent(f"{name}: the front matter is no YAML{line}: {error.problem}.", _REMEDY) from None
    except (yaml.YAMLError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise Permanent(f"{name}: the front matter can't be read: {reason}.", _REMEDY) from None
    if given in (None, ""):
        return Metadata()
    if not isinstance(given, dict):
        raise Permanent(f"{name}: the front matter has no fields.", _REMEDY)
    return from_mapping(name, given)
