"""Intake: bytes as they were handed in → an :class:`Original` with its metadata.

HTML (whole pages and fragments), Markdown and JSON are told apart by the suffix, else by the content. What is known of
an article comes, first match wins, from: the submission; front matter (YAML between lines of ``---``) or the JSON
object; the page's JSON-LD; its ``<meta>``, ``<title>``, ``<link rel="canonical">`` and ``<html lang>``; and, for title
and summary, the text itself. Everything is bounded before it is parsed: see ``bounds``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from pipeline.documents import Metadata, Original, Submission
from pipeline.errors import Permanent
from pipeline.stages.intake import bounds, html_reader, json_reader, markdown_reader
from pipeline.stages.intake.fields import merge, tidy
from pipeline.stages.intake.text import collapse
from pipeline.stages.intake.tree import MAX_DEPTH


@dataclass(frozen=True, slots=True)
class Options:
    """How much is taken: bytes of a submission, elements in it, and how deep they may be nested (at most 256)."""

    max_bytes: int = 5_000_000
    max_elements: int = 20_000
    max_depth: int = MAX_DEPTH


_SUFFIXES = {
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".json": "json",
}
_MARKUP = re.compile(
    r"<(?:!doctype|!--|/?(?:html|body|article|p|div|h[1-6]|ul|ol|table|br|span|img|a)\b)", re.IGNORECASE
)
_OBJECT = re.compile(r'\{\s*["}]')  # and not {loadposition x}


def read(submission: Submission, options: Options, *, needs_title: bool = True) -> Original:
    """Decode and bound a submission, and gather what is known of the article.

    An article must have a title; a fragment may do without (``needs_title``), and its title is empty then.

    Raises:
        Permanent: it is empty, too large, too deep, binary, wrongly encoded, has no title, or says something of itself
            that can't be (a date, an embargo, a field that is nearly a known one). The message names the submission.
    """
    name = collapse(submission.name) or "The submission"
    bounds.check_size(name, submission.data, options.max_bytes)
    text = bounds.decode(name, submission.data)
    if not text.strip():
        raise Permanent(f"{name} is empty.", "Submit a file with an article in it.")
    form = _format(name, text)
    known, html = _open(name, form, text)
    depth = min(options.max_depth, MAX_DEPTH)
    metadata, html = html_reader.read(
        name, html, merge(tidy(submission.metadata), tidy(known)), options.max_elements, depth, needs_title=needs_title
    )
    return Original(metadata=tidy(metadata), html=html, format=form)


def _format(name: str, text: str) -> str:
    """The format by the suffix of a file name or address, else by the content."""
    path = name if "://" not in name else unquote(re.split("[?#]", name, maxsplit=1)[0])
    if known := _SUFFIXES.get(PurePosixPath(path).suffix.lower()):
        return known
    if _OBJECT.match(text.lstrip()):
        return "json"
    return "html" if _MARKUP.search(text[:100_000]) else "markdown"


def _open(name: str, form: str, text: str) -> tuple[Metadata, str]:
    """What the wrapping says (front matter or JSON), and the text as HTML."""
    if form == "json":
        known, text, inner = json_reader.read(name, text)
    else:
        known, text, inner = Metadata(), text.lstrip(), form
        if text.startswith("---"):
            from pipeline.stages.intake import front_matter  # YAML is slow to import, and most articles have none

            known, text = front_matter.split(name, text)
    if inner == "markdown":
        text = markdown_reader.to_html(name, text)
    return known, text
