"""What word processors leave behind: style attributes that mean emphasis, and paragraphs that are items of a list."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.stages.clean.notes import Notes
from pipeline.stages.intake.tree import Element, Node, elements, visible_text, walk

_LEVEL = re.compile(r"mso-list:[^;]{0,60}level([1-9])", re.IGNORECASE)
_IGNORE = re.compile(r"mso-list:\s{0,9}ignore", re.IGNORECASE)
_BULLET = re.compile("[·•▪◦‣§○■●❖➢o\uf0b7\uf0a7\uf0d8\uf076-]")
_NUMBER = re.compile(r"\(?([0-9]{1,4}|[a-zA-Z]|[ivxIVX]{1,6})[.)]")
_TYPED = re.compile("([·•▪◦‣\uf0b7])[ \t\r\n]*[\xa0 \t\r\n]+")


def style_of(element: Element) -> dict[str, str]:
    """The properties in an element's style attribute, in small letters."""
    style: dict[str, str] = {}
    for declaration in element.attrs.get("style", "").lower().split(";"):
        name, colon, value = declaration.partition(":")
        if colon:
            style[name.strip()] = value.strip()
    return style


def is_words(element: Element) -> bool:
    """Whether Word marked this element as its own."""
    return element.attrs.get("class", "").lower().startswith("mso") or "mso-" in element.attrs.get("style", "").lower()


def is_hidden(element: Element, style: dict[str, str]) -> bool:
    """Whether no reader would see this element."""
    return (
        style.get("display", "").startswith("none")
        or style.get("visibility", "").startswith("hidden")
        or style.get("mso-hide") == "all"
        or element.attrs.get("hidden", "until-found") != "until-found"
    )


def emphasis(tag: str, style: dict[str, str]) -> list[str]:
    """The elements that mean what the style of an inline element says, the outermost first."""
    found = []
    weight = style.get("font-weight", "")
    if tag not in ("b", "strong") and (weight in ("bold", "bolder") or re.fullmatch("[6-9]00", weight)):
        found.append("strong")
    if tag not in ("i", "em") and style.get("font-style", "") in ("italic", "oblique"):
        found.append("em")
    decoration = style.get("text-decoration", "") + style.get("text-decoration-line", "")
    if "line-through" in decoration and tag not in ("s", "del", "strike"):
        found.append("s")
    if style.get("vertical-align") in ("super", "sub") and tag not in ("sup", "sub"):
        found.append("sup" if style["vertical-align"] == "super" else "sub")
    return found


def is_plain_after_all(tag: str, style: dict[str, str]) -> bool:
    """Whether an element that means emphasis says of itself that it is none, as Google Docs wraps whole texts."""
    if tag in ("b", "strong"):
        return style.get("font-weight", "") in ("normal", "400")
    return tag in ("i", "em") and style.get("font-style", "") == "normal"


@dataclass(slots=True)
class _Item:
    level: int
    tag: str
    attrs: dict[str, str]
    children: list[Node]


def make_lists(root: Element, notes: Notes) -> None:
    """Turn paragraphs that Word shows as items of a list into lists, throughout a tree.

    An item is a paragraph of Word's with a marker; or, where the formatting is lost, one that begins with a bullet, if
    it isn't alone.
    """
    for parent in [root, *walk(root.children)]:
        if any(child.tag == "p" for child in elements(parent.children)):
            parent.children = _with_lists(parent.children, notes)


def _with_lists(nodes: list[Node], notes: Notes) -> list[Node]:
    result: list[Node] = []
    run: list[tuple[_Item, Element]] = []
    for node in nodes:
        item = _item(node) if isinstance(node, Element) and node.tag == "p" else None
        if item and isinstance(node, Element):
            run.append((item, node))
        elif not (run and isinstance(node, str) and not node.strip()):
            result += _finish(run, notes)
            run = []
            result.append(node)
    return result + _finish(run, notes)


