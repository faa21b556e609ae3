"""Coded text (``{1}…{/1}``, see stages/translate/approved) as formatted text for a page: never raw tags.

The result is built of our own elements alone: whatever a text holds, nothing of it is markup.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from pipeline.stages import markup
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
    out: list[str] = []
    stack: list[int] = []
    at = 0
    for match in CODE.finditer(coded):
        out.append(escape(coded[at : match.start()]))
        at = match.end()
        if match["number"] is None:
            out.append(match[0][0])
            continue
        number = int(match["number"])
        tag = tags.get(number)
        if tag is None or (match["close"] and (not stack or stack.pop() != number)):
            return escape(coded)
        if match["close"]:
            out.append("</span>")
        elif match["empty"]:
            out.append(_empty(number, tag, editable=editable))
        else:
            stack.append(number)
            out.append(_open(number, tag, editable=editable))
    if stack:
        return escape(coded)
    out.append(escape(coded[at:]))
    return mark_safe("".join(out))  # noqa: S308 - our own spans around escaped text


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


def _open(number: int, tag: str, *, editable: bool) -> str:
    name = name_of(tag)
    fixed = ' contenteditable="false"' if name in markup.LITERAL else ""
    marks = f' data-n="{number}"{fixed}' if editable else ""
    return f'<span class="c c-{name}" title="{escape(describe(tag))}"{marks}>'


def _empty(number: int, tag: str, *, editable: bool) -> str:
    marks = f' data-n="{number}" data-empty contenteditable="false"' if editable else ""
    return f'<span class="c c-empty c-{name_of(tag)}"{marks}>{escape(describe(tag))}</span>'
