"""Teasers: made of an article for the ledger, and shown on front pages and lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from pipeline.documents import Page, Teaser
from pipeline.stages.publish import head, lists, locales, media, plugins, site, wording


@dataclass(frozen=True, slots=True)
class Summary:
    """A teaser as the templates need it."""

    title: str
    summary: str
    url: str
    image: str
    image_alt: str
    caption: str
    kind: str
    kind_url: str
    series: str
    moment: str
    date: str


def of(page: Page) -> Teaser:
    """How other pages and the feeds tell of an article.

    The submitter's teaser image, else the first picture of the body; with the caption that it has in the body.
    """
    meta = page.metadata
    found = media.scan(page.body)
    shown = found.picture(meta.image) if meta.image else next(iter(found.pictures), None)
    return Teaser(
        title=line(plugins.plain(meta.title)),
        summary=line(plugins.plain(meta.summary)),
        url=page.url,
        image=meta.image or (shown.url if shown else ""),
        image_alt=meta.image_alt if meta.image else (shown.alt if shown else ""),
        caption=shown.caption if shown else "",
        published_at=page.published_at,
        updated_at=page.updated_at,
        kind=meta.kind,
        series=meta.series,
        part=meta.part,
        authors=meta.authors,
        tags=meta.tags,
        enclosures=found.enclosures,
        uid=page.provenance.article,
    )


def show(teaser: Teaser, place: tuple[str, str], language: str, time_zone: tzinfo, labels: wording.Labels) -> Summary:
    """A teaser on the page at ``place`` (its address and its path in the site)."""
    published = teaser.published_at.astimezone(time_zone)
    key = lists.kind(teaser.kind)
    return Summary(
        title=line(plugins.plain(teaser.title)),
        summary=line(plugins.plain(teaser.summary)),
        url=site.link(*place, teaser.url),
        image=head.image(teaser.image),
        image_alt=teaser.image_alt,
        caption=teaser.caption,
        kind=labels.kind(teaser.kind),
        kind_url=site.relative(place[1], f"{lists.path(language, key.page)}{site.INDEX}") if key else "",
        series=series_line(teaser.series, teaser.part, labels),
        moment=published.isoformat(),
        date=locales.long_date(published, language),
    )


def series_line(series: str, part: int | None, labels: wording.Labels) -> str:
    """*Part 2 of the series “…”*; empty where there is no series."""
    if not series:
        return ""
    if part is None:
        return labels["series"].format(series=series)
    return labels["series_part"].format(series=series, part=part)


def line(text: str) -> str:
    """The text in one line, single spaces."""
    return " ".join(text.split())
