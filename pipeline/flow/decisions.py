"""Review: policies and people decide on editions. A decision leads to wanted deliveries, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from pipeline.documents import Metadata
from pipeline.errors import Permanent, Transient
from pipeline.flow import clock, deliveries, memory
from pipeline.ledger.models import Edition, Event, Finding, Version
from pipeline.ledger.models.articles import RevisionText, hold, unpack_metadata
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network, Section
from pipeline.stages import overlay, review
from pipeline.stages.publish import site, slug

State = Edition.State
POLICY_AUTO = "policy auto"
"""Who approved, when nobody did: the page then says that it is machine translation that nobody has read."""

_DECIDED: Final = (
    *("approved", "approved_overlay", "candidate", "state", "reason", "decided_by", "decided_at"),
    *("slug", "path", "published_at", "updated_at", "release_at"),
)
"""The columns of an edition that an approval writes."""


def settle(version: Version, net: Network, *, only_held: bool = False) -> None:
    """Let the policy of each section decide on a new version. Call it in a transaction that holds the article.

    ``only_held`` is for one that nothing blocks any more: what editors have done meanwhile stays.
    """
    by_section = {section.key: section for section in net.sections}
    editions = (
        Edition.objects.filter(translation=version.translation, section__in=by_section)
        .exclude(state=State.DECLINED)
        .select_related("article", "translation")
    )
    blocking = _blocking(version)
    leading = {edition.section: edition.decided_by for edition in editions if edition.approved_id == version.pk}
    approved: list[_Approval] = []
    # Leaders first: a follower then finds the approval it waits for.
    for edition in sorted(editions, key=lambda e: (by_section[e.section].policy == "lead", e.section, e.language)):
        section = by_section[edition.section]
        if only_held and edition.state not in (State.HELD, State.FOLLOWING):
            continue
        if edition.approved_id != version.pk and _decided(edition, version, section, net, blocking, leading):
            by = leading.setdefault(edition.section, leading.get(section.follows or "", POLICY_AUTO))
            approved.append(_Approval(edition, section, by))
    _approve(approved, version)


def _decided(
    edition: Edition,
    version: Version,
    section: Section,
    net: Network,
    blocking: Sequence[str],
    leading: Mapping[str, str],
) -> bool:
    """Whether the policy approves the version for an edition; if not, the edition says what it waits for."""
    leader = net.section(section.follows) if section.follows else None
    decision = review.decide(
        review.Situation(
            policy=section.policy,
            section=section.name,
            blocking=blocking,
            leader=leader.name if leader else "",
            leader_approved=leader is not None and leader.key in leading,
        )
    )
    edition.candidate = version
    if decision.outcome == "approve" and (why := _changed_below(edition, version) or _over_person(edition, version)):
        decision = review.Decision("in_review", why)
    if decision.outcome == "approve":
        return True
    edition.state = State(decision.outcome)
    edition.reason = decision.reason
    edition.save(update_fields=["candidate", "state", "reason"])
    return False


def _over_person(edition: Edition, version: Version) -> str:
    """Why a machine's version can't go out by itself: a person wrote what is published of the same revision."""
    if version.origin != Version.By.MACHINE or edition.approved_id is None:
        return ""
    same = Version.objects.filter(pk=edition.approved_id, origin=Version.By.PERSON, revision=version.revision_id)
    return "a person wrote what is published; a newer machine translation is proposed" if same.exists() else ""


def _blocking(version: Version) -> list[str]:
    findings = version.findings.filter(severity="block", state=Finding.State.OPEN).order_by("id")
    return list(findings.values_list("message", flat=True))


def approve(
    edition_id: int,
    *,
    by: str,
    net: Network,
    digest: str | None = None,
    dismiss: str = "",
    release_at: datetime | None = None,
) -> Edition:
    """Approve the version that waits for a decision, and publish it (after its embargo).

    ``digest`` is that of what the approver has seen, the section's own segments included (see
    :func:`pipeline.ledger.models.editions.seen_digest`); when something else waits meanwhile, nothing is approved.
    ``dismiss`` gives the reason for which open blocking findings are dismissed. ``release_at`` puts publishing off; an
    embargo of the article that ends later still holds.

    Raises:
        Permanent: nothing waits, something else waits, or a finding blocks.
    """
    with _held(edition_id) as edition:
        version = edition.candidate
        if version is None:
            raise Permanent(f"{edition} has nothing that waits for a decision.", _how_it_stands(edition))
        if digest is not None and digest != seen_digest(version, edition.overlay):
            raise Permanent(
                f"{edition} has changed since you saw it: version {version.number} waits now.",
                "Read that one and decide again.",
            )
        if changed := _changed_below(edition, version):
            raise Permanent(f"{edition}: {changed}.", "Take the new wording or keep your own, segment by segment.")
        _dismiss(version, by, dismiss)
        if release_at is not None:
            embargo = unpack_metadata(version.revision.metadata).embargo
            edition.release_at = max(release_at, embargo) if embargo else release_at
        section = net.section(edition.section)
        _approve([_Approval(edition, section, by), *_followers(edition, version, section, by, net)], version)
        memory.feed(version, by)
    return edition


def send_back(edition_id: int, *, by: str, note: str) -> Edition:
    """Return an edition with a note: it is not published until somebody approves it or a new version comes."""
    return _refuse(edition_id, State.RETURNED, by, note, "returned")


def decline(edition_id: int, *, by: str, reason: str) -> Edition:
    """Reject an edition: not for this section. Later revisions don't come back to it.

    Raises:
        Permanent: a version of it is published; that is withdrawn, not rejected.
    """
    return _refuse(edition_id, State.DECLINED, by, reason, "rejected")


def _refuse(edition_id: int, state: Edition.State, by: str, why: str, word: str) -> Edition:
    if not why.strip():
        raise Permanent("A decision against an article needs a reason.", "Say in a sentence what is wrong with it.")
    with _held(edition_id) as edition:
        if edition.candidate is None and (edition.approved is not None or state == State.RETURNED):
            raise Permanent(f"{edition} has nothing that waits for a decision.", _how_it_stands(edition))
        if state == State.DECLINED and edition.approved is not None:
            raise Permanent(
                f"{edition} is published already and can't be rejected.", "Return the new version with a note instead."
            )
        edition.state, edition.reason = state, f"{word} by {by}: {why}"
        edition.decided_by, edition.decided_at = by, clock.now()
        edition.save(update_fields=["state", "reason", "decided_by", "decided_at"])
        _event(edition, by, edition.reason, clock.now()).save()
    return edition


@contextmanager
def _held(edition_id: int) -> Iterator[Edition]:
    """A transaction that holds the article of an edition, then the edition itself."""
    with transaction.atomic():
        article = Edition.objects.values_list("article_id", flat=True).get(pk=edition_id)
        hold(article)
        yield Edition.objects.select_related("article", "translation", "candidate", "approved").get(pk=edition_id)


def _how_it_stands(edition: Edition) -> str:
    words = edition.get_state_display()
    return f"It is {words}{f': {edition.reason}' if edition.reason else ''}."


def _dismiss(version: Version, by: str, why: str) -> None:
    blocking = version.findings.filter(severity="block", state=Finding.State.OPEN)
    if why:
        blocking.update(state=Finding.State.DISMISSED, decided_by=by, why=why, decided_at=clock.now())
    elif messages := list(blocking.values_list("message", flat=True)):
        raise Permanent(
            f"{len(messages)} finding{'s block' if len(messages) > 1 else ' blocks'} it: {'; '.join(messages[:3])}.",
            'Have the text mended, or dismiss them with a reason: --dismiss "…".',
        )


def _changed_below(edition: Edition, version: Version) -> str:
    """What keeps a version from being approved together with the section's own segments; empty when nothing does."""
    if not edition.overlay:
        return ""
    text = RevisionText.objects.get(pk=version.revision_id)
    sources = {key: source for key, _, source, _ in text.segments}
    conflicts = overlay.apply(edition.own_segments, sources, version.targets).conflicts
    count = len(conflicts)
    return f"{count} segment{'s' if count > 1 else ''} changed under the section's own wording" if count else ""


