"""A page or a front page → the bytes that are published. The same input gives the same bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from itertools import groupby
from pathlib import Path
from types import MappingProxyType
from typing import Any

from django.template import Context, Engine, TemplateDoesNotExist, TemplateSyntaxError
from django.template.base import VariableDoesNotExist
from django.utils.safestring import SafeString, mark_safe

from pipeline.documents import Alternate, FrontPage, Page, Teaser
from pipeline.errors import Permanent
from pipeline.stages.publish import body, head, locales, plugins, site, wording

_HERE = Path(__file__).parent
_TEMPLATES = _HERE / "templates"
_STYLESHEETS = ("base.css", "article.css", "front.css")
_OWN_STYLESHEET = "own.css"  # an installation's, among its templates: comes last and wins
_DATA_IMAGE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif|svg\+xml)[;,]", re.IGNORECASE)
_FEATURES = 6  # teasers between the first and the list of earlier ones
# What a UTF-8 page can't hold, or what its readers' parsers refuse: controls, lone surrogates, non-characters.
_UNFIT = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class SiteContext:
    """What pages say of the section they belong to. ``time_zone`` is the one in which its dates are written."""

    name: str
    time_zone: tzinfo


@dataclass(frozen=True, slots=True)
class _Choice:
    """One link of a language menu."""

    label: str
    language: str
    direction: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class _LanguageGroup:
    """The pages of one language in a menu; ``name`` stands before its regions, and is empty for a single page."""

    name: str
    language: str
    direction: str
    choices: tuple[_Choice, ...]


@dataclass(frozen=True, slots=True)
class _Summary:
    """A teaser as the template needs it."""

    title: str
    summary: str
    url: str
    image: str
    image_alt: str
    kind: str
    series: str
    moment: str
    date: str


class Renderer:
    """Renders pages by Django templates, which stand beside this module and may be overridden.

    One renderer serves every section; it keeps compiled templates and is safe to share between threads.
    """

    def __init__(self, organisation: str, embed_hosts: tuple[str, ...], template_dirs: Sequence[Path] = ()) -> None:
        """``template_dirs`` win over our own templates, the first of them most.

        Each may hold templates (``article.html``), ``labels/<language>.toml`` and ``own.css``.

        Raises:
            Permanent: a label file of the installation can't be used.
            ValueError: an embed host is no host name.
        """
        self._organisation = organisation
        self._embed_hosts = embed_hosts
        self._policy = head.content_security_policy(embed_hosts)
        self._wording = wording.Wording([folder / "labels" for folder in template_dirs])
        self._engine = Engine(dirs=[str(folder) for folder in (*template_dirs, _TEMPLATES)])
        style = _stylesheet(template_dirs)
        self._stylesheet = f"{site.ASSETS}site-{hashlib.sha256(style).hexdigest()[:16]}.css"
        self.assets: Mapping[str, bytes] = MappingProxyType({self._stylesheet: style})
        """What the pages link to, by path in the site. Names carry a digest of the content: written once, kept."""

    def article(self, page: Page, context: SiteContext) -> bytes:
        """One article page.

        Raises:
            Permanent: a template of the installation is faulty.
        """
        labels = self._wording.for_page(page.language)
        meta = page.metadata
        title, summary = _line(plugins.plain(meta.title)), _line(plugins.plain(meta.summary))
        published, updated = (moment.astimezone(context.time_zone) for moment in (page.published_at, page.updated_at))
        return self._render(
            "article.html",
            {
                **self._frame(page.language, page.path, page.url, context, labels),
                "title": title,
                "summary": summary,
                "description": summary or title,
                "links": locales.hreflang_links(_with_self(page, title), page.provenance.source_language),
                "open_graph": head.open_graph(page, title, summary, context.name),
                "provenance": head.provenance(page),
                "json_ld": _trusted(head.news_article(page, title, summary, self._organisation)),
                "menu": _menu(page.alternates, page.language, page.url, page.path),
                "kind": labels.kind(meta.kind),
                "series": _series_line(meta.series, meta.part, labels),
                "byline": _byline(meta.authors, page.language, labels),
                "moment": published.isoformat(),
                "date": locales.long_date(published, page.language),
                "update": _update(published, updated, page.language),
                "topics": meta.tags,
                "image": _hero(page),
                "image_alt": meta.image_alt,
                "note": self._note(page, labels),
                "body": _trusted(self._body(page, labels)),
            },
        )

    def front_page(self, front: FrontPage, context: SiteContext) -> bytes:
        """A section's front page in one of its languages. Raises as :meth:`article`."""
        labels = self._wording.for_page(front.language)
        newest = sorted(front.teasers, key=lambda teaser: teaser.published_at, reverse=True)
        teasers = [_summarise(teaser, front, context, labels) for teaser in newest]
        siblings = (Alternate(front.language, front.url), *front.siblings) if front.siblings else ()
        return self._render(
            "front.html",
            {
                **self._frame(front.language, front.path, front.url, context, labels),
                "title": context.name,
                "description": labels["description"].format(section=context.name),
                "links": _front_links(siblings, front),
                "menu": _menu(siblings, front.language, front.url, front.path),
                "lead": teasers[:1],
                "features": teasers[1 : 1 + _FEATURES],
                "earlier": teasers[1 + _FEATURES :],
            },
        )

    def root_page(self, front: FrontPage, context: SiteContext) -> bytes:
        """The page at a site's root: leads to ``front`` without a script. Raises as :meth:`article`."""
        labels = self._wording.for_page(front.language)
        frame = self._frame(front.language, "", "", context, labels)
        target = site.relative("", f"{front.path}{site.INDEX}")
        words = labels["continue"].format(section=context.name)
        return self._render("root.html", {**frame, "canonical": front.url, "target": target, "continue": words})

    def _frame(
        self, language: str, path: str, url: str, context: SiteContext, labels: wording.Labels
    ) -> dict[str, Any]:
        """What every template is given."""
        return {
            "language": language,
            "direction": locales.direction(language),
            "script": locales.script(language),
            "policy": self._policy,
            "stylesheet": site.relative(path, self._stylesheet),
            "home": site.relative(path, f"{site.front_path(language)}{site.INDEX}"),
            "canonical": url,
            "section": context.name,
            "organisation": self._organisation,
            "label": labels,
            "own": _trusted(labels.attributes),
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

    def _render(self, template: str, values: Mapping[str, Any]) -> bytes:
        # No localising: numbers and dates come in as finished text, and Django's settings are never asked.
        context = Context(dict(values), use_l10n=False, use_tz=False)
        try:
            html = self._engine.get_template(template).render(context)
        except (TemplateSyntaxError, TemplateDoesNotExist, VariableDoesNotExist) as error:
            raise Permanent(
                f"The template {template} can't be rendered: {error}.",
                "Mend the installation's own templates, or move them away to get ours back.",
            ) from error
        return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", html).encode()


def _trusted(text: str) -> SafeString:
    # The body went through the gate of cleaning, JSON is escaped for its place, attributes are made of language tags.
    return mark_safe(text)  # noqa: S308


def _line(text: str) -> str:
    return " ".join(text.split())


def _stylesheet(template_dirs: Sequence[Path]) -> bytes:
    own = [folder / _OWN_STYLESHEET for folder in reversed(template_dirs)]
    paths = [*(_HERE / "assets" / name for name in _STYLESHEETS), *(path for path in own if path.is_file())]
    return b"\n".join(path.read_bytes() for path in paths)


def _with_self(page: Page, title: str) -> tuple[Alternate, ...]:
    """The alternates with this page among them: hreflang wants it, and a first page is not confirmed yet."""
    if any(alternate.url == page.url for alternate in page.alternates):
        return page.alternates
    return (Alternate(page.language, page.url, title), *page.alternates)


def _front_links(siblings: Sequence[Alternate], front: FrontPage) -> tuple[locales.Link, ...]:
    """hreflang of a front page; a reader of none of its languages is sent to the site's root."""
    root = site.base_of(front.url, front.path) or front.url
    links = locales.hreflang_links(siblings, front.language)
    return tuple(locales.Link(link.hreflang, root if link.hreflang == "x-default" else link.url) for link in links)


def _menu(alternates: Sequence[Alternate], language: str, url: str, path: str) -> dict[str, Any] | None:
    """The other languages of a page, by language and then region; nothing when there is no other page."""
    if not any(alternate.url != url for alternate in alternates):
        return None
    ordered = sorted(alternates, key=lambda alternate: (_sort_key(alternate.language), alternate.url))
    groups = []
    for _, members in groupby(ordered, key=lambda alternate: locales.generic(alternate.language)):
        pages = list(members)
        several = len(pages) > 1
        choices = tuple(
            _Choice(
                locales.region_name(other.language) if several else locales.own_name(other.language, with_region=False),
                other.language,
                locales.direction(other.language),
                "" if other.url == url else site.link(url, path, other.url),
                other.url == url,
            )
            for other in pages
        )
        first = pages[0].language
        name = locales.own_name(locales.generic(first)) if several else ""
        groups.append(_LanguageGroup(name, locales.generic(first), locales.direction(first), choices))
    return {"groups": groups, "folded": len(ordered) > 3, "current": locales.own_name(language)}


def _sort_key(tag: str) -> tuple[str, str]:
    return locales.own_name(locales.generic(tag)).casefold(), locales.region_name(tag).casefold()


def _series_line(series: str, part: int | None, labels: wording.Labels) -> str:
    if not series:
        return ""
    return (
        labels["series"].format(series=series)
        if part is None
        else labels["series_part"].format(series=series, part=part)
    )


def _byline(authors: Sequence[str], language: str, labels: wording.Labels) -> str:
    return labels["by"].format(authors=locales.enumeration(authors, language)) if authors else ""


def _update(published: datetime, updated: datetime, language: str) -> dict[str, str] | None:
    """When the page changed, if a reader would notice: the time on the same day, else the date."""
    if (updated - published).total_seconds() < 60:
        return None
    same_day = updated.date() == published.date()
    text = locales.clock(updated, language) if same_day else locales.long_date(updated, language)
    return {"moment": updated.isoformat(), "text": text}


def _image(address: str) -> str:
    return address if head.is_web_address(address) or _DATA_IMAGE.match(address) else ""


def _hero(page: Page) -> str:
    """The teaser image, unless the article shows it anyway."""
    address = _image(page.metadata.image)
    shown = address.replace("&", "&amp;") in page.body or address in page.body
    return "" if shown else address


def _summarise(teaser: Teaser, front: FrontPage, context: SiteContext, labels: wording.Labels) -> _Summary:
    published = teaser.published_at.astimezone(context.time_zone)
    return _Summary(
        title=_line(plugins.plain(teaser.title)),
        summary=_line(plugins.plain(teaser.summary)),
        url=site.link(front.url, front.path, teaser.url),
        image=_image(teaser.image),
        image_alt=teaser.image_alt,
        kind=labels.kind(teaser.kind),
        series=_series_line(teaser.series, teaser.part, labels),
        moment=published.isoformat(),
        date=locales.long_date(published, front.language),
    )
