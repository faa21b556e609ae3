"""The pages of the submit form: the text, what is said of it, a last look, and what somebody has handed in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pipeline.desk import sentences
from pipeline.desk.access import DeskRequest, signed_in
from pipeline.desk.preview import FRAME_POLICY, with_style_sheets
from pipeline.desk.submit import words
from pipeline.desk.submit.bounds import bounded, most_bytes, most_pasted
from pipeline.desk.submit.forms import WAYS, AboutForm, TextForm
from pipeline.documents import Metadata, Page, Provenance, Submission
from pipeline.errors import PipelineError
from pipeline.flow import board, installation, proposals, trial
from pipeline.flow.trial import Trial
from pipeline.ledger.models import Article, Proposal, Revision
from pipeline.ledger.models.articles import unpack_metadata
from pipeline.network import Network
from pipeline.stages.publish import SiteContext, site

PER_PAGE: Final = 50
_SERIES: Final = 500
"""Articles whose series are offered: the last ones."""

PASTED: Final = "The pasted text"
"""What it is called in messages and in the ledger, as a file is by its name."""


def must_submit(request: DeskRequest) -> None:
    """Refuse who works in no section.

    Raises:
        PermissionDenied: they do not.
    """
    if not request.rights.may_submit:
        raise PermissionDenied(_("Only who works in a section may hand in articles."))


def own_or_404(request: DeskRequest, uid: str) -> Proposal:
    """What somebody has begun to hand in.

    Raises:
        PermissionDenied: they may not hand in anything.
        Http404: there is none, or it is another's.
    """
    must_submit(request)
    found = proposals.find(request.user, uid)
    if found is None:
        raise Http404
    return found


@bounded
@signed_in
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: DeskRequest) -> HttpResponse:
    """The text, in one of three ways."""
    must_submit(request)
    asked = request.GET.get("way", "")
    way = asked if asked in WAYS else "paste"
    posted = request.method == "POST"
    form = TextForm(way, request.POST, request.FILES) if posted else TextForm(way, initial=_again(request, way))
    fault = _refused(request.GET.get("refused", ""), way)
    if posted and form.is_valid():
        try:
            return redirect("submit_about", _begin(request, way, form.cleaned_data).uid)
        except PipelineError as error:
            fault = sentences.failure(error)
    context = {
        "form": form,
        "way": way,
        "ways": WAYS,
        "fault": fault,
        "most": most_pasted() if way == "paste" else most_bytes(),
        "unfinished": proposals.unfinished(request.user)[:5],
    }
    return render(request, "desk/submit/new.html", context, status=422 if posted else 200)


def _again(request: DeskRequest, way: str) -> dict[str, str]:
    """The text of a proposal that somebody wants to mend."""
    found = proposals.find(request.user, request.GET.get("again", "")) if way == "paste" else None
    return {"paste": found.html, "title": unpack_metadata(found.metadata).title} if found else {}


def _refused(why: str, way: str) -> str:
    """Why a form was led back (see ``bounds``), in words; empty when it was not."""
    most = {"most": megabytes(most_pasted() if way == "paste" else most_bytes())}
    match why:
        case "size" if way == "paste":
            return _("That is too large: at most %(most)s can be pasted. Hand it in as a file.") % most
        case "size":
            return _("That is too large: at most %(most)s are taken. Link to pictures, do not embed them.") % most
        case "form":
            return _("What was sent could not be read. Load the page again, and repeat it.")
        case _:
            return ""


def megabytes(count: int) -> str:
    """A number of bytes, for a person."""
    return f"{count / 1_000_000:.1f} MB"


def _begin(request: DeskRequest, way: str, given: dict[str, Any]) -> Proposal:
    net = installation.network()
    title = given["title"]
    if way == "address":
        return proposals.from_address(request.user, given["address"].strip(), title, net)
    if way == "file":
        file = given["file"]
        assert isinstance(file, UploadedFile)
        submission = Submission((file.name or "file")[-200:], file.read(), Metadata(title=title))
    else:
        submission = Submission(PASTED, given["paste"].encode("utf-8", "replace"), Metadata(title=title))
    return proposals.from_text(request.user, Proposal.Way(way), submission, net)


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def about(request: DeskRequest, uid: str) -> HttpResponse:
    """What is said of the article."""
    proposal = own_or_404(request, uid)
    if proposal.revision_id is not None:
        return redirect("submit_look", uid)
    net = installation.network()
    form = AboutForm(
        request.POST if request.method == "POST" else None,
        unpack_metadata(proposal.metadata),
        net,
        zone=_zone(request, net),
        urgent=proposal.urgent,
        series=_series(request),
    )
    if request.method == "POST" and form.is_valid():
        proposals.describe(proposal, form.metadata(), urgent=form.cleaned_data["urgent"])
        return redirect("submit_look", uid)
    context = {"form": form, "proposal": proposal}
    return render(request, "desk/submit/about.html", context, status=422 if form.errors else 200)


def _zone(request: DeskRequest, net: Network) -> str:
    """The zone of the first of the person's sections."""
    return next((each.time_zone for each in net.sections if each.key in request.rights.roles), "UTC")


