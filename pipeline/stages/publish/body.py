"""The last touches to an article's body: plugin tags, tables in their own box, a heading over the footnotes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

from pipeline.stages.publish import plugins

_VERBATIM = frozenset({"pre", "code", "kbd", "samp", "var", "script", "style", "textarea"})
_BLANK = re.compile(r"(?:\s|&nbsp;|&#160;|\xa0|<br ?/?>)*")
_NEEDS_WORK = re.compile(r"[{]|<table|footnotes|doc-endnotes")


@dataclass(frozen=True, slots=True)
class BodyLabels:
    """Our own words inside a body. ``attributes`` marks their language where it is not the page's."""

    table: str
    footnotes: str
    attributes: str


def finish(body: str, setting: plugins.Setting, labels: BodyLabels) -> str:
    """The body as it stands on the page. Markup that needs nothing of this comes back byte for byte."""
    if not _NEEDS_WORK.search(body):
        return body
    writer = _Writer(setting, labels)
    writer.feed(body)
    writer.close()
    return writer.result()


class _Writer(HTMLParser):
    """Writes a fragment again as it is read: one pass, no tree, and what is not touched stays as it was."""

    def __init__(self, setting: plugins.Setting, labels: BodyLabels) -> None:
        super().__init__(convert_charrefs=False)
        self._setting, self._labels = setting, labels
        self._out: list[str] = []
        self._text: list[str] = []  # the run of text that is being read: a plugin tag may hold entities
        self._verbatim = 0
        self._tables = 0
        self._footnotes = False
        self._paragraph: int | None = None  # where the open paragraph begins in _out
        self._rendered = False  # whether a plugin tag of it was rendered: maybe to nothing

    def result(self) -> str:
        self._flush()
        return "".join(self._out)

    def updatepos(self, i: int, j: int) -> int:  # noqa: ARG002  # HTMLParser's
        return j  # line numbers, which nobody asks for, took a tenth of the time

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._flush()
        raw = self.get_starttag_text() or ""
        if tag in _VERBATIM:
            self._verbatim += 1
        elif tag == "p":
            self._paragraph, self._rendered = len(self._out), False
        elif tag == "table":
            self._tables += 1
            if self._tables == 1:
                raw = (
                    f'<div class="table-box" role="region" tabindex="0" aria-label="{escape(self._labels.table)}">{raw}'
                )
        self._out.append(raw)
        if not self._footnotes and _is_footnotes(dict(attrs)):
            self._footnotes, labels = True, self._labels
            self._out.append(f'<h2 class="footnotes-title"{labels.attributes}>{escape(labels.footnotes)}</h2>')

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # HTMLParser's
        self._flush()
        self._out.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._flush()
        self._out.append(f"</{tag}>")
        if tag in _VERBATIM:
            self._verbatim = max(0, self._verbatim - 1)
        elif tag == "table" and self._tables:
            self._tables -= 1
            if self._tables == 0:
                self._out.append("</div>")
        elif tag == "p":
            self._end_paragraph()

    def _end_paragraph(self) -> None:
        start = self._paragraph
        if start is not None and self._rendered and _BLANK.fullmatch("".join(self._out[start + 1 : -1])):
            del self._out[start:]
        self._paragraph, self._rendered = None, False

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def handle_entityref(self, name: str) -> None:
        self._text.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text.append(f"&#{name};")

    def _flush(self) -> None:
        if not self._text:
            return
        text = "".join(self._text)
        self._text.clear()
        if "{" in text and not self._verbatim:
            rendered = plugins.render(text, self._setting)
            self._rendered = self._rendered or rendered != text
            text = rendered
        self._out.append(text)


def _is_footnotes(attributes: dict[str, str | None]) -> bool:
    return attributes.get("role") == "doc-endnotes" or "footnotes" in (attributes.get("class") or "").split()
