"""Preview: the page exactly as the section's output will show it, in a frame that can do nothing."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, edition_or_404, signed_in
from pipeline.documents import Alternate
from pipeline.errors import Permanent
from pipeline.flow import installation, pages
from pipeline.flow.resources import OwnTerms
from pipeline.ledger.models import Edition, Version
from pipeline.stages.publish import SiteContext, site

P = ParamSpec("P")

SANDBOX = "sandbox"
"""A page in the frame runs nothing, sends nothing and opens nothing, whatever the article holds."""

FRAME_POLICY = f"{SANDBOX}; default-src 'none'; style-src 'self'; img-src 'self' https: data:; frame-ancestors 'self'"


@signed_in
@require_safe
def preview(request: DeskRequest, pk: int) -> HttpResponse:
    """The page in a frame, as wide as a phone or a desk; before and after where something is published already."""
    found = edition_or_404(request, pk)
    if _waiting(found) is None:
        raise Http404
    inside = request.rights.is_inside(found.section)
    before = not inside or (request.GET.get("show") == "before" and found.approved_id is not None)
    context = {
        "edition": found,
        "path": _path(found),
        "width": "phone" if request.GET.get("width") == "phone" else "desk",
        "before": before,
        "which": "before" if before else "after",
        "has_before": inside and found.approved_id is not None and found.candidate_id is not None,
    }
    return render(request, "desk/editor/preview.html", context)


def with_style_sheets(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """Serve the site's style sheets (``path``) to anybody: a sandboxed frame sends no cookie with what it asks for.

    They hold nothing of any article, and stand on every published site.
    """

    @wraps(view)
    def served(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        sheet = installation.renderer(installation.network()).assets.get(str(kwargs.get("path")))
        if sheet is not None:
            return HttpResponse(sheet, content_type="text/css; charset=utf-8")
        return view(*args, **kwargs)

    return served


@xframe_options_exempt
@with_style_sheets
@signed_in
@require_safe
def preview_file(request: DeskRequest, pk: int, which: str, path: str) -> HttpResponse:
    """A file of the site as it would be: the page of the edition."""
    found = edition_or_404(request, pk)
    allowed = {"before", "after"} if request.rights.is_inside(found.section) else {"before"}
    if path not in {_path(found), f"{_path(found)}{site.INDEX}"} or which not in allowed:
        raise Http404
    response = HttpResponse(_page(found, which), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def _waiting(found: Edition) -> Version | None:
    """What an editor has before them: what waits, or else the newest text."""
    return found.candidate or found.translation.version


def _path(found: Edition) -> str:
    now = timezone.now()
    return found.path or site.article_path(found.language, now, "preview")


def _page(found: Edition, which: str) -> bytes:
    net = installation.network()
    version = found.approved if which == "before" else _waiting(found)
    try:
        section = net.section(found.section)
    except Permanent:
        raise Http404 from None
    if version is None:
        raise Http404
    if which == "after":
        found.approved_overlay = found.overlay  # never saved: as if it were approved now
    metadata, body = pages.content_of(version, version.revision.text, found, OwnTerms())
    moment = timezone.now()
    found.path = _path(found)
    found.published_at = found.published_at or moment
    found.updated_at = found.updated_at or moment
    url = installation.output_of(section.outputs[0], section, net).address(found.path)
    page = pages.page_of(found, version, metadata, body, url, (Alternate(found.language, url, metadata.title),))
    return installation.renderer(net).article(page, SiteContext(name=section.name, time_zone=section.zone))
