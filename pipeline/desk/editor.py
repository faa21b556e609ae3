"""The editor: source and translation side by side, segment by segment, and what is decided about the whole."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from pipeline.desk import pictures, sentences
from pipeline.desk.access import DeskRequest, edition_or_404, must_edit, signed_in
from pipeline.desk.bulk import approved_words
from pipeline.desk.fixes import Notice
from pipeline.desk.paging import page_of
from pipeline.desk.rows import Row, rows_of
from pipeline.desk.segments import address_of
from pipeline.desk.updates import Update, update_of
from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, findings, installation, urgent, waiting
from pipeline.flow.editing import Working
from pipeline.ledger.models import Edition, Event, Finding, Note
from pipeline.ledger.models.editions import seen_digest

SHOWN = ("eyes", "changed")
"""What of an article can be shown alone: ``?show=…``."""


@signed_in
@require_safe
def edition(request: DeskRequest, pk: int) -> HttpResponse:
    """Source and translation of an edition; ``?show=eyes`` or ``changed`` leaves out the rest."""
    found = edition_or_404(request, pk)
    inside = request.rights.is_inside(found.section)
    try:
        section = installation.network().section(found.section)
        now = editing.working(found, published=not inside)
    except Permanent as error:
        return render(request, "desk/editor/empty.html", {"edition": found, "why": error})
    may = request.rights.may_edit(found.section)
    others = waiting.here(found, request.user) if may and request.method == "GET" else []
    update = update_of(now) if inside else Update({})
    rows = rows_of(now, request.user, update, inside=inside)
    show = request.GET.get("show", "")
    shown = [row for row in rows if _is_shown(row, show)]
    page = page_of(shown, request.GET.get("page", ""), request.GET.get("at", ""))
    context = {
        "edition": found,
        "section": section,
        "title": now.document.metadata.title,
        "version": now.version,
        "page": page,
        "count": len(rows),
        "eyes": sum(row.wants_eyes for row in rows),
        "changed": sum(row.is_changed for row in rows),
        "show": show if show in SHOWN else "",
        "update": update,
        "may_edit": may,
        "digest": seen_digest(now.version, found.overlay),
        "others": others,
        "source_language": now.document.metadata.language,
        "whole": [Notice(each, ()) for each in _whole(now)] if inside else (),
        "gone": [conflict for conflict in now.applied.conflicts if conflict.is_gone],
        "inside": inside,
        **pictures.of(now),
        "notes": list(found.notes.order_by("-id")[:20]) if inside else [],
        "events": list(_events(found)[:20]) if inside else [],
        "urgent": may and urgent.is_offered(found, installation.network()),
        "blocking": now.version.findings.filter(severity="block", state=Finding.State.OPEN).count(),
    }
    return render(request, "desk/editor/edition.html", context)


def _whole(now: Working) -> QuerySet[Finding]:
    """What the checks say of the text as a whole."""
    return now.version.findings.filter(segment="", state=Finding.State.OPEN)


def _is_shown(row: Row, show: str) -> bool:
    return row.wants_eyes if show == "eyes" else row.is_changed if show == "changed" else True


def _events(found: Edition) -> QuerySet[Event]:
    return Event.objects.filter(article=found.article, section__in=["", found.section]).order_by("-id")


@signed_in
@require_POST
def dismiss(request: DeskRequest, pk: int, finding: int) -> HttpResponse:
    """Put a finding aside, with the reason: the text is right as it is."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    row = Finding.objects.filter(pk=finding, version__translation=found.translation_id).first()
    if row is None:
        raise Http404
    try:
        findings.dismiss(
            row.pk, by=request.user.get_username(), why=request.POST.get("why", ""), net=installation.network()
        )
    except Permanent as error:
        messages.error(request, sentences.failure(error))
    return redirect(address_of(pk, row.segment))


@signed_in
@require_POST
def verdict(request: DeskRequest, pk: int) -> HttpResponse:
    """Approve (now or for later), return with a note, or reject with a reason: exactly what was on the screen."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    by, why = request.user.get_username(), request.POST.get("why", "").strip()
    try:
        match request.POST.get("do"):
            case "approve":
                done = decisions.approve(
                    pk,
                    by=by,
                    net=installation.network(),
                    digest=request.POST.get("digest", ""),
                    dismiss=why,
                    release_at=_release(request, found),
                )
                _note(found, by, why)
                messages.success(request, approved_words(done))
            case "return":
                decisions.send_back(pk, by=by, note=why)
                messages.success(request, _("Returned with your note."))
            case "reject":
                decisions.decline(pk, by=by, reason=why)
                messages.success(request, _("Rejected: it will not be published in your section."))
            case "take":
                waiting.assign(found, request.user)
                _note(found, by, why)
                messages.success(request, _("It is yours now."))
            case "note" if why:
                _note(found, by, why)
            case _:
                messages.error(request, _("Nothing was done: the note was empty."))
    except Permanent as error:
        messages.error(request, sentences.failure(error))
    return redirect("edition", pk=pk)


def _note(found: Edition, by: str, text: str) -> None:
    if text:
        Note.objects.create(edition=found, author=by, text=text[:5_000], at=timezone.now())


def _release(request: DeskRequest, found: Edition) -> datetime | None:
    """When to publish, in the section's time zone; ``None`` for at once.

    Raises:
        Permanent: it is no date and time.
    """
    given = request.POST.get("release_at", "").strip()
    if not given:
        return None
    try:
        when = parse_datetime(given)
    except ValueError:
        when = None
    if when is None or not 2000 <= when.year < 9999:  # beyond, other zones have no such day
        raise Permanent(_("This is no date and time."), _("Give both, or leave the field empty to publish at once."))
    zone = installation.network().section(found.section).zone
    return when if timezone.is_aware(when) else timezone.make_aware(when, zone)


@signed_in
@require_POST
def presence(request: DeskRequest, pk: int) -> HttpResponse:
    """A sign of life of an open page; answers who else has it open."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    return render(request, "desk/editor/others.html", {"others": waiting.here(found, request.user), "edition": found})
