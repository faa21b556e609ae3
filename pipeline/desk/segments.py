"""One segment of the editor: its form with all that helps to write it, drafts, and a section's own wording."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from pipeline.desk import coded, marked, merging, sentences
from pipeline.desk.access import DeskRequest, edition_or_404, must_edit, signed_in
from pipeline.desk.coded import Coder, same, uncoded
from pipeline.desk.fixes import Fixer
from pipeline.desk.rows import KINDS, rows_of
from pipeline.documents import Segment, SegmentKind, Term
from pipeline.errors import Permanent
from pipeline.flow import editing, installation, memory, urgent
from pipeline.flow.editing import Clash, Working
from pipeline.flow.resources import terms_of
from pipeline.ledger.models import Draft, Edition, Finding, Scope, Version
from pipeline.ledger.models.editions import seen_digest
from pipeline.stages.translate import approved


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def segment(request: DeskRequest, pk: int, key: str) -> HttpResponse:
    """The form for one segment, with all that helps to write it; POST saves.

    ``fix-base`` or ``fix-edition`` in what is posted is a whole text for that scope, from a button beside the segment;
    ``take`` is one that goes into the form and is not saved.
    """
    found = edition_or_404(request, pk)
    must_edit(request, found)
    now = working_or_404(found)
    if key not in now.segments:
        raise Http404
    if request.method != "POST":
        return _form(request, found, now, key)
    scope = _scope(request)
    if "take" in request.POST:
        return _form(request, found, now, key, typed=request.POST["take"], scope=scope, seen=_seen(request, scope))
    return _save(request, found, now, key, scope)


def working_or_404(found: Edition) -> Working:
    """What an editor works on; not there while there is no translation."""
    try:
        return editing.working(found)
    except Permanent:
        raise Http404 from None


def address_of(pk: int, key: str) -> str:
    """The address of an edition, at a segment: on the page that has it."""
    return reverse("edition", args=[pk]) + (f"?{urlencode({'at': key})}#s-{key}" if key else "")


def _scope(request: DeskRequest) -> Scope:
    own = "fix-edition" in request.POST or (
        "fix-base" not in request.POST and request.POST.get("scope") == Scope.EDITION
    )
    return Scope.EDITION if own else Scope.BASE


def _seen(request: DeskRequest, scope: Scope) -> str:
    return request.POST.get(f"seen-{scope}", "")


def _save(request: DeskRequest, found: Edition, now: Working, key: str, scope: Scope) -> HttpResponse:
    coder = Coder(now.segments)
    typed = request.POST.get(f"fix-{scope}", request.POST.get("text", "")).strip()
    seen = _seen(request, scope)
    standing = (now.base if scope == Scope.BASE else now.shown).get(key, "")
    try:
        answer = editing.save(
            found.pk,
            scope,
            key,
            uncoded(now.segments[key], typed),
            seen=standing if same(seen, coder.form(key, standing)) else uncoded(now.segments[key], seen),
            by=request.rights.name,
            net=installation.network(),
            before=now,
        )
    except Permanent as error:
        told = sentences.failure(error)
        return _form(request, found, now, key, typed=typed, scope=scope, seen=seen, error=told, status=422)
    if isinstance(answer, Clash):
        fresh = working_or_404(edition_or_404(request, found.pk))
        shown = merging.clash(coder, key, answer.ancestor, answer.theirs, answer.yours)
        return _form(request, found, fresh, key, typed=typed, scope=scope, clash=shown, status=409)
    return _saved(request, now, key, (scope.value, coder.form(key, standing)))


def _saved(request: DeskRequest, before: Working, key: str, undo: tuple[str, str]) -> HttpResponse:
    """The segment as it stands now; ``undo`` is the scope that was saved, and the text that stood there."""
    pk = before.edition.pk
    if not request.htmx:
        return redirect(address_of(pk, key))
    found = edition_or_404(request, pk)
    now = editing.working(found, before=before)
    (row,) = rows_of(now, request.user, only=key)
    context = {
        "edition": found,
        "row": row,
        "may_edit": True,
        "digest": seen_digest(now.version, found.overlay),
        "undo": undo if undo[1] not in ("", dict(row.seen)[undo[0]]) else None,
        "blocking": found.candidate_id
        and now.version.findings.filter(severity="block", state=Finding.State.OPEN).count(),
    }
    if before.edition.candidate_id is None and found.candidate_id is not None:  # now there is something to decide about
        net = installation.network()
        context |= {"begins": True, "section": net.section(found.section), "urgent": urgent.is_offered(found, net)}
    return render(request, "desk/editor/saved.html", context)


def _form(
    request: DeskRequest,
    found: Edition,
    now: Working,
    key: str,
    *,
    typed: str | None = None,
    scope: Scope | None = None,
    seen: str | None = None,
    error: str = "",
    clash: merging.Clash | None = None,
    status: int = 200,
) -> HttpResponse:
    coder = Coder(now.segments)
    if scope is None:
        scope = Scope.EDITION if key in now.applied.own else Scope.BASE
    standing = {
        Scope.BASE: coder.form(key, now.base.get(key, "")),
        Scope.EDITION: coder.form(key, now.shown.get(key, "")),
    }
    draft = Draft.objects.filter(edition=found, user=request.user, segment=key, scope=scope).first()
    if typed is not None:
        draft = None
    text = typed if typed is not None else draft.text if draft else standing[scope]
    # Where a person began stays what it was, however often the form comes back: else a colleague's text is overwritten.
    began = standing | ({scope: seen} if seen is not None else {scope: draft.seen} if draft else {})
    seg = now.segments[key]
    context = {
        "edition": found,
        "key": key,
        "back": address_of(found.pk, key),
        "segment": seg,
        "kind": KINDS.get(seg.kind.value, ""),
        "source": coder.source(key),
        "source_language": now.document.metadata.language,
        "text": text,
        "formatted": coded.formatted(text, coder.tags_of(key), editable=True) if seg.markup else escape(text),
        "began": [(each.value, text) for each, text in began.items()],
        "scope": scope.value,
        "codes": [(number, coded.describe(tag)) for number, tag in coder.tags_of(key).items()],
        "draft": draft,
        "error": error,
        "clash": clash,
        "may_edit": True,
        "one_line": seg.kind in (SegmentKind.TITLE, SegmentKind.ATTRIBUTE, SegmentKind.HEADLINE),
        **_helps(found, now, coder, key),
    }
    template = "desk/editor/form.html" if request.htmx else "desk/editor/segment.html"
    return render(request, template, context, status=status)


def _helps(found: Edition, now: Working, coder: Coder, key: str) -> dict[str, Any]:
    """What stands below the field: findings, glossary, similar texts, earlier ones."""
    pair = found.article.base, found.translation.base
    findings = list(now.version.findings.filter(segment=key, state=Finding.State.OPEN).order_by("id"))
    return {
        "notices": Fixer(now, coder).notices(key, findings),
        "terms": _terms_in(now.segments[key], terms_of(*pair)),
        "suggestions": _suggestions(now.segments[key], pair, coder, key),
        "history": _history(now, coder, key),
        "sharing": _sharing(found),
    }


def _sharing(found: Edition) -> list[str]:
    """The other sections whose edition stands on the same base: what an edit of it changes."""
    others = Edition.objects.filter(translation_id=found.translation_id).exclude(pk=found.pk)
    net = installation.network()
    names = {section.key: section.name for section in net.sections}
    keys = others.exclude(state=Edition.State.DECLINED).values_list("section", flat=True).distinct().order_by("section")
    return [names.get(key, key) for key in keys]


def _terms_in(segment: Segment, terms: Sequence[Term]) -> list[Term]:
    text = (coded.markup_less(segment.source) if segment.markup else segment.source).casefold()
    return [term for term in terms if term.source.casefold() in text][:20]


def _suggestions(segment: Segment, pair: tuple[str, str], coder: Coder, key: str) -> list[dict[str, object]]:
    """What was approved for similar segments, with the difference of the sources."""
    if pair[0] == pair[1]:
        return []
    mine = approved.normal(segment)
    return [
        {
            "target": coder.target(key, each.target),
            "coded": coder.form(key, each.target),
            "percent": round(100 * each.likeness),
            "source": marked.differences(each.source, mine),
            "by": each.approver,
        }
        for each in memory.suggest_for(segment, pair, 3)
    ]


def _history(now: Working, coder: Coder, key: str) -> list[dict[str, object]]:
    """Earlier texts of a segment in this translation, newest first, each once."""
    versions = Version.objects.filter(translation=now.edition.translation_id, revision=now.version.revision_id)
    found: list[dict[str, object]] = []
    last = None
    for version in versions.order_by("-number")[:30]:
        text = version.targets.get(key, "")
        if text and text != last:
            found.append(
                {
                    "target": coder.target(key, text),
                    "coded": coder.form(key, text),
                    "author": version.author if version.origin == Version.By.PERSON else _("the machine"),
                    "at": version.created_at,
                }
            )
            last = text
    return found


@signed_in
@require_POST
def draft(request: DeskRequest, pk: int, key: str) -> HttpResponse:
    """Keep what somebody is typing, so that a closed browser loses nothing; an empty text gives it up."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    scope = _scope(request)
    text, seen = (request.POST.get(name, "")[: editing.LONGEST] for name in ("text", f"seen-{scope}"))
    mine = Draft.objects.filter(edition=found, user=request.user, scope=scope, segment=key[:200])
    if not text.strip() or same(text, seen) or "discard" in request.POST:
        mine.delete()
    else:
        Draft.objects.update_or_create(
            edition=found,
            user=request.user,
            scope=scope,
            segment=key[:200],
            defaults={"text": text, "seen": seen, "at": timezone.now()},
        )
    if "discard" in request.POST and request.htmx:
        now = working_or_404(found)
        return _form(request, found, now, key) if key in now.segments else HttpResponse()
    if request.htmx:
        return HttpResponse(_("Draft kept"), content_type="text/plain")
    return redirect("segment", pk=pk, key=key)


@signed_in
@require_POST
def own(request: DeskRequest, pk: int, key: str) -> HttpResponse:
    """The section's own wording of a segment under which the base has changed: keep it, or take the base."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    try:
        (editing.keep_own if request.POST.get("do") == "keep" else editing.drop_own)(
            found.pk, key, by=request.rights.name
        )
    except Permanent as error:
        messages.error(request, sentences.failure(error))
    return redirect(address_of(pk, key))
