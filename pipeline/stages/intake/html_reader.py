"""HTML pages and fragments: what they say of themselves, and which part of them is the article."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import urljoin

from pipeline.documents import Metadata
from pipeline.errors import Permanent
from pipeline.stages.intake import json_ld
from pipeline.stages.intake.bounds import check_markup, too_deep
from pipeline.stages.intake.fields import from_mapping, merge, moment
from pipeline.stages.intake.text import plain, shorten, without_alt
from pipeline.stages.intake.tree import (
    Element,
    Node,
    TooDeepError,
    body_of,
    elements,
    names,
    parse,
    serialise,
    visible_text,
    walk,
)

_PAGE = re.compile(r"<(?:!doctype|html|head|body)\b", re.IGNORECASE)
_OWN = "sectionwire:"
_NOISE = names("nav script style template noscript link meta title base")
_FOOTNOTES = re.compile(r"foot-?notes?\b|endnotes?\b", re.IGNORECASE)
_PLUGIN = re.compile(r"\{/?[a-z][\w-]{0,40}(?:\s[^{}]{0,300})?\}", re.IGNORECASE)
_PLUGIN_PAIR = re.compile(r"\{([a-z][\w-]{0,40})(?:\s[^{}]{0,300})?\}[^{}]{0,300}\{/\1\}", re.IGNORECASE)


def read(
    name: str, html: str, known: Metadata, max_elements: int, max_depth: int, *, needs_title: bool = True
) -> tuple[Metadata, str]:
    """The metadata (``known`` fields win) and the article's own HTML, without the heading that is its title.

    What has no title may be read as well, with an empty one, where none is needed.

    Raises:
        Permanent: bounds are passed, there is nothing to read, or no title.
    """
    check_markup(name, html, max_elements, max_depth)
    try:
        root = parse(html, max_depth)
    except TooDeepError:
        raise too_deep(name, max_depth) from None
    body = body_of(root)
    content = _main_content(body, is_page=_PAGE.search(html) is not None)
    if not has_content(content):
        raise Permanent(f"{name} is empty: it has no text that a reader would see.", "Submit the article's text.")
    known = merge(known, _described(name, root))
    title = _title(known.title, _page_title(root), _headline(content) or _headline(body.children))
    if needs_title and not title:
        raise Permanent(
            f"{name} has no title.", "Give it one: a heading <h1> (# in Markdown), a field “title”, or --title."
        )
    content = _without_title(content, title) if title else content
    if not has_content(content):
        raise Permanent(f"{name} has a title, but no text.", "Submit the article's text with it.")
    return replace(known, title=title, summary=known.summary or _first_paragraph(content)), serialise(content)


def has_content(nodes: list[Node]) -> bool:
    """Whether a reader sees anything: words, a picture, or something embedded."""
    return bool(visible_text(nodes)) or any(
        element.tag in ("img", "iframe", "video", "audio", "picture") for element in walk(nodes)
    )


def _title(known: str, page_title: str, headline: str) -> str:
    """The title: as given; else the heading, when the page's title has it in it (“Heading | Site”); else either."""
    if known:
        return plain(known)
    if headline and headline.casefold() in page_title.casefold():
        return headline
    return page_title or headline


def _page_title(root: Element) -> str:
    for element in walk(root.children):
        if element.tag == "title":
            return plain("".join(child for child in element.children if isinstance(child, str)))
        if element.tag == "svg":
            break  # its <title> is another thing
    return ""


def _headline(nodes: list[Node]) -> str:
    """The text of the first heading of the first level, or of what is marked as the headline."""
    for element in walk(nodes):
        if element.tag == "h1" or "headline" in element.attrs.get("itemprop", "").split():
            return visible_text([element])
    return ""


def _without_title(nodes: list[Node], title: str) -> list[Node]:
    """``nodes`` without the heading that says the title once more: the first of all, or the first ``<h1>``."""
    headings = [element for element in walk(nodes) if element.tag in ("h1", "h2")]
    first = next((element for element in headings if element.tag == "h1"), None)
    repeats = [element for element in (first, *headings[:1]) if element and _is_same(visible_text([element]), title)]
    return _filter(nodes, lambda element: not any(element is repeat for repeat in repeats))


def _is_same(text: str, title: str) -> bool:
    return plain(text).casefold() == title.casefold()


def _main_content(body: Element, *, is_page: bool) -> list[Node]:
    """The part of a document that is its article.

    That is what is marked as the article's body (``itemprop="articleBody"``); else, of a page, ``<article>``, else
    ``<main>``, else the body without its frame; of a fragment all of it.
    """
    marked = [element for element in walk(body.children) if "articleBody" in element.attrs.get("itemprop", "").split()]
    if marked and _length(marked[0]) * 4 >= _length(body):
        return marked[0].children
    return _page_content(body) if is_page else body.children


