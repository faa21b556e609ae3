"""The frozen documents that the stages hand to each other.

Nothing here reads a file, a setting or the database. Language tags are BCP 47 throughout (``pt``, ``pt-BR``,
``zh-Hant``). Times are aware datetimes. A *base* is the language a text is translated into once (``pt``), on which the
sections' languages (``pt-PT``, ``pt-BR``) stand.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of an article beside its text. An empty value means *not known*."""

    title: str = ""
    summary: str = ""  # the teaser: plain text
    language: str = ""  # BCP 47
    kind: str = "article"  # a word of the installation's own: news, statement, opinion, …
    key: str = ""  # the submitter's own stable name of the article
    canonical_url: str = ""
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    published_at: datetime | None = None
    embargo: datetime | None = None  # not to be published before
    series: str = ""  # the name of the series, and which part of it this is
    part: int | None = None
    image: str = ""  # address of the teaser image
    image_alt: str = ""
    slug: str = ""  # the slug in the source language, when the submitter gave one
    only_sections: tuple[str, ...] = ()  # keys: of the sections that would take it, only these; empty: all of them


@dataclass(frozen=True, slots=True)
class Submission:
    """Bytes as a submitter handed them in, and what the submitter said of them.

    ``name`` is a file name or an address: it is used in messages and, by its suffix, to tell HTML, Markdown and JSON
    apart. What ``metadata`` says wins over what the document says of itself.
    """

    name: str
    data: bytes
    metadata: Metadata = field(default_factory=Metadata)


@dataclass(frozen=True, slots=True)
class Original:
    """An article after intake: decoded and bounded, with its metadata, but with whatever markup it came in."""

    metadata: Metadata
    html: str
    format: str  # "html", "markdown" or "json"


@dataclass(frozen=True, slots=True)
class CleanDocument:
    """An article after cleaning: ``body`` is a fragment in the documented vocabulary (see ``stages/clean``).

    ``notes`` says in short sentences what cleaning did, so that a submitter can see it.
    """

    metadata: Metadata
    body: str
    notes: tuple[str, ...] = ()


class SegmentKind(StrEnum):
    """Where a segment stands. ``TITLE`` to ``IMAGE_ALT`` are the article's own fields, the rest is in its body."""

    TITLE = "title"
    SUMMARY = "summary"
    IMAGE_ALT = "image_alt"
    TEXT = "text"
    HEADLINE = "headline"
    CAPTION = "caption"
    CELL = "cell"
    ATTRIBUTE = "attribute"  # alt, title, placeholder, table summary: plain text


@dataclass(frozen=True, slots=True)
class Segment:
    """One unit of translation: a run of inline content, or one plain text.

    ``source`` is an inline HTML fragment when ``markup`` is true, else plain text (nothing escaped). ``key`` is unique
    in its document and says where the segment stands.
    """

    key: str
    kind: SegmentKind
    source: str
    markup: bool


@dataclass(frozen=True, slots=True)
class SegmentedDocument:
    """An article cut into segments; ``skeleton`` is the body with a placeholder for each of its segments.

    ``segment.restore(document, {s.key: s.source for s in document.segments})`` gives the clean body back, byte for
    byte.
    """

    metadata: Metadata
    skeleton: str
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, order=True)
class Hop:
    """One engine call on the way from source to target, as it is written into the provenance.

    ``source`` and ``target`` are BCP 47, as the engine declares them; ``model`` names the model and ``checksum`` is the
    first 16 hexadecimal digits of the SHA-256 of its files.
    """

    engine: str
    source: str
    target: str
    model: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Route:
    """The way from a source language to a base: one hop, or several through a pivot."""

    source: str
    target: str
    hops: tuple[Hop, ...]

    @property
    def name(self) -> str:
        """A short stable name of the engines and models taken, for memory keys and provenance."""
        return "+".join(f"{hop.engine}:{hop.model}@{hop.checksum}" for hop in self.hops)


