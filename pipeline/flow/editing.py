"""Editing at the desk: a person's wording of a segment, in the base or in one section's edition.

Nobody's text is lost: a save says which text it began from, and where another one stands by now nothing is written; the
three texts are given back to be merged. Each save of the base is a new version, which every section decides on; a save
of an edition is the section's own segment on top of the base.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass

from django.db import transaction
from django.db.models import F

from pipeline.documents import (
    CheckFinding,
    Origin,
    OwnSegment,
    Segment,
    SegmentedDocument,
    Severity,
    TranslatedSegment,
)
from pipeline.errors import Permanent
from pipeline.flow import clock, installation, versions
from pipeline.flow.resources import OwnTerms, terms_of
from pipeline.ledger.models import Draft, Edition, Event, Finding, RevisionText, Scope, Translation, Version
from pipeline.ledger.models.articles import hold
from pipeline.ledger.models.translations import unpack_segments
from pipeline.network import Network
from pipeline.stages import check, overlay
from pipeline.stages.clean.addresses import host_of, web_address
from pipeline.stages.intake.text import plain
from pipeline.stages.translate import verify

State = Edition.State

LONGEST = 100_000
"""Characters of one segment that are taken from a person: more is no text, but an accident."""


@dataclass(frozen=True, slots=True)
class Saved:
    """What stands now: the target text, and what the checks say of the segment."""

    target: str
    findings: tuple[CheckFinding, ...] = ()


@dataclass(frozen=True, slots=True)
class Clash:
    """Somebody else was quicker: where both began, their text, which stands, and yours, which is not saved."""

    ancestor: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Working:
    """An edition as it lies on an editor's desk: the version that waits, or else the newest one.

    ``base`` is the shared text; ``shown`` is what the edition's page will say: with its language's own terms and its
    own segments.
    """

    edition: Edition
    version: Version
    document: SegmentedDocument
    base: Mapping[str, str]
    applied: overlay.Applied
    shown: Mapping[str, str]
    terms: OwnTerms

    @property
    def segments(self) -> dict[str, Segment]:
        """The source's segments by key."""
        return {segment.key: segment for segment in self.document.segments}


def working(edition: Edition, *, published: bool = False, before: Working | None = None) -> Working:
    """What an editor of an edition works on; or what is ``published`` of it, for people of other sections.

    ``before`` is what it was a moment ago, in the same request: source and terms are not read again.

    Raises:
        Permanent: there is no translation yet.
    """
    version = edition.approved if published else edition.candidate or edition.translation.version
    own_segments = edition.approved_segments if published else edition.own_segments
    if version is None:
        raise Permanent(f"{edition} has no text yet.", "It is being prepared or translated: come back later.")
    if before is not None and before.version.revision_id == version.revision_id:
        document = before.document
    else:
        text = RevisionText.objects.only("skeleton", "segments").get(pk=version.revision_id)
        document = text.as_segmented(version.revision.metadata)
    sources = overlay.sources_of(document.segments, document.metadata)
    base = version.targets
    applied = overlay.apply(own_segments, sources, base)
    terms = before.terms if before else OwnTerms()
    shown = dict(terms.over(edition, document.segments, base))
    shown.update({key: own.target for key, own in applied.own.items()})
    return Working(edition, version, document, base, applied, shown, terms)


def save(
    edition_id: int,
    scope: Scope,
    key: str,
    target: str,
    *,
    seen: str,
    by: str,
    net: Network,
    before: Working | None = None,
) -> Saved | Clash:
    """Save a person's target text of one segment.

    Args:
        edition_id: the edition at which the person works.
        scope: whether the base changes, for all sections of the language, or this edition alone.
        key: the segment's key.
        target: its new text: inline HTML where the source is, else plain text.
        seen: the text from which the person began.
        by: the person's name.
        before: see :func:`working`.

    Raises:
        Permanent: there is no such segment, or the text breaks the segment's markup.
    """
    with transaction.atomic():
        edition = _held(edition_id)
        now = working(edition, before=before)
        segment = now.segments.get(key)
        if segment is None:
            raise Permanent(
                "This segment is not there any more.", "The article has a new revision: load the page again."
            )
        _refuse_damage(segment, target)
        standing = now.base.get(key, "") if scope == Scope.BASE else now.shown.get(key, "")
        if standing != seen and standing != target:
            return Clash(seen, standing, target)
        found = _check(now, segment, target, net)
        if standing != target:
            if scope == Scope.BASE:
                _save_base(now, segment, target, by, net, found)
            else:
                _save_own(now, segment, target, by)
        Draft.objects.filter(edition=edition, scope=scope, segment=key, user__username=by).delete()
        return Saved(target, tuple(found))


