"""Review: policies and people decide on editions. A decision leads to wanted deliveries, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import Q

from pipeline.documents import Metadata
from pipeline.errors import Permanent, Transient
from pipeline.flow import clock, corrections, deliveries, lanes, memory, release, second, slugs, webhooks
from pipeline.flow.numbers import recording
from pipeline.ledger.models import Edition, Event, Finding, Topic, Version
from pipeline.ledger.models.articles import RevisionText, hold, unpack_metadata
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network, Section
from pipeline.stages import overlay, review

State = Edition.State
POLICY_AUTO = "policy auto"
"""Who approved, when nobody did: the page then says that it is machine translation that nobody has read."""

_DECIDED: Final = (
    *("approved", "approved_overlay", "candidate", "state", "reason", "decided_by", "decided_at"),
    *("slug", "path", "published_at", "updated_at", "release_at", "urgent_from", "urgent_overlay"),
)
"""The columns of an edition that an approval writes."""


def settle(version: Version, net: Network, *, only_held: bool = False) -> None:
    """Let the policy of each section decide on a new version. Call it in a transaction that holds the article.

    An edition for which it waits already has been decided about: what editors have done meanwhile stays. ``only_held``
    is for a version that nothing blocks any more: those that were held are looked at again.
    """
    by_section = {section.key: section for section in net.sections}
    editions = (
        Edition.objects.filter(translation=version.translation, section__in=by_section)
        .exclude(state=State.DECLINED)
        .select_related("article", "translation")
    )
    blocking = _blocking(version)
    leading = {
        edition.section: edition.decided_by
        for edition in editions
        if edition.approved_id == version.pk and edition.urgent_from_id is None  # else nobody has reviewed it
    }
    approved: list[_Approval] = []
    known = {edition.pk for edition in editions if edition.candidate_id == version.pk}
    # Leaders first: a follower then finds the approval it waits for.
    for edition in sorted(editions, key=lambda e: (by_section[e.section].policy == "lead", e.section, e.language)):
        section = by_section[edition.section]
        if not section.publishes(edition.language) or _kept_from_readers(edition, version):
            continue
        waits = edition.candidate_id == version.pk
        if waits and not (only_held and edition.state in (State.HELD, State.FOLLOWING)):
            continue
        if edition.approved_id != version.pk and _decided(edition, version, section, net, blocking, leading):
            by = leading.get(edition.section) or leading.get(section.follows or "", POLICY_AUTO)
            if second.is_wanted_of(section, net):
                second.follow(edition, version, section, _person(by))
                continue
            leading[edition.section] = by
            approved.append(_Approval(edition, section, by))
    _approve(approved, version)
    waiting = [each.pk for each in editions if each.state == State.IN_REVIEW and each.candidate_id == version.pk]
    if fresh := [pk for pk in waiting if pk not in known]:
        webhooks.editions(Topic.EDITION_IN_REVIEW, Edition.objects.filter(pk__in=fresh))


def _kept_from_readers(edition: Edition, version: Version) -> bool:
    """Whether an edition is withdrawn, so that a new version is kept for later; or has moved to another section."""
    if edition.moved_to_id is not None:
        return True
    if edition.state != State.WITHDRAWN and (edition.approved_id or not edition.article.withdrawn):
        return False
    if edition.state != State.WITHDRAWN:
        edition.state, edition.reason = State.WITHDRAWN, "the article is withdrawn"
        edition.withdrawn_at = clock.now()
    edition.candidate = None if edition.approved_id == version.pk else version
    edition.save(update_fields=["state", "reason", "withdrawn_at", "candidate"])
    return True


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
    if decision.outcome == "approve" and (why := changed_below(edition, version) or _over_person(edition, version)):
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
    theirs = Q(origin=Version.By.PERSON, revision=version.revision_id) | Q(restored__revision=version.revision_id)
    if not Version.objects.filter(theirs, pk=edition.approved_id).exists():
        return ""
    return "a person wrote what is published; a newer machine translation is proposed"


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
    correction: str = "",
) -> Edition:
    """Approve the version that waits for a decision, and publish it (after its embargo).

    Where the section asks for a second pair of eyes, the first approval only lets it wait for another person (its state
    is ``second`` then); an approval of anything else than what the first person has seen is a first one again.

    ``digest`` is that of what the approver has seen, the section's own segments included (see
    :func:`pipeline.ledger.models.editions.seen_digest`); when something else waits meanwhile, nothing is approved.
    ``dismiss`` gives the reason for which open blocking findings are dismissed. ``release_at`` puts publishing off; an
    embargo of the article that ends later still holds. ``correction`` is the note that tells readers of this edition
    what the version puts right.

    Raises:
        Permanent: nothing waits, something else waits, or a finding blocks.
    """
    with held(edition_id) as edition:
        # What was rejected gets no candidates any more: whoever approves it after all approves the newest.
        refuse_gone(edition, net)
        version = edition.translation.version if edition.state == State.DECLINED else edition.candidate
        if version is None:
            raise Permanent(f"{edition} has nothing that waits for a decision.", _how_it_stands(edition))
        if digest is not None and digest != seen_digest(version, edition.overlay):
            raise Permanent(
                f"{edition} has changed since you saw it: version {version.number} waits now.",
                "Read that one and decide again.",
            )
        if changed := changed_below(edition, version):
            raise Permanent(
                f"{edition} can't be approved yet: {changed}.",
                "Take the new wording or keep your own, segment by segment.",
            )
        _dismiss(version, by, dismiss)
        if correction:
            corrections.of_version(edition, version, correction, by=by)
        section = net.section(edition.section)
        if section.second_eyes:
            if not second.is_second(edition, version, by):
                second.begin(edition, version, by, release_at)
                return edition
            release_at = max(filter(None, (release_at, edition.first_release_at)), default=None)
        leading = _Approval(edition, section, by, release_at, is_persons=True)
        _approve([leading, *_followers(leading, version, net)], version)
        memory.feed(version, by)
    return edition


def take(edition: Edition, version: Version, *, by: str, net: Network, dismiss: str = "") -> None:
    """Approve a version that nobody proposed, for an edition that is held: what waits goes on waiting.

    Where the section asks for a second pair of eyes, the version waits for these, in the place of what waited.

    Raises:
        Permanent: a finding blocks it, it does not fit the section's own wording, or the edition is withdrawn.
    """
    refuse_gone(edition, net)
    if changed := changed_below(edition, version):
        raise Permanent(f"{edition}: {changed}.", "Give up the section's own wording of these segments first.")
    _dismiss(version, by, dismiss)
    section = net.section(edition.section)
    if section.second_eyes:
        second.begin(edition, version, by)
        return
    waits, state, reason = edition.candidate, edition.state, edition.reason
    _approve([_Approval(edition, section, by, is_persons=True)], version)
    if waits is not None:
        edition.candidate, edition.state, edition.reason = waits, state, reason
        edition.save(update_fields=["candidate", "state", "reason"])
    memory.feed(version, by)


def refuse_withdrawn(edition: Edition) -> None:
    """Refuse to decide about what was taken back from readers; what was rejected is so with its article.

    Raises:
        Permanent: it was: only its reinstatement brings it back.
    """
    remedy = "Reinstate it first: sectionwire withdraw --undo."
    if edition.state == State.WITHDRAWN:
        raise Permanent(f"{edition} is withdrawn: {edition.reason}.", remedy)
    if edition.state == State.DECLINED and edition.article.withdrawn:
        raise Permanent(f"{edition.article} is withdrawn.", remedy)


def refuse_gone(edition: Edition, net: Network) -> None:
    """Refuse what is withdrawn, and what belongs to a section that publishes nothing new.

    Raises:
        Permanent: it is, or does.
    """
    refuse_withdrawn(edition)
    if net.section(edition.section).retired:
        raise Permanent(
            f"{edition.section} is retired and publishes nothing new.", "Remove retired from its part of network.toml."
        )


def send_back(edition_id: int, *, by: str, note: str) -> Edition:
    """Return an edition with a note: it is not published until somebody approves it or a new version comes."""
    return _refuse(edition_id, State.RETURNED, by, note, f"returned by {by}: {note}")


def decline(edition_id: int, *, by: str, reason: str) -> Edition:
    """Reject an edition: not for this section. Later revisions don't come back to it.

    Raises:
        Permanent: a version of it is published; that is withdrawn, not rejected.
    """
    return _refuse(edition_id, State.DECLINED, by, reason, f"rejected by {by}: {reason}")


def _refuse(edition_id: int, state: Edition.State, by: str, why: str, told: str) -> Edition:
    if not why.strip():
        raise Permanent("A decision against an article needs a reason.", "Say in a sentence what is wrong with it.")
    with held(edition_id) as edition:
        refuse_withdrawn(edition)  # else it would be an edition like any other, which the next version brings back
        if edition.candidate is None and (edition.approved is not None or state == State.RETURNED):
            raise Permanent(f"{edition} has nothing that waits for a decision.", _how_it_stands(edition))
        if state == State.DECLINED and edition.approved is not None:
            raise Permanent(
                f"{edition} is published already and can't be rejected.", "Return the new version with a note instead."
            )
        edition.state, edition.reason = state, told
        if edition.approved is None:  # else it says who approved what is published
            edition.decided_by, edition.decided_at = by, clock.now()
        edition.save(update_fields=["state", "reason", "decided_by", "decided_at"])
        event(edition, by, edition.reason, clock.now()).save()
    return edition


@contextmanager
def held(edition_id: int) -> Iterator[Edition]:
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


def changed_below(edition: Edition, version: Version) -> str:
    """What keeps a version from being approved together with the section's own segments; empty when nothing does."""
    if not edition.overlay:
        return ""
    text = RevisionText.objects.only("skeleton", "segments").get(pk=version.revision_id)
    document = text.as_segmented(version.revision.metadata)
    sources = overlay.sources_of(document.segments, document.metadata)
    conflicts = overlay.apply(edition.own_segments, sources, version.targets).conflicts
    count = len(conflicts)
    return f"{count} segment{'s' if count > 1 else ''} changed under the section's own wording" if count else ""


