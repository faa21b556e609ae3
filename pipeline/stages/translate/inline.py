"""The inline HTML of one segment as plain text with codes, and back.

What is never translated (code, addresses, symbols, foreign scripts) stands in the text as one character each, an
*atom*, from the private-use planes; so no sentence, word or engine can cut it. Elements without words (images, footnote
references) are *anchors*: they leave the text and remember where they stood. White space collapses, but a single
no-break space stays one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Final

from pipeline.stages import markup
from pipeline.stages.markup import Kind, Token
from pipeline.stages.translate import literals
from pipeline.stages.translate.words import ATOM, base_language, is_function, joins

ATOM_BASE: Final = 0xF0000
MOST_ATOMS: Final = 60_000  # what one private-use plane holds
DEEPEST: Final = 200
_ATOM: Final = re.compile(ATOM)
_SHORT_WORD: Final = 2  # "km²", "CO₂", "10th": a short word with its sub- or superscript is one thing
_SCRIPT_LENGTH: Final = 6


class UnreadableError(ValueError):
    """The inline HTML is not well-formed or nested too deeply."""


@dataclass(slots=True)
class Code:
    """An inline element around words: ``text[start:end]``. ``parent`` is an index of codes, or -1."""

    open: str
    close: str
    parent: int
    start: int
    end: int = -1


@dataclass(slots=True)
class Anchor:
    """An element without words, at a position of the text; was there white space on its sides?

    ``mark`` is its punctuation, which stands in the text from ``at`` on: the engine must see it.
    """

    raw: str
    parent: int
    at: int
    space_before: bool
    space_after: bool = False
    mark: str = ""


@dataclass(slots=True)
class Inline:
    """``atoms`` are the literals as they are written back; ``marks`` says for each inline element of the source, in
    order, what it became: an index of codes, or -1 for an anchor and -2 for a part of an atom."""

    text: str = ""
    codes: list[Code] = field(default_factory=list)
    anchors: list[Anchor] = field(default_factory=list)
    atoms: list[str] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    symbols: set[str] = field(default_factory=set)  # those atoms that are only symbols
    language: str = ""

    def raw(self, text: str, *, escape: bool) -> str:
        """``text`` as it is written out: escaped where it is HTML, with the atoms' own content."""
        written = markup.escape_text(text) if escape else text
        if not self.atoms:
            return written
        return "".join(self.atoms[ord(c) - ATOM_BASE] if self.is_atom(c) else c for c in written)

    def is_atom(self, character: str) -> bool:
        return 0 <= ord(character) - ATOM_BASE < len(self.atoms)


ANCHORED: Final = -1
WITHIN_ATOM: Final = -2


def parse(source: str, language: str, *, is_markup: bool, carried: literals.Carried) -> Inline:
    """Read one segment.

    Raises:
        UnreadableError: its elements are not well nested.
    """
    reader = _Reader(source, language, carried, is_markup, Inline(language=language))
    if is_markup:
        reader.read()
    else:
        reader.text(source)
    inline = reader.inline
    inline.text = "".join(reader.parts)
    return inline


_SPACES: Final = re.compile(r"\s{2,}|[^\S\xa0\u202f]")
_MARKS: Final = re.compile(r"[.,;:!?…\"'“”„‟‘’‚‛«»‹›()\[\]¡¿،؛؟。，、；：！？]+")
_MOST_MARKS: Final = 3  # engines change longer rows of them
_RAISED: Final = frozenset(["sup", "sub"])
_ANNOTATIONS: Final = frozenset(["rp", "rt", "rtc"])
"""What stands over a word to say how it is read: kept with the word as it is."""

# Words of one letter. Of languages that aren't here only a capital letter is sure to be no word.
_ONE_LETTER_WORDS: Final = {
    "de": "",
    "en": "ai",
    "es": "aeouyó",
    "fr": "aàyô",
    "it": "aeioèàé",
    "nl": "u",
    "pt": "aeoàéó",
}