def _page_content(body: Element) -> list[Node]:
    """The article in a page.

    A page may have several articles, as teasers: the longest is taken when it has a quarter of the page's text.
    """
    articles: list[Element] = []
    mains: list[Element] = []
    waiting: list[Element] = [body]
    while waiting:
        element = waiting.pop()
        if element.tag == "article":
            articles.append(element)
            continue  # articles inside are its comments
        if element.tag == "main" or element.attrs.get("role") == "main":
            mains.append(element)
        waiting.extend(elements(element.children))
    frame = mains[0] if mains else body
    longest = max(articles, key=_length, default=None)
    if longest is not None and _length(longest) * 4 >= _length(frame):
        return _filter(longest.children, lambda element: not _is_noise(element) and not _is_foot(element))
    return _filter(
        frame.children,
        lambda element: not (_is_noise(element) or _is_foot(element) or element.tag == "header"),
    )


def _length(element: Element) -> int:
    return len(visible_text(element.children))


def _is_noise(element: Element) -> bool:
    if element.tag == "form":  # some systems wrap a whole page in one
        return not any(inner.tag == "p" for inner in walk(element.children))
    return element.tag in _NOISE or (element.tag == "aside" and not _holds_footnotes(element))


def _is_foot(element: Element) -> bool:
    return element.tag == "footer" and not _holds_footnotes(element)


def _holds_footnotes(element: Element) -> bool:
    return any(
        _FOOTNOTES.search(f"{part.attrs.get('class', '')} {part.attrs.get('id', '')} {part.attrs.get('role', '')}")
        for part in walk([element])
    )


def _filter(nodes: list[Node], keep: Callable[[Element], bool]) -> list[Node]:
    """``nodes`` with only those elements, at any depth, for which ``keep`` is true."""
    kept: list[Node] = [node for node in nodes if isinstance(node, str) or keep(node)]
    for element in elements(kept):
        element.children = _filter(element.children, keep)
    return kept


def _described(name: str, root: Element) -> Metadata:
    """What ``<meta>``, ``<link>``, ``<html lang>`` and JSON-LD say; JSON-LD first, as it is the most exact."""
    named: dict[str, list[str]] = {}
    canonical = ""
    for element in walk(root.children):
        if element.tag == "meta":
            key = (element.attrs.get("property") or element.attrs.get("name") or "").strip().lower()
            value = plain(element.attrs.get("content", ""))
            if key and value:
                named.setdefault(key, []).append(value)
        elif element.tag == "link" and "canonical" in element.attrs.get("rel", "").lower().split():
            canonical = canonical or element.attrs.get("href", "").strip()

    def first(*keys: str) -> str:
        return next((named[key][0] for key in keys if key in named), "")

    from_meta = Metadata(
        title=first("og:title"),
        summary=first("description", "og:description"),
        language=_language(root) or first("og:locale").replace("_", "-"),
        tags=_tags(named),
        authors=tuple(dict.fromkeys(named.get("author", []))),
        canonical_url=canonical or first("og:url"),
        published_at=moment(name, "article:published_time", first("article:published_time")),
        image=first("og:image", "og:image:url"),
        image_alt=first("og:image:alt"),
    )
    described = merge(_own(name, named), json_ld.read(name, root), from_meta)
    if described.image and described.canonical_url:
        described = replace(described, image=_resolve(described.canonical_url, described.image))
    return described


def _own(name: str, named: dict[str, list[str]]) -> Metadata:
    """What ``<meta name="sectionwire:…">`` says: the keys of front matter, for which HTML has no word of its own."""
    own = {key.removeprefix(_OWN): values for key, values in named.items() if key.startswith(_OWN)}
    return from_mapping(name, {key: values if len(values) > 1 else values[0] for key, values in own.items()})


def _language(root: Element) -> str:
    """The language of a page; Word declares it on the body."""
    return next((lang for part in (root, body_of(root)) if (lang := part.attrs.get("lang", "").strip())), "")


def _resolve(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # “http://[”: the next stage drops what is no address
        return address


def _tags(named: dict[str, list[str]]) -> tuple[str, ...]:
    words = named.get("article:tag", []) or [word for line in named.get("keywords", []) for word in line.split(",")]
    return tuple(dict.fromkeys(word.strip() for word in words if word.strip()))


def _first_paragraph(content: list[Node]) -> str:
    """The beginning of the article as a summary: its first paragraph, else its first words.

    Plugin tags, footnote marks, and a picture's alternative text that runs into the prose are left out.
    """
    alt = ""
    for element in walk(content):
        if element.tag == "img":
            alt = element.attrs.get("alt", "")
        if element.tag == "p":
            alt = next((inner.attrs.get("alt", "") for inner in walk([element]) if inner.tag == "img"), alt)
            if text := _prose([element], alt):
                return shorten(text)
    return shorten(_prose(content, alt))


def _prose(nodes: list[Node], alt: str) -> str:
    kept = _filter(list(nodes), lambda element: not _is_footnote_mark(element))
    text = _PLUGIN.sub(" ", _PLUGIN_PAIR.sub(" ", visible_text(kept)))
    return plain(without_alt(text.strip(), alt))


def _is_footnote_mark(element: Element) -> bool:
    links = [inner for inner in walk(element.children) if inner.tag == "a"]
    return element.tag == "sup" and bool(links) and all(link.attrs.get("href", "").startswith("#") for link in links)
