"""What chiefs and operators do to an article after it is out: each action is asked about on a page of its own, and done
by the form on it. Everything works without scripts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST

from pipeline.desk import sentences
from pipeline.desk.access import DeskRequest, edition_or_404, signed_in
from pipeline.desk.board.article import view_or_404
from pipeline.desk.templatetags.desk import number
from pipeline.errors import PipelineError
from pipeline.flow import corrections, installation, restore, retry, withdraw
from pipeline.flow.withdraw import Withdrawn
from pipeline.ledger.models import Article, Edition, Version

LONGEST: Final = 1_000
FORM: Final = ["GET", "HEAD", "POST"]
EVERYBODYS: Final = gettext_lazy("Only whoever runs the installation may do this: it is every section's business.")
CHIEFS: Final = gettext_lazy("Only a chief editor of this section, or whoever runs the installation, may do this.")


@signed_in
@require_http_methods(FORM)
def withdraw_article(request: DeskRequest, uid: str) -> HttpResponse:
    """Take an article back from all readers, for good."""
    return _withdraw(request, _article(request, uid), None)


@signed_in
@require_http_methods(FORM)
def withdraw_edition(request: DeskRequest, pk: int) -> HttpResponse:
    """Take one section's edition back from its readers."""
    edition = _edition(request, pk, operator=True)
    return _withdraw(request, edition.article, edition)


@signed_in
@require_http_methods(FORM)
def reinstate_article(request: DeskRequest, uid: str) -> HttpResponse:
    """Bring a withdrawn article back."""
    return _reinstate(request, _article(request, uid), None)


@signed_in
@require_http_methods(FORM)
def reinstate_edition(request: DeskRequest, pk: int) -> HttpResponse:
    """Bring a withdrawn edition back."""
    edition = _edition(request, pk, operator=True)
    return _reinstate(request, edition.article, edition)


@signed_in
@require_http_methods(FORM)
def correct_article(request: DeskRequest, uid: str) -> HttpResponse:
    """Mark the newest revision as a correction of what was published before."""
    return _correct(request, _article(request, uid), None)


@signed_in
@require_http_methods(FORM)
def correct_edition(request: DeskRequest, pk: int) -> HttpResponse:
    """Mark a section's text as a correction of what it published before."""
    edition = _edition(request, pk, operator=False)
    return _correct(request, edition.article, edition)


@signed_in
@require_http_methods(FORM)
def restore_edition(request: DeskRequest, pk: int) -> HttpResponse:
    """Publish an earlier version again, for one section."""
    edition = _edition(request, pk, operator=False)
    known = Version.objects.filter(translation=edition.translation_id).order_by("-number")
    # Not those that say what is published now: there is nothing to restore.
    now = Version.objects.filter(pk=edition.approved_id or 0).values_list("digest", flat=True).first()
    choices = list(known.exclude(digest=now or "").defer("segments"))
    context = {
        "heading": _("Restore an earlier version"),
        "button": _("Restore it"),
        "edition": edition,
        "choices": choices,
        "chosen": request.POST.get("version") or request.GET.get("version", ""),
        "why": request.POST.get("why", ""),
    }

    def act() -> str:
        which, why = str(context["chosen"]), " ".join(request.POST.get("why", "").split())[:LONGEST]
        wanted = int(which) if which.isascii() and which.isdigit() and len(which) < 9 else 0
        restore.restore(pk, wanted, by=request.rights.name, net=installation.network(), dismiss=why)
        return _("The text of version %(number)s is approved again.") % {"number": number(wanted)}

    return _ask_or_act(request, "restore", edition.article, context, act)


@signed_in
@require_POST
def retry_article(request: DeskRequest, uid: str) -> HttpResponse:
    """Try everything of an article again that has failed, at whatever stage."""
    article = _article(request, uid)
    done = sum(retry.failed(article).values())
    messages.success(
        request,
        ngettext("%(n)s piece of work is tried again.", "%(n)s pieces of work are tried again.", done)
        % {"n": number(done)},
    )
    return redirect("article", uid=uid)


