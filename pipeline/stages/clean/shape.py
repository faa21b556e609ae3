"""The normal form of a document: blocks in blocks, inline content in inline content, lists and tables whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pipeline.stages.clean import pictures, plugins, tables
from pipeline.stages.clean.addresses import host_of
from pipeline.stages.clean.inline import arrange, tidy_pre
from pipeline.stages.clean.nodes import (
    exposed,
    has_visible,
    is_break,
    is_inline,
    is_mere_border,
    single_breaks,
    with_lists_around_items,
    without_id,
    without_items,
)
from pipeline.stages.clean.notes import Notes
from pipeline.stages.clean.vocabulary import HEADINGS, MEDIA
from pipeline.stages.intake.tree import Element, Node, walk


class Shaper:
    """Shapes one document; its notes say what that took."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._shapes: dict[str, Callable[[Element], list[Node]]] = {
            **dict.fromkeys(HEADINGS, self._heading),
            **dict.fromkeys(("ul", "ol"), self._list),
            **dict.fromkeys(MEDIA, lambda element: [element]),
            **dict.fromkeys(("section", "aside", "blockquote", "div"), self._container),
            **dict.fromkeys(("p", "dt", "caption", "figcaption"), self._paragraph),
            "dl": self._definitions,
            "figure": self._figure,
            "hr": lambda element: [Element("hr", element.attrs)],
            "pre": self._preformatted,
            "table": self._table,
        }

    def block(self, element: Element) -> list[Node]:
        """A block in its normal form: none, itself, or several."""
        return self._shapes[element.tag](element)

    def flow(self, nodes: list[Node]) -> list[Node]:
        """``nodes`` as blocks; runs of inline content become paragraphs."""
        result: list[Node] = []
        anchors: list[Element] = []
        for part in self.parts(nodes):
            for made in self.block(part) if isinstance(part, Element) else self.paragraphs(part, {}):
                if isinstance(made, Element) and made.tag == "a":
                    anchors.append(made)
                else:
                    result.append(_anchored(made, anchors))
                    anchors = []
        return pictures.without_repeated_alt(plugins.joined(result, self.notes), self.notes)

    def bare_flow(self, nodes: list[Node]) -> list[Node]:
        """What may stand in an item or a cell: one run of inline content as it is, and blocks; several runs become
        paragraphs, since nothing else would part them.
        """
        parts = [part for part in self.parts(nodes) if isinstance(part, Element) or has_visible(part)]
        if sum(isinstance(part, list) for part in parts) > 1:
            return self.flow(nodes)
        result: list[Node] = []
        for part in parts:
            result += arrange(part, self.notes) if isinstance(part, list) else self.block(part)
        return [
            node for node in result if isinstance(node, str) or node.tag != "a" or node.children or "id" in node.attrs
        ]

    def parts(self, nodes: list[Node]) -> Iterator[list[Node] | Element]:
        """Runs of inline content and single blocks, in order; mere borders are gone."""
        run: list[Node] = []
        waiting = [iter(with_lists_around_items(exposed(nodes)))]
        while waiting:
            node = next(waiting[-1], None)
            if node is not None and is_inline(node):
                run.append(node)
                continue
            if run:
                yield run
                run = []
            if node is None:
                waiting.pop()
            elif isinstance(node, Element) and is_mere_border(node):
                waiting.append(iter(with_lists_around_items(exposed(node.children))))
            elif isinstance(node, Element):
                yield node

    def phrase(self, nodes: list[Node]) -> list[Node]:
        """All of ``nodes`` as inline content: what were blocks are lines."""
        return single_breaks(arrange(self._lines(nodes), self.notes))

    def _lines(self, nodes: list[Node]) -> list[Node]:
        lines: list[Node] = []
        for part in self.parts(nodes):
            lines.append(Element("br"))
            if isinstance(part, list):
                lines += part
            elif part.tag in MEDIA:
                sources = [inner.attrs["src"] for inner in walk([part]) if "src" in inner.attrs]
                lines.append(Element("a", {"href": sources[0]}, [host_of(sources[0]) or sources[0]]))
            else:
                lines += self._lines(without_items(part.children))
            lines.append(Element("br"))
        return lines

    def paragraphs(self, run: list[Node], attrs: dict[str, str]) -> list[Node]:
        """A run of inline content as paragraphs: parted at double breaks, with its pictures in figures.

        A run of mere anchors comes back as these anchors, for the block that follows.
        """
        arranged = arrange(run, self.notes)
        if not has_visible(arranged):
            return [Element("a", {"id": inner.attrs["id"]}) for inner in walk(arranged) if "id" in inner.attrs]
        result: list[Node] = []
        pieces = [piece for lines in _parted(arranged) for piece in pictures.lifted(lines, self.notes)]
        for piece in pieces:
            if isinstance(piece, Element):
                result.append(piece)
            elif has_visible(content := arrange(piece, self.notes) if len(pieces) > 1 else piece):
                result.append(Element("p", attrs, content))
                attrs = without_id(attrs)
        return result

    def _paragraph(self, element: Element) -> list[Node]:
        """A paragraph; what blocks it holds come between its parts."""
        result: list[Node] = []
        attrs = element.attrs if element.tag == "p" else {}
        for part in self.parts(element.children):
            if isinstance(part, Element):
                result += self.block(part)
            elif made := self.paragraphs(part, attrs):
                result += made
                attrs = without_id(attrs)
        if element.tag == "p" and not has_visible(result):
            self.notes.add("empty")
            return [*_anchor(element), *result]
        return result

    def _heading(self, element: Element) -> list[Node]:
        parts = [part for part in self.parts(element.children) if isinstance(part, Element) or has_visible(part)]
        if len(parts) == 1 and isinstance(parts[0], Element) and parts[0].tag in (*HEADINGS, "p"):
            return self._heading(Element(element.tag, element.attrs, parts[0].children))
        result: list[Node] = []
        attrs = element.attrs
        for part in parts:
            if isinstance(part, Element):
                result += self.block(part)
            elif has_visible(part, words=True):
                result.append(Element(element.tag, attrs, single_breaks(arrange(part, self.notes))))
                attrs = without_id(attrs)
            else:
                result += self.paragraphs(part, {})
        return result

    def _container(self, element: Element) -> list[Node]:
        inside = self.flow(element.children)
        return [Element(element.tag, element.attrs, inside)] if inside else []

    def _preformatted(self, element: Element) -> list[Node]:
        content = tidy_pre(self._raw_lines(element.children), self.notes)
        return [Element("pre", element.attrs, content)] if has_visible(content) else []

    def _raw_lines(self, nodes: list[Node]) -> list[Node]:
        lines: list[Node] = []
        for part in self.parts(nodes):
            lines += ["\n"] if lines else []
            lines += part if isinstance(part, list) else self._raw_lines(without_items(part.children))
        return lines

    def _list(self, element: Element) -> list[Node]:
        items: list[Node] = []
        last: Element | None = None
        for part in self.pieces(element):
            if part.tag in ("ul", "ol") and last is not None:
                last.children += self._list(part)
                continue
            content = self.bare_flow(part.children if part.tag == "li" else [part])
            if has_visible(content):
                last = Element("li", part.attrs if part.tag == "li" else {}, content)
                items.append(last)
        return [Element(element.tag, element.attrs, items)] if items else []

    def _definitions(self, element: Element) -> list[Node]:
        items: list[Node] = []
        for part in self.pieces(element):
            if part.tag == "dt":
                made = Element("dt", part.attrs, self.phrase(part.children))
            elif part.tag == "dd":
                made = Element("dd", part.attrs, self.bare_flow(part.children))
            else:
                made = Element("dd", {}, self.bare_flow([part]))
            if has_visible(made.children):
                items.append(made)
        return [Element("dl", element.attrs, items)] if items else []

    def _figure(self, element: Element) -> list[Node]:
        return pictures.figure(element, self)

    def _table(self, element: Element) -> list[Node]:
        return tables.table(element, self)

    def pieces(self, element: Element) -> Iterator[Element]:
        """The blocks in a list, table or row, through mere borders; inline content comes in a ``div``."""
        run: list[Node] = []
        for node in exposed(element.children):
            if isinstance(node, str) or is_inline(node):
                run.append(node)
                continue
            if has_visible(run):
                yield Element("div", {}, run)
            run = []
            if node.tag == "div" and not node.attrs:
                yield from self.pieces(node)
            else:
                yield node
        if has_visible(run):
            yield Element("div", {}, run)


def _anchor(element: Element) -> list[Node]:
    """What is left of an empty element: the place that its id names."""
    return [Element("a", {"id": element.attrs["id"]})] if "id" in element.attrs else []


def _anchored(block: Node, anchors: list[Element]) -> Node:
    """A block with the ids of the anchors that stood before it: its own, when it has none, or anchors in its text."""
    if not anchors or isinstance(block, str):
        return block
    attrs, inside = block.attrs, list[Node](anchors)
    if "id" not in attrs:
        attrs = dict(sorted({**attrs, "id": anchors[0].attrs["id"]}.items()))
        inside = inside[1:]
    may_hold = block.tag == "p" or block.tag in HEADINGS
    return Element(block.tag, attrs, inside + block.children if may_hold else block.children)


def _parted(nodes: list[Node]) -> Iterator[list[Node]]:
    """The lines of a paragraph between double breaks."""
    lines: list[Node] = []
    for node in nodes:
        if is_break(node) and lines and is_break(lines[-1]):
            yield lines[:-1]
            lines = []
        else:
            lines.append(node)
    yield lines
