"""Small questions about nodes, and blocks freed from the inline elements around them."""

from __future__ import annotations

from pipeline.stages.clean.vocabulary import ATOMS, INLINE, MEDIA
from pipeline.stages.intake.tree import Element, Node, names

_SPREAD = names("em strong u s del ins small mark sub sup a")
"""Inline elements that go into the blocks they stand around; others are taken off there."""

_SEEN = MEDIA | {"img", "hr"}
_BORDERS = names("thead tbody tfoot tr td th")
"""Parts of tables: where they stand outside of one, they are but borders."""

_ITEMS = {"li": "ul", "dt": "dl", "dd": "dl"}


def is_inline(node: Node) -> bool:
    """Whether a node is inline content."""
    return isinstance(node, str) or node.tag in INLINE


def is_break(node: object) -> bool:
    """Whether a node is a line break."""
    return isinstance(node, Element) and node.tag == "br"


def is_mere_border(element: Element) -> bool:
    """Whether an element does nothing but part what is in it from what is around it."""
    return element.tag in _BORDERS or (element.tag == "div" and not element.attrs)


def is_picture(node: Node) -> bool:
    """Whether a node is a picture, or a link around nothing but one."""
    if isinstance(node, str):
        return False
    return node.tag == "img" or (node.tag == "a" and len(node.children) == 1 and is_picture(node.children[0]))


def has_visible(nodes: list[Node], *, words: bool = False) -> bool:
    """Whether a reader sees anything of ``nodes``: words, a picture, something embedded, a rule; or only ``words``."""
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            if node.strip():
                return True
        elif not words and node.tag in _SEEN:
            return True
        else:
            waiting.extend(reversed(node.children))
    return False


def without_id(attrs: dict[str, str]) -> dict[str, str]:
    """The attributes for a second element made of one."""
    return {name: value for name, value in attrs.items() if name != "id"}


def single_breaks(nodes: list[Node]) -> list[Node]:
    """``nodes`` with one line break where several stand together."""
    return [node for index, node in enumerate(nodes) if not (index and is_break(node) and is_break(nodes[index - 1]))]


def exposed(nodes: list[Node]) -> list[Node]:
    """``nodes`` with no block inside an inline element: emphasis and links go into the blocks instead."""
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, str) or not is_inline(node) or node.tag in ATOMS:
            result.append(node)
            continue
        inside = exposed(node.children)
        if all(is_inline(inner) for inner in inside):
            result.append(Element(node.tag, node.attrs, inside))
        elif node.tag == "span":
            result.append(Element("div", node.attrs, inside))
        else:
            result += _spread(node.tag, node.attrs, inside)
    return result


def _spread(tag: str, attrs: dict[str, str], nodes: list[Node]) -> list[Node]:
    """Exposed ``nodes`` with an element around each run of inline content, at whatever depth."""
    result: list[Node] = []
    run: list[Node] = []
    for node in [*nodes, None]:
        if node is not None and is_inline(node):
            run.append(node)
            continue
        if has_visible(run) and not _is_wrapped_enough(run):
            result.append(Element(tag, attrs, run))
            attrs = without_id(attrs)
        else:
            result += run
        run = []
        if isinstance(node, Element):
            result.append(_spread_into(tag, without_id(attrs), node))
    return result


def _is_wrapped_enough(run: list[Node]) -> bool:
    """Whether three elements stand around the whole run already: more would let a few tags multiply a long text."""
    for _ in range(3):
        if len(run) != 1 or isinstance(run[0], str) or run[0].tag in ATOMS:
            return False
        run = run[0].children
    return True


def _spread_into(tag: str, attrs: dict[str, str], block: Element) -> Element:
    if tag not in _SPREAD or block.tag in MEDIA or block.tag == "hr" or _is_wrapped_enough(block.children):
        return block
    return Element(block.tag, block.attrs, _spread(tag, attrs, exposed(block.children)))


def with_lists_around_items(nodes: list[Node]) -> list[Node]:
    """``nodes`` with a list around items that stand in none."""
    result: list[Node] = []
    for node in nodes:
        wanted = _ITEMS.get(node.tag) if isinstance(node, Element) else None
        if wanted is None:
            result.append(node)
            continue
        blanks = 0
        while blanks < len(result) and _is_blank(result[-1 - blanks]):
            blanks += 1
        last = result[-1 - blanks] if blanks < len(result) else None
        if isinstance(last, _Made) and last.tag == wanted:
            last.children.append(node)
        else:
            result.append(_Made(wanted, {}, [node]))
    return result


def without_items(nodes: list[Node]) -> list[Node]:
    """The content of a list with its items as mere borders."""
    return [
        Element("div", {}, node.children) if isinstance(node, Element) and node.tag in _ITEMS else node
        for node in nodes
    ]


def _is_blank(node: Node) -> bool:
    return isinstance(node, str) and not node.strip(" \t\r\n\f")


class _Made(Element):
    """A list that was not there, and to which further items may go."""