@dataclass(frozen=True, slots=True)
class _Approval:
    """Who approves a version for which edition, the edition's section, and when it is to go out at the earliest.

    ``is_persons``: somebody of the section decided, and no policy.
    """

    edition: Edition
    section: Section
    by: str
    release_at: datetime | None = None
    is_persons: bool = False


def _approve(approvals: Sequence[_Approval], version: Version) -> None:
    """Approve a version for editions of its translation: all of them together, in as few statements as it takes."""
    if not approvals:
        return
    now = clock.now()
    metadata = unpack_metadata(version.revision.metadata)
    embargo = release.embargo_of(approvals[0].edition.article, metadata)
    for each in approvals:
        edition = each.edition
        confirms = edition.urgent_from_id is not None and edition.approved_id == version.pk
        is_same = confirms and edition.approved_overlay == edition.overlay
        edition.approved, edition.candidate = version, None
        edition.urgent_from, edition.urgent_overlay = None, []
        edition.approved_overlay = edition.overlay
        edition.state, edition.reason = State.APPROVED, ""
        edition.decided_by, edition.decided_at = each.by, now
        edition.release_at = release.release_at(
            each.section,
            (each.release_at, embargo),
            now,
            first=edition.published_at is None,
            urgent=version.revision.priority <= lanes.URGENT,
        )
        if edition.published_at is None:
            out = max(now, edition.release_at or now)
            edition.published_at = edition.updated_at = metadata.published_at or out
        elif not is_same:
            edition.updated_at = now
    _save(approvals, version, metadata)
    deciders = [each.edition.pk for each in approvals if each.is_persons]
    recording.approved([each.edition for each in approvals], version, by_person=deciders, now=now)
    Event.objects.bulk_create(
        event(each.edition, each.by, f"version {version.number} approved", now) for each in approvals
    )
    deliveries.want([(each.edition, each.section) for each in approvals])
    webhooks.editions(Topic.EDITION_APPROVED, Edition.objects.filter(pk__in=[each.edition.pk for each in approvals]))


