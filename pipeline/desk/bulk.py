"""Decisions on several editions at once: each for itself, and what happened to each is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from pipeline.desk import access, sentences
from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.mydesk import OUTCOMES, PER_PAGE
from pipeline.errors import Permanent, PipelineError
from pipeline.flow import decisions, installation, waiting
from pipeline.flow import undo as undoing
from pipeline.ledger.models import Edition, Finding, Membership

LONGEST_WHY: Final = 2_000
"""Characters of a note or a reason."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What happened to one edition, as it stands in the session until it is shown."""

    edition: int
    title: str
    section: str
    language: str
    done: bool
    message: str
    can_undo: bool = False


@signed_in
@require_POST
def decide(request: DeskRequest) -> HttpResponse:
    """Approve, return, reject or assign what is ticked. Nothing at all happens where one of them is not theirs."""
    acts = {"approve": _approve, "return": _return, "decline": _decline, "assign": _assign}
    act = acts.get(request.POST.get("action", ""))
    if act is None:
        raise BadRequest(_("There is no such decision."))
    editions = _ticked(request)
    if not editions:
        messages.warning(request, _("Nothing is ticked: tick the articles that you mean."))
        return back(request)
    if act in (_return, _decline) and (wrong := _wrong_why(_why(request))):
        messages.error(request, wrong)
        return back(request)
    rows = [_told(request, edition, act) for edition in editions]
    request.session[OUTCOMES] = [asdict(row) for row in rows]
    return back(request)


@signed_in
@require_POST
def undo(request: DeskRequest) -> HttpResponse:
    """Take the last decision on an edition back."""
    edition = access.edition_or_404(request, _number(request.POST.get("edition", "")))
    access.must_edit(request, edition)
    try:
        undoing.undo(edition.pk, by=request.rights.name, net=installation.network())
    except PipelineError as error:
        messages.error(request, sentences.failure(error))
    else:
        messages.success(request, _("Taken back: “%(title)s” waits for a decision again.") % {"title": _title(edition)})
    return back(request)


def back(request: HttpRequest, fallback: str = "desk") -> HttpResponse:
    """To the page that the form stands on: its own address is in the field ``next``."""
    address = request.POST.get("next", "")
    # A path: redirect() would look for a view with the name that any other word is, and raise.
    if address.startswith("/") and url_has_allowed_host_and_scheme(address, allowed_hosts=None):
        return redirect(address)
    return redirect(fallback)


def _ticked(request: DeskRequest) -> list[Edition]:
    """The editions that are ticked, in the order of the list.

    Raises:
        BadRequest: more than a page has.
        Http404: one is none of the person's business.
        PermissionDenied: one may be read, but not decided on.
    """
    ids = list(dict.fromkeys(_number(text) for text in request.POST.getlist("edition")))
    if len(ids) > PER_PAGE:
        raise BadRequest(_("These are more than a page has."))
    related = ("article", "candidate", "approved", "assigned_to")
    found = Edition.objects.select_related(*related).in_bulk(ids)
    if any(pk not in found or not request.rights.may_read(found[pk]) for pk in ids):
        raise Http404
    for edition in found.values():
        access.must_edit(request, edition)
    return [found[pk] for pk in ids]


def _number(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 18:
        raise Http404
    return int(text)


def _told(request: DeskRequest, edition: Edition, act: Callable[[DeskRequest, Edition], str]) -> Outcome:
    """Do it, and say what happened."""
    try:
        done, message = True, act(request, edition)
    except PipelineError as error:
        done, message = False, sentences.failure(error)
    can_undo = done and undoing.undoable(Edition.objects.filter(pk=edition.pk)).exists()
    return Outcome(edition.pk, _title(edition), edition.section, edition.language, done, message, can_undo)


def _title(edition: Edition) -> str:
    return Truncator(waiting.title_of(edition)).chars(200)


def _approve(request: DeskRequest, edition: Edition) -> str:
    """Approve exactly what was on the screen: its digest stands in the form."""
    seen = request.POST.get(f"seen-{edition.pk}", "")
    try:
        done = decisions.approve(edition.pk, by=request.rights.name, net=installation.network(), digest=seen)
    except Permanent as error:
        now = Edition.objects.get(pk=edition.pk)
        if Finding.objects.filter(version=now.candidate, severity="block", state=Finding.State.OPEN).exists():
            raise Permanent(error.message, _("Open it: mend the text, or dismiss them with a reason.")) from error
        if edition.candidate_id is None or now.approved_id != edition.candidate_id:
            raise
        # It follows a section that was approved a moment ago, in this very list: what was ticked has come to pass.
        return _("Approved together with the section that it follows.")
    return approved_words(done)


def approved_words(done: Edition) -> str:
    """What an approval has led to."""
    if done.state == Edition.State.SECOND:
        return _("Approved once: a second person must approve it, too.")
    later = done.release_at is not None and done.release_at > timezone.now()
    return _("Approved; it goes out when its time comes.") if later else _("Approved.")


def _return(request: DeskRequest, edition: Edition) -> str:
    decisions.send_back(edition.pk, by=request.rights.name, note=_why(request))
    return _("Returned with your note.")


def _decline(request: DeskRequest, edition: Edition) -> str:
    decisions.decline(edition.pk, by=request.rights.name, reason=_why(request))
    return _("Not for this section.")


def _wrong_why(why: str) -> str:
    if not why:
        return _("Say in a sentence why, for those who mend it or ask later. Nothing has happened.")
    if len(why) > LONGEST_WHY:
        return _("A note has %(most)d characters at most. Nothing has happened.") % {"most": LONGEST_WHY}
    return ""


def _why(request: DeskRequest) -> str:
    return " ".join(request.POST.get("why", "").split())


def _assign(request: DeskRequest, edition: Edition) -> str:
    """To oneself; what is one's own, to nobody; a chief, to whoever decides in the section.

    Raises:
        Permanent: only a chief may, or that person decides nothing there.
    """
    whom = request.POST.get("assignee", "me")
    if whom == "me":
        waiting.assign(edition, request.user)
        return _("Assigned to you.")
    gives_up = whom == "nobody" and edition.assigned_to_id == request.user.pk
    if not gives_up and not request.rights.may_lead(edition.section):
        raise Permanent(_("Only a chief editor assigns articles to others."), _("Ask one, or take it yourself."))
    if whom == "nobody":
        waiting.assign(edition, None)
        return _("Assigned to nobody.")
    person = _deciding(_number(whom), edition.section)
    waiting.assign(edition, person)
    return _("Assigned to %(name)s.") % {"name": person.get_username()}


def _deciding(pk: int, section: str) -> User:
    roles: Sequence[str] = (Membership.Role.EDITOR, Membership.Role.CHIEF)
    members = Membership.objects.filter(user=pk, section=section, role__in=roles, user__is_active=True)
    member = members.select_related("user").first()
    if member is None:
        raise Permanent(_("This person decides nothing in that section."), _("Choose somebody who does."))
    return member.user
