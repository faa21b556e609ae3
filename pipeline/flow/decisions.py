"""Review: policies and people decide on editions. A decision leads to wanted deliveries, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from pipeline.errors import Permanent
from pipeline.flow import clock, deliveries
from pipeline.ledger.models import Edition, Event, Finding, Version
from pipeline.ledger.models.articles import hold, unpack_metadata
from pipeline.network import Network, Section
from pipeline.stages import review
from pipeline.stages.publish import site, slug

State = Edition.State
POLICY_AUTO = "policy auto"
"""Who approved, when nobody did: the page then says that it is machine translation that nobody has read."""


def settle(version: Version, net: Network) -> None:
    """Let the policy of each section decide on a new version. Call it in a transaction that holds the article."""
    by_section = {section.key: section for section in net.sections}
    editions = (
        Edition.objects.filter(translation=version.translation, section__in=by_section)
        .exclude(state=State.DECLINED)
        .select_related("article", "translation")
    )
    blocking = _blocking(version)
    # Leaders first: a follower then finds the approval it waits for.
    for edition in sorted(editions, key=lambda e: (by_section[e.section].policy == "lead", e.section, e.language)):
        _settle_one(edition, version, by_section[edition.section], net, blocking)


def _settle_one(edition: Edition, version: Version, section: Section, net: Network, blocking: Sequence[str]) -> None:
    if edition.approved_id == version.pk:
        return
    leader = net.section(section.follows) if section.follows else None
    leading = _leading_edition(edition, leader, version) if leader else None
    decision = review.decide(
        review.Situation(
            policy=section.policy,
            section=section.name,
            blocking=blocking,
            leader=leader.name if leader else "",
            leader_approved=leading is not None,
        )
    )
    edition.candidate = version
    if decision.outcome == "approve":
        _approve(edition, version, leading.decided_by if leading else POLICY_AUTO, section)
        return
    edition.state = State(decision.outcome)
    edition.reason = decision.reason
    edition.save(update_fields=["candidate", "state", "reason"])


def _leading_edition(edition: Edition, leader: Section, version: Version) -> Edition | None:
    """The leader's edition, if it has approved this very version."""
    leading = Edition.objects.filter(article_id=edition.article_id, section=leader.key, approved=version)
    return leading.order_by("id").first()


def _blocking(version: Version) -> list[str]:
    findings = version.findings.filter(severity="block", state=Finding.State.OPEN).order_by("id")
    return list(findings.values_list("message", flat=True))


def approve(edition_id: int, *, by: str, net: Network, digest: str | None = None, dismiss: str = "") -> Edition:
    """Approve the version that waits for a decision, and publish it (after its embargo).

    ``digest`` is that of the version which the approver has seen; when another one waits meanwhile, nothing is
    approved. ``dismiss`` gives the reason for which open blocking findings are dismissed.

    Raises:
        Permanent: nothing waits, something else waits, or a finding blocks.
    """
    with _held(edition_id) as edition:
        version = edition.candidate
        if version is None:
            raise Permanent(f"{edition} has nothing that waits for a decision.", _how_it_stands(edition))
        if digest is not None and digest != version.digest:
            raise Permanent(
                f"{edition} has changed since you saw it: version {version.number} waits now.",
                "Read that one and decide again.",
            )
        _dismiss(version, by, dismiss)
        section = net.section(edition.section)
        _approve(edition, version, by, section)
        _followers(edition, version, section, net)
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
        _tell(edition, by, edition.reason)
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
        blocking.update(state=Finding.State.DISMISSED, decided_by=by, why=why)
    elif messages := list(blocking.values_list("message", flat=True)):
        raise Permanent(
            f"{len(messages)} finding{'s block' if len(messages) > 1 else ' blocks'} it: {'; '.join(messages[:3])}.",
            'Have the text mended, or dismiss them with a reason: --dismiss "…".',
        )


def _approve(edition: Edition, version: Version, by: str, section: Section) -> None:
    now = clock.now()
    metadata = unpack_metadata(version.revision.metadata)
    edition.approved, edition.candidate = version, None
    edition.state, edition.reason = State.APPROVED, ""
    edition.decided_by, edition.decided_at = by, now
    if edition.published_at is None:
        edition.published_at = edition.updated_at = metadata.published_at or now
    else:
        edition.updated_at = now
    if edition.path:
        edition.save()
    else:
        _save_with_address(edition, version, section)
    _tell(edition, by, f"version {version.number} approved")
    deliveries.want(edition, section)


def _followers(edition: Edition, version: Version, section: Section, net: Network) -> None:
    following = {other.key: other for other in net.sections if other.follows == section.key}
    waiting = Edition.objects.filter(
        article_id=edition.article_id,
        translation=version.translation,
        section__in=following,
        candidate=version,
    ).exclude(state=State.DECLINED)
    for follower in waiting.select_related("article", "translation").order_by("id"):
        _approve(follower, version, edition.decided_by, following[follower.section])


def _save_with_address(edition: Edition, version: Version, section: Section) -> None:
    """Choose slug and path once, and save; the address of a published page does not change by itself.

    The unique constraint has the last word when two editions choose the same slug at the same moment.
    """
    metadata = unpack_metadata(version.revision.metadata)
    own = metadata.slug if edition.translation.base == edition.article.base else ""
    assert edition.published_at is not None
    published = edition.published_at.astimezone(section.zone)

    def path_of(candidate: str) -> str:
        return site.article_path(edition.language, published, candidate)

    def taken(candidate: str) -> bool:
        return Edition.objects.filter(
            section=edition.section, language=edition.language, path=path_of(candidate)
        ).exists()

    for _ in range(3):
        edition.slug = slug.make(own or version.title, edition.language, taken, edition.article.uid)
        edition.path = path_of(edition.slug)
        try:
            with transaction.atomic():
                edition.save()
        except IntegrityError:
            continue
        return
    raise Permanent(f"No free address was found for {edition}.", "Give the article a slug of its own.")


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
