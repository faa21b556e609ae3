"""Taking a decision back, as long as nobody outside has seen what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from pipeline.documents import Severity
from pipeline.errors import Permanent
from pipeline.flow import clock
from pipeline.flow.decisions import POLICY_AUTO
from pipeline.flow.people import Rights
from pipeline.ledger.models import ApprovedUnit, Delivery, Edition, Event, Finding, Status, Version
from pipeline.ledger.models.articles import hold
from pipeline.network import Network
from pipeline.stages import review

State = Edition.State

REFUSALS = (State.RETURNED, State.DECLINED)

RECENT = timedelta(days=1)
"""How long a decision counts as one of the last."""


def undo(edition_id: int, *, by: str, net: Network) -> Edition:
    """Take back the last decision on an edition: it waits again.

    An approval is taken back together with those of the sections that followed it, and as long as no page of it was
    sent or is being sent anywhere; what it fed to the memory is forgotten. A return or a rejection can be taken back
    as long as it stands.

    Raises:
        Permanent: there is nothing to take back, or it is too late.
    """
    with transaction.atomic():
        hold(Edition.objects.values_list("article_id", flat=True).get(pk=edition_id))
        edition = Edition.objects.select_related("article", "translation", "approved").get(pk=edition_id)
        if edition.state in REFUSALS:
            _reopen(edition, net, by)
        elif edition.state in (State.APPROVED, State.LIVE) and edition.candidate_id is None:
            _take_back(edition, net, by)
        else:
            raise Permanent(
                f"{edition} has no decision that could be taken back.",
                f"It is {edition.get_state_display()}: decide on what waits.",
            )
    return edition


def recent(rights: Rights) -> list[Edition]:
    """The person's last decisions that can be taken back still, newest first: ten at most."""
    decided = Edition.objects.filter(
        section__in=rights.sections, decided_by=rights.name, decided_at__gte=clock.now() - RECENT
    )
    return list(undoable(decided).select_related("article", "approved", "candidate").order_by("-decided_at", "id")[:10])


def undoable(editions: QuerySet[Edition]) -> QuerySet[Edition]:
    """Those of some editions whose last decision can be taken back."""
    out = Exists(_seen_outside().filter(edition=OuterRef("pk")))
    approved = Q(state=State.APPROVED, candidate=None) & ~Q(out)
    return editions.filter(approved | Q(state__in=REFUSALS))


def _seen_outside() -> QuerySet[Delivery]:
    """Deliveries of which something was sent, perhaps: an attempt that failed may have got through."""
    return Delivery.objects.filter(Q(sending_seq__gt=0) | Q(confirmed_seq__gt=0) | Q(status=Status.RUNNING))


def _reopen(edition: Edition, net: Network, by: str) -> None:
    edition.decided_by, edition.decided_at = "", None
    newest = edition.translation.version
    if edition.candidate_id is None and newest is not None and newest.pk != edition.approved_id:
        edition.candidate = newest  # it came while nobody wanted it
    if edition.candidate is None:
        edition.state, edition.reason = State.TARGETED, ""
    else:
        _wait(edition, edition.candidate, net, by)
    edition.save(update_fields=["candidate", "state", "reason", "decided_by", "decided_at"])
    _tell(edition, by, "the decision against it taken back")


def _take_back(edition: Edition, net: Network, by: str) -> None:
    version = edition.approved
    assert version is not None
    together = [edition, *_followers(edition, net)]
    _unwant(together)
    for each in together:
        each.candidate, each.approved, each.approved_overlay = version, None, []
        each.decided_by, each.decided_at = "", None
        each.slug, each.path, each.published_at, each.updated_at = "", "", None, None
        _wait(each, version, net, by)
        each.save()
        _tell(each, by, f"the approval of version {version.number} taken back")
    if not Edition.objects.filter(approved=version).exclude(decided_by=POLICY_AUTO).exists():
        ApprovedUnit.objects.filter(version=version).delete()


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
        raise Permanent(
            f"{late.edition} is published already, or on its way: it can't be taken back.",
            "Correct the text and approve it again.",
        )
    Delivery.objects.filter(pk__in=rows).delete()


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