def drop_own(edition_id: int, key: str, *, by: str) -> None:
    """Give up the section's own wording of a segment, or of one that is gone: the base shows again."""
    with transaction.atomic():
        edition = _held(edition_id)
        now = working(edition)
        gone = (each.own for each in now.applied.conflicts if each.is_gone and each.own.key == key)
        own = now.applied.own.get(key) or next(gone, None)
        if own is None:
            return
        _lay_over(edition, now.version, [row for row in edition.overlay if OwnSegment(**row) != own])
        _tell(edition, by, f"the section's own wording of {key} given up")


def choose_image(edition_id: int, address: str, alt: str, *, by: str) -> None:
    """Give an edition a picture of its own for teasers and previews; without an address it has the shared one again.

    Args:
        edition_id: the edition; its section alone shows the picture.
        address: where the picture stands, ``https://…``; mended where that is certain.
        alt: what it shows, in the edition's language.
        by: the person's name.

    Raises:
        Permanent: it is no address on the web, or there is no text for those who can't see it.
    """
    mended, alt = web_address(address, ""), plain(alt)
    if address.strip() and not host_of(mended):
        raise Permanent(f"“{address[:200]}” is no address of a picture.", "Give one that begins with https://.")
    if mended and not alt:
        raise Permanent("The picture has no description.", "Say what it shows: some readers hear the page.")
    with transaction.atomic():
        edition = _held(edition_id)
        now = working(edition)
        metadata = now.document.metadata
        chosen = (
            []
            if not mended
            else [
                OwnSegment(overlay.IMAGE, metadata.image, "", mended, by, _now()),
                OwnSegment(overlay.IMAGE_ALT, metadata.image_alt, now.base.get(overlay.IMAGE_ALT, ""), alt, by, _now()),
            ]
        )
        kept = [row for row in edition.overlay if row["key"] not in (overlay.IMAGE, overlay.IMAGE_ALT)]
        _lay_over(edition, now.version, [*kept, *map(asdict, chosen)])
        _tell(edition, by, "a picture of its own" if chosen else "the section's own picture given up")


def keep_own(edition_id: int, key: str, *, by: str) -> None:
    """Stay with the section's own wording although the base has changed below it."""
    with transaction.atomic():
        edition = _held(edition_id)
        now = working(edition)
        own = now.applied.own.get(key)
        if own is None:
            raise Permanent("The section has no wording of its own for this segment.", "Load the page again.")
        _put_own(now, own, OwnSegment(key, own.source, now.base.get(key, ""), own.target, by, _now()))
        _tell(edition, by, f"the section's own wording of {key} kept")


def _held(edition_id: int) -> Edition:
    hold(Edition.objects.values_list("article_id", flat=True).get(pk=edition_id))
    # What is hardly ever asked for is read when it is: to plan a join of eight tables takes longer than this save.
    return Edition.objects.select_related("article", "translation", "candidate__revision").get(pk=edition_id)


def _refuse_damage(segment: Segment, target: str) -> None:
    if len(target) > LONGEST:
        raise Permanent(f"The text has {len(target):,} characters.", f"A segment has {LONGEST:,} at most.")
    if not target.strip():
        raise Permanent("The text is empty.", "A segment can be changed, but not left out.")
    if segment.markup and (problems := verify.problems(segment.source, target)):
        raise Permanent(
            f"The text does not keep the links and marks of the source: {problems[0]}.",
            "Put each of them where it belongs; none may be lost or doubled.",
        )


