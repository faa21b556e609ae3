"""Pictures: each in its own figure, and no alternative text in the prose."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pipeline.stages.clean.inline import arrange
from pipeline.stages.clean.nodes import has_visible, is_break, is_inline, is_picture
from pipeline.stages.clean.notes import Notes
from pipeline.stages.clean.vocabulary import MEDIA
from pipeline.stages.intake.text import without_alt
from pipeline.stages.intake.tree import Element, Node, elements, walk

if TYPE_CHECKING:
    from pipeline.stages.clean.shape import Shaper  # which calls this module

_SMALL = 48
"""Pixels up to which a picture is a sign in the text, such as a flag or a smiley."""

_SHOWN = MEDIA | {"table", "pre", "blockquote", "ul", "ol", "dl"}
"""What a figure may show beside pictures."""


def lifted(nodes: list[Node], notes: Notes) -> list[Element | list[Node]]:
    """The paragraphs and figures in one paragraph's inline content.

    A picture at the beginning or the end of a line is a figure of its own, unless it is a small one beside text.
    """
    pictures = [is_picture(node) for node in nodes]
    if not any(pictures):
        return [nodes]
    alone = not any(has_visible([node], words=True) for node in nodes)
    at_start = _at_line_start(zip(nodes, pictures, strict=True))
    at_end = _at_line_start(zip(reversed(nodes), reversed(pictures), strict=True))[::-1]
    result: list[Element | list[Node]] = []
    run: list[Node] = []
    for index, node in enumerate(nodes):
        if pictures[index] and (alone or ((at_start[index] or at_end[index]) and not _is_small(node))):
            result += [run, Element("figure", {}, [node])]
            notes.add("figure")
            run = []
        else:
            run.append(node)
    return [*result, run]


def _at_line_start(nodes: Iterable[tuple[Node, bool]]) -> list[bool]:
    """For each node whether only pictures and white space stand before it on its line."""
    flags = []
    at_start = True
    for node, picture in nodes:
        flags.append(at_start)
        at_start = is_break(node) or (at_start and (picture or not has_visible([node])))
    return flags


def _is_small(picture: Node) -> bool:
    image = next(element for element in walk([picture]) if element.tag == "img")
    sizes = [image.attrs.get(name, "") for name in ("width", "height")]
    return all(sizes) and all(int(size) <= _SMALL for size in sizes)


def figure(element: Element, shaper: Shaper) -> list[Node]:
    """A figure: pictures or other things to show, and one caption. Without anything to show: its text as paragraphs."""
    shown: list[Node] = []
    texts: list[list[Node]] = []
    captions: list[Element] = []
    for part in _parts(element.children, shaper):
        if isinstance(part, Element):
            (captions if part.tag == "figcaption" else shown).append(part)
        else:
            pictures, words = _sorted(part)
            shown += pictures
            texts += [words] if has_visible(words) else []
    if not any(isinstance(node, Element) and (is_picture(node) or node.tag in _SHOWN) for node in shown):
        return shaper.flow(element.children)  # a caption without a figure is a paragraph
    before = bool(captions) and next(elements(element.children), None) is captions[0]
    caption = _caption(captions, texts, shaper)
    rest = shaper.flow([Element("p", {}, words) for words in texts])
    media = [made for node in shown for made in ([node] if is_inline(node) else shaper.flow([node]))]
    return [
        Element("figure", element.attrs, [*(caption if before else []), *media, *rest, *([] if before else caption)])
    ]


def _parts(nodes: list[Node], shaper: Shaper) -> Iterable[list[Node] | Element]:
    """The parts of a figure; paragraphs with pictures in them are taken apart."""
    for part in shaper.parts(nodes):
        if isinstance(part, Element) and part.tag == "p" and any(inner.tag == "img" for inner in walk([part])):
            yield from _parts(part.children, shaper)
        else:
            yield part


def _sorted(run: list[Node]) -> tuple[list[Node], list[Node]]:
    """The pictures in a run of inline content, and the rest of it."""
    pictures: list[Node] = []
    words: list[Node] = []
    for node in run:
        (pictures if is_picture(node) else words).append(node)
    return pictures, words


def _caption(captions: list[Element], texts: list[list[Node]], shaper: Shaper) -> list[Node]:
    """The caption: the first one that says something, else loose text; what is left over goes to ``texts``."""
    said = [caption for caption in captions if has_visible(caption.children)]
    if not said and texts:
        said = [Element("figcaption", {}, texts.pop(0))]
    texts += [caption.children for caption in said[1:]]
    return [Element("figcaption", caption.attrs, shaper.phrase(caption.children)) for caption in said[:1]]


def without_repeated_alt(blocks: list[Node], notes: Notes) -> list[Node]:
    """``blocks`` with no paragraph after a picture that begins with its alternative text, run into the prose.

    A paragraph that is nothing but the alternative text becomes the caption.
    """
    result: list[Node] = []
    for block in blocks:
        alt = _alt(result[-1]) if result else ""
        text = block.children[0] if alt and isinstance(block, Element) and block.tag == "p" else ""
        if not alt or not isinstance(text, str) or not isinstance(block, Element) or not text.startswith(alt):
            result.append(block)
        elif text == alt and len(block.children) == 1:
            notes.add("caption")
            last = result[-1]
            assert isinstance(last, Element)
            result[-1] = Element("figure", last.attrs, [*last.children, Element("figcaption", {}, [text])])
        else:
            result.append(_without_alt(block, text, alt, notes))
    return result


def _without_alt(block: Element, text: str, alt: str, notes: Notes) -> Element:
    ends_line = text == alt and len(block.children) > 1 and is_break(block.children[1])
    bare = "" if ends_line else without_alt(text, alt)
    if bare == text:
        return block
    notes.add("alt")
    return Element("p", block.attrs, arrange([bare, *block.children[1:]], notes))


def _alt(block: Node) -> str:
    """The alternative text of a figure that is one picture without a caption; else empty."""
    if (
        isinstance(block, Element)
        and block.tag == "figure"
        and len(block.children) == 1
        and is_picture(block.children[0])
    ):
        return next(element.attrs.get("alt", "") for element in walk([block]) if element.tag == "img")
    return ""