def _withdraw(request: DeskRequest, article: Article, edition: Edition | None) -> HttpResponse:
    concerned = article.editions.filter(pk=edition.pk) if edition else article.editions.all()
    out = concerned.exclude(state__in=[Edition.State.WITHDRAWN, Edition.State.DECLINED]).order_by("section", "language")
    context = {
        "heading": _("Withdraw the edition") if edition else _("Withdraw the article"),
        "button": _("Withdraw it"),
        "edition": edition,
        "why": request.POST.get("why", ""),
        "concerned": list(out),
    }

    def act() -> str:
        done = withdraw.withdraw(
            article,
            by=request.rights.name,
            reason=request.POST.get("why", "")[:LONGEST],
            net=installation.network(),
            **_where(edition),
        )
        for address in done.elsewhere:
            text = _("This page was published elsewhere before, and somebody must take it down there: %(address)s")
            messages.warning(request, text % {"address": address})
        return _pages(done, _("Withdrawn."))

    return _ask_or_act(request, "withdraw", article, context, act)


def _reinstate(request: DeskRequest, article: Article, edition: Edition | None) -> HttpResponse:
    def act() -> str:
        done = withdraw.reinstate(article, by=request.rights.name, net=installation.network(), **_where(edition))
        return _pages(done, _("Brought back."))

    context = {"heading": _("Bring it back"), "button": _("Bring it back"), "edition": edition}
    return _ask_or_act(request, "reinstate", article, context, act)


def _correct(request: DeskRequest, article: Article, edition: Edition | None) -> HttpResponse:
    context = {
        "heading": _("Mark a correction"),
        "button": _("Mark it"),
        "edition": edition,
        "note": request.POST.get("note", ""),
        "longest": corrections.LONGEST,
    }

    def act() -> str:
        corrections.label(
            article, request.POST.get("note", ""), by=request.rights.name, edition_id=edition.pk if edition else None
        )
        return _("Marked as a correction: the pages say so.")

    return _ask_or_act(request, "correct", article, context, act)


def _where(edition: Edition | None) -> dict[str, str]:
    return {"section": edition.section, "language": edition.language} if edition else {}


def _pages(done: Withdrawn, said: str) -> str:
    told = ngettext("%(n)s page is on its way.", "%(n)s pages are on their way.", done.pages)
    return f"{said} {told % {'n': number(done.pages)}}"


def _ask_or_act(
    request: DeskRequest, what: str, article: Article, context: dict[str, Any], act: Callable[[], str]
) -> HttpResponse:
    """The page that asks; a POST acts and goes back to the article, or asks again and says what was wrong."""
    template = f"desk/board/{what}.html"
    context |= {"article": article, "back": reverse("article", args=[article.uid])}
    if request.method != "POST":
        return render(request, template, context)
    try:
        said = act()
    except PipelineError as error:
        return render(request, template, context | {"error": sentences.failure(error)}, status=422)
    messages.success(request, said)
    return redirect("article", uid=article.uid)


def _article(request: DeskRequest, uid: str) -> Article:
    """The article, for an operator.

    Raises:
        Http404, PermissionDenied: it is not theirs to see, or to act on.
    """
    view = view_or_404(request, uid)
    if not request.rights.operator:
        raise PermissionDenied(EVERYBODYS)
    return view.article


def _edition(request: DeskRequest, pk: int, *, operator: bool) -> Edition:
    """The edition, for a chief of its section; for an operator too, where that is said.

    Raises:
        Http404, PermissionDenied: it is not theirs to see, or to act on.
    """
    edition = edition_or_404(request, pk)
    if not (request.rights.may_lead(edition.section) or (operator and request.rights.operator)):
        raise PermissionDenied(CHIEFS)
    return edition
