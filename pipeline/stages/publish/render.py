"""A page or a front page → the bytes that are published. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from html import escape
from pathlib import Path
from typing import Any

from django.utils.safestring import SafeString, mark_safe

from pipeline.documents import Alternate, Archive, Feed, FrontPage, ListPage, Page, Part, WithdrawnPage
from pipeline.stages.publish import body, feeds, head, lists, locales, menus, plugins, site, teasers, wording
from pipeline.stages.publish.teasers import line
from pipeline.stages.publish.theme import Theme

_FEATURES = 6  # teasers between the first and the list of earlier ones
_MOST_YEARS = 1_000
_FEEDS = (
    ("atom", "application/atom+xml", "Atom"),
    ("rss", "application/rss+xml", "RSS"),
    ("json", "application/feed+json", "JSON Feed"),
)


@dataclass(frozen=True, slots=True)
class SiteContext:
    """What pages say of the section they belong to. ``time_zone`` is the one in which its dates are written."""

    name: str
    time_zone: tzinfo


class Renderer:
    """Renders pages by Django templates, which stand beside this module and may be overridden by a theme.

    One renderer serves every section; it keeps compiled templates and is safe to share between threads.
    """

    def __init__(self, organisation: str, embed_hosts: tuple[str, ...], theme: Path | None = None) -> None:
        """``theme`` is the installation's own (see :mod:`pipeline.stages.publish.theme`).

        Raises:
            Permanent: a label file or an asset of the theme can't be used.
            ValueError: an embed host is no host name.
        """
        self._organisation = organisation
        self._embed_hosts = embed_hosts
        self._policy = head.content_security_policy(embed_hosts)
        self._theme = Theme(theme)
        self._of_year: dict[tuple[str, str], Mapping[str, Any]] = {}
        self.assets: Mapping[str, bytes] = self._theme.assets
        """What the pages link to, by path in the site: written once, kept."""

    def article(self, page: Page, context: SiteContext) -> bytes:
        """One article page.

        Raises:
            Permanent: a template of the installation is faulty.
        """
        labels = self._labels(page.language)
        meta = page.metadata
        title, summary = line(plugins.plain(meta.title)), line(plugins.plain(meta.summary))
        published, updated = (moment.astimezone(context.time_zone) for moment in (page.published_at, page.updated_at))
        return self._theme.render(
            "article.html",
            {
                **self._frame(page.language, page.path, page.url, context, labels),
                "title": title,
                "summary": summary,
                "description": summary or title,
                "links": locales.hreflang_links(menus.with_self(page, title), page.provenance.source_language),
                "metas": _metas(head.open_graph(page, title, summary, context.name), head.provenance(page)),
                "json_ld": _trusted(head.news_article(page, title, summary, self._organisation)),
                "menu": menus.menu(page.alternates, page.language, page.url, page.path),
                "kind": labels.kind(meta.kind),
                "kind_url": _list_url(page, lists.kind(meta.kind)),
                "series": teasers.series_line(meta.series, meta.part, labels),
                "series_url": _list_url(page, lists.named("series", meta.series)),
                "series_name": meta.series,
                "parts": _parts(page, labels),
                "byline": _byline(page, labels),
                "moment": published.isoformat(),
                "date": locales.long_date(published, page.language),
                "update": _update(published, updated, page.language),
                "corrections": _corrections(page, context.time_zone, labels),
                "topics": [(tag, _list_url(page, lists.named("tag", tag))) for tag in meta.tags],
                "month": labels["more_of_month"].format(month=locales.month(published, page.language)),
                "month_url": _list_url(page, lists.month(published)),
                "image": _hero(page),
                "image_alt": meta.image_alt,
                "note": self._note(page, labels),
                "body": _trusted(self._body(page, labels)),
            },
        )

    def front_page(self, front: FrontPage, context: SiteContext) -> bytes:
        """A section's front page in one of its languages. Raises as :meth:`article`."""
        labels = self._labels(front.language)
        newest = sorted(front.teasers, key=lambda teaser: teaser.published_at, reverse=True)
        place = front.url, front.path
        shown = [teasers.show(teaser, place, front.language, context.time_zone, labels) for teaser in newest]
        siblings = _fronts(front) if front.siblings else ()
        return self._theme.render(
            "front.html",
            {
                **self._frame(front.language, front.path, front.url, context, labels),
                "title": context.name,
                "description": labels["description"].format(section=context.name),
                "links": menus.front_links(siblings, front),
                "menu": menus.menu(siblings, front.language, front.url, front.path),
                "kinds": [(labels.kind(word), _list_url(front, lists.kind(word))) for word in front.kinds],
                "at_home": True,
                "lead": shown[:1],
                "features": shown[1 : 1 + _FEATURES],
                "earlier": shown[1 + _FEATURES :],
            },
        )

    def list_page(self, page: ListPage, context: SiteContext) -> bytes:
        """A page of a list: of a month, a kind, a series, an author or a tag. Raises as :meth:`article`."""
        labels = self._labels(page.language)
        what, name = _named(page.page, page.name, page.language, labels)
        place = page.url, page.path
        first = page if not page.number else replace(page, path=lists.path(page.language, page.page))
        return self._theme.render(
            "list.html",
            {
                **self._frame(page.language, page.path, page.url, context, labels),
                "title": name,
                "what": what,
                "description": labels["list_description"].format(name=name, section=context.name),
                "menu": _front_menu(page, page.siblings),
                "span": _span(page, context.time_zone) if page.number or page.older else "",
                "first_url": site.relative(page.path, f"{first.path}{site.INDEX}") if page.number else "",
                "older": site.link(*place, page.older) if page.older else "",
                "newer": site.link(*place, page.newer) if page.newer else "",
                "teasers": [
                    teasers.show(teaser, place, page.language, context.time_zone, labels) for teaser in page.teasers
                ],
            },
        )

    def archive(self, page: Archive, context: SiteContext) -> bytes:
        """The page that leads to all lists of a section in one language. Raises as :meth:`article`."""
        labels = self._labels(page.language)
        groups = [
            {"title": labels[title], "id": what, "links": links}
            for what, title in (
                ("archive", "months"),
                ("kind", "kinds_title"),
                ("series", "series_title"),
                ("tag", "topics"),
                ("author", "authors_title"),
            )
            if (links := _archive_links(page, what, labels))
        ]
        return self._theme.render(
            "archive.html",
            {
                **self._frame(page.language, page.path, page.url, context, labels),
                "title": labels["archive"],
                "description": labels["list_description"].format(name=labels["archive"], section=context.name),
                "menu": _front_menu(page, page.siblings),
                "groups": groups,
            },
        )

    def withdrawn(self, page: WithdrawnPage, context: SiteContext) -> bytes:
        """The notice that stands where an article was. Raises as :meth:`article`."""
        labels = self._labels(page.language)
        date = locales.long_date(page.withdrawn_at.astimezone(context.time_zone), page.language)
        return self._theme.render(
            "withdrawn.html",
            {
                **self._frame(page.language, page.path, page.url, context, labels),
                "title": labels["withdrawn_title"],
                "text": labels["withdrawn_text"].format(date=date),
                "to_front": labels["to_front"].format(section=context.name),
                "article": page.article,
            },
        )

    def not_found(self, front: FrontPage, context: SiteContext) -> bytes:
        """The page for addresses that lead nowhere: it works at any of them. Raises as :meth:`article`."""
        labels = self._labels(front.language)
        base = site.base_of(front.url, front.path)
        siblings = _fronts(front)
        return self._theme.render(
            "not_found.html",
            {
                **self._frame(front.language, "", "", context, labels),
                "stylesheet": site.address(base, self._theme.stylesheet),
                "asset": self._theme.links("", base),
                "home": front.url,
                "archive_url": site.address(base, lists.archive_path(front.language)),
                "feeds": [],
                "title": labels["not_found_title"],
                "to_front": labels["to_front"].format(section=context.name),
                "fronts": menus.menu(siblings, front.language, "", None) if len(siblings) > 1 else None,
            },
        )

    def root_page(self, front: FrontPage, context: SiteContext) -> bytes:
        """The page at a site's root: leads to ``front`` without a script. Raises as :meth:`article`."""
        labels = self._labels(front.language)
        frame = self._frame(front.language, "", "", context, labels)
        target = site.relative("", f"{front.path}{site.INDEX}")
        words = labels["continue"].format(section=context.name)
        return self._theme.render("root.html", {**frame, "canonical": front.url, "target": target, "continue": words})

    def feeds(self, feed: Feed, context: SiteContext) -> dict[str, bytes]:
        """The same feed as Atom, RSS and JSON Feed, by file name."""
        labels = self._labels(feed.language)
        words = feeds.Words(context.name, labels["description"].format(section=context.name), self._organisation)
        kinds = {teaser.kind: labels.kind(teaser.kind) for teaser in feed.teasers}
        return {
            f"feed.{suffix}": write(feed, words, kinds)
            for suffix, write in (("atom", feeds.atom), ("rss", feeds.rss), ("json", feeds.json_feed))
        }

    def _labels(self, language: str) -> wording.Labels:
        return self._theme.wording.for_page(language)

    def _frame(
        self, language: str, path: str, url: str, context: SiteContext, labels: wording.Labels
    ) -> dict[str, Any]:
        """What every template is given."""
        return {
            **self._common(path, language),
            "canonical": url,
            "section": context.name,
            "organisation": self._organisation,
            "label": labels,
            "own": _trusted(labels.attributes),
        }

    def _common(self, path: str, language: str) -> Mapping[str, Any]:
        """What the pages of a language have in common: articles of one year, since their addresses are as deep."""
        above = path.rstrip("/").rpartition("/")[0]
        if not above.rpartition("/")[2].isdigit():  # no year: an address may lead into the page's own folder
            return self._make_common(path, language)
        key = above, language
        if key not in self._of_year:
            if len(self._of_year) >= _MOST_YEARS:
                self._of_year.clear()
            self._of_year[key] = self._make_common(path, language)
        return self._of_year[key]

    def _make_common(self, path: str, language: str) -> Mapping[str, Any]:
        front = site.front_path(language)
        return {
            "language": language,
            "direction": locales.direction(language),
            "script": locales.script(language),
            "policy": self._policy,
            "stylesheet": site.relative(path, self._theme.stylesheet),
            "asset": self._theme.links(path),
            "home": site.relative(path, f"{front}{site.INDEX}"),
            "archive_url": site.relative(path, f"{lists.archive_path(language)}{site.INDEX}"),
            "feeds": [
                (media_type, name, site.relative(path, f"{front}feed.{suffix}")) for suffix, media_type, name in _FEEDS
            ],
        }

    def _body(self, page: Page, labels: wording.Labels) -> str:
        setting = plugins.Setting(self._embed_hosts, labels["video"])
        words = body.BodyLabels(labels["table"], labels["footnotes"], labels.attributes)
        return body.finish(page.body, setting, words)

    def _note(self, page: Page, labels: wording.Labels) -> dict[str, str] | None:
        """The note for readers of a machine translation, with a link to the original where it is published."""
        why = page.provenance
        if why.origin != "machine":
            return None
        original = head.translation_source(page)
        name = locales.name_in(why.source_language, labels.language)
        return {
            "title": labels["machine_title"],
            "text": labels["machine_approved" if why.approved_by else "machine_unread"],
            "url": site.link(page.url, page.path, original.url) if original else "",
            "language": original.language if original else "",
            "link": labels["original"].format(language=name),
        }


