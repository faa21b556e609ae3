"""Pages that are made of many articles: front pages, lists, feeds, sitemaps. Written once for many changes.

Each reads its own rows by an index, and no more of them than it shows. :mod:`pipeline.flow.listing` says when one is
due.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.db import transaction
from django.db.models import F, Q, QuerySet

from pipeline.documents import Alternate, Archive, Feed, FrontPage, ListLink, ListPage, SitemapEntry, Teaser
from pipeline.errors import Unreachable
from pipeline.flow import clock, deliveries, installation, series, work
from pipeline.flow.listing import FRONT
from pipeline.flow.patience import Patience
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Delivery, Place, Refresh
from pipeline.ledger.models.articles import hold_all
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.ledger.models.lists import unpack_teaser
from pipeline.network import Network, Section
from pipeline.stages.publish import Renderer, SiteContext, lists, site, sitemap
from pipeline.stages.publish.outputs.contract import Output

FEED_ENTRIES: Final = 30
_MOST_TIED: Final = 200
KINDS_ON_FRONT: Final = 8
NAMES_IN_ARCHIVE: Final = 60
"""Series, topics and authors that the archive's own page names: those with the most articles."""

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class _Site:
    """What the pages of a row are made with."""

    row: Refresh
    section: Section
    net: Network
    out: Output
    renderer: Renderer

    @property
    def context(self) -> SiteContext:
        return SiteContext(name=self.section.name, time_zone=self.section.zone)

    @property
    def rows(self) -> QuerySet[Refresh]:
        """The other pages of this site."""
        return Refresh.objects.filter(output=self.row.output, section=self.row.section)

    def languages(self) -> list[str]:
        """The languages that have a front page, in the order of the network file."""
        known = set(self.rows.filter(page=FRONT).values_list("language", flat=True))
        return [language.tag for language in self.section.languages if language.tag in known]

    def front(self, language: str, *, teasers: Sequence[Teaser] = (), kinds: Sequence[str] = ()) -> FrontPage:
        path = site.front_path(language)
        return FrontPage(
            language=language,
            section=self.section.key,
            path=path,
            url=self.out.address(path),
            teasers=tuple(teasers),
            siblings=self.fronts(),
            kinds=tuple(kinds),
        )

    def fronts(self) -> tuple[Alternate, ...]:
        """The front pages of all its languages."""
        return tuple(Alternate(tag, self.out.address(site.front_path(tag))) for tag in self.languages())


def send(claim: claims.Claim[Refresh], rows: Sequence[Refresh]) -> None:
    """Write the pages of a claim, or take away those of which nothing is left."""
    net = installation.network()
    patience, left = Patience(claim, net, rows[0].output), list[Refresh]()
    for row in rows:
        if patience.asks(row.section):
            work.guarded(row, claim, lambda row=row: _try(row, claim, net, patience))  # type: ignore[misc]
        else:
            left.append(row)
    patience.end(left)


def _try(row: Refresh, claim: claims.Claim[Refresh], net: Network, patience: Patience[Refresh]) -> None:
    try:
        _send(row, claim, net)
    except Unreachable:
        patience.no_answer(row.section, row.attempts)
        raise


def _send(row: Refresh, claim: claims.Claim[Refresh], net: Network) -> None:
    section = net.section(row.section)
    out = installation.output_of(row.output, section, net)
    place = _Site(row, section, net, out, installation.renderer(net))
    key = f"{row.page}/{row.language}" if row.language else row.page
    written = _maker(row.page)(place)
    if written is None:
        out.remove(key, row.sending_seq)
    else:
        path, files = written
        out.put_assets(place.renderer.assets)
        out.put(path, files, key, row.sending_seq)
    if row.touched:
        _tell_parts(row, claim, net)
    else:
        claims.finish_promise(row, claim.token, done_seq=F("sending_seq"))