@dataclass(frozen=True, slots=True)
class _Approval:
    """Who approves a version for which edition, and the edition's section."""

    edition: Edition
    section: Section
    by: str


def _approve(approvals: Sequence[_Approval], version: Version) -> None:
    """Approve a version for editions of its translation: all of them together, in as few statements as it takes."""
    if not approvals:
        return
    now = clock.now()
    metadata = unpack_metadata(version.revision.metadata)
    for each in approvals:
        edition = each.edition
        edition.approved, edition.candidate = version, None
        edition.approved_overlay = edition.overlay
        edition.state, edition.reason = State.APPROVED, ""
        edition.decided_by, edition.decided_at = each.by, now
        if edition.published_at is None:
            edition.published_at = edition.updated_at = metadata.published_at or now
        else:
            edition.updated_at = now
    _save(approvals, version, metadata)
    Event.objects.bulk_create(
        _event(each.edition, each.by, f"version {version.number} approved", now) for each in approvals
    )
    deliveries.want([(each.edition, each.section) for each in approvals])


def _followers(edition: Edition, version: Version, section: Section, by: str, net: Network) -> list[_Approval]:
    following = {other.key: other for other in net.sections if other.follows == section.key}
    waiting = Edition.objects.filter(
        article_id=edition.article_id,
        translation=version.translation,
        section__in=following,
        candidate=version,
    ).exclude(state=State.DECLINED)
    return [
        _Approval(follower, following[follower.section], by)
        for follower in waiting.select_related("article", "translation").order_by("id")
    ]


