"""Markdown → HTML."""

from __future__ import annotations

from markdown_it import MarkdownIt
from mdit_py_plugins.footnote import footnote_plugin

from pipeline.errors import Permanent

LIMIT = 1_000_000
"""Characters of Markdown: it is read at about 0.5 MB a second."""


def to_html(name: str, text: str) -> str:
    """CommonMark with tables and footnotes, as HTML; HTML within it stays (the next stage cleans it).

    Raises:
        Permanent: the text is too long.
    """
    if len(text) > LIMIT:
        raise Permanent(
            f"{name} has {len(text):,} characters of Markdown; at most {LIMIT:,} are taken.",
            "Submit it in several parts, or as HTML.",
        )
    # What is nested deeper than maxNesting is silently left out: so it is set to what the depth check refuses anyway.
    reader = MarkdownIt("commonmark", {"html": True, "maxNesting": 300}).enable("table").use(footnote_plugin)
    return str(reader.render(text))
