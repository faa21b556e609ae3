"""The editor: source and translation side by side, segment by segment, and what is decided about the whole."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from pipeline.desk import coded
from pipeline.desk.access import DeskRequest, edition_or_404, must_edit, signed_in
from pipeline.desk.paging import page_of
from pipeline.documents import Origin, OwnSegment, Segment, SegmentKind, Term
from pipeline.errors import Permanent
from pipeline.flow import decisions, editing, findings, installation, memory, waiting
from pipeline.flow.editing import Clash, Working
from pipeline.flow.resources import resources
from pipeline.ledger.models import Draft, Edition, Event, Finding, Note, RevisionText, Scope, Version
from pipeline.ledger.models.editions import seen_digest
from pipeline.stages.overlay import Conflict
from pipeline.stages.translate import approved

WEAK = frozenset({"position", "fuzzy"})
"""Evidence on which an inline element was placed that a person should look at."""


@dataclass(frozen=True, slots=True)
class Row:
    """One segment on the page. ``before`` is what was approved of it, where source or proposal have changed."""

    key: str
    kind: str
    coder: _Coder
    text: str
    origin: str
    findings: Sequence[Finding] = ()
    weak: bool = False
    own: OwnSegment | None = None
    conflict: Conflict | None = None
    drafted: bool = False
    before: Before | None = None

    @property
    def source(self) -> SafeString:
        """The source as formatted text; made when it is shown, since most rows of a long article are not."""
        return self.coder.source(self.key)

    @property
    def target(self) -> SafeString:
        """The translation as formatted text."""
        return self.coder.target(self.key, self.text)

    @property
    def weight(self) -> int:
        """Bytes of HTML, more or less: its texts, and what stands around them and around each of their elements."""
        source = self.coder.segments[self.key].source
        texts = [source, self.text, *((self.before.source, self.before.target) if self.before else ())]
        tags = 30 * (source.count("<") + self.text.count("<"))
        return 240 + tags + sum(len(text.encode()) for text in texts) + 800 * (len(self.findings) + bool(self.conflict))

    @property
    def wants_eyes(self) -> bool:
        """Whether a person should look at it before anything is approved."""
        return bool(self.findings or self.weak or self.conflict or self.before or self.origin == Origin.KEPT)


@dataclass(frozen=True, slots=True)
class Before:
    """What an update changes in a segment: the approved text, and the source's differences as marked text."""

    target: SafeString
    source: SafeString
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class _Coder:
    """Turns texts of a document's segments into coded and formatted text."""

    segments: Mapping[str, Segment]
    tags: dict[str, dict[int, str]] = field(default_factory=dict)

    def tags_of(self, key: str) -> dict[int, str]:
        if key not in self.tags:
            self.tags[key] = approved.tags(self.segments[key])
        return self.tags[key]

    def source(self, key: str) -> SafeString:
        segment = self.segments[key]
        if not segment.markup:
            return escape(segment.source)
        return coded.formatted(approved.normal(segment), self.tags_of(key))

    def target(self, key: str, text: str) -> SafeString:
        segment = self.segments[key]
        if not segment.markup:
            return escape(text)
        return coded.formatted(self.code(key, text), self.tags_of(key))

    def code(self, key: str, text: str) -> str:
        """A target text as it is edited; without its elements where they are not the source's."""
        segment = self.segments[key]
        return approved.normal_target(segment, text) or _plain(text)


def _plain(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html).replace("{", "{{").replace("}", "}}")


@signed_in
@require_safe
def edition(request: DeskRequest, pk: int) -> HttpResponse:
    """Source and translation of an edition; ``?show=eyes`` leaves out what needs no look."""
    found = edition_or_404(request, pk)
    inside = request.rights.is_inside(found.section)
    try:
        now = editing.working(found, published=not inside)
    except Permanent as error:
        return render(request, "desk/editor/empty.html", {"edition": found, "why": error})
    may = request.rights.may_edit(found.section)
    others = waiting.here(found, request.user) if may else []
    rows = _rows(now, request)
    only_eyes = request.GET.get("show") == "eyes"
    shown = [row for row in rows if row.wants_eyes] if only_eyes else rows
    page = page_of(shown, request.GET.get("page", ""), request.GET.get("at", ""))
    context = {
        "edition": found,
        "section": installation.network().section(found.section),
        "version": now.version,
        "rows": page.rows,
        "page": page,
        "count": len(rows),
        "eyes": sum(row.wants_eyes for row in rows),
        "only_eyes": only_eyes,
        "may_edit": may,
        "digest": seen_digest(now.version, found.overlay),
        "others": others,
        "source_language": now.document.metadata.language,
        "whole": now.version.findings.filter(segment="", state=Finding.State.OPEN),
        "gone": [conflict for conflict in now.applied.conflicts if conflict.is_gone],
        "sharing": _sharing(found),
        "inside": inside,
        "notes": list(found.notes.order_by("-id")[:20]) if inside else [],
        "events": list(_events(found)[:20]) if inside else [],
        "blocking": now.version.findings.filter(severity="block", state=Finding.State.OPEN).count(),
    }
    return render(request, "desk/editor/edition.html", context)