def _trusted(text: str) -> SafeString:
    # The body went through the gate of cleaning, JSON is escaped for its place, attributes are made of language tags,
    # names in a byline are escaped where they are put in.
    return mark_safe(text)  # noqa: S308


def _metas(properties: head.Pairs, names: head.Pairs) -> SafeString:
    """Lines of ``<meta>``: put together here, since a template takes a third of a page's time for them."""
    lines = [f'<meta property="{name}" content="{escape(content)}">' for name, content in properties]
    lines += [f'<meta name="{name}" content="{escape(content)}">' for name, content in names]
    return _trusted("\n".join(lines))


def _list_url(page: Page | FrontPage, key: lists.ListKey | None) -> str:
    """The link from a page to one of its lists; empty where there is none."""
    return site.relative(page.path, f"{lists.path(page.language, key.page)}{site.INDEX}") if key else ""


def _fronts(front: FrontPage) -> tuple[Alternate, ...]:
    """The front pages of a section, this one first; ``siblings`` may have it, too."""
    return (Alternate(front.language, front.url), *(each for each in front.siblings if each.language != front.language))


def _front_menu(page: ListPage | Archive, fronts: Sequence[Alternate]) -> dict[str, Any] | None:
    """From a page that only this language has, the menu leads to the other languages' front pages."""
    others = [front for front in fronts if front.language != page.language]
    return menus.menu((Alternate(page.language, page.url), *others), page.language, page.url, page.path)


