"""The five invariants of the ledger, as one query each: tests and ``sectionwire doctor`` run them."""

from __future__ import annotations

from django.db.models import Exists, F, OuterRef, Q

from pipeline.ledger.claim import CLAIMABLES
from pipeline.ledger.models import Delivery, Edition, Finding, Refresh, Status


def broken() -> list[str]:
    """Every row that breaks an invariant, in a sentence each; an empty list when the ledger is sound.

    1. A delivery's confirmed sequence was wanted, and so was a page's done sequence.
    2. A row runs exactly when it has a token and a lease.
    3. A live edition has an approved version without an open blocking finding; of a withdrawn one no page is wanted.
    4. An approval says who made it and when, of exactly one version's digest.
    5. Every unfinished row is ready, leased, waiting for something, or failed with a reason.
    """
    return [*_sequences(), *_leases(), *_approvals(), *_reasons()]


def _sequences() -> list[str]:
    rows: list[str] = [
        f"1: {delivery} has confirmed {delivery.confirmed_seq}, but only {delivery.wanted_seq} was wanted"
        for delivery in Delivery.objects.filter(confirmed_seq__gt=F("wanted_seq")).select_related("edition__article")
    ]
    rows += [
        f"1: {page} is done beyond what was wanted" for page in Refresh.objects.filter(done_seq__gt=F("dirty_seq"))
    ]
    rows += [
        f"1: {delivery} is done at {delivery.confirmed_seq}, but {delivery.wanted_seq} is wanted"
        for delivery in Delivery.objects.filter(status=Status.DONE)
        .exclude(confirmed_seq=F("wanted_seq"))
        .select_related("edition__article")
    ]
    return rows


def _leases() -> list[str]:
    whole = Q(token__isnull=False, lease_until__isnull=False)
    bare = Q(token__isnull=True, lease_until__isnull=True)
    return [
        f"2: {row} is {row.status}, but its token and lease say otherwise"
        for model in CLAIMABLES
        for row in model._default_manager.exclude(Q(status=Status.RUNNING) & whole | ~Q(status=Status.RUNNING) & bare)
    ]


def _approvals() -> list[str]:
    blocking = Finding.objects.filter(version=OuterRef("approved"), severity="block", state=Finding.State.OPEN)
    editions = Edition.objects.select_related("article")
    out = Q(state__in=[Edition.State.APPROVED, Edition.State.LIVE])
    rows = [
        f"3: {edition} is {edition.state} without an approved version"
        for edition in editions.filter(out, approved=None)
    ]
    rows += [
        f"3: {edition} is {edition.state} although a finding blocks it"
        for edition in editions.filter(out, approved__isnull=False).filter(Exists(blocking))
    ]
    rows += [
        f"3: {page} wants its page shown although it is withdrawn"
        for page in Delivery.objects.filter(edition__state=Edition.State.WITHDRAWN, action=Delivery.Action.PUT)
        .exclude(wanted_seq=0)
        .select_related("edition__article")
    ]
    rows += [
        f"4: {edition} has an approved version, but nobody approved it"
        for edition in editions.filter(approved__isnull=False).filter(Q(decided_by="") | Q(decided_at=None))
    ]
    return rows


def _reasons() -> list[str]:
    return [
        f"5: {row} is {row.status} and does not say why"
        for model in CLAIMABLES
        for row in model._default_manager.filter(status__in=[Status.WAITING, Status.FAILED], reason="")
    ]