def _rows(now: Working, request: DeskRequest, only: str = "") -> list[Row]:
    """The rows of all segments, compared with what was approved last; or the one of a segment, which is not."""
    coder = _Coder(now.segments)
    kinds = {row["key"]: row for row in now.version.segments}
    open_findings: dict[str, list[Finding]] = {}
    for finding in now.version.findings.filter(state=Finding.State.OPEN).order_by("id"):
        open_findings.setdefault(finding.segment, []).append(finding)
    conflicts = {conflict.key: conflict for conflict in now.applied.conflicts}
    drafts = set(Draft.objects.filter(edition=now.edition, user=request.user).values_list("segment", flat=True))
    earlier = {} if only else _earlier(now, coder)
    return [
        Row(
            key=key,
            kind=segment.kind.value,
            coder=coder,
            text=now.shown.get(key, segment.source),
            origin=kinds.get(key, {}).get("origin", Origin.KEPT.value),
            findings=open_findings.get(key, ()),
            weak=bool(WEAK.intersection(kinds.get(key, {}).get("evidence", ()))),
            own=now.applied.own.get(key),
            conflict=conflicts.get(key),
            drafted=key in drafts,
            before=earlier.get(key),
        )
        for key, segment in now.segments.items()
        if only in ("", key)
    ]


def _earlier(now: Working, coder: _Coder) -> dict[str, Before]:
    """What differs from what was approved last: nothing when nothing was, or when it is still the same version."""
    last = now.edition.approved if now.edition.approved_id != now.version.pk else None
    if last is None:
        return {}
    text = RevisionText.objects.get(pk=last.revision_id)
    then = {segment.source: segment for segment in text.as_segmented(last.revision.metadata).segments}
    by_key = {segment.key: segment for segment in then.values()}
    targets = last.targets
    changed = {}
    for key, segment in now.segments.items():
        same = then.get(segment.source)
        if same is not None:
            before = targets.get(same.key, "")
            if before != now.base.get(key, ""):
                changed[key] = Before(coder.target(key, before), SafeString(""))
            continue
        old = by_key.get(key)
        if old is None:
            changed[key] = Before(SafeString(""), SafeString(""), is_new=True)
        else:
            marked = differences(_words_of(old.source), _words_of(segment.source))
            changed[key] = Before(escape(_visible(targets.get(key, ""))), marked)
    return changed


def _visible(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html)


def _words_of(html: str) -> list[str]:
    return re.findall(r"\s+|[^\s]+", _visible(html))


def differences(old: Sequence[str], new: Sequence[str]) -> SafeString:
    """Two texts in one: what went is in ``del``, what came in ``ins``; both as lists of words and spaces."""
    out: list[str] = []
    for kind, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        went, came = escape("".join(old[a:b])), escape("".join(new[c:d]))
        if kind == "equal":
            out.append(came)
        else:
            out.append((f"<del>{went}</del>" if went else "") + (f"<ins>{came}</ins>" if came else ""))
    return mark_safe("".join(out))  # noqa: S308 - marks around escaped text


def _sharing(found: Edition) -> list[str]:
    """The other sections whose edition stands on the same base: what an edit of it changes."""
    others = Edition.objects.filter(translation_id=found.translation_id).exclude(pk=found.pk)
    net = installation.network()
    names = {section.key: section.name for section in net.sections}
    keys = others.exclude(state=Edition.State.DECLINED).values_list("section", flat=True).distinct().order_by("section")
    return [names.get(key, key) for key in keys]


def _events(found: Edition) -> QuerySet[Event]:
    return Event.objects.filter(article=found.article, section__in=["", found.section]).order_by("-id")