def _followers(leading: _Approval, version: Version, net: Network) -> list[_Approval]:
    """The editions that wait for this approval, and go out no earlier than it does.

    One whose own wording must be looked at first is its editors' to decide about.
    """
    following = {other.key: other for other in net.sections if other.follows == leading.section.key}
    waiting = Edition.objects.filter(
        article_id=leading.edition.article_id,
        translation=version.translation,
        section__in=following,
        candidate=version,
        state=State.FOLLOWING,
    )
    approvals = []
    for follower in waiting.select_related("article", "translation").order_by("id"):
        if not following[follower.section].publishes(follower.language):
            continue  # it began to wait before the section was retired, or gave the language up
        if changed := changed_below(follower, version):
            follower.state, follower.reason = State.IN_REVIEW, changed
            follower.save(update_fields=["state", "reason"])
        elif second.is_wanted_of(following[follower.section], net):
            second.follow(follower, version, following[follower.section], _person(leading.by))
        else:
            approvals.append(_Approval(follower, following[follower.section], leading.by, leading.release_at))
    return approvals


def _person(by: str) -> str:
    return "" if by == POLICY_AUTO else by


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
                        slugs.choose(each.edition, each.section, version, metadata, ask=ask)
                    each.edition.save(update_fields=_DECIDED)
                if slugs.lead_elsewhere(unaddressed):
                    raise IntegrityError
        except IntegrityError:
            if not unaddressed:
                raise
            continue
        return
    raise Transient("Other articles took the same addresses at the same moment.")


def event(edition: Edition, by: str, message: str, now: datetime) -> Event:
    return Event(
        article_id=edition.article_id,
        at=now,
        stage="review",
        section=edition.section,
        language=edition.language,
        actor=by,
        message=message,
    )
