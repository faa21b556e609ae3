"""Schedules and runs: the calendar, one run's progress and report; for operators also run now, pause, resume, stop."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.runs import seen
from pipeline.errors import Permanent
from pipeline.flow import installation
from pipeline.flow.batches import overview, stopping
from pipeline.flow.batches import report as reports
from pipeline.ledger.models import BatchRun
from pipeline.network import Schedule

PER_PAGE: Final = 30
AGENDA: Final = 10


@signed_in
@require_safe
def runs(request: DeskRequest) -> HttpResponse:
    """All schedules: what is due next, how the last runs went; and every run, the newest first."""
    seen.must_read(request)
    net = installation.network()
    views = overview.schedules(net)
    coming = sorted(((at, view.schedule) for view in views for at in view.coming), key=lambda pair: pair[0])
    titles = {schedule.key: schedule for schedule in net.schedules}
    page = Paginator(overview.runs(), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "views": [_card(view) for view in views],
        "coming": coming[:AGENDA],
        "page": page,
        "rows": [_row(run, titles.get(run.schedule)) for run in page.object_list],
        "active": any(view.now for view in views),
    }
    return render(request, "desk/runs/runs.html", context)


def _card(view: overview.View) -> dict[str, Any]:
    return {
        "schedule": view.schedule,
        "paused_at": view.paused_at,
        "paused_by": view.paused_by,
        "next": view.coming[0] if view.coming else None,
        "recent": [_row(run, view.schedule) for run in reversed(view.recent)],
        "now": _row(view.now, view.schedule) if view.now else None,
    }


def _row(run: BatchRun, schedule: Schedule | None) -> dict[str, Any]:
    """A run as lists show it, in its schedule's zone; one whose schedule is gone keeps its key."""
    took = (run.ended_at - run.started_at).total_seconds() if run.ended_at and run.started_at else None
    return {
        "run": run,
        "title": schedule.title if schedule else run.schedule,
        "zone": schedule.time_zone if schedule else "UTC",
        "phase": overview.phase(run).value,
        "percent": overview.share(run) * 100,
        "minutes": round(took / 60) if took is not None and took >= 60 else None,
        "seconds": round(took) if took is not None and took < 60 else None,
    }


@signed_in
@require_safe
def run(request: DeskRequest, pk: int) -> HttpResponse:
    """One run: how far each action is while it goes on, its report when it is over."""
    seen.must_read(request)
    row = _run_or_404(pk)
    net = installation.network()
    schedule = next((each for each in net.schedules if each.key == row.schedule), None)
    facts = seen.report(reports.read(row), request.rights)
    steps = [seen.step(asdict(step), request.rights) | {"percent": step.share * 100} for step in overview.steps_of(row)]
    context = {
        **_row(row, schedule),
        "report": facts,
        "steps": steps,
        "started_at": row.started_at,
        "ended_at": parse_datetime(facts["ended_at"]) if facts else None,
        "stop": None if row.is_over else stopping.wish(row.report),
    }
    return render(request, "desk/runs/run.html", context)


@signed_in
@require_safe
def report(request: DeskRequest, pk: int) -> HttpResponse:
    """The report of a run as JSON, for whoever keeps them."""
    seen.must_read(request)
    row = _run_or_404(pk)
    answer = JsonResponse(
        seen.report(reports.read(row), request.rights), json_dumps_params={"ensure_ascii": False, "indent": 1}
    )
    answer.headers["Content-Disposition"] = f'attachment; filename="run-{row.pk}.json"'
    return answer


@signed_in
@require_POST
def now(request: DeskRequest, key: str) -> HttpResponse:
    """Run a schedule now: a row is written, and whoever serves the lane takes it up."""
    schedule = _for_operators(request, key)
    row, new = overview.request(schedule, request.rights.name)
    messages.success(request, _("It was asked for.") if new else _("It was asked for already."))
    return redirect("run", pk=row.pk)


@signed_in
@require_POST
def pause(request: DeskRequest, key: str) -> HttpResponse:
    """Pause a schedule, or with ``do=resume`` let it run again."""
    schedule = _for_operators(request, key)
    if request.POST.get("do") == "resume":
        overview.resume(schedule)
        messages.success(request, _("It runs again, from the next due time on."))
    else:
        overview.pause(schedule, request.rights.name)
        messages.success(request, _("It is paused: due times pass until it is resumed."))
    return redirect("runs")


@signed_in
@require_POST
def stop(request: DeskRequest, pk: int) -> HttpResponse:
    """Stop a run after the piece in hand."""
    _must_operate(request)
    row = _run_or_404(pk)
    said = {
        stopping.Answer.ASKED: _("It ends after what it has in hand; the rest is left out."),
        stopping.Answer.ALREADY: _("Somebody has asked for that already."),
        stopping.Answer.LEFT_OUT: _("It had not begun, and is left out."),
        stopping.Answer.ENDING: _("Everything is done already; only its report is still to be made."),
        stopping.Answer.OVER: _("It is over already."),
    }
    messages.success(request, said[stopping.request(row.pk, request.rights.name)])
    return redirect("run", pk=row.pk)


def _must_operate(request: DeskRequest) -> None:
    """For who may say what runs.

    Raises:
        Http404: runs are none of their business.
        PermissionDenied: they may only read.
    """
    seen.must_read(request)
    if not request.rights.operator:
        raise PermissionDenied(_("Only an operator may do this."))


def _for_operators(request: DeskRequest, key: str) -> Schedule:
    """The schedule of this key, for who may say when it runs.

    Raises:
        Http404: there is none, or it is none of their business.
        PermissionDenied: they may only read.
    """
    _must_operate(request)
    try:
        return installation.network().schedule(key)
    except Permanent as error:
        raise Http404 from error


def _run_or_404(pk: int) -> BatchRun:
    try:
        return overview.find(pk)
    except Permanent as error:
        raise Http404 from error
