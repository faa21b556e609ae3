"""A run of inline content in its normal form.

The run is taken as a stream of starts, ends, texts and atoms: so that white space, empty elements and torn plugin tags
can be seen to across the borders of elements, each in one pass.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.stages.clean import plugins
from pipeline.stages.clean.nodes import is_break
from pipeline.stages.clean.notes import Notes
from pipeline.stages.clean.vocabulary import ATOMS
from pipeline.stages.intake.tree import Element, Node, names

SPACE = " \t\r\n\f"
_UNSEEN = SPACE + "\xa0"
_SPACES = re.compile("[ \t\r\n\f]+")
_ONCE = names("em strong u s del ins small mark a")
"""Elements that mean nothing more inside themselves."""

_MERGED = names("em strong u s small mark a span")
"""Elements of which two neighbours with the same attributes are one: word processors tear them at every edit."""

_OBJECT = "\ufffc"


@dataclass(frozen=True, slots=True, eq=False)
class _Start:
    element: Element


@dataclass(frozen=True, slots=True, eq=False)
class _End:
    element: Element


_Token = str | Element | _Start | _End  # an Element in the stream is an atom


def arrange(nodes: list[Node], notes: Notes, *, keep_space: bool = False) -> list[Node]:
    """Inline ``nodes`` with no empty or doubled elements, white space only between words and outside elements, and
    plugin tags whole. ``keep_space``: as in ``pre``.
    """
    stream = _without_empty(_with_whole_plugins(_stream(nodes), notes))
    return _built(["\n" if is_break(token) else token for token in stream] if keep_space else _spaced(stream))


def _stream(nodes: list[Node]) -> list[_Token]:
    stream: list[_Token] = []
    around: list[str] = []
    waiting: list[_Token] = list(reversed(nodes))
    while waiting:
        token = waiting.pop()
        if isinstance(token, _End):
            around.pop()
            stream.append(token)
        elif isinstance(token, Element) and token.tag not in ATOMS:
            inner: list[Node] = list(reversed(token.children))
            if token.tag in _ONCE and token.tag in around:
                waiting += inner
                continue
            bare = Element(token.tag, token.attrs)
            stream.append(_Start(bare))
            around.append(token.tag)
            waiting.append(_End(bare))
            waiting += inner
        else:
            stream.append(token)
    return stream


def _with_whole_plugins(stream: list[_Token], notes: Notes) -> list[_Token]:
    """The stream without the starts, ends and breaks that tear a plugin tag, or a pair of them, apart."""
    texts = [_as_text(token) for token in stream]
    whole = "".join(texts)
    if "{" not in whole:
        return stream
    result: list[_Token] = []
    position = index = 0
    for match in plugins.TAG.finditer(whole):
        while index < len(stream) and position + len(texts[index]) <= match.start():
            result.append(stream[index])
            position += len(texts[index])
            index += 1
        first, began = index, position
        while index < len(stream) and position < match.end():
            position += len(texts[index])
            index += 1
        torn = stream[first:index]
        if len(torn) > 1 and _is_balanced(torn):
            notes.add("plugin")
            result.append(whole[began:position])
        else:
            result += torn
    return result + stream[index:]


def _as_text(token: _Token) -> str:
    if isinstance(token, str):
        return token.replace(_OBJECT, " ")
    if isinstance(token, Element):
        return " " if token.tag == "br" else "" if token.tag == "wbr" else _OBJECT
    return ""


def _is_balanced(tokens: list[_Token]) -> bool:
    """Whether all that starts here ends here, and no link is lost but one that shows its own address."""
    open_elements: list[Element] = []
    for index, token in enumerate(tokens):
        if isinstance(token, _Start):
            open_elements.append(token.element)
            href = token.element.attrs.get("href", "")
            following = tokens[index + 1]
            if href and not (isinstance(following, str) and following.strip() and following.strip() in href):
                return False
        elif isinstance(token, _End) and (not open_elements or open_elements.pop() is not token.element):
            return False
    return not open_elements


def _without_empty(stream: list[_Token]) -> list[_Token]:
    """The stream without elements that hold nothing to see; one with an id stays, as an atom before what it held."""
    result: list[_Token | None] = list(stream)
    starts: list[tuple[int, bool]] = []
    for index, token in enumerate(stream):
        seen = False
        if isinstance(token, _Start):
            starts.append((index, False))
        elif isinstance(token, _End):
            start, seen = starts.pop()
            if not seen:
                result[index] = None
                seen = "id" in token.element.attrs
                result[start] = Element(token.element.tag, token.element.attrs) if seen else None
        elif isinstance(token, str):
            seen = bool(token.strip())
        else:
            seen = token.tag == "img"
        if seen and starts:
            starts[-1] = (starts[-1][0], True)
    return [token for token in result if token is not None]


class _Spacer:
    """Writes a stream with one space between words that white space parted, outside the elements around them."""

    def __init__(self) -> None:
        self.written: list[_Token] = []
        self._borders: list[_Token] = []
        self._gap = False
        self._breaks = 0
        self._begun = False

    def text(self, text: str) -> None:
        core = _SPACES.sub(" ", text.strip(SPACE))
        self._gap = self._gap or text[:1] in SPACE
        if core:
            self.content(core)
            self._gap = text[-1] in SPACE

    def border(self, token: _Token) -> None:
        self._borders.append(token)

    def content(self, token: _Token) -> None:
        """What is seen; a run does not begin with no-break spaces, which nobody would see."""
        if isinstance(token, str) and not self._begun:
            token = token.lstrip(_UNSEEN)
            if not token:
                return
        if self._gap and self._begun and not self._breaks:
            inner = next((i for i, border in enumerate(self._borders) if isinstance(border, _Start)), None)
            self._borders.insert(len(self._borders) if inner is None else inner, " ")
        self.flush()
        self.written.append(token)
        self._gap, self._begun, self._breaks = False, True, 0

    def line_break(self, token: _Token) -> None:
        """At most two breaks stand together, and none at the beginning."""
        self._gap = False
        if self._begun and self._breaks < 2:
            self.flush()
            self.written.append(token)
            self._breaks += 1

    def flush(self) -> None:
        self.written += self._borders
        self._borders = []


def _spaced(stream: list[_Token]) -> list[_Token]:
    spacer = _Spacer()
    for token in stream:
        if isinstance(token, str):
            spacer.text(token)
        elif isinstance(token, _Start | _End):
            spacer.border(token)
        elif is_break(token):
            spacer.line_break(token)
        else:
            spacer.content(token)
    spacer.flush()
    return _without_unseen_end(spacer.written)


def _without_unseen_end(stream: list[_Token]) -> list[_Token]:
    kept: list[_Token] = []
    at_end = True
    for token in reversed(stream):
        if at_end and isinstance(token, str):
            token = token.rstrip(_UNSEEN)
        if at_end and (is_break(token) or token == ""):
            continue
        at_end = at_end and isinstance(token, _Start | _End)
        kept.append(token)
    kept.reverse()
    return kept


def _built(stream: list[_Token]) -> list[Node]:
    root = Element("")
    stack = [root]
    for token in stream:
        siblings = stack[-1].children
        last = siblings[-1] if siblings else None
        if isinstance(token, _End):
            stack.pop()
        elif isinstance(token, _Start):
            if not (isinstance(last, Element) and _are_one(last, token.element)):
                last = Element(token.element.tag, token.element.attrs)
                siblings.append(last)
            stack.append(last)
        elif isinstance(token, str) and isinstance(last, str):
            siblings[-1] = last + token
        else:
            siblings.append(token)
    return root.children


def _are_one(left: Element, right: Element) -> bool:
    return left.tag in _MERGED and left.tag == right.tag and left.attrs == right.attrs and "id" not in left.attrs


def tidy_pre(nodes: list[Node], notes: Notes) -> list[Node]:
    """The content of a ``pre``: white space as it is, but for empty lines at the beginning and the end."""
    arranged = arrange(nodes, notes, keep_space=True)
    if arranged and isinstance(arranged[0], str):
        arranged[0] = arranged[0].lstrip("\r\n")
    if arranged and isinstance(arranged[-1], str):
        arranged[-1] = arranged[-1].rstrip()
    return [node for node in arranged if node != ""]
