"""An article's own page: where it is, why not elsewhere, and all that happened to it."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.board import comparing
from pipeline.desk.board.comparing import Change
from pipeline.desk.paging import Page, page_of
from pipeline.flow import article_page, installation
from pipeline.flow.article_page import View
from pipeline.ledger.models.articles import unpack_metadata


@signed_in
@require_safe
def show(request: DeskRequest, uid: str) -> HttpResponse:
    """The whole page; ``?events=all`` shows all that ever happened."""
    view = view_or_404(request, uid)
    net = installation.network()
    whole = article_page.whole(view, net, all_events=request.GET.get("events") == "all")
    meta = unpack_metadata(view.article.current.metadata) if view.inside and view.article.current else None
    names = {section.key: section.name for section in net.sections}
    zones = {section.key: section.time_zone for section in net.sections}
    context = {
        "article": view.article,
        "view": view,
        "whole": whole,
        "meta": meta,
        "places": [(names[each.cell.section], each) for each in whole.row.standings if each is not None],
        "standings": [
            (each, names.get(each.edition.section, each.edition.section), zones.get(each.edition.section, "UTC"))
            for each in whole.standings
        ],
        "versions": [(each, whole.versions.get(each.pk, [])) for each in whole.translations],
        "led": [section for section in request.rights.roles if request.rights.may_lead(section)],
        "failed": _failed(whole),
    }
    return render(request, "desk/board/article.html", context)


@signed_in
@require_safe
def revision(request: DeskRequest, uid: str, number: int) -> HttpResponse:
    """A revision: who handed it in, what cleaning did, and what is new since the one before (or ``?from=``)."""
    view = view_or_404(request, uid)
    new = article_page.revision(view, number)
    if new is None:
        raise Http404
    before = _number(request.GET.get("from", "")) or number - 1
    old = article_page.revision(view, before)
    found = comparing.changes(comparing.of_source(old), comparing.of_source(new)) if old else []
    context = {
        "article": view.article,
        "revision": new,
        "old": old,
        "about": comparing.about(old, new) if old else [],
        "changes": _page(found, request),
        "count": len(found),
        "language": new.metadata.get("language", view.article.language),
    }
    return render(request, "desk/board/revision.html", context)


@signed_in
@require_safe
def versions(request: DeskRequest, uid: str, base: str) -> HttpResponse:
    """Two versions of a translation side by side: ``?from=2&to=5``; without them the last two."""
    view = view_or_404(request, uid)
    translation = article_page.translations(view).filter(base=base).first()
    if translation is None:
        raise Http404
    known = list(translation.versions.order_by("-number").values_list("number", flat=True))
    if not known:
        raise Http404
    second = _number(request.GET.get("to", "")) or known[0]
    first = _number(request.GET.get("from", "")) or max((each for each in known if each < second), default=second)
    old, new = (article_page.version(view, base, each) for each in (first, second))
    if old is None or new is None:
        raise Http404
    pieces = [comparing.of_version(each, article_page.text_of(each)) for each in (old, new)]
    found = comparing.changes(*pieces)
    context = {
        "article": view.article,
        "base": base,
        "known": known,
        "old": old,
        "new": new,
        "changes": _page(found, request),
        "count": len(found),
        "same": len(pieces[1]) - sum(change.new is not None for change in found),
    }
    return render(request, "desk/board/versions.html", context)


def view_or_404(request: DeskRequest, uid: str) -> View:
    """An article that the person may know of.

    Raises:
        Http404: there is none, or it is none of their business.
    """
    view = article_page.find(uid, request.rights)
    if view is None:
        raise Http404
    return view


def _page(found: Sequence[Change], request: DeskRequest) -> Page[Change]:
    return page_of(found, request.GET.get("page", ""))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _failed(whole: article_page.Whole) -> bool:
    """Whether anything of the article has failed, at whatever stage."""
    pages = [page for each in whole.standings for page in each.deliveries]
    return any(row.status == "failed" for row in (*whole.revisions[:1], *whole.translations, *pages))
