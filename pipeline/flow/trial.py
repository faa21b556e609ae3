"""What would come of an article if it were handed in now: the same stages, and nothing is written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from html import escape, unescape
from typing import Final, Literal

from django.utils import timezone

from pipeline.documents import CleanDocument, Hop, Metadata, Original, SegmentedDocument
from pipeline.flow import board, engines, links, release, submit, targets
from pipeline.flow.people import Rights
from pipeline.ledger.models import Article, Edition, Revision
from pipeline.ledger.models.articles import unpack_metadata
from pipeline.network import BarrierRule, Network, Section
from pipeline.stages import clean, markup, segment
from pipeline.stages.check import identify
from pipeline.stages.publish import links as addresses

ORIGIN: Final = "submit"
"""Keys are unique within an origin: the desk shares the command's and the API's."""

_TOLD: Final = 5
"""How many of several links or articles a warning names."""

_HREF: Final = re.compile(r'<a\s(?:[^>"]|"[^"]*")*?\bhref="([^"]*)"')
_TAG: Final = re.compile(r"<[^>]*>")


class Doubt(StrEnum):
    """What a person should look at before an article goes in; nothing of it keeps it out."""

    NO_ALT = "images without alternative text"
    NO_TEASER_ALT = "the teaser image has no alternative text"
    DEAD_LINKS = "links to places inside the network that are not there"
    OTHER_LANGUAGE = "the text seems to be in another language"
    EMBARGO_OVER = "the embargo is over"
    NOBODY = "no section takes it"
    WITHDRAWN = "the article is withdrawn"
    WITHOUT_LEADER = "a section follows one that does not get it"
    SAME_TITLE = "an article has the same title"
    SAME_ADDRESS = "an article is published at this address"
    SAME_PART = "another article is this part of the series"


@dataclass(frozen=True, slots=True)
class Warned:
    """A doubt, with what it is about: how many, which links or sections, which article."""

    doubt: Doubt
    count: int = 1
    words: tuple[str, ...] = ()
    article: Article | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """A section, and what the article is to it.

    ``refusal`` says why it does not take it (empty: it does); ``has_it``: it has an edition already, and gets every
    revision. ``chosen``: it takes it, and is not left out. ``lacking`` are its bases into which no worker can translate
    now. ``release_at`` is the earliest time at which it would go out, were it decided now; ``None``: at once.
    """

    section: Section
    refusal: str
    chosen: bool
    has_it: bool
    lacking: tuple[str, ...]
    release_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trial:
    """What cleaning and segmenting made of an article, as what it would go in, and who would get it.

    ``article`` and ``newest`` (its last revision) are set where it is known already: ``outcome`` is then ``updated``,
    or ``duplicate`` where nothing has changed. ``barrier`` is the rule that would hold it back.
    """

    original: Original
    cleaned: CleanDocument
    document: SegmentedDocument
    base: str
    outcome: Literal["new", "updated", "duplicate"]
    article: Article | None
    newest: Revision | None
    targets: tuple[Target, ...]
    barrier: BarrierRule | None
    warnings: tuple[Warned, ...]

    @property
    def metadata(self) -> Metadata:
        """What is known of the article, after cleaning."""
        return self.document.metadata

    @property
    def characters(self) -> int:
        """Of all its segments: what is to be translated."""
        return sum(len(each.source) for each in self.document.segments)


def look(original: Original, name: str, rights: Rights, net: Network, *, urgent: bool = False) -> Trial:
    """Try what :func:`pipeline.flow.submit.enter` and the stages after it would do for somebody.

    Raises:
        Permanent: it can't be taken: its language is none of the network's, nothing is left of it after cleaning, or
            the article that it would revise is none of the person's, or in another language.
    """
    original = submit.accepted(original, name, net)
    cleaned = clean.clean(original, clean.Options(embed_hosts=net.embeds.hosts))
    document = segment.segment(cleaned)
    checksum = submit.checksum_of(original)
    article = submit.recognised(original, ORIGIN, checksum, Article.objects.all())
    newest = article.revisions.order_by("-number").first() if article else None
    is_same = newest is not None and newest.checksum == checksum
    if article is not None and not is_same:
        submit.refuse_other_language(article, original.metadata.language, name, net)
        submit.refuse_strangers(article, original.metadata, rights)
    base = net.base_for(original.metadata.language)
    found = tuple(_targets(document.metadata, base, article, net, urgent=urgent))
    rule = next((each for each in net.barriers if each.fits(document.metadata.kind, document.metadata.tags)), None)
    known = article if article and board.visible(Article.objects.filter(pk=article.pk), rights).exists() else None
    return Trial(
        original=original,
        cleaned=cleaned,
        document=document,
        base=base,
        outcome="new" if article is None else "duplicate" if is_same else "updated",
        article=known,
        newest=newest,
        targets=found,
        barrier=rule if article is None else None,
        warnings=tuple(_warnings(cleaned, base, article, found, rights, net)),
    )


def guess(html: str, net: Network) -> str:
    """The language of the network that a text is surely in, as a tag; empty when that is not sure."""
    tags = _languages(net)
    label = identify.likely(_text(html), frozenset(identify.label(tag) for tag in tags))
    fitting = [tag for tag in tags if identify.label(tag) == label]
    return fitting[0] if label and fitting else ""


def _languages(net: Network) -> list[str]:
    """Languages in which articles may be written."""
    return list(dict.fromkeys([*net.organisation.source_languages, *net.bases]))


def _text(html: str) -> str:
    """What can be read in the beginning of some HTML."""
    return unescape(_TAG.sub(" ", html[: 10 * identify.MOST]))


def _targets(metadata: Metadata, base: str, article: Article | None, net: Network, *, urgent: bool) -> Iterator[Target]:
    editions = Edition.objects.filter(article=article) if article else Edition.objects.none()
    having = set(editions.exclude(state=Edition.State.DECLINED).values_list("section", flat=True))
    workers, now = engines.live_hops(), timezone.now()
    for section in net.sections:
        if section.retired:
            continue
        refused = section.targets.refusal(metadata.kind, metadata.tags, base)
        chosen = section.key in having or not targets.refusal(section, metadata, base)
        wanted = dict.fromkeys(language.base for language in section.languages)
        yield Target(
            section=section,
            refusal="" if section.key in having else refused,
            chosen=chosen,
            has_it=section.key in having,
            lacking=tuple(to for to in wanted if to != base and not _is_served(net, base, to, workers)),
            release_at=release.release_at(
                section, [metadata.embargo], now, first=section.key not in having, urgent=urgent
            ),
        )


def _is_served(net: Network, source: str, base: str, workers: Sequence[Sequence[Hop]]) -> bool:
    return any(engines.find_route(net, source, base, hops) for hops in workers)


def _warnings(
    cleaned: CleanDocument,
    base: str,
    article: Article | None,
    found: Sequence[Target],
    rights: Rights,
    net: Network,
) -> Iterator[Warned]:
    metadata = cleaned.metadata
    yield from _about_text(cleaned, base, net)
    if metadata.embargo is not None and metadata.embargo <= timezone.now():
        yield Warned(Doubt.EMBARGO_OVER)
    if not any(target.chosen for target in found):
        yield Warned(Doubt.NOBODY)
    if article is not None and article.withdrawn:
        yield Warned(Doubt.WITHDRAWN)
    getting = {target.section.key for target in found if target.chosen}
    for target in found:
        leader = target.section.follows
        if target.chosen and leader is not None and leader not in getting:
            yield Warned(Doubt.WITHOUT_LEADER, words=(target.section.name, net.section(leader).name))
    yield from _others(metadata, base, article, rights, net)


def _about_text(cleaned: CleanDocument, base: str, net: Network) -> Iterator[Warned]:
    metadata = cleaned.metadata
    if images := _without_alt(cleaned.body):
        yield Warned(Doubt.NO_ALT, count=images)
    if metadata.image and not metadata.image_alt:
        yield Warned(Doubt.NO_TEASER_ALT)
    if dead := dead_links(cleaned.body, net):
        yield Warned(Doubt.DEAD_LINKS, count=len(dead), words=tuple(dead[:_TOLD]))
    seems = guess(cleaned.body, net)
    if seems and identify.label(seems) != identify.label(base):
        yield Warned(Doubt.OTHER_LANGUAGE, words=(seems,))


def _without_alt(body: str) -> int:
    """How many images of a clean body have no alternative text."""
    tags = [body[token.start : token.end] for token in markup.tokenize(body) if token.kind is markup.Kind.VOID]
    images = [tag for tag in tags if tag.lower().startswith("<img")]
    return sum(not any(each.name == "alt" and each.value.strip() for each in markup.attributes(tag)) for tag in images)


def dead_links(body: str, net: Network) -> list[str]:
    """The links of a clean body that lead to an article of the network which is not there.

    These are addresses without a host, and those that begin as the address of one of its outputs.
    """
    known = links.known([body], net).articles
    bases = tuple(filter(None, (_site(output) for output in net.outputs.values())))
    found = dict.fromkeys(unescape(href) for href in _HREF.findall(body))
    return [
        href
        for href in found
        if (form := addresses.normal(href)) and form not in known and (form[:2] != "//" or form.startswith(bases))
    ]


def _site(output: object) -> str:
    """The normal form of an output's address, as far as it is the same for all sections."""
    given = str(getattr(output, "base_url", "")).partition("{")[0]
    form = addresses.normal(given)
    return f"{form}/" if form.startswith("//") else ""


def _others(metadata: Metadata, base: str, article: Article | None, rights: Rights, net: Network) -> Iterator[Warned]:
    """Articles that may be the same one, of those that the person may know of."""
    visible = board.visible(Article.objects.exclude(pk=article.pk if article else 0), rights)
    if same := visible.filter(title=metadata.title, base=base).order_by("-id").first():
        yield Warned(Doubt.SAME_TITLE, article=same)
    if article is None and metadata.canonical_url:
        link = f'<a href="{escape(metadata.canonical_url)}">'
        ids = set(links.known([link], net).articles.values())
        if there := visible.filter(pk__in=ids).order_by("id").first():
            yield Warned(Doubt.SAME_ADDRESS, article=there)
    if metadata.series and metadata.part is not None:
        for other in visible.filter(series=metadata.series[:300]).select_related("current").order_by("id"):
            if other.current is not None and unpack_metadata(other.current.metadata).part == metadata.part:
                yield Warned(Doubt.SAME_PART, article=other)
                return
