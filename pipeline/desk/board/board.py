"""The board's page: articles × sections or languages, live."""

from __future__ import annotations

import hashlib
from typing import Final

from django.http import HttpResponse, HttpResponseNotModified
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.translation import get_language
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.board import cells
from pipeline.desk.board.filters import BoardForm
from pipeline.flow import board, installation
from pipeline.flow.status import Place

PER_PAGE = 40
"""With ten sections a page of it weighs less than 100 kB."""


_PAGE: Final = "private, no-cache"
_POLL: Final = "private, no-store"  # each is asked for once


@vary_on_headers("HX-Request")
@signed_in
@require_safe
def show(request: DeskRequest) -> HttpResponse:
    """The board, or with ``?seen=`` only its rows: 204 as long as nothing has happened since.

    What a browser has already is not sent again either (304): the entity tag is the stamp and the session, whose token
    the page's forms carry.
    """
    asked = request.GET.copy()
    seen = asked.pop("seen", [""])[0]
    stamp = board.stamp(request.rights, f"{asked.urlencode()} {get_language()}")
    if seen == stamp:
        return HttpResponse(status=204, headers={"Cache-Control": _POLL})
    etag = f'W/"{stamp}-{_session(request)}"'
    if not seen and not request.htmx and request.headers.get("If-None-Match") == etag:
        return HttpResponseNotModified(headers={"ETag": etag, "Cache-Control": _PAGE})
    response = _page(request, stamp, rows_only=bool(seen))
    response.headers["Cache-Control"] = _POLL if seen else _PAGE
    if not seen and not request.htmx:
        response.headers["ETag"] = etag
    return response


def _session(request: DeskRequest) -> str:
    """Tells the sessions of a browser apart: with each sign-in its forms get another token."""
    get_token(request)
    return hashlib.sha256(str(request.META["CSRF_COOKIE"]).encode()).hexdigest()[:12]


def _page(request: DeskRequest, stamp: str, *, rows_only: bool) -> HttpResponse:
    net = installation.network()
    form = BoardForm(request.GET, net)
    by: cells.By = "languages" if form.is_by_languages else "sections"
    cursor = request.GET.get("at", "")
    page = board.page(board.find(request.rights, form.filters()), PER_PAGE, cursor)
    columns = cells.columns(net, by)
    address = f"{request.path}?{form.query}" if form.query else request.path
    context = {
        "form": form,
        "by": by,
        "page": page,
        "columns": columns,
        "lines": cells.lines(board.rows(page.articles, request.rights, net), net, by),
        "width": len(columns) + 1,
        "stamp": stamp,
        "at": cursor,
        "address": address,
        "legend": [(place, word) for place, word in cells.WORDS.items() if place is not Place.NOT_TARGETED],
    }
    response = render(request, "desk/board/rows.html" if rows_only else "desk/board/board.html", context)
    if request.htmx and not rows_only:
        response.headers["HX-Push-Url"] = address  # what is shared has no empty filters in it
    return response