@dataclass(slots=True)
class _Reader:
    source: str
    language: str
    carried: literals.Carried
    is_markup: bool
    inline: Inline = field(default_factory=Inline)
    parts: list[str] = field(default_factory=list)  # joined at the end; the last word stands apart, a character a part
    length: int = 0
    parent: int = -1
    after_anchor: bool = False
    pending: bool = False  # an anchor stood here: the next word must not grow together with the last one

    def read(self) -> None:
        tokens = markup.tokenize(self.source)
        ends = _matching(tokens)
        index = 0
        while index < len(tokens):
            index = self._token(tokens, ends, index)

    def _token(self, tokens: Sequence[Token], ends: Sequence[int], index: int) -> int:
        token = tokens[index]
        raw = self.source[token.start : token.end]
        if token.kind is Kind.TEXT:
            self.text(unescape(raw))
        elif token.kind is Kind.CLOSE:
            self._leave(raw)
        elif token.kind is Kind.OPEN:
            return self._element(tokens, index, ends[index])
        else:
            if token.kind is Kind.VOID:
                self.inline.marks.append(ANCHORED)
            self._anchor(raw, glue=token.name == "wbr")
        return index + 1

    def _element(self, tokens: Sequence[Token], index: int, end: int) -> int:
        token = tokens[index]
        tag = self.source[token.start : token.end]
        raw = self.source[token.start : tokens[end].end]
        content = tokens[index + 1 : end]
        inner = markup.visible(self.source, tokens=content)
        elements = sum(each.kind in (Kind.OPEN, Kind.VOID) for each in tokens[index:end])
        literal = token.name in markup.LITERAL or markup.untranslatable(tag, self.language)
        wordless = not _has_words(self.source, content, inner)
        literal = literal or (len(inner) == 1 and self._is_letter(token.name, inner, self._following(tokens, end)))
        if (literal and inner.strip()) or (not wordless and self._is_script(token.name, raw, inner)):
            self.inline.marks += [WITHIN_ATOM] * elements
            self._atom(raw if literal else markup.escape_text(self._take_word()) + raw)
        elif len(inner) <= _MOST_MARKS and _MARKS.fullmatch(inner) and "<img" not in raw:
            self.inline.marks += [ANCHORED] * elements
            self._mark(raw, inner)
        elif token.name in _ANNOTATIONS:
            self.inline.marks += [ANCHORED] * elements
            self._anchor(raw, glue=True)
        elif wordless or _is_reference(token.name, raw, inner):
            self.inline.marks += [ANCHORED] * elements
            self._anchor(raw, glue=False)
        else:
            self._enter(tag)
            return index + 1
        return end + 1

    def _is_script(self, name: str, raw: str, inner: str) -> bool:
        """A sub- or superscript that belongs to the short word before it."""
        if name not in ("sub", "sup") or "<a" in raw or len(inner) > _SCRIPT_LENGTH:
            return False
        word = self._last_word()
        if not word or (is_function(word.casefold(), self.language) and not (name == "sub" and len(word) == 1)):
            return False
        return len(word) <= _SHORT_WORD or word.isdigit() or markup.has_letter(inner)

    def _is_letter(self, name: str, inner: str, following: str) -> bool:
        """A letter that stands for itself (plan *B*), not for a word, nor is it a part of one (*T*-shirt)."""
        if not inner.isalpha() or not joins(inner, inner):
            return False
        if any(c.isalnum() or c in "-'’" for c in (self.parts[-1][-1] if self.parts else "", following) if c):
            return False
        known = "" if name in ("sub", "sup") else _ONE_LETTER_WORDS.get(base_language(self.language))
        if inner.isupper():
            return bool(self.parts) and (inner != "I" or known != "ai")
        return known is not None and inner not in known

    def _following(self, tokens: Sequence[Token], end: int) -> str:
        """The first visible character after a token, or nothing."""
        following = (tokens[at] for at in range(end + 1, len(tokens)))  # no slice: it would copy the rest each time
        text = next((each for each in following if each.kind is Kind.TEXT), None)
        return unescape(self.source[text.start : text.end])[:1] if text else ""

    def _last_word(self) -> str:
        start = self.inline.codes[self.parent].start if self.parent >= 0 else 0
        word = ""
        at = self.length
        for part in reversed(self.parts):
            at -= len(part)
            if at < start or not part.isalnum():
                break
            word = part + word
            if len(word) > 2 * literals.LONGEST_WORD:
                break
        return "" if self._border_after(self.length - len(word)) else word

    def _border_after(self, position: int) -> bool:
        """Whether an element begins, ends or is anchored after ``position``, in the last word."""
        last = self.inline.codes[-1] if self.inline.codes else None
        if last and (last.end > position or last.start > position):
            return True
        return bool(self.inline.anchors) and self.inline.anchors[-1].at > position

    def _take_word(self) -> str:
        word = self._last_word()
        left = len(word)
        while left:
            left -= len(self.parts.pop())
        self.length -= len(word)
        return word

    def _enter(self, tag: str) -> None:
        self.inline.marks.append(len(self.inline.codes))
        self.inline.codes.append(Code(tag, "", self.parent, self.length))
        self.parent = len(self.inline.codes) - 1

    def _leave(self, tag: str) -> None:
        code = self.inline.codes[self.parent]
        code.close, code.end = tag, self.length
        self.parent = code.parent

    def _anchor(self, raw: str, *, glue: bool) -> None:
        spaced = not self.parts or self.parts[-1].isspace()
        self.inline.anchors.append(Anchor(raw, self.parent, self.length, spaced))
        self.after_anchor = True
        self.pending = not glue

    def _mark(self, raw: str, text: str) -> None:
        self._anchor(raw, glue=True)
        self.inline.anchors[-1].mark = text
        self.after_anchor = False
        for part in text:
            self._append(part)

    def _atom(self, raw: str, *, symbol: bool = False) -> None:
        character = chr(ATOM_BASE + len(self.inline.atoms))
        self.inline.atoms.append(raw)
        if symbol:
            self.inline.symbols.add(character)
        self._append(character)

    def text(self, text: str) -> None:
        """Take visible text: white space collapses, literals become atoms."""
        for part, sort in literals.cut(text, self.carried):
            if sort is literals.Sort.TEXT:
                self._append_all(part)
            elif len(self.inline.atoms) < MOST_ATOMS:
                raw = markup.escape_text(part) if self.is_markup else part
                self._atom(raw, symbol=sort is literals.Sort.SYMBOL)
            else:
                self._append_all(_ATOM.sub("", part))

    def _append_all(self, text: str) -> None:
        # Where no anchor is near, all but the last word goes in at once: words one by one took a third of the time.
        if not (self.pending or self.after_anchor or self._is_anchored()):
            start = len(text)
            while start and not text[start - 1].isspace():
                start -= 1
            while start and text[start - 1].isspace():
                start -= 1
            self._append_at_once(text[:start])
            text = text[start:]
        for part in literals.PARTS.findall(text):
            self._append(part)

    def _is_anchored(self) -> bool:
        return bool(self.inline.anchors) and self.inline.anchors[-1].at >= self.length

    def _append_at_once(self, text: str) -> None:
        collapsed = _SPACES.sub(" ", text)
        if self.parts and self.parts[-1].isspace():
            collapsed = collapsed.lstrip()
        if collapsed:
            self.parts.append(collapsed)
            self.length += len(collapsed)

    def _append(self, part: str) -> None:
        if part.isspace():
            if self.parts and self.parts[-1].isspace() and not self.after_anchor:
                return  # white space collapses, but not around an anchor, which would lose it on one side
            part = _SPACES.sub(" ", part)
            self._note_space()
        elif self.pending and self.parts and joins(self.parts[-1][-1], part[0]):
            self.parts.append(" ")  # "river<sup>1</sup>and": two words without what stands between them
            self.length += 1
        self.pending = self.after_anchor = False
        self.parts.append(part)
        self.length += len(part)

    def _note_space(self) -> None:
        for anchor in reversed(self.inline.anchors):
            if anchor.at < self.length:
                break
            anchor.space_after = True


def _matching(tokens: Sequence[Token]) -> list[int]:
    ends = [-1] * len(tokens)
    stack: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind is Kind.OPEN:
            stack.append(index)
        elif token.kind is Kind.CLOSE:
            if not stack or tokens[stack[-1]].name != token.name:
                raise UnreadableError(f"</{token.name}> closes nothing")
            ends[stack.pop()] = index
        if len(stack) > DEEPEST:
            raise UnreadableError(f"elements are nested more than {DEEPEST} deep")
    if stack:
        raise UnreadableError(f"<{tokens[stack[-1]].name}> is not closed")
    return ends


def _has_words(html: str, tokens: Sequence[Token], text: str) -> bool:
    """Whether there is something to translate in the tokens and their text: raised figures alone become anchors."""
    if markup.has_letter(text) or not any(map(str.isalnum, text)):
        return markup.has_letter(text)
    return any(map(str.isalnum, markup.visible(html, tokens=tokens, without=_RAISED)))


def _is_reference(name: str, raw: str, inner: str) -> bool:
    """A footnote's number, or the arrow back from it."""
    return not markup.has_letter(inner) and (name in ("sup", "sub") or 'href="#' in raw)
