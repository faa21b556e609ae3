"""From any markup to the vocabulary: each element is kept, renamed, taken off around its content, or removed with it.

What comes out has only elements of the vocabulary (``div`` stands for a mere border between blocks), in whatever order
they came; ``shape`` puts them in order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.stages.clean import attributes, word
from pipeline.stages.clean.addresses import embeddable, host_of, web_address
from pipeline.stages.clean.notes import Notes
from pipeline.stages.clean.vocabulary import BLOCKS, BORDERS, INLINE, INSTEAD, MEDIA, REMOVED
from pipeline.stages.intake.text import collapse
from pipeline.stages.intake.tree import Element, Node, names, visible_text, walk
from pipeline.stages.markup import foreign

_NOTED = {
    **dict.fromkeys(names("script noscript template canvas base applet"), "script"),
    **dict.fromkeys(names("style"), "style"),
    **dict.fromkeys(names("input select textarea button datalist keygen"), "form"),
    **dict.fromkeys(names("svg math"), "drawing"),
    **dict.fromkeys(names("object embed frameset"), "object"),
}
_MEANT_BY_CLASS = {"wp-caption": "figure", "wp-caption-text": "figcaption", "footnotes": "section"}
"""Classes of mere borders and paragraphs that say what they are: two are WordPress's."""

_LAZY = ("data-src", "data-lazy-src", "data-original", "data-srcset", "srcset")
_ONCE = names("em strong u s del ins small mark a")
_BOOKMARK = re.compile("_(?:GoBack|Hlk[0-9]+|Toc[0-9]+|Ref[0-9]+|MailOriginal|Int_.*)")
"""Bookmarks that Word sets for itself."""

_SPECIAL = ("lang", "dir", "translate")


@dataclass(frozen=True, slots=True)
class Sieve:
    """What sifting needs to know: the article's address and language, the hosts of embedded pages, and which ids are
    linked to."""

    base: str
    language: str
    embed_hosts: tuple[str, ...]
    linked: frozenset[str]
    notes: Notes


def linked_ids(root: Element) -> frozenset[str]:
    """The ids that links in the document point to."""
    hrefs = (element.attrs.get("href", "").strip() for element in walk([root]) if element.tag == "a")
    return frozenset(href[1:] for href in hrefs if href.startswith("#"))


@dataclass(frozen=True, slots=True)
class _Around:
    """The inline elements around some nodes, and the language they are in."""

    tags: frozenset[str]
    language: str


def sift(nodes: list[Node], sieve: Sieve) -> list[Node]:
    """``nodes`` in the vocabulary."""
    return _sifted(nodes, sieve, _Around(frozenset(), sieve.language))


def _sifted(nodes: list[Node], sieve: Sieve, around: _Around) -> list[Node]:
    result: list[Node] = []
    for node in nodes:
        if isinstance(node, str):
            result.append(node)
        elif node.tag in REMOVED:
            _note_removed(node, sieve)
        elif node.tag in MEDIA:
            result += _embedded(node, sieve)
        elif node.tag in ("img", "image"):
            result += _image(node, sieve)
        else:
            result += _element(node, sieve, around)
    return result


def _note_removed(element: Element, sieve: Sieve) -> None:
    if kind := _NOTED.get(element.tag):
        sieve.notes.add(kind)


def _element(element: Element, sieve: Sieve, around: _Around) -> list[Node]:
    style = word.style_of(element)
    if word.is_hidden(element, style):
        if visible_text([element]):
            sieve.notes.add("hidden")
        return []
    if element.tag == "hr" and element.attrs.get("id") == "system-readmore":
        return [Element("div")]  # where Joomla cuts its teaser off
    tag = _tag(element, style)
    if element.tag == "h1":
        sieve.notes.add("heading")
    attrs = attributes.cleaned(element, tag, sieve.base, sieve.notes)
    language = attrs.get("lang", around.language)
    if around.language and not foreign(language, around.language):
        attrs.pop("lang", None)  # Word says of every run that it is in English
    if not _stands(tag, attrs, element, sieve, around.tags):
        tag = "div" if element.tag in BORDERS else ""
        attrs = {name: attrs[name] for name in ("id",) if attrs.get(name) in sieve.linked}
    if tag == "figure" and any(inner.tag == "figure" for inner in walk(element.children)):
        tag, attrs = "div", {}  # a gallery: the pictures' own figures stand
    added = (
        []
        if element.tag in BORDERS
        else [name for name in word.emphasis(element.tag, style) if name not in around.tags]
    )
    tags = around.tags | {tag, *added} if tag in INLINE else around.tags | {*added}
    children = _with_brackets(element.children) if element.tag == "ruby" else element.children
    inside = _sifted(children, sieve, _Around(tags, language))
    for name in reversed(added):
        inside = [Element(name, {}, inside)]
    if "id" in attrs and tag in ("", "div") and not any(name in attrs for name in _SPECIAL):
        inside = [Element("a", {"id": attrs["id"]}), *inside]
        attrs = {}
    return [Element(tag, attrs, inside)] if tag else inside