def _tell_parts(row: Refresh, claim: claims.Claim[Refresh], net: Network) -> None:
    """Want the parts of a series again that lead to one which has come, gone or changed."""
    later = deliveries.settling(net, row.output)
    with transaction.atomic():
        pages = series.around(row)
        hold_all(pages.values_list("edition__article_id", flat=True))
        deliveries.rewrite(pages, later=later)
        told = Refresh.objects.select_for_update().get(pk=row.pk)
        left = [part for part in told.touched if part not in row.touched]
        claims.finish_promise(row, claim.token, done_seq=F("sending_seq"), touched=left)


Written = tuple[str, Files] | None
"""A path with its files, or that there is nothing to show."""


def _maker(page: str) -> Callable[[_Site], Written]:
    if lists.is_list(page):
        return _list
    return _MAKERS[page.partition(":")[0] + (":" if ":" in page else "")]


def _front(place: _Site) -> Written:
    newest = _newest(place.row, place.section.front_page)
    language = place.row.language
    kinds = _most(place.rows, "kind", language, KINDS_ON_FRONT)
    front = place.front(language, teasers=newest, kinds=[row.name for row in kinds])
    return front.path, {site.INDEX: place.renderer.front_page(front, place.context)}


def _list(place: _Site) -> Written:
    key, number = lists.split(place.row.page)
    language = place.row.language
    head = place.rows.get(page=key, language=language) if number else place.row
    if not number and not head.listed:
        return None
    path = lists.path(language, key, number)
    full = lists.full_pages(head.numbered)
    older, newer = (number - 1, number + 1 if number < full else 0) if number else (full, -1)
    page = ListPage(
        language=language,
        section=place.section.key,
        path=path,
        url=place.out.address(path),
        page=key,
        name=head.name,
        teasers=tuple(_ordered(_between(head, lists.numbers(head.numbered, number)), key)),
        number=number,
        older=place.out.address(lists.path(language, key, older)) if older else "",
        newer=place.out.address(lists.path(language, key, newer)) if newer >= 0 else "",
        siblings=place.fronts(),
    )
    return path, {site.INDEX: place.renderer.list_page(page, place.context)}


def _archive(place: _Site) -> Written:
    language = place.row.language
    path = lists.archive_path(language)
    months = _lists(place.rows, "archive", language).order_by("-page")
    named = [
        row
        for what in ("kind", "series", "tag", "author")
        for row in sorted(_most(place.rows, what, language, NAMES_IN_ARCHIVE), key=lambda row: row.name.casefold())
    ]
    page = Archive(
        language=language,
        section=place.section.key,
        path=path,
        url=place.out.address(path),
        links=tuple(ListLink(row.page, row.name, row.listed) for row in [*months, *named]),
        siblings=place.fronts(),
    )
    return path, {site.INDEX: place.renderer.archive(page, place.context)}


def _feed(place: _Site) -> Written:
    path = site.front_path(place.row.language)
    front = place.rows.get(page=FRONT, language=place.row.language)
    newest = _newest(front, FEED_ENTRIES)
    changed = [teaser.updated_at or teaser.published_at for teaser in newest]
    feed = Feed(
        language=place.row.language,
        section=place.section.key,
        url=place.out.address(path),
        address=place.out.address(path),
        teasers=tuple(newest),
        updated_at=max(changed, default=clock.now()),
    )
    return path, place.renderer.feeds(feed, place.context)


def _sitemap(place: _Site) -> Written:
    language, number = place.row.language, int(place.row.page.partition(":")[2])
    front = place.rows.get(page=FRONT, language=language)
    entries = sorted(_entries(_between(front, sitemap.places(number)), place.net), key=lambda entry: entry.url)
    home = place.out.address(site.front_path(language))
    fronts = [(home, max(entry.updated_at for entry in entries))] if number == 1 and entries else []
    return "", {sitemap.file_name(language, number): sitemap.sitemap(entries, fronts)}


