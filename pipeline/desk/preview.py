"""Preview: the page exactly as the section's output will show it, in a frame that can do nothing."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, edition_or_404, signed_in
from pipeline.desk.editor import working_or_404
from pipeline.documents import Alternate
from pipeline.flow import installation, publish
from pipeline.flow.resources import OwnTerms
from pipeline.ledger.models import Edition
from pipeline.stages.publish import SiteContext, site

SANDBOX = "sandbox"
"""A page in the frame runs nothing, sends nothing and opens nothing, whatever the article holds."""


@signed_in
@require_safe
def preview(request: DeskRequest, pk: int) -> HttpResponse:
    """The page in a frame, as wide as a phone or a desk; before and after where something is published already."""
    found = edition_or_404(request, pk)
    working_or_404(found)
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


@xframe_options_exempt
@signed_in
@require_safe
def preview_file(request: DeskRequest, pk: int, which: str, path: str) -> HttpResponse:
    """A file of the site as it would be: the page of the edition, or what it links to."""
    found = edition_or_404(request, pk)
    net = installation.network()
    renderer = installation.renderer(net)
    if path in renderer.assets:
        return HttpResponse(renderer.assets[path], content_type="text/css; charset=utf-8")
    allowed = {"before", "after"} if request.rights.is_inside(found.section) else {"before"}
    if path not in {_path(found), f"{_path(found)}{site.INDEX}"} or which not in allowed:
        raise Http404
    response = HttpResponse(_page(found, which), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = (
        f"{SANDBOX}; default-src 'none'; style-src 'self'; img-src 'self' https: data:; frame-ancestors 'self'"
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _path(found: Edition) -> str:
    now = timezone.now()
    return found.path or site.article_path(found.language, now, "preview")


def _page(found: Edition, which: str) -> bytes:
    net = installation.network()
    section = net.section(found.section)
    now = working_or_404(found)
    version = found.approved if which == "before" and found.approved else now.version
    if which == "after":
        found.approved_overlay = found.overlay  # never saved: as if it were approved now
    metadata, body = publish.content_of(version, version.revision.text, found, OwnTerms())
    moment = timezone.now()
    found.path = _path(found)
    found.published_at = found.published_at or moment
    found.updated_at = found.updated_at or moment
    url = publish.output_of(section.outputs[0], section, net).address(found.path)
    page = publish.page_of(found, version, metadata, body, url, (Alternate(found.language, url, metadata.title),))
    return installation.renderer(net).article(page, SiteContext(name=section.name, time_zone=section.zone))