def _finish(run: list[tuple[_Item, Element]], notes: Notes) -> list[Node]:
    if not run:
        return []
    if len(run) == 1 and not is_words(run[0][1]):
        return [run[0][1]]
    lists = _nest([item for item, _ in run])
    notes.add("word_list", len(lists))
    return lists


def _item(paragraph: Element) -> _Item | None:
    style = paragraph.attrs.get("style", "")
    level = _LEVEL.search(style)
    if level or "msolistparagraph" in paragraph.attrs.get("class", "").lower():
        marker, children = _marked(paragraph)
        if kind := _kind(marker):
            return _Item(int(level[1]) if level else 1, *kind, children)
        return None
    typed = _TYPED.match(visible_start(paragraph))
    return _Item(1, "ul", {}, _without_start(paragraph.children, len(typed[0]))) if typed else None


def _kind(marker: str) -> tuple[str, dict[str, str]] | None:
    marker = marker.strip("\xa0 \t\r\n")
    if _BULLET.fullmatch(marker):
        return "ul", {}
    number = _NUMBER.fullmatch(marker)
    if number is None:
        return None
    text = number[1]
    if text.isdecimal():
        return "ol", {} if text == "1" else {"start": text}
    if text.lower() in ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x"):
        return "ol", {"type": "i" if text.islower() else "I"}
    return "ol", {"type": "a" if text.islower() else "A"}


def _marked(paragraph: Element) -> tuple[str, list[Node]]:
    """The marker that Word wrote before an item, and the content without it."""
    for span in walk(paragraph.children):
        if _IGNORE.search(span.attrs.get("style", "")):
            marker = visible_text([span])
            span.children = []
            return marker, paragraph.children
    start = visible_start(paragraph)
    match = re.match("(\\S{1,8}?)[ \t\r\n]*\xa0[\xa0 \t\r\n]*", start) or _TYPED.match(start)
    if match and _kind(match[1]):
        return match[1], _without_start(paragraph.children, len(match[0]))
    return "", paragraph.children


def visible_start(element: Element) -> str:
    """The first text of an element, without white space before it."""
    for node in _texts(element.children):
        if node.strip(" \t\r\n"):
            return node.lstrip(" \t\r\n")
    return ""


def _texts(nodes: list[Node]) -> list[str]:
    found: list[str] = []
    waiting = list(reversed(nodes))
    while waiting:
        node = waiting.pop()
        if isinstance(node, str):
            found.append(node)
        else:
            waiting.extend(reversed(node.children))
    return found


def _without_start(nodes: list[Node], count: int) -> list[Node]:
    """``nodes`` without the first ``count`` characters of the first text that isn't white space."""
    for index, node in enumerate(nodes):
        if isinstance(node, str):
            if node.strip(" \t\r\n"):
                return [*nodes[:index], node.lstrip(" \t\r\n")[count:], *nodes[index + 1 :]]
        elif any(text.strip(" \t\r\n") for text in _texts([node])):
            inner = Element(node.tag, node.attrs, _without_start(node.children, count))
            return [*nodes[:index], inner, *nodes[index + 1 :]]
    return nodes


def _nest(items: list[_Item]) -> list[Node]:
    """Lists of lists from items with levels; a level that is skipped is no level."""
    result: list[Node] = []
    open_lists: list[tuple[int, Element]] = []
    for item in items:
        while open_lists and open_lists[-1][0] > item.level:
            open_lists.pop()
        if open_lists and open_lists[-1][0] == item.level and open_lists[-1][1].tag != item.tag:
            open_lists.pop()
        if not open_lists or open_lists[-1][0] < item.level:
            made = Element(item.tag, item.attrs)
            _place(made, open_lists, result)
            open_lists.append((item.level, made))
        open_lists[-1][1].children.append(Element("li", {}, item.children))
    return result


def _place(made: Element, open_lists: list[tuple[int, Element]], result: list[Node]) -> None:
    if not open_lists:
        result.append(made)
        return
    last = open_lists[-1][1].children[-1]
    assert isinstance(last, Element)
    last.children.append(made)