def _entries(places: QuerySet[Place], net: Network) -> Iterator[SitemapEntry]:
    """The pages at some places with their alternates: one query for the pages, and one for all their alternates."""
    rows = list(places.select_related("listed__delivery__edition__article"))
    columns = [(section.key, language.tag) for section in net.sections for language in section.languages]
    order = {column: number for number, column in enumerate(columns)}
    leading = {section.key: section.outputs[0] for section in net.sections}
    # By their ids: a subquery, and a cursor over it, lead PostgreSQL to look at every delivery for every article.
    shown = Delivery.objects.filter(
        SHOWN, edition__article_id__in={row.listed.delivery.edition.article_id for row in rows}
    ).values_list("edition__article_id", "edition__section", "edition__language", "output", "url")
    alternates: dict[int, list[tuple[int, Alternate]]] = {}
    for article_id, section, language, output, url in shown:
        if (section, language) in order and leading[section] == output:
            alternates.setdefault(article_id, []).append((order[section, language], Alternate(language, url)))
    for row in rows:
        teaser, article = unpack_teaser(row.listed.teaser), row.listed.delivery.edition.article
        found = sorted(alternates.get(article.pk, []), key=lambda pair: pair[0])
        named = tuple(alternate for _, alternate in found)
        yield SitemapEntry(teaser.url, teaser.updated_at or teaser.published_at, named, article.language)


def _sitemap_index(place: _Site) -> Written:
    known = place.rows.filter(page__gte="sitemap:", page__lt="sitemap;").values_list("language", "page")
    found = sorted((language, int(page.partition(":")[2])) for language, page in known)
    return "", {sitemap.INDEX: sitemap.index(place.out.address(sitemap.file_name(*each)) for each in found)}


def _robots(place: _Site) -> Written:
    return "", {sitemap.ROBOTS: sitemap.robots(place.out.address(sitemap.INDEX))}


def _root(place: _Site) -> Written:
    front = place.front(place.languages()[0])
    return "", {site.INDEX: place.renderer.root_page(front, place.context)}


def _not_found(place: _Site) -> Written:
    front = place.front(place.languages()[0])
    return "", {"404.html": place.renderer.not_found(front, place.context)}


_MAKERS: Final[Mapping[str, Callable[[_Site], Written]]] = {
    "front": _front,
    "archive": _archive,
    "feed": _feed,
    "sitemap:": _sitemap,
    "sitemap": _sitemap_index,
    "robots": _robots,
    "root": _root,
    "404": _not_found,
}


def _newest(front: Refresh, number: int) -> list[Teaser]:
    places = Place.objects.filter(refresh=front).select_related("listed")
    newest = {place.pk: place for place in places.order_by("-published_at", "-number")[:number]}
    if len(newest) == number:
        # Of those that came at one moment the address decides, too, which of them are still among the newest.
        last = min(place.published_at for place in newest.values())
        newest |= {place.pk: place for place in places.filter(published_at=last).order_by("number")[:_MOST_TIED]}
    return _in_order(newest.values())[:number]


def _between(head: Refresh, numbers: range) -> QuerySet[Place]:
    """The places of a list with these numbers."""
    found = Place.objects.filter(refresh=head, number__gte=numbers.start, number__lt=numbers.stop)
    return found.order_by("number").select_related("listed")


def _ordered(places: QuerySet[Place], page: str) -> list[Teaser]:
    """Newest first; a series from its first part on."""
    newest = _in_order(places)
    if page.startswith("series:"):
        newest.sort(key=lambda teaser: (teaser.part is None, teaser.part or 0))
    return newest


def _in_order(places: Iterable[Place]) -> list[Teaser]:
    """Newest first. What came at one moment stands by its address, not by which was confirmed first: that is chance."""
    teasers = sorted((unpack_teaser(place.listed.teaser) for place in places), key=lambda teaser: teaser.url)
    return sorted(teasers, key=lambda teaser: teaser.published_at, reverse=True)


def _lists(rows: QuerySet[Refresh], what: str, language: str) -> QuerySet[Refresh]:
    """The lists of one kind that have an article: a range of the key's index."""
    return rows.filter(Q(page__gte=f"{what}:", page__lt=f"{what};"), language=language, listed__gt=0)


def _most(rows: QuerySet[Refresh], what: str, language: str, number: int) -> QuerySet[Refresh]:
    return _lists(rows, what, language).order_by("-listed", "page")[:number]
