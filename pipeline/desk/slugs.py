"""The address of a page, as far as a person chooses it: its slug."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from pipeline.desk import sentences
from pipeline.desk.access import DeskRequest, edition_or_404, must_edit, signed_in
from pipeline.errors import PipelineError
from pipeline.flow import installation, slugs

LONGEST = 120


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: DeskRequest, pk: int) -> HttpResponse:
    """Change the slug of an edition; where that can't be, the form comes back and says what could be."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    context = {"edition": found, "typed": found.slug, "may_edit": True}
    if request.method != "POST":
        return render(request, "desk/slug.html", context)
    wanted = " ".join(request.POST.get("slug", "").split())[:LONGEST]
    try:
        done = slugs.change(pk, wanted, by=request.rights.name, net=installation.network())
    except PipelineError as error:
        context |= {"typed": wanted, "error": sentences.failure(error)}
        return render(request, "desk/slug.html", context, status=422)
    messages.success(request, _("The address ends in “%(slug)s” now.") % {"slug": done.slug})
    return redirect("edition", pk=pk)