def _save_base(
    now: Working, segment: Segment, target: str, by: str, net: Network, found: Sequence[CheckFinding]
) -> None:
    translation = Translation.objects.select_related("article").get(pk=now.edition.translation_id)
    if translation.version_id != now.version.pk:
        raise Permanent(
            "A newer translation has come in meanwhile.", "What you typed is still in the form: load the page again."
        )
    translation.version = now.version  # the very same, with its texts read already
    changed = TranslatedSegment(segment.key, target, Origin.PERSON)
    segments = tuple(changed if each.key == segment.key else each for each in unpack_segments(now.version.segments))
    findings = [
        _carried(row) for row in now.version.findings.exclude(segment=segment.key).exclude(state=Finding.State.FIXED)
    ]
    versions.add(
        translation,
        now.version.revision,
        segments,
        author=by,
        origin=Version.By.PERSON,
        net=net,
        findings=[*findings, *found],
    )


def _save_own(now: Working, segment: Segment, target: str, by: str) -> None:
    base = now.base.get(segment.key, "")
    before = now.applied.own.get(segment.key)
    if target == now.terms.over(now.edition, [segment], {segment.key: base})[segment.key]:
        _lay_over(now.edition, now.version, [row for row in now.edition.overlay if OwnSegment(**row) != before])
    else:
        _put_own(now, before, OwnSegment(segment.key, segment.source, base, target, by, _now()))
    _tell(now.edition, by, f"own wording of {segment.key}")


def _put_own(now: Working, before: OwnSegment | None, own: OwnSegment) -> None:
    kept = [row for row in now.edition.overlay if OwnSegment(**row) != before]
    _lay_over(now.edition, now.version, [*kept, asdict(own)])


def _lay_over(edition: Edition, version: Version, rows: list[dict[str, str]]) -> None:
    """Write the section's own segments; where they are not those that were approved, the edition wants a decision."""
    edition.overlay = rows
    edition.own_title = next((row["target"] for row in rows if row["key"] == "title"), "")
    differs = rows != edition.approved_overlay
    if edition.state == State.SECOND:
        edition.state = State.IN_REVIEW
        edition.reason = f"was changed after {edition.first_approved_by} had approved it"
    elif differs and edition.candidate_id is None and edition.state in (State.APPROVED, State.LIVE):
        edition.candidate, edition.state = version, State.IN_REVIEW
        edition.reason = "the section's own wording was changed after the approval"
    elif not differs and edition.urgent_from_id is None and _waits_for_own(edition):
        unconfirmed = edition.deliveries.filter(confirmed_seq__lt=F("wanted_seq")).exists()
        edition.candidate, edition.reason = None, ""
        edition.state = State.APPROVED if unconfirmed else State.LIVE
    edition.save(update_fields=["overlay", "own_title", "candidate", "state", "reason"])


def _waits_for_own(edition: Edition) -> bool:
    """Whether the section's own segments are all that an edition waits for."""
    return edition.state == State.IN_REVIEW and edition.candidate_id == edition.approved_id is not None


def _check(now: Working, segment: Segment, target: str, net: Network) -> Sequence[CheckFinding]:
    """What the checks say of one segment alone: those of the whole article are looked at with the next translation."""
    pair = now.edition.article.base, now.edition.translation.base
    alone = SegmentedDocument(now.document.metadata, "", (segment,))
    person = TranslatedSegment(segment.key, target, Origin.PERSON)
    found = check.run(alone, [person], *pair, terms_of(*pair), installation.checks(net))
    return [finding for finding in found if finding.segment == segment.key]


def _carried(row: Finding) -> CheckFinding:
    return CheckFinding(row.check_id, Severity(row.severity), row.segment, row.message)


def _now() -> str:
    return clock.now().isoformat(timespec="seconds")


def _tell(edition: Edition, by: str, message: str) -> None:
    Event.objects.create(
        article_id=edition.article_id,
        at=clock.now(),
        stage="review",
        section=edition.section,
        language=edition.language,
        actor=by,
        message=message,
    )
