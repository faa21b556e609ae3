"""Coded text (``{1}…{/1}``, see stages/translate/approved) as formatted text for a page: never raw tags.

The result is built of our own elements alone: whatever a text holds, nothing of it is markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import unescape
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pipeline.documents import Segment
from pipeline.errors import Permanent
from pipeline.stages import markup
from pipeline.stages.translate import approved
from pipeline.stages.translate.approved import CODE

_NAME: Final = re.compile(r"<([a-z][a-z0-9]{0,15})")
_TOLD: Final = re.compile(r"""\b(href|title|alt|src|lang)="([^"]{0,300})""")


def formatted(coded: str, tags: Mapping[int, str], *, editable: bool = False) -> SafeString:
    """Coded text with its inline elements visible; where the codes are not well nested, the text as it is.

    Args:
        coded: a text in normal form.
        tags: the opening tag of each element, by number.
        editable: whether the numbers come along, by which a script makes coded text of it again.
    """
    if not fits(coded, tags):
        return escape(coded)
    out: list[str] = []
    at = 0
    for match in CODE.finditer(coded):
        out.append(escape(coded[at : match.start()]))
        at = match.end()
        if match["number"] is None:
            out.append(match[0][0])
            continue
        number = int(match["number"])
        if match["close"]:
            out.append("</span>")
        else:
            out.append((_empty if match["empty"] else _open)(number, tags[number], editable=editable))
    out.append(escape(coded[at:]))
    return mark_safe("".join(out))  # noqa: S308 - our own spans around escaped text


def fits(coded: str, tags: Mapping[int, str]) -> bool:
    """Whether the codes of a text are well nested, and each is one of the elements."""
    stack: list[int] = []
    for match in CODE.finditer(coded):
        if match["number"] is None:
            continue
        number = int(match["number"])
        if number not in tags or (match["close"] and (not stack or stack.pop() != number)):
            return False
        if not match["close"] and not match["empty"]:
            stack.append(number)
    return not stack


def numbers(coded: str) -> set[int]:
    """The numbers of the elements that a coded text has."""
    return {int(match["number"]) for match in CODE.finditer(coded) if match["number"] is not None}


def element(code: str, tags: Mapping[int, str], *, moved: bool = False) -> str:
    """The HTML of one code of a text that ``fits``; ``moved`` says so to whoever looks at it."""
    match = CODE.fullmatch(code)
    assert match is not None
    number = int(match["number"])
    if match["close"]:
        return "</span>"
    more = " moved" if moved else ""
    return (_empty if match["empty"] else _open)(number, tags[number], editable=False, more=more)


def name_of(tag: str) -> str:
    """The element's name of an opening tag."""
    match = _NAME.match(tag)
    return match[1] if match else "span"


def describe(tag: str) -> str:
    """What an element is, for a person: ``link to https://…``."""
    name = name_of(tag)
    told = dict(_TOLD.findall(tag))
    names = {
        "a": _("link"),
        "strong": _("strong"),
        "em": _("emphasis"),
        "img": _("image"),
        "code": _("code"),
        "sup": _("superscript"),
        "sub": _("subscript"),
        "abbr": _("abbreviation"),
        "br": _("line break"),
    }
    extra = unescape(told.get("href") or told.get("title") or told.get("alt") or told.get("src") or "")
    return f"{names.get(name, name)}: {extra}" if extra else str(names.get(name, name))


def _open(number: int, tag: str, *, editable: bool, more: str = "") -> str:
    name = name_of(tag)
    fixed = ' contenteditable="false"' if name in markup.LITERAL else ""
    marks = f' data-n="{number}"{fixed}' if editable else ""
    return f'<span class="c c-{name}{more}" title="{escape(describe(tag))}"{marks}>'


def _empty(number: int, tag: str, *, editable: bool, more: str = "") -> str:
    marks = f' data-n="{number}" data-empty contenteditable="false"' if editable else ""
    return f'<span class="c c-empty c-{name_of(tag)}{more}"{marks}>{escape(describe(tag))}</span>'


@dataclass(frozen=True, slots=True)
class Coder:
    """Turns texts of a document's segments into coded and formatted text."""

    segments: Mapping[str, Segment]
    tags: dict[str, dict[int, str]] = field(default_factory=dict)

    def tags_of(self, key: str) -> dict[int, str]:
        """The opening tag of each element of a segment, by its number."""
        if key not in self.tags:
            self.tags[key] = approved.tags(self.segments[key])
        return self.tags[key]

    def source(self, key: str) -> SafeString:
        """The source as formatted text."""
        segment = self.segments[key]
        if not segment.markup:
            return escape(segment.source)
        return formatted(approved.normal(segment), self.tags_of(key))

    def target(self, key: str, text: str) -> SafeString:
        """A translation as formatted text."""
        segment = self.segments[key]
        if not segment.markup:
            return escape(text)
        return formatted(self.code(key, text), self.tags_of(key))

    def code(self, key: str, text: str) -> str:
        """A translation as coded text; without its elements where they are not the source's."""
        if not self.segments[key].markup:
            return text.replace("{", "{{").replace("}", "}}")
        return approved.normal_target(self.segments[key], text) or plain(text)

    def form(self, key: str, text: str) -> str:
        """A translation as it stands in a form: coded where it has elements, else as it is."""
        return self.code(key, text) if self.segments[key].markup else text


def plain(html: str) -> str:
    """Inline HTML as coded text without any element."""
    return unescape(markup_less(html)).replace("{", "{{").replace("}", "}}")


def markup_less(html: str) -> str:
    """Inline HTML without its tags."""
    tokens = markup.tokenize(html)
    return "".join(html[token.start : token.end] for token in tokens if token.kind is markup.Kind.TEXT)


def same(one: str, other: str) -> bool:
    """Browsers send line ends as they like, and a form field without the spaces around it."""
    return one.replace("\r\n", "\n").strip() == other.strip()


def uncoded(segment: Segment, text: str) -> str:
    """What a person has typed as a target text.

    Raises:
        Permanent: its codes are not those of the source.
    """
    text = text.replace("\r\n", "\n").strip()
    if not segment.markup or not text:
        return text
    target = approved.fill(segment, text)
    if not target:
        raise Permanent(
            _("The text does not keep the links and marks of the source."),
            _("Each of them stands once, as in the source: put back the one that is missing."),
        )
    return target
