"""An urgent correction: published from the editor at once, ahead of its review."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pipeline.desk import sentences
from pipeline.desk.access import DeskRequest, edition_or_404, must_edit, signed_in
from pipeline.errors import Permanent
from pipeline.flow import installation, urgent


@signed_in
@require_POST
def correct(request: DeskRequest, pk: int) -> HttpResponse:
    """Publish what was on the screen as a correction of what is published; the note says what was wrong."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    try:
        urgent.publish(
            pk,
            by=request.rights.name,
            net=installation.network(),
            digest=request.POST.get("digest", ""),
            note=request.POST.get("why", ""),
        )
    except Permanent as error:
        messages.error(request, sentences.failure(error))
    else:
        messages.success(request, _("The correction is being published. It waits to be confirmed or taken back."))
    return redirect("edition", pk=pk)
