"""Taking a decision back, as long as nobody outside has seen what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Q, QuerySet, Subquery, When

from pipeline.documents import Severity
from pipeline.errors import Permanent
from pipeline.flow import clock, urgent, webhooks
from pipeline.flow.decisions import POLICY_AUTO, refuse_withdrawn
from pipeline.flow.numbers import recording
from pipeline.flow.people import Rights
from pipeline.ledger.models import ApprovedUnit, Delivery, Edition, Event, Finding, Status, Topic, Version
from pipeline.ledger.models.articles import hold
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network
from pipeline.stages import review

State = Edition.State

_TAKEN_BACK = (
    *("candidate", "approved", "approved_overlay", "state", "reason", "decided_by", "decided_at"),
    *("slug", "path", "published_at", "updated_at"),
)

REFUSALS = (State.RETURNED, State.DECLINED)

RECENT = timedelta(days=1)
"""How long a decision counts as one of the last."""


def undo(edition_id: int, *, by: str, net: Network) -> Edition:
    """Take back the last decision on an edition: it waits again.

    An approval is taken back together with those of the sections that followed it, and as long as no page of it was
    sent or is being sent anywhere; what it fed to the memory is forgotten. Where two people approved, it waits for the
    second again. A return, a rejection or the first of two approvals can be taken back as long as it stands; an urgent
    correction as long as nobody has confirmed it: what was published before is published again.

    Raises:
        Permanent: there is nothing to take back, or it is too late.
    """
    with transaction.atomic():
        hold(Edition.objects.values_list("article_id", flat=True).get(pk=edition_id))
        edition = Edition.objects.select_related("article", "translation", "approved").get(pk=edition_id)
        again = [edition]
        if edition.state in REFUSALS:
            refuse_withdrawn(edition)
            _reopen(edition, net, by)
        elif edition.urgent_from_id is not None and edition.state != State.WITHDRAWN:
            urgent.take_back(edition, by=by, net=net)
        elif edition.state == State.SECOND:
            _reopen(edition, net, by, "the first approval taken back")
        elif edition.state == State.LIVE or edition.existing_url:
            raise _too_late(edition)
        elif edition.state == State.APPROVED and edition.candidate_id is None:
            again = _take_back(edition, net, by)
        else:
            raise Permanent(
                f"{edition} has no decision that could be taken back.",
                f"It is {edition.get_state_display()}: decide on what waits.",
            )
        back = Edition.objects.filter(pk__in=[each.pk for each in again], state=State.IN_REVIEW)
        webhooks.editions(Topic.EDITION_IN_REVIEW, back)
    return edition


def recent(rights: Rights) -> list[Edition]:
    """The person's last decisions that can be taken back still, newest first (``last_at``): ten at most."""
    mine = undoable(Edition.objects.filter(section__in=rights.sections)).annotate(
        last_at=Case(
            When(state=State.SECOND, first_approved_by=rights.name, then=F("first_approved_at")),
            When(state=State.RETURNED, approved__isnull=False, then=_refused_at(rights.name)),
            When(decided_by=rights.name, then=F("decided_at")),
        )
    )
    last = mine.filter(last_at__gte=clock.now() - RECENT).select_related("article", "approved", "candidate")
    return list(last.order_by("-last_at", "id")[:10])


def _refused_at(name: str) -> Subquery:
    """When somebody returned an edition of which an earlier version is published; ``decided_by`` is of that one."""
    told = Event.objects.filter(article=OuterRef("article"), actor=name, message=OuterRef("reason"))
    return Subquery(told.order_by("-id").values("at")[:1])


def undoable(editions: QuerySet[Edition]) -> QuerySet[Edition]:
    """Those of some editions whose last decision can be taken back."""
    out = Exists(_seen_outside().filter(edition=OuterRef("pk")))
    approved = Q(state=State.APPROVED, candidate=None, existing_url="") & ~Q(out)
    corrected = Q(urgent_from__isnull=False) & ~Q(state=State.WITHDRAWN)
    return editions.filter(approved | Q(state__in=(*REFUSALS, State.SECOND)) | corrected)


def _seen_outside() -> QuerySet[Delivery]:
    """Deliveries of which something was sent, perhaps: an attempt that failed may have got through."""
    return Delivery.objects.filter(Q(sending_seq__gt=0) | Q(confirmed_seq__gt=0) | Q(status=Status.RUNNING))


