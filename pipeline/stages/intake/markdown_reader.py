"""Markdown → HTML."""

from __future__ import annotations

from pipeline.errors import Permanent

LIMIT = 1_000_000
"""Characters of Markdown: it is read at about 0.5 MB a second."""

BRACKETS = 20_000
"""Square brackets: 900,000 of them that are never closed take the reader 131 s, as many as this 0.3 s."""


def to_html(name: str, text: str) -> str:
    """CommonMark with tables and footnotes, as HTML; HTML within it stays (the next stage cleans it).

    Raises:
        Permanent: the text is too long, or has too many brackets.
    """
    if len(text) > LIMIT:
        raise Permanent(
            f"{name} has {len(text):,} characters of Markdown; at most {LIMIT:,} are taken.",
            "Submit it in several parts, or as HTML.",
        )
    if text.count("[") > BRACKETS:
        raise Permanent(
            f"{name} has more than {BRACKETS:,} square brackets; no article needs as many.", "Submit only the article."
        )
    # Here and not above: they are slow to import, and most articles are HTML.
    from markdown_it import MarkdownIt
    from mdit_py_plugins.footnote import footnote_plugin

    # What is nested deeper than maxNesting is silently left out: so it is set to what the depth check refuses anyway.
    reader = MarkdownIt("commonmark", {"html": True, "maxNesting": 300}).enable("table").use(footnote_plugin)
    return str(reader.render(text))