class Origin(StrEnum):
    """Where the target text of a segment comes from."""

    SOURCE = "source"  # the article was written in this language
    MEMORY = "memory"
    APPROVED = "approved"  # a person approved it before, of the same source text
    ENGINE = "engine"
    PERSON = "person"
    KEPT = "kept"  # could not be translated: the source text stands, with a finding


@dataclass(frozen=True, slots=True)
class TranslatedSegment:
    """The target of one segment, in the same form (inline HTML or plain text) as its source.

    ``score`` is the share of its characters that came from memory (0 to 1). ``evidence`` has one word for each inline
    code, in order: what its placement rests on (``whole``, ``verbatim``, ``own``, ``aligned``, ``fuzzy``,
    ``position``, ``anchor``).
    For an approved segment it is one word on how it was recognised: ``context``, ``article`` or ``exact``.
    ``problem`` says why a segment was kept in the source language, or is empty. ``routes`` are the numbers (from 0)
    of the routes along which its sentences came, where that is not the first alone. ``sureness`` is the score of the
    sentence of which its engine was least sure (see :class:`Scored`); 0 where no engine has said, or none was asked.
    """

    key: str
    target: str
    origin: Origin
    score: float = 0.0
    evidence: tuple[str, ...] = ()
    problem: str = ""
    routes: tuple[int, ...] = ()
    sureness: float = 0.0


@dataclass(frozen=True, slots=True)
class Term:
    """A glossary term as it holds for one pair of languages.

    ``target`` is the translation that is wanted; the same as ``source`` for what is not to be translated, and empty
    when only ``forbidden`` translations are named. ``exact_case``: it is meant only when written just so (*Apple*).
    ``note`` is for editors.
    """

    source: str
    target: str
    exact_case: bool = False
    forbidden: tuple[str, ...] = ()
    note: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it is not to be translated."""
        return self.source == self.target


@dataclass(frozen=True, slots=True)
class OwnSegment:
    """One segment in a section's own wording, on top of the base: ``base`` is the shared target on which it was made.

    Texts are inline HTML or plain text, as the segment's source. ``key`` is the segment's when it was written; keys
    move when paragraphs come and go, so that ``source`` has the last word. ``by`` and ``at`` (ISO 8601) say who, when.
    """

    key: str
    source: str
    base: str
    target: str
    by: str = ""
    at: str = ""


class Scored(str):
    """A translation with the score that its engine gave it: who wants none need not know of them.

    ``score`` is the geometric mean of the probabilities (0 to 1) that the model gave to the words, or parts of words,
    of its own translation. It compares sentences of one model; between models it says nothing.
    """

    score: float

    def __new__(cls, text: str, score: float) -> Self:
        scored = super().__new__(cls, text)
        scored.score = score
        return scored


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an engine gave no usable translation of a sentence: it hung, raised, or returned garbage."""

    reason: str


class Severity(StrEnum):
    """What a finding does: a blocking one keeps a version from being approved or published by itself."""

    BLOCK = "block"
    WARN = "warn"


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What one check says of one segment (``segment`` is its key, or empty for the whole document)."""

    check: str
    severity: Severity
    segment: str
    message: str


@dataclass(frozen=True, slots=True)
class Alternate:
    """One confirmed page of an article: ``language`` is BCP 47 with region, ``url`` is absolute."""

    language: str
    url: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Why these bytes stand on this page: written into every page in machine-readable form."""

    article: str  # uid
    revision: int
    version: int
    digest: str
    source_language: str
    origin: str  # "source", "machine" or "person"
    engines: tuple[str, ...] = ()  # Route.name of the routes taken
    approved_by: str = ""
    glossary: str = ""  # digest of the terms that held when it was translated