def _reopen(edition: Edition, net: Network, by: str, told: str = "the decision against it taken back") -> None:
    if edition.approved_id is None:  # else it is what was decided about what is published
        edition.decided_by, edition.decided_at = "", None
    newest = edition.translation.version
    if newest is not None and newest.pk != edition.approved_id:
        edition.candidate = newest  # it may have come while nobody wanted it
    if edition.candidate is None:
        edition.state, edition.reason = State.TARGETED, ""
    else:
        _wait(edition, edition.candidate, net, by)
    edition.save(update_fields=["candidate", "state", "reason", "decided_by", "decided_at"])
    _tell(edition, by, told)


def _take_back(edition: Edition, net: Network, by: str) -> list[Edition]:
    """Take an approval back. Returns the editions for which it had been approved."""
    version = edition.approved
    assert version is not None
    together = [edition, *_followers(edition, net)]
    _unwant(together)
    recording.taken_back(together, version)
    for each in together:
        each.candidate, each.approved, each.approved_overlay = version, None, []
        each.decided_by, each.decided_at = "", None
        each.slug, each.path, each.published_at, each.updated_at = "", "", None, None
        if each.state != State.WITHDRAWN:  # a follower that was: it stays so, and waits for who brings it back
            _wait(each, version, net, by)
            if _is_approved_once(each, version, net):
                each.state = State.SECOND
                each.reason = f"approved by {each.first_approved_by}, waits for a second person"
        each.save(update_fields=_TAKEN_BACK)
        _tell(each, by, f"the approval of version {version.number} taken back")
    if not Edition.objects.filter(approved=version).exclude(decided_by=POLICY_AUTO).exists():
        ApprovedUnit.objects.filter(version=version).delete()
    return together


def _is_approved_once(edition: Edition, version: Version, net: Network) -> bool:
    """Whether a first of two approvals still holds, once the second is taken back."""
    asked = net.section(edition.section).second_eyes
    return asked and edition.first_approved_digest == seen_digest(version, edition.overlay)


def _followers(edition: Edition, net: Network) -> list[Edition]:
    """The editions that were approved by the same decision."""
    following = [section.key for section in net.sections if section.follows == edition.section]
    same = Edition.objects.filter(
        article_id=edition.article_id,
        section__in=following,
        approved_id=edition.approved_id,
        decided_at=edition.decided_at,
        decided_by=edition.decided_by,
        candidate=None,
    )
    return list(same.select_related("article", "translation").order_by("id"))


def _unwant(editions: Sequence[Edition]) -> None:
    """Want nothing of these editions any more. Workers don't hold the article: their rows are locked, then looked at.

    Raises:
        Permanent: a page was sent, or is being sent.
    """
    ids = [edition.pk for edition in editions]
    rows = list(Delivery.objects.select_for_update().filter(edition__in=ids).values_list("pk", flat=True))
    if late := _seen_outside().filter(pk__in=rows).select_related("edition__article").order_by("id").first():
        raise _too_late(late.edition)
    Delivery.objects.filter(pk__in=rows).delete()


def _too_late(edition: Edition) -> Permanent:
    return Permanent(
        f"{edition} is published already, or on its way: it can't be taken back.",
        "Correct the text and approve it again.",
    )


def _wait(edition: Edition, version: Version, net: Network, by: str) -> None:
    """Let an edition wait: for what its section's policy says, but never without a person who decides."""
    section = net.section(edition.section)
    leader = net.section(section.follows) if section.follows else None
    blocking = version.findings.filter(severity=Severity.BLOCK.value, state=Finding.State.OPEN).order_by("id")
    decision = review.decide(
        review.Situation(
            policy=section.policy,
            section=section.name,
            blocking=list(blocking.values_list("message", flat=True)),
            leader=leader.name if leader else "",
            leader_approved=leader is not None
            and Edition.objects.filter(
                article_id=edition.article_id, section=leader.key, approved=version, candidate=None
            ).exists(),
        )
    )
    if decision.outcome == "approve":
        decision = review.Decision("in_review", f"the decision was taken back by {by}: an editor decides")
    edition.state, edition.reason = State(decision.outcome), decision.reason


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