def _save(approvals: Sequence[_Approval], version: Version, metadata: Metadata) -> None:
    """Save the editions. One without an address gets slug and path, which do not change by themselves later.

    The unique constraint has the last word on addresses. Most titles are new: whether a slug is taken is asked only
    after the constraint has refused it. Another article may take the one that was free a moment ago, at most twice.

    Raises:
        Transient: it did so again.
    """
    unaddressed = [each.edition for each in approvals if not each.edition.path]
    for ask in (False, True, True):
        try:
            with transaction.atomic():
                for each in approvals:
                    if each.edition in unaddressed:
                        _choose_address(each, version, metadata, ask=ask)
                    each.edition.save(update_fields=_DECIDED)
        except IntegrityError:
            if not unaddressed:
                raise
            continue
        return
    raise Transient("Other articles took the same addresses at the same moment.")


def _choose_address(approval: _Approval, version: Version, metadata: Metadata, *, ask: bool) -> None:
    edition = approval.edition
    own = metadata.slug if edition.translation.base == edition.article.base else ""
    assert edition.published_at is not None
    published = edition.published_at.astimezone(approval.section.zone)

    def path_of(candidate: str) -> str:
        return site.article_path(edition.language, published, candidate)

    def taken(candidate: str) -> bool:
        ours = Edition.objects.filter(section=edition.section, language=edition.language)
        return ask and ours.filter(path=path_of(candidate)).exists()

    title = overlay.apply(edition.own_segments, {"title": metadata.title}, {"title": version.title}).targets["title"]
    edition.slug = slug.make(own or title, edition.language, taken, edition.article.uid)
    edition.path = path_of(edition.slug)


def _event(edition: Edition, by: str, message: str, now: datetime) -> Event:
    return Event(
        article_id=edition.article_id,
        at=now,
        stage="review",
        section=edition.section,
        language=edition.language,
        actor=by,
        message=message,
    )
