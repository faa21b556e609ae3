"""Tables: a caption, sections, rows and cells, and nothing between them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.stages.clean.nodes import has_visible
from pipeline.stages.intake.tree import Element, Node, elements

if TYPE_CHECKING:
    from pipeline.stages.clean.shape import Shaper  # which calls this module

_SECTIONS = ("thead", "tbody", "tfoot")
_CELLS = ("td", "th")


def table(element: Element, shaper: Shaper) -> list[Node]:
    """A table, after whatever stood in it outside its cells; nothing of a table without content.

    A table of one cell is layout: its content comes without it.
    """
    builder = _Builder(shaper)
    builder.sections(element)
    outside = shaper.flow(builder.outside)
    cells = [cell for section in builder.made for row in elements(section.children) for cell in elements(row.children)]
    if len(cells) == 1 and cells[0].tag == "td" and not builder.caption:
        shaper.notes.add("layout")
        return outside + shaper.flow(cells[0].children)
    content: list[Node] = [*builder.caption, *builder.made]
    return [*outside, Element("table", element.attrs, content)] if has_visible(content) else outside


class _Builder:
    """Gathers the rows of one table, wherever they stand in it."""

    def __init__(self, shaper: Shaper) -> None:
        self.caption: list[Node] = []
        self.made: list[Element] = []
        self.outside: list[Node] = []
        self._shaper = shaper

    def sections(self, element: Element) -> None:
        loose: list[Node] = []
        for part in [*self._shaper.pieces(element), Element("tfoot")]:
            if part.tag in ("tr", *_CELLS):
                loose.append(part)
                continue
            if loose and part.tag in _SECTIONS:
                self._section(Element("tbody", {}, loose))
                loose = []
            if part.tag in _SECTIONS:
                self._section(part)
            elif part.tag == "caption" and not self.caption and has_visible(part.children):
                self.caption = [Element("caption", part.attrs, self._shaper.phrase(part.children))]
            else:
                self.outside.append(part)

    def _section(self, given: Element) -> None:
        """Take a section with its rows, when it has any; cells without a row are one."""
        section = Element(given.tag, given.attrs)
        row: Element | None = None
        for part in self._shaper.pieces(given):
            if part.tag == "tr":
                row = None
                self._row(section, Element("tr", part.attrs), part)
            elif part.tag in _CELLS:
                if row is None:
                    row = Element("tr")
                self._row(section, row, Element("tr", {}, [part]))
            else:
                self.outside.append(part)
        if section.children:
            self.made.append(section)

    def _row(self, section: Element, row: Element, given: Element) -> None:
        for part in self._shaper.pieces(given):
            if part.tag in _CELLS:
                row.children.append(Element(part.tag, part.attrs, self._cell(part)))
            else:
                self.outside.append(part)
        if row.children and not any(row is made for made in section.children[-1:]):
            section.children.append(row)

    def _cell(self, cell: Element) -> list[Node]:
        content = self._shaper.bare_flow(cell.children)
        only = content[0] if len(content) == 1 else None
        return only.children if isinstance(only, Element) and only.tag == "p" and not only.attrs else content