def _series(request: DeskRequest) -> list[str]:
    visible = board.visible(Article.objects.exclude(series=""), request.rights)
    return list(visible.order_by("-id").values_list("series", flat=True)[:_SERIES])


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def look(request: DeskRequest, uid: str) -> HttpResponse:
    """What became of the text, and what will happen next; a POST hands it in. Afterwards: that it is in."""
    proposal = own_or_404(request, uid)
    if proposal.revision_id is not None:
        again = request.method == "POST"  # the button pressed twice
        done = {"proposal": proposal}
        return redirect("submit_look", uid) if again else render(request, "desk/submit/done.html", done)
    if not proposal.described:
        return redirect("submit_about", uid)
    net = installation.network()
    status = 200
    if request.method == "POST":
        if request.POST.get("seen") == proposals.digest(proposal):
            try:
                proposals.hand_in(proposal, request.POST.getlist("section"), request.rights, net)
                return redirect("submit_look", uid)
            except PipelineError as error:
                messages.error(request, sentences.failure(error))
        else:
            messages.error(request, _("It was changed in another window meanwhile: look at it once more."))
        status = 422
    return render(request, "desk/submit/look.html", _looked(request, proposal, net), status=status)


def _looked(request: DeskRequest, proposal: Proposal, net: Network) -> dict[str, Any]:
    context: dict[str, Any] = {"proposal": proposal, "seen": proposals.digest(proposal)}
    try:
        tried = trial.look(proposal.as_original(), proposal.name, request.rights, net, urgent=proposal.urgent)
    except PipelineError as error:
        return context | {"fault": sentences.failure(error)}
    lines = words.lines(tried, net)
    return context | {
        "trial": tried,
        "outcome": words.outcome(tried),
        "warnings": [(words.said(each), each.article) for each in tried.warnings],
        "barrier": words.barrier(tried),
        "getting": [line for line in lines if not line.target.refusal],
        "others": [line for line in lines if line.target.refusal],
        "path": _path(tried.metadata),
    }


def _path(metadata: Metadata) -> str:
    return site.article_path(metadata.language, timezone.now(), "preview")


@xframe_options_exempt
@with_style_sheets
@signed_in
@require_safe
def preview_file(request: DeskRequest, uid: str, path: str) -> HttpResponse:
    """The page as it would be in its own language, in a frame that can run nothing."""
    proposal = own_or_404(request, uid)
    net = installation.network()
    metadata = unpack_metadata(proposal.metadata)
    if proposal.revision_id is not None or path not in {_path(metadata), f"{_path(metadata)}{site.INDEX}"}:
        raise Http404
    try:
        tried = trial.look(proposal.as_original(), proposal.name, request.rights, net)
    except PipelineError as error:
        raise Http404 from error  # the page around the frame says why
    response = HttpResponse(_page(tried, net), content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(tried: Trial, net: Network) -> bytes:
    """As on the site of the first section that publishes in the article's own language."""
    metadata, now = tried.metadata, timezone.now()
    own = [t.section for t in tried.targets if t.chosen and any(x.base == tried.base for x in t.section.languages)]
    section = own[0] if own else net.sections[0]
    path = _path(metadata)
    page = Page(
        metadata=metadata,
        body=tried.cleaned.body,
        language=metadata.language,
        section=section.key,
        path=path,
        url=site.address("https://preview.invalid", path),
        alternates=(),
        provenance=Provenance(
            article="preview",
            revision=1,
            version=1,
            digest="",
            source_language=metadata.language,
            origin="source",
        ),
        published_at=now,
        updated_at=now,
    )
    return installation.renderer(net).article(page, SiteContext(name=section.name, time_zone=section.zone))


@signed_in
@require_POST
def discard(request: DeskRequest, uid: str) -> HttpResponse:
    """Forget what was begun."""
    proposal = own_or_404(request, uid)
    if proposal.revision_id is None:
        proposal.delete()
        messages.success(request, _("It is thrown away."))
    return redirect("submit_mine")


@signed_in
@require_safe
def mine(request: DeskRequest) -> HttpResponse:
    """What somebody has handed in, and what they have begun."""
    must_submit(request)
    page = Paginator(proposals.handed_in(request.rights), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "revisions": _standing(request, list(page.object_list)),
        "unfinished": proposals.unfinished(request.user),
    }
    return render(request, "desk/submit/mine.html", context)


def _standing(request: DeskRequest, revisions: Sequence[Revision]) -> list[tuple[Revision, Metadata, str]]:
    """Each revision with what it says of itself and where its article stands, as far as the person sees that."""
    articles = {revision.article.pk: revision.article for revision in revisions}
    rows = board.rows(list(articles.values()), request.rights, installation.network()) if articles else []
    by_article = {row.article.pk: row for row in rows}
    return [
        (revision, unpack_metadata(revision.metadata), words.standing(revision, by_article[revision.article.pk]))
        for revision in revisions
    ]
