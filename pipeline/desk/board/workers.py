"""Workers and lanes, for operators: what is under way, who works on it, and what waits for nobody."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.flow import installation, traffic


@signed_in
@require_safe
def show(request: DeskRequest) -> HttpResponse:
    """Lanes with depth and age, workers with the pairs they can translate, and what waits for a model."""
    if not request.rights.operator:
        raise Http404
    found = traffic.workers()
    context = {
        "lanes": traffic.lane_states(installation.network(), found),
        "workers": found,
        "alive": sum(not worker.is_stale for worker in found),
        "lacking": traffic.lacking(),
    }
    return render(request, "desk/board/workers.html", context)
