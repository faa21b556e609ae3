"""Inline elements of a segment as ranges of its text, and whether a judged span stands where it should."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import html5lib

XHTML = "{http://www.w3.org/1999/xhtml}"
Signature = tuple[str, ...]
"""A tag with the attributes that no translation may change."""

TRANSLATED = frozenset(["title", "alt", "placeholder", "summary"])
UNTRANSLATED = frozenset(["code", "kbd", "samp", "var", "bdi"])


@dataclass(frozen=True, slots=True)
class Found:
    """An inline element: ``text[start:end]`` of its segment's text. ``signature`` says what may not change of it."""

    tag: str
    signature: Signature
    start: int
    end: int


def read(html: str) -> tuple[str, list[Found]]:
    """The text of a piece of inline HTML, white space collapsed, and its elements in order of their start tags."""
    walker = _Walker()
    walker.walk(html5lib.parseFragment(html, container="div"))
    # White space is collapsed over the tags, and the ends of the text are bare.
    raw = "".join(walker.parts)
    at = _collapsing(raw)
    text = " ".join(raw.split())
    return text, [Found(e.tag, e.signature, at[e.start], at[e.end]) for e in walker.found]


def _collapsing(raw: str) -> list[int]:
    """For each position in ``raw`` the one in ``" ".join(raw.split())``."""
    positions, length, waiting = [], 0, False
    for character in raw:
        if character.isspace():
            positions.append(length)
            waiting = length > 0
        else:
            length += waiting
            positions.append(length)
            length, waiting = length + 1, False
    return [*positions, length]


class _Walker:
    def __init__(self) -> None:
        self.parts: list[str] = []
        self.length = 0
        self.found: list[Found] = []

    def walk(self, element) -> None:
        self._text(element.text)
        for child in element:
            if isinstance(child.tag, str):
                self._element(child)
            self._text(child.tail)

    def _element(self, child) -> None:
        index, start = len(self.found), self.length
        tag = child.tag.removeprefix(XHTML)
        kept = sorted(f"{name}={value}" for name, value in child.attrib.items() if name not in TRANSLATED)
        self.found.append(Found(tag, (tag, *kept), start, start))
        self.walk(child)
        self.found[index] = Found(tag, (tag, *kept), start, self.length)

    def _text(self, text: str | None) -> None:
        self.parts.append(text or "")
        self.length += len(text or "")


def is_judgeable(each: Found, text: str) -> bool:
    """Whether an element holds words that a translation has too: no code, and no footnote's number."""
    inner = text[each.start : each.end]
    note = each.tag in ("sup", "sub") or any(part.startswith("href=#") for part in each.signature)
    return each.tag not in UNTRANSLATED and any(map(str.isalpha if note else str.isalnum, inner))


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A range without the white space and punctuation at its edges."""
    while start < end and not text[start].isalnum():
        start += 1
    while start < end and not text[end - 1].isalnum():
        end -= 1
    return start, end


def occurrence(text: str, wording: str) -> tuple[int, int]:
    """Where ``wording`` stands in ``text`` as whole words; ``casa#2`` is the second *casa*.

    A footnote's number may follow: *rios* is whole in *rios1*.

    Raises:
        ValueError: it doesn't.
    """
    words, _, number = wording.partition("#")
    found = [match for match in re.finditer(re.escape(words), text) if _is_whole(text, *match.span())]
    nth = int(number or 1)
    if not words or not 0 < nth <= len(found):
        raise ValueError(wording)
    return trimmed(text, *found[nth - 1].span())


Wanted = tuple[Signature, Sequence[str]]
"""A judged span: its signature and its right wordings."""


def rightly_placed(target: str, wanted: Sequence[Wanted], found: Sequence[Found]) -> list[bool]:
    """For each judged span whether an element of ``found`` stands where it should.

    Elements of one signature look the same, so each may be any of the judged spans; but no more than one.
    """
    ranges = [[occurrence(target, wording) for wording in right] for _, right in wanted]
    taken: dict[int, int] = {}  # element → judged span

    def take(span: int, tried: set[int]) -> bool:
        for index, each in enumerate(found):
            fits = each.signature == wanted[span][0] and trimmed(target, each.start, each.end) in ranges[span]
            if fits and index not in tried:
                tried.add(index)
                if index not in taken or take(taken[index], tried):
                    taken[index] = span
                    return True
        return False

    for span in range(len(wanted)):
        take(span, set())
    return [span in taken.values() for span in range(len(wanted))]


def _is_whole(text: str, start: int, end: int) -> bool:
    return not any(
        (text[at - 1].isalpha() and text[at].isalpha()) or (text[at - 1].isdigit() and text[at].isdigit())
        for at in (start, end)
        if 0 < at < len(text)
    )


def element(text: str, found: Sequence[Found], span: str, tag: str, nth: int) -> Found:
    """The ``nth`` element with exactly this text (and name, unless empty).

    Raises:
        ValueError: there is none.
    """
    same = [e for e in found if text[e.start : e.end].strip() == span and tag in ("", e.tag)]
    if not 0 < nth <= len(same):
        raise ValueError(span)
    return same[nth - 1]
