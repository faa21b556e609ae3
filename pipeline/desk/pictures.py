"""The picture that a section's teasers show, where the section has chosen one of its own."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pipeline.desk import sentences
from pipeline.desk.access import DeskRequest, edition_or_404, must_edit, signed_in
from pipeline.errors import PipelineError
from pipeline.flow import editing
from pipeline.stages import overlay

LONGEST = 2_000


def of(now: editing.Working) -> dict[str, str | bool]:
    """What the form shows: the picture that the edition's page will have, its text, and whether it is the section's."""
    meta = now.document.metadata
    return {
        "image": now.shown.get(overlay.IMAGE, meta.image),
        "image_alt": now.shown.get(overlay.IMAGE_ALT, meta.image_alt),
        "own_image": overlay.IMAGE in now.applied.own,
    }


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: DeskRequest, pk: int) -> HttpResponse:
    """Choose the picture of an edition, or give the section's own up; where that can't be, the form comes back."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    context = {"edition": found, "may_edit": True}
    try:
        if request.method != "POST":
            return render(request, "desk/image.html", context | of(editing.working(found)))
        given = {name: request.POST.get(name, "").strip()[:LONGEST] for name in ("image", "image_alt")}
        context |= given
        if request.POST.get("give-up"):
            given = dict.fromkeys(given, "")
        editing.choose_image(pk, given["image"], given["image_alt"], by=request.rights.name)
    except PipelineError as error:
        context["image_error"] = sentences.failure(error)
        return render(request, "desk/image.html", context, status=422)
    messages.success(
        request,
        _("Your section has its own picture now.")
        if given["image"]
        else _("The picture that all have is shown again."),
    )
    return redirect("edition", pk=pk)