# one segment


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def segment(request: DeskRequest, pk: int, key: str) -> HttpResponse:
    """The form for one segment, with all that helps to write it; POST saves."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    now = working_or_404(found)
    if key not in now.segments:
        raise Http404
    if request.method == "POST":
        return _save(request, found, now, key)
    return _form(request, found, now, key)


def working_or_404(found: Edition) -> Working:
    try:
        return editing.working(found)
    except Permanent:
        raise Http404 from None


def _save(request: DeskRequest, found: Edition, now: Working, key: str) -> HttpResponse:
    coder = _Coder(now.segments)
    scope = Scope.EDITION if request.POST.get("scope") == Scope.EDITION else Scope.BASE
    typed, seen = request.POST.get("text", "").strip(), request.POST.get("seen", "")
    standing = (now.base if scope == Scope.BASE else now.shown).get(key, "")
    try:
        answer = editing.save(
            found.pk,
            scope,
            key,
            _uncoded(now.segments[key], typed),
            seen=standing if _same(seen, _form_text(coder, key, standing)) else _uncoded(now.segments[key], seen),
            by=request.user.get_username(),
            net=installation.network(),
            before=now,
        )
    except Permanent as error:
        return _form(request, found, now, key, typed=typed, scope=scope, error=str(error), status=422)
    if isinstance(answer, Clash):
        fresh = working_or_404(edition_or_404(request, found.pk))
        return _form(
            request, found, fresh, key, typed=typed, scope=scope, clash=_Clash.of(answer, coder, key), status=409
        )
    return _saved(request, now, key)


def address_of(pk: int, key: str) -> str:
    """The address of an edition, at a segment: on the page that has it."""
    return reverse("edition", args=[pk]) + (f"?{urlencode({'at': key})}#s-{key}" if key else "")


def _saved(request: DeskRequest, before: Working, key: str) -> HttpResponse:
    pk = before.edition.pk
    if not request.htmx:
        return redirect(address_of(pk, key))
    found = edition_or_404(request, pk)
    now = editing.working(found, before=before)
    (row,) = _rows(now, request, only=key)
    context = {
        "edition": found,
        "row": row,
        "may_edit": True,
        "source_language": now.document.metadata.language,
        "digest": seen_digest(now.version, found.overlay),
        "fresh": True,
    }
    return render(request, "desk/editor/saved.html", context)


def _form_text(coder: _Coder, key: str, text: str) -> str:
    return coder.code(key, text) if coder.segments[key].markup else text


def _same(one: str, other: str) -> bool:
    """Browsers send line ends as they like, and a form field without the spaces around it."""
    return one.replace("\r\n", "\n").strip() == other.strip()


def _uncoded(segment: Segment, text: str) -> str:
    """What a person has typed as a target text.

    Raises:
        Permanent: its codes are not those of the source.
    """
    text = text.replace("\r\n", "\n").strip()
    if not segment.markup or not text:
        return text
    target = approved.fill(segment, text)
    if not target:
        raise Permanent(
            _("The text does not keep the links and marks of the source."),
            _("Each of them stands once, as in the source: put back the one that is missing."),
        )
    return target


@dataclass(frozen=True, slots=True)
class _Clash:
    ancestor: SafeString
    theirs: SafeString
    difference: SafeString

    @classmethod
    def of(cls, clash: Clash, coder: _Coder, key: str) -> _Clash:
        return cls(
            coder.target(key, clash.ancestor),
            coder.target(key, clash.theirs),
            differences(_words_of(clash.ancestor), _words_of(clash.theirs)),
        )


def _form(
    request: DeskRequest,
    found: Edition,
    now: Working,
    key: str,
    *,
    typed: str | None = None,
    scope: Scope | None = None,
    error: str = "",
    clash: _Clash | None = None,
    status: int = 200,
) -> HttpResponse:
    coder = _Coder(now.segments)
    own = now.applied.own.get(key)
    if scope is None:
        asked = request.GET.get("scope", "")
        scope = Scope(asked) if asked in Scope.values else Scope.EDITION if own else Scope.BASE
    standing = (now.base if scope == Scope.BASE else now.shown).get(key, "")
    draft = Draft.objects.filter(edition=found, user=request.user, segment=key, scope=scope).first()
    text = typed if typed is not None else draft.text if draft else _form_text(coder, key, standing)
    seg = now.segments[key]
    pair = found.article.base, found.translation.base
    context = {
        "edition": found,
        "key": key,
        "back": address_of(found.pk, key),
        "segment": seg,
        "source": coder.source(key),
        "source_language": now.document.metadata.language,
        "text": text,
        "formatted": coded.formatted(text, coder.tags_of(key), editable=True) if seg.markup else escape(text),
        "seen": _form_text(coder, key, standing),
        "standing": coder.target(key, standing),
        "scope": scope.value,
        "own": own,
        "conflict": next((each for each in now.applied.conflicts if each.key == key), None),
        "codes": [(number, coded.describe(tag)) for number, tag in coder.tags_of(key).items()],
        "draft": draft if typed is None else None,
        "error": error,
        "clash": clash,
        "findings": now.version.findings.filter(segment=key, state=Finding.State.OPEN),
        "terms": _terms_in(seg, resources(*pair, installation.network()).terms),
        "suggestions": _suggestions(seg, pair, coder, key),
        "history": _history(now, coder, key),
        "sharing": _sharing(found),
        "one_line": seg.kind in (SegmentKind.TITLE, SegmentKind.ATTRIBUTE, SegmentKind.HEADLINE),
    }
    template = "desk/editor/form.html" if request.htmx else "desk/editor/segment.html"
    return render(request, template, context, status=status)


def _terms_in(segment: Segment, terms: Sequence[Term]) -> list[Term]:
    text = _visible(segment.source).casefold()
    return [term for term in terms if term.source.casefold() in text][:20]


def _suggestions(segment: Segment, pair: tuple[str, str], coder: _Coder, key: str) -> list[dict[str, object]]:
    """What was approved for similar segments, with the difference of the sources."""
    if pair[0] == pair[1]:
        return []
    mine = approved.visible(approved.normal(segment))
    return [
        {
            "target": coder.target(key, each.target),
            "coded": _form_text(coder, key, each.target),
            "percent": round(100 * each.likeness),
            "source": differences(_words_of(approved.visible(each.source)), _words_of(mine)),
            "by": each.approver,
        }
        for each in memory.suggest_for(segment, pair, 3)
    ]


def _history(now: Working, coder: _Coder, key: str) -> list[dict[str, object]]:
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
                    "coded": _form_text(coder, key, text),
                    "author": version.author if version.origin == Version.By.PERSON else _("the machine"),
                    "at": version.created_at,
                    "number": version.number,
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
    scope = Scope.EDITION if request.POST.get("scope") == Scope.EDITION else Scope.BASE
    text = request.POST.get("text", "")[: editing.LONGEST]
    mine = Draft.objects.filter(edition=found, user=request.user, scope=scope, segment=key[:200])
    if not text.strip() or "discard" in request.POST:
        mine.delete()
    else:
        Draft.objects.update_or_create(
            edition=found,
            user=request.user,
            scope=scope,
            segment=key[:200],
            defaults={"text": text, "seen": request.POST.get("seen", ""), "at": timezone.now()},
        )
    if request.htmx:
        return HttpResponse(_("Draft kept"), content_type="text/plain")
    return redirect("segment", pk=pk, key=key)


@signed_in
@require_POST
def own(request: DeskRequest, pk: int, key: str) -> HttpResponse:
    """The section's own wording of a segment under which the base has changed: keep it, or take the base."""
    found = edition_or_404(request, pk)
    must_edit(request, found)
    by = request.user.get_username()
    try:
        (editing.keep_own if request.POST.get("do") == "keep" else editing.drop_own)(found.pk, key, by=by)
    except Permanent as error:
        messages.error(request, str(error))
    return redirect(address_of(pk, key))


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
        messages.error(request, str(error))
    return redirect(address_of(pk, row.segment))


# the whole edition


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
                decisions.approve(
                    pk,
                    by=by,
                    net=installation.network(),
                    digest=request.POST.get("digest", ""),
                    dismiss=why,
                    release_at=_release(request, found),
                )
                messages.success(request, _("Approved."))
            case "return":
                decisions.send_back(pk, by=by, note=why)
                messages.success(request, _("Returned with your note."))
            case "reject":
                decisions.decline(pk, by=by, reason=why)
                messages.success(request, _("Rejected: it will not be published in your section."))
            case "take":
                waiting.assign(found, request.user)
                messages.success(request, _("It is yours now."))
            case "note" if why:
                Note.objects.create(edition=found, author=by, text=why[:5_000], at=timezone.now())
            case _:
                messages.error(request, _("Nothing was done: the note was empty."))
    except Permanent as error:
        messages.error(request, str(error))
    return redirect("edition", pk=pk)


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
    if when is None:
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