def _named(page: str, name: str, language: str, labels: wording.Labels) -> tuple[str, str]:
    """What kind of list this is, in the page's language, and what it is called."""
    what, _, word = page.partition(":")
    if what == "archive":
        year, _, month = word.partition("-")
        shown = locales.month(datetime(int(year), int(month), 1), language)  # noqa: DTZ001 - no moment
        return labels["archive"], shown[:1].upper() + shown[1:]
    if what == "kind":
        return "", labels.kind(name)
    return labels[{"series": "series_word", "author": "author", "tag": "topic"}[what]], name


def _archive_links(page: Archive, what: str, labels: wording.Labels) -> list[tuple[str, str, int]]:
    """The links of one kind of list: name, address, count."""
    return [
        (
            _named(link.page, link.name, page.language, labels)[1],
            site.relative(page.path, f"{lists.path(page.language, link.page)}{site.INDEX}"),
            link.count,
        )
        for link in page.links
        if link.page.partition(":")[0] == what
    ]


def _span(page: ListPage, zone: tzinfo) -> str:
    """From when to when the articles of a page are."""
    if not page.teasers:
        return ""
    moments = sorted(teaser.published_at.astimezone(zone) for teaser in page.teasers)
    return locales.span(moments[0], moments[-1], page.language)


def _parts(page: Page, labels: wording.Labels) -> dict[str, Any] | None:
    """The way through a series; nothing while an article is the only part that is published."""
    number = page.metadata.part
    if page.series is None or number is None:
        return None
    others = [part for part in page.series.parts if part.number != number]
    if not others:
        return None
    own = Part(number, line(plugins.plain(page.metadata.title)), "")
    ordered = sorted([*others, own], key=lambda part: part.number)
    place = ordered.index(own)
    few = bool(page.series.total)

    def shown(part: Part) -> dict[str, Any]:
        url = site.link(page.url, page.path, part.url) if part.url else ""
        return {"number": part.number, "title": part.title, "url": url}

    return {
        "position": labels["part_of" if few else "part_word"].format(part=number, total=max(page.series.total, number)),
        "all": [shown(part) for part in ordered] if few else [],
        "previous": shown(ordered[place - 1]) if place else None,
        "next": shown(ordered[place + 1]) if place + 1 < len(ordered) else None,
    }


