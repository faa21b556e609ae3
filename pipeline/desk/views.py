"""Views: the way in, and how to work here."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in


@signed_in
@require_safe
def home(request: DeskRequest) -> HttpResponse:
    """The address without a path leads to the board."""
    return redirect("board")


@signed_in
@require_safe
def helping(request: DeskRequest) -> HttpResponse:
    """How to work here."""
    return render(request, "desk/help.html")
