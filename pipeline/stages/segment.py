"""Segment: a clean article into units of translation, and back, byte for byte.

Segments are cut from the very text by offsets; nothing is parsed into a tree and written again. A run of inline content
is one segment; block elements and ``<br>`` separate runs. What is left stands in the skeleton, with a placeholder for
each segment: ``<?b12?>`` for a run, ``<?b13.alt?>`` for an attribute. Attributes of tags inside a run follow it in the
list of segments and have no placeholder of their own: :func:`restore` writes them into the run's tags.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from urllib.parse import quote, unquote

from pipeline.documents import CleanDocument, Metadata, Segment, SegmentedDocument, SegmentKind, Targets
from pipeline.stages import markup
from pipeline.stages.markup import Attribute, Kind, Token

_KINDS = {
    **dict.fromkeys(["h1", "h2", "h3", "h4", "h5", "h6"], SegmentKind.HEADLINE),
    **dict.fromkeys(["figcaption", "caption"], SegmentKind.CAPTION),
    **dict.fromkeys(["td", "th"], SegmentKind.CELL),
}
_SPACE = r"(?:\s|&nbsp;|&#160;|&#[xX][aA]0;)"
_LEADING = re.compile(f"{_SPACE}*+")
_LAST_SPACE = re.compile(f"{_SPACE}$")
_PLACEHOLDER = re.compile(r"<\?(?:\?|(b\d+(?:\.[a-z-]+)?)(?::([^<>?]*))?\?>)")


def segment(document: CleanDocument) -> SegmentedDocument:
    """Cut a clean article into segments: first the title, summary and image text (where not empty), then the body.

    Runs and attribute values without any letter are no segments, nor is anything inside ``pre``, scripts, embeds,
    ``translate="no"`` or an element in another language than the article's.
    """
    cutter = _Cutter(document.body, document.metadata.language)
    cutter.cut()
    return SegmentedDocument(
        document.metadata, cutter.skeleton(), (*_metadata_segments(document.metadata), *cutter.segments)
    )


def restore(document: SegmentedDocument, targets: Targets) -> str:
    """The body with the targets in place of the segments; a segment without target keeps its source.

    ``restore(document, {s.key: s.source for s in document.segments})`` is the clean body, byte for byte.
    """
    by_key = {each.key: each for each in document.segments}
    nested = _changed_attributes(document, targets)

    def fill(match: re.Match[str]) -> str:
        if match[1] is None:
            return "<?"  # was written as <?? because it is no placeholder
        each = by_key[match[1]]
        target = targets.get(each.key, each.source)
        if each.markup:
            return _with_attributes(each.source, target, nested[each.key])
        if match[2] is not None and target == each.source:
            return unquote(match[2])
        return markup.quoted(target)

    return _PLACEHOLDER.sub(fill, document.skeleton)


def _changed_attributes(document: SegmentedDocument, targets: Targets) -> dict[str, deque[tuple[str, str, str]]]:
    """For each run, in order: name, source and target of the attributes inside it."""
    placed = {match[1] for match in _PLACEHOLDER.finditer(document.skeleton)}
    found: dict[str, deque[tuple[str, str, str]]] = defaultdict(deque)
    run = ""
    for each in document.segments:
        if each.markup:
            run = each.key
        elif each.kind is SegmentKind.ATTRIBUTE and each.key not in placed:
            name = each.key.partition(".")[2]
            found[run].append((name, each.source, targets.get(each.key, each.source)))
    return found


def _with_attributes(source: str, target: str, values: deque[tuple[str, str, str]]) -> str:
    """The target of a run, with the attributes of its tags translated as well.

    Tags are recognised by their whole text, since translating moves tags and changes none.
    """
    if all(old == new for _, old, new in values):
        return target
    renewed: dict[str, deque[str]] = defaultdict(deque)
    for tag in _tags(source):
        if new := _renewed(tag, values):
            renewed[tag].append(new)
    parts = []
    for token in markup.tokenize(target):
        text = target[token.start : token.end]
        if waiting := renewed.get(text):
            text = waiting.popleft() if len(waiting) > 1 else waiting[0]
        parts.append(text)
    return "".join(parts)


def _tags(html: str) -> Iterator[str]:
    for token in markup.tokenize(html):
        if token.kind in (Kind.OPEN, Kind.VOID):
            yield html[token.start : token.end]


def _renewed(tag: str, values: deque[tuple[str, str, str]]) -> str:
    """The tag with the values that are next in line for it, which are taken off; empty when it has none."""
    parts: list[str] = []
    at = 0
    for attribute in markup.attributes(tag):
        if values and (attribute.name, attribute.value) == values[0][:2]:
            _, old, new = values.popleft()
            raw = tag[attribute.start : attribute.end]
            parts += [tag[at : attribute.start], raw if old == new else markup.quoted(new)]
            at = attribute.end
    return "".join([*parts, tag[at:]]) if parts else ""


def _metadata_segments(metadata: Metadata) -> Iterator[Segment]:
    for key, kind in (
        ("title", SegmentKind.TITLE),
        ("summary", SegmentKind.SUMMARY),
        ("image_alt", SegmentKind.IMAGE_ALT),
    ):
        if text := getattr(metadata, key).strip():
            yield Segment(key, kind, text, markup=False)


@dataclass(slots=True)
class _Outline:
    """What the elements of a fragment enclose: which tokens part runs, and where each element ends."""

    parts: list[bool]
    ends: list[int]  # for a start tag: index of the token at which its element ends


class _Nesting:
    """Finds out in one pass which inline elements are whole within one run.

    An inline element that holds a block, a ``<br>`` or a stray tag is *torn*: its tags part runs like a block's.
    """

    def __init__(self, tokens: Sequence[Token]) -> None:
        self.tokens = tokens
        self.parts = [False] * len(tokens)
        self.ends = list(range(1, len(tokens) + 1))
        self.stack: list[int] = []
        self.open_names: dict[str, int] = defaultdict(int)

    def outline(self) -> _Outline:
        for index, token in enumerate(self.tokens):
            if token.kind is Kind.OPEN:
                self._open(index, token.name)
            elif token.kind is Kind.CLOSE:
                self._close(index, token.name)
            elif token.kind is Kind.OTHER or (token.kind is Kind.VOID and token.name not in markup.INLINE):
                self._part(index)
        while self.stack:
            self._pop_unclosed(len(self.tokens))
        return _Outline(self.parts, self.ends)

    def _open(self, index: int, name: str) -> None:
        if name not in markup.INLINE:
            self._part(index)
        self.stack.append(index)
        self.open_names[name] += 1

    def _close(self, index: int, name: str) -> None:
        if not self.open_names[name]:
            self._part(index)
            return
        while self.tokens[self.stack[-1]].name != name:
            self._pop_unclosed(index)
        start = self.stack.pop()
        self.open_names[name] -= 1
        self.ends[start] = index
        self.parts[index] = self.parts[start]

    def _pop_unclosed(self, index: int) -> None:
        start = self.stack.pop()
        self.open_names[self.tokens[start].name] -= 1
        self.ends[start] = index
        self._part(start)

    def _part(self, index: int) -> None:
        """Mark a token as parting; every inline element around it is torn (those further out already are)."""
        self.parts[index] = True
        for start in reversed(self.stack):
            if self.parts[start]:
                break
            self.parts[start] = True


@dataclass(slots=True)
class _Cutter:
    body: str
    language: str
    segments: list[Segment] = field(default_factory=list)
    cuts: list[tuple[int, int, str]] = field(default_factory=list)  # body[start:end] → placeholder
    kinds: list[tuple[int, SegmentKind]] = field(default_factory=list)  # open elements: (end, kind)

    def cut(self) -> None:
        tokens = markup.tokenize(self.body)
        outline = _Nesting(tokens).outline()
        index = run = 0
        while index < len(tokens):
            if not outline.parts[index]:
                index += 1
                continue
            self._run(tokens[run:index])
            index = run = self._parting(tokens, outline, index)
        self._run(tokens[run:])

    def _parting(self, tokens: Sequence[Token], outline: _Outline, index: int) -> int:
        """Deal with a token between runs; returns the index at which to go on."""
        token = tokens[index]
        while self.kinds and self.kinds[-1][0] <= index:
            self.kinds.pop()
        if token.kind is Kind.VOID:
            self._attributes([token])
        if token.kind is not Kind.OPEN:
            return index + 1
        if markup.untranslatable(self.body[token.start : token.end], self.language):
            return max(outline.ends[index], index + 1)
        self._attributes([token])
        if token.name in markup.LEFT_ALONE:
            return max(outline.ends[index], index + 1)
        if kind := _KINDS.get(token.name):
            self.kinds.append((outline.ends[index], kind))
        return index + 1

    def _run(self, tokens: Sequence[Token]) -> None:
        if not tokens:
            return
        if not _has_text(self.body, tokens, self.language):
            self._attributes(tokens)
            return
        start, end = _trim(self.body, tokens[0].start, tokens[-1].end)
        kind = self.kinds[-1][1] if self.kinds else SegmentKind.TEXT
        key = self._key()
        source = self.body[start:end]
        self.segments.append(Segment(key, kind, source, markup=True))
        self.cuts.append((start, end, f"<?{key}?>"))
        for attribute in _text_attributes(source, markup.tokenize(source), self.language):
            self._attribute_segment(attribute)

    def _attributes(self, tokens: Sequence[Token]) -> None:
        for attribute in _text_attributes(self.body, tokens, self.language):
            key = self._attribute_segment(attribute)
            raw = self.body[attribute.start : attribute.end]
            odd = "" if markup.quoted(attribute.value) == raw else ":" + quote(raw, safe="")
            self.cuts.append((attribute.start, attribute.end, f"<?{key}{odd}?>"))

    def _attribute_segment(self, attribute: Attribute) -> str:
        key = f"{self._key()}.{attribute.name}"
        self.segments.append(Segment(key, SegmentKind.ATTRIBUTE, attribute.value, markup=False))
        return key

    def _key(self) -> str:
        return f"b{len(self.segments) + 1}"

    def skeleton(self) -> str:
        parts = []
        at = 0
        for start, end, placeholder in self.cuts:
            parts += [self.body[at:start].replace("<?", "<??"), placeholder]
            at = end
        return "".join([*parts, self.body[at:].replace("<?", "<??")])


def _trim(body: str, start: int, end: int) -> tuple[int, int]:
    leading = _LEADING.match(body, start, end)
    assert leading is not None
    start = leading.end()
    while space := _LAST_SPACE.search(body, max(start, end - 6), end):
        end = space.start()
    return start, end


def _has_text(html: str, tokens: Sequence[Token], language: str) -> bool:
    return any(
        token.kind is Kind.TEXT and markup.has_letter(unescape(html[token.start : token.end]))
        for token in _outside_literals(html, tokens, language)
    )


def _outside_literals(html: str, tokens: Sequence[Token], language: str) -> Iterator[Token]:
    """The tokens that do not stand in code or in a part that is not to be translated."""
    depth = 0
    for token in tokens:
        if token.kind is Kind.CLOSE and depth:
            depth -= 1
        elif token.kind is Kind.OPEN and (depth or _is_literal(html, token, language)):
            depth += 1
        elif not depth:
            yield token


def _is_literal(html: str, token: Token, language: str) -> bool:
    return token.name in markup.LITERAL or markup.untranslatable(html[token.start : token.end], language)


def _text_attributes(html: str, tokens: Sequence[Token], language: str) -> Iterator[Attribute]:
    """The attributes with text to translate; each name at most once a tag, as in HTML the first counts."""
    for token in _outside_literals(html, tokens, language):
        if token.kind not in (Kind.OPEN, Kind.VOID):
            continue
        seen = set()
        for attribute in markup.attributes(html[token.start : token.end], token.start):
            if attribute.name in seen:
                continue
            seen.add(attribute.name)
            if attribute.name in markup.TEXT_ATTRIBUTES and markup.has_letter(attribute.value):
                yield attribute