def _with_brackets(children: list[Node]) -> list[Node]:
    """What stands over a word (``rt``) goes into brackets after it, where the author has set none (``rp``)."""
    if any(inner.tag == "rp" for inner in walk(children)):
        return children
    result: list[Node] = []
    for child in children:
        is_over = isinstance(child, Element) and child.tag == "rt"
        result += [" (", child, ")"] if is_over else [child]
    return result


def _tag(element: Element, style: dict[str, str]) -> str:
    """The element of the vocabulary that this one means; empty when it is to be taken off."""
    if word.is_plain_after_all(element.tag, style):
        return ""
    for name in element.attrs.get("class", "").split() if element.tag in ("div", "p") else ():
        if name in _MEANT_BY_CLASS:
            return _MEANT_BY_CLASS[name]
    tag = INSTEAD.get(element.tag, element.tag)
    return tag if tag in INLINE or tag in BLOCKS else ""


def _stands(tag: str, attrs: dict[str, str], element: Element, sieve: Sieve, within: frozenset[str]) -> bool:
    """Whether an element stays around its content."""
    if tag in ("section", "aside"):
        return "class" in attrs
    if tag in ("span", "div"):
        return any(name in attrs for name in _SPECIAL)
    if tag == "a":
        if "href" in element.attrs and "href" not in attrs and element.attrs["href"].strip():
            sieve.notes.add("link_unsafe")
        if _BOOKMARK.fullmatch(attrs.get("id", "")) and "href" not in attrs and attrs["id"] not in sieve.linked:
            return False
        return "a" not in within and ("href" in attrs or "id" in attrs)
    return bool(tag) and not (tag in _ONCE and tag in within)


def _image(element: Element, sieve: Sieve) -> list[Node]:
    if word.is_hidden(element, word.style_of(element)):
        return []
    if _is_pixel(element):
        sieve.notes.add("pixel")
        return []
    given = element.attrs.get("src", "").strip()
    candidates = [given, *(element.attrs.get(name, "").strip().split(" ", 1)[0].rstrip(",") for name in _LAZY)]
    usable = next((url for url in candidates if url and web_address(url, sieve.base)), "")
    if not usable:
        sieve.notes.add("image_data" if given.lower().startswith("data:") else "image_lost")
        return []
    meant = Element("img", {**element.attrs, "src": usable})
    return [Element("img", attributes.cleaned(meant, "img", sieve.base, sieve.notes))]


def _is_pixel(element: Element) -> bool:
    style = word.style_of(element)
    sizes = (element.attrs.get(name, style.get(name, "")).strip().removesuffix("px") for name in ("width", "height"))
    return all(size in ("0", "1") for size in sizes)


def _embedded(element: Element, sieve: Sieve) -> list[Node]:
    return _frame(element, sieve) if element.tag == "iframe" else _media(element, sieve)


def _frame(element: Element, sieve: Sieve) -> list[Node]:
    given = next((url for name in ("src", "data-src") if (url := element.attrs.get(name, "").strip())), "")
    if address := embeddable(given, sieve.embed_hosts):
        meant = Element("iframe", {**element.attrs, "src": address})
        return [Element("iframe", attributes.cleaned(meant, "iframe", "", sieve.notes))]
    address = web_address(given, sieve.base)
    if not host_of(address):
        sieve.notes.add("frame_lost")
        return []
    sieve.notes.add("frame")
    return [_link_to(address, element)]


def _link_to(address: str, element: Element) -> Element:
    text = collapse(element.attrs.get("title", "")) or host_of(address) or address
    return Element("p", {}, [Element("a", {"href": address}, [text])])


def _media(element: Element, sieve: Sieve) -> list[Node]:
    """A video or sound with what it plays; players load nothing over plain http from a secure page."""
    sources: list[Node] = []
    for inner in walk(element.children):
        secure = web_address(inner.attrs.get("src", ""), sieve.base, secure=True)
        if inner.tag in ("source", "track") and secure:
            meant = Element(inner.tag, {**inner.attrs, "src": secure})
            sources.append(Element(inner.tag, attributes.cleaned(meant, inner.tag, "", sieve.notes)))
    attrs = attributes.cleaned(element, element.tag, sieve.base, sieve.notes)
    if "src" in attrs and not web_address(attrs["src"], "", secure=True):
        del attrs["src"]
    if "src" in attrs or any(isinstance(node, Element) and node.tag == "source" for node in sources):
        return [Element(element.tag, dict(sorted({**attrs, "controls": ""}.items())), sources)]
    candidates = [element.attrs.get("src", ""), *(inner.attrs.get("src", "") for inner in walk(element.children))]
    address = next((url for given in candidates if host_of(url := web_address(given, sieve.base))), "")
    sieve.notes.add("media" if address else "media_lost")
    return [_link_to(address, element)] if address else []