@dataclass(frozen=True, slots=True)
class Corrected:
    """That a page was corrected: readers are told when, and what. ``language`` (BCP 47) is that of the note."""

    at: datetime
    note: str
    language: str


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a series, published at the same section in the same language; ``number`` is its place in it."""

    number: int
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class SeriesNavigation:
    """The way through a series: the parts around an article, or all of them where they are few.

    ``parts`` are in order and hold the article itself as soon as it is confirmed. ``total`` is the highest number among
    all its parts, and 0 where the series is so long that only the neighbours are named.
    """

    parts: tuple[Part, ...]
    total: int = 0


@dataclass(frozen=True, slots=True)
class Page:
    """One article in one section's language, ready to be rendered.

    ``body`` is the translated clean fragment, ``path`` is the page's path under the section's address, with a trailing
    slash (``pt-pt/2026/titulo/``), ``alternates`` are the article's confirmed pages including this one.
    ``corrections`` are what a reader should know of mistakes that were mended.
    """

    metadata: Metadata
    body: str
    language: str
    section: str
    path: str
    url: str
    alternates: tuple[Alternate, ...]
    provenance: Provenance
    published_at: datetime
    updated_at: datetime
    corrections: tuple[Corrected, ...] = ()  # newest first
    series: SeriesNavigation | None = None


@dataclass(frozen=True, slots=True)
class WithdrawnPage:
    """What stands where an article was: a notice that it was withdrawn, without a word of the article itself."""

    language: str
    section: str
    path: str
    url: str
    article: str  # uid
    withdrawn_at: datetime


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A sound or a video that an article carries; ``type`` is its media type (``audio/mpeg``)."""

    url: str
    type: str


@dataclass(frozen=True, slots=True)
class Teaser:
    """One article as front pages, lists and feeds tell of it. ``uid`` is the article's."""

    title: str
    summary: str
    url: str
    image: str
    image_alt: str
    published_at: datetime
    kind: str
    series: str = ""
    part: int | None = None
    caption: str = ""  # of the image: plain text
    updated_at: datetime | None = None  # None: when it was published
    authors: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    uid: str = ""


@dataclass(frozen=True, slots=True)
class FrontPage:
    """A section's front page in one of its languages: newest first; ``siblings`` are its other languages.

    ``kinds`` are the kinds of articles that have a list, most articles first.
    """

    language: str
    section: str
    path: str
    url: str
    teasers: tuple[Teaser, ...]
    siblings: tuple[Alternate, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListPage:
    """The articles that share a month, a kind, a series, an author or a tag; newest first, a series from part one.

    ``page`` says which list it is: ``archive:2026-11``, ``kind:news``, ``tag:floods``; ``name`` is what readers call
    it, for a series, an author or a tag. ``older`` and ``newer`` are the addresses of the pages around this one, or
    empty. ``number`` is 0 for the list's first page, which has the newest articles.
    """

    language: str
    section: str
    path: str
    url: str
    page: str
    name: str
    teasers: tuple[Teaser, ...]
    number: int = 0
    older: str = ""
    newer: str = ""
    siblings: tuple[Alternate, ...] = ()  # the section's front pages


@dataclass(frozen=True, slots=True)
class ListLink:
    """One list as the archive's own page names it; ``count`` is how many articles it has."""

    page: str
    name: str
    count: int


@dataclass(frozen=True, slots=True)
class Archive:
    """The page that leads to all lists of a section in one language."""

    language: str
    section: str
    path: str
    url: str
    links: tuple[ListLink, ...]
    siblings: tuple[Alternate, ...] = ()


@dataclass(frozen=True, slots=True)
class Feed:
    """The newest articles of a section in one language; ``url`` is its front page, ``address`` the feeds' folder."""

    language: str
    section: str
    url: str
    address: str
    teasers: tuple[Teaser, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """One page in a sitemap, with the article's pages everywhere (itself included)."""

    url: str
    updated_at: datetime
    alternates: tuple[Alternate, ...]
    source_language: str


@dataclass(frozen=True, slots=True)
class Sent:
    """What an output answers when it has taken (or already had) something.

    ``digest`` is the SHA-256 of the bytes that now stand there, ``written`` is false when the same or a newer sequence
    was there already.
    """

    url: str
    digest: str
    written: bool
    detail: str = ""


Targets = Mapping[str, str]
"""Target text by segment key."""
