"""The attributes of each element: only those of the vocabulary, each with a value that means something."""

from __future__ import annotations

import re
from collections.abc import Callable

from pipeline.network import language_tag
from pipeline.stages.clean.addresses import mend, web_address
from pipeline.stages.clean.notes import Notes
from pipeline.stages.clean.vocabulary import ATTRIBUTES, CLASSED, GLOBAL
from pipeline.stages.intake.text import collapse
from pipeline.stages.intake.tree import Element, names

_REL = names("alternate author external license nofollow noopener noreferrer sponsored tag ugc")
_WORDS = {
    "dir": names("ltr rtl auto"),
    "kind": names("subtitles captions descriptions chapters metadata"),
    "loading": names("lazy eager"),
    "scope": names("row col rowgroup colgroup"),
    "translate": names("yes no"),
}
_FLAGS = names("allowfullscreen controls reversed")
_TEXTS = names("alt label title")
_LONGEST = 2_000  # characters of an alternative text or a title
_ADDRESSES = {"href": "link", "cite": "web", "src": "web", "poster": "web"}


def cleaned(element: Element, tag: str, base: str, notes: Notes) -> dict[str, str]:
    """The attributes that an element may keep as a ``tag``, in alphabetical order."""
    given = element.attrs
    kept: dict[str, str] = {}
    for name in sorted((*GLOBAL, *ATTRIBUTES.get(tag, ()))):
        if name in _ADDRESSES and (address := given.get(name)) is not None:
            value: str | None = _address(name, address, base, notes)
        elif name == "id":
            value = _id(given.get("id") or (given.get("name") if tag == "a" else None))
        elif name == "lang":
            value = _language(given.get("lang") or given.get("xml:lang"))
        else:
            value = _value(tag, name, given.get(name))
        if value is not None:
            kept[name] = value
    if classes := _classes(tag, given.get("class", "")):
        kept["class"] = classes
    return dict(sorted(kept.items()))


def _address(name: str, given: str, base: str, notes: Notes) -> str | None:
    address = mend(given, base) if _ADDRESSES[name] == "link" else web_address(given, base)
    if address and not _is_merely_resolved(given):
        notes.add("link_mended")
    return address or None


def _is_merely_resolved(given: str) -> bool:
    """Whether an address needed no mending: what is relative, or has white space around it, is in order."""
    return mend(given.strip(), "") == given.strip()


def _value(tag: str, name: str, given: str | None) -> str | None:
    if given is None:
        return None
    if name in _FLAGS:
        return ""
    if name in _TEXTS:
        text = collapse(given)[:_LONGEST]
        return text if text or name == "alt" else None
    if name in _WORDS:
        word = given.strip().lower()
        return word if word in _WORDS[name] else None
    return _CHECKS[name](tag, given.strip())


def _id(given: str | None) -> str | None:
    value = (given or "").strip()
    return value if 0 < len(value) <= 100 and not re.search(r"[\s\"'<>`=&\\]", value) else None


def _language(given: str | None) -> str | None:
    try:
        return language_tag((given or "").strip())
    except ValueError:
        return None


def _classes(tag: str, given: str) -> str:
    return " ".join(dict.fromkeys(word for word in given.split() if word in CLASSED.get(tag, ())))


def _rel(_tag: str, given: str) -> str | None:
    return " ".join(dict.fromkeys(word for word in given.lower().split() if word in _REL)) or None


def _length(_tag: str, given: str) -> str | None:
    match = re.fullmatch(r"0*([1-9][0-9]{0,4})(?:\.[0-9]{1,9})?(?:px)?", given)
    return match[1] if match else None


def _span(_tag: str, given: str) -> str | None:
    return str(min(int(given), 100)) if re.fullmatch("[0-9]{1,6}", given) and int(given) > 1 else None


def _start(_tag: str, given: str) -> str | None:
    return str(int(given)) if re.fullmatch("-?[0-9]{1,6}", given) else None


def _datetime(_tag: str, given: str) -> str | None:
    return given if re.fullmatch(r"[0-9A-Za-z:.+ -]{1,40}", given) else None


def _type(tag: str, given: str) -> str | None:
    pattern = "[1aAiI]" if tag == "ol" else r"(?:audio|video)/[\w.+-]{1,60}(?:; ?codecs=[\"']?[\w., -]{1,80}[\"']?)?"
    return given if re.fullmatch(pattern, given, re.ASCII) else None


_CHECKS: dict[str, Callable[[str, str], str | None]] = {
    "colspan": _span,
    "datetime": _datetime,
    "height": _length,
    "hreflang": lambda _tag, given: _language(given),
    "rel": _rel,
    "rowspan": _span,
    "srclang": lambda _tag, given: _language(given),
    "start": _start,
    "type": _type,
    "width": _length,
}
