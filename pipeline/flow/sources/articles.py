"""One item → what is handed in: the submission, in its language and under its key."""

from __future__ import annotations

from dataclasses import dataclass, replace

import langcodes

from pipeline.documents import Metadata, Submission
from pipeline.errors import Permanent
from pipeline.flow.sources.polite import Page
from pipeline.flow.submit import LONGEST_KEY, intake_options
from pipeline.network import Network, Source, language_tag
from pipeline.network.sources import AUTO
from pipeline.stages import intake
from pipeline.stages.check.identify import label, likely
from pipeline.stages.intake import site
from pipeline.stages.intake.feed import Entry
from pipeline.stages.intake.text import plain
from pipeline.stages.intake.web import content_digest


@dataclass(frozen=True, slots=True)
class Found:
    """An article as it was found. ``content`` is a digest of its words, ``digest`` of the bytes as they came."""

    submission: Submission
    content: str
    digest: str


def of_entry(entry: Entry, key: str, source: Source, net: Network, digest: str) -> Found:
    """The article of which the feed has the text.

    Raises:
        Permanent: it has none, or it can't be read.
    """
    if not entry.html:
        raise Permanent(
            f"The entry {_named(entry.title or entry.identity)} has no text and no page.",
            "Ask whoever runs the feed to put the text in.",
        )
    data = f"<div>{entry.html}</div>".encode("utf-8", "replace")
    name = f"{entry.url or entry.identity} (feed)"  # the address alone would say by its suffix what it is
    return _found(name, data, entry.metadata(), key, source, net, digest)


def of_page(page: Page, key: str, entry: Entry | None, source: Source, net: Network, digest: str) -> Found:
    """The article on a web page; ``entry`` is what the feed says that led there, and counts more.

    Raises:
        Permanent: it can't be read, or has no article.
    """
    known = Metadata()
    if entry is not None:
        known = Metadata(title=entry.title, authors=entry.authors, tags=entry.tags, published_at=entry.published_at)
    metadata, html = site.read_page(page.url, page.data, page.url, intake_options(net), page.charset, known)
    if not metadata.language and entry is not None:
        metadata = replace(metadata, language=entry.language)
    data = f"<div>{html}</div>".encode("utf-8", "replace")
    return _found(f"{page.url} (page)", data, metadata, key, source, net, digest)


def of_file(name: str, data: bytes, key: str, source: Source, net: Network, digest: str) -> Found:
    """The article in a file; a key that it gives itself counts more than ``key``.

    Raises:
        Permanent: it can't be read.
    """
    return _found(name, data, Metadata(), key, source, net, digest)


def _found(name: str, data: bytes, said: Metadata, key: str, source: Source, net: Network, digest: str) -> Found:
    original = intake.read(Submission(name, data, said), intake_options(net))
    own = original.metadata
    metadata = replace(
        said,
        key=own.key if own.key and len(own.key) <= LONGEST_KEY else key,
        kind=source.kind if source.kind and own.kind == Metadata().kind else own.kind,
        tags=tuple(dict.fromkeys((*own.tags, *source.tags))),
        language=_language(own.language, f"{own.title}\n{plain(original.html)}", source, net),
    )
    return Found(Submission(name, data, metadata), content_digest(own.title, original.html), digest)


def _language(declared: str, text: str, source: Source, net: Network) -> str:
    """In what an article is written: as the source says, else as it says itself, else as it reads; or empty."""
    if source.language != AUTO:
        return source.language
    try:
        return language_tag(declared.replace("_", "-"))
    except ValueError:
        pass  # “English” is no tag, and many declare nothing
    tags: dict[str, set[str]] = {}
    for tag in (*net.bases, *net.organisation.source_languages):
        tags.setdefault(label(tag), set()).add(tag)
    read_as = tags.get(likely(text, frozenset(tags)), set())
    scripts = {langcodes.get(tag).maximize().script for tag in read_as}
    return min(read_as, key=len) if len(scripts) == 1 else ""


def _named(text: str) -> str:
    return f"“{text[:100]}”"