def _byline(page: Page, labels: wording.Labels) -> SafeString | str:
    """*By Ana and Rui*, each name a link to its list; names are bidirectionally isolated."""
    if not page.metadata.authors:
        return ""
    names = [
        f'<a href="{escape(url)}" rel="author"><bdi>{escape(name)}</bdi></a>' if url else f"<bdi>{escape(name)}</bdi>"
        for name in page.metadata.authors
        for url in [_list_url(page, lists.named("author", name))]
    ]
    return _trusted(escape(labels["by"]).format(authors=locales.enumeration(names, page.language)))


def _update(published: datetime, updated: datetime, language: str) -> dict[str, str] | None:
    """When the page changed, if a reader would notice: the time on the same day, else the date."""
    if (updated - published).total_seconds() < 60:
        return None
    same_day = updated.date() == published.date()
    text = locales.clock(updated, language) if same_day else locales.long_date(updated, language)
    return {"moment": updated.isoformat(), "text": text}


def _corrections(page: Page, zone: tzinfo, labels: wording.Labels) -> list[dict[str, str]]:
    """The corrections of a page, newest first; each note says its language where that is not the page's."""
    return [
        {
            "label": labels["corrected"].format(date=locales.long_date(each.at.astimezone(zone), page.language)),
            "note": line(each.note),
            "language": "" if locales.generic(each.language) == locales.generic(page.language) else each.language,
            "direction": locales.direction(each.language),
        }
        for each in sorted(page.corrections, key=lambda each: each.at, reverse=True)
    ]


def _hero(page: Page) -> str:
    """The teaser image, unless the article shows it anyway."""
    address = head.image(page.metadata.image)
    shown = address.replace("&", "&amp;") in page.body or address in page.body
    return "" if shown else address
