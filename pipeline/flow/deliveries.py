"""Deliveries as promises: what each output shall hold, by sequence. A promise ends confirmed at its newest sequence."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

from django.db.models import Case, DateTimeField, F, QuerySet, TextField, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.flow import bell, lanes
from pipeline.ledger.models import Delivery, Edition, Refresh, Status
from pipeline.network import Section


def want(edition: Edition, section: Section) -> None:
    """Want the approved version of an edition at each output of its section, not before its embargo.

    Call it in a transaction that holds the article.
    """
    assert edition.approved is not None
    digest = hashlib.sha256(f"{edition.approved.digest}\n{edition.path}".encode()).hexdigest()
    embargoed = edition.release_at is not None and edition.release_at > timezone.now()
    for output in section.outputs:
        delivery, _ = Delivery.objects.get_or_create(
            edition=edition, output=output, defaults={"lane": lanes.publish(output), "status": Status.DONE}
        )
        due = edition.release_at if embargoed else Now()
        _bump(Delivery.objects.filter(pk=delivery.pk), "wanted_seq", due_at=due, wanted_digest=digest)
        bell.announce(delivery.lane)


def page_confirmed(delivery: Delivery, settle_seconds: float, *, address_changed: bool) -> None:
    """What follows when an output has confirmed a page: the section's front page, the alternates of its siblings.

    Both are debounced: many confirmations within ``settle_seconds`` cause one rewrite. Siblings that are still to be
    sent will find this page by themselves. Call it in a transaction that holds the article.
    """
    edition = delivery.edition
    later = Now() + timedelta(seconds=settle_seconds)
    refresh, _ = Refresh.objects.get_or_create(
        output=delivery.output,
        section=edition.section,
        language=edition.language,
        defaults={"lane": delivery.lane, "status": Status.DONE},
    )
    _bump(Refresh.objects.filter(pk=refresh.pk), "dirty_seq", due_at=later)
    if address_changed:
        siblings = Delivery.objects.filter(
            edition__article_id=edition.article_id, status__in=[Status.DONE, Status.RUNNING], wanted_seq__gt=0
        ).exclude(pk=delivery.pk)
        # This lane is being worked right now, and looks by itself when its next row is due.
        for lane in siblings.exclude(lane=delivery.lane).order_by().values_list("lane", flat=True).distinct():
            bell.announce(lane)
        _bump(siblings, "wanted_seq", due_at=later)


def retry_failed(deliveries: QuerySet[Delivery] | None = None) -> int:
    """Make failed deliveries and front pages ready again. Returns how many."""
    changed = 0
    rows: list[QuerySet[Any]] = [Delivery.objects.all() if deliveries is None else deliveries]
    if deliveries is None:
        rows.append(Refresh.objects.all())
    for queryset in rows:
        failed = queryset.filter(status=Status.FAILED)
        for lane in failed.order_by().values_list("lane", flat=True).distinct():
            bell.announce(lane)
        changed += failed.update(status=Status.READY, reason="", attempts=0, deaths=0, due_at=Now())
    return changed


def _bump(rows: QuerySet[Any], sequence: str, **changes: Any) -> None:
    """Want something newer. A send that is under way finishes first and finds that it is outdated.

    A row that is ready keeps its earlier due time, unless an embargo moves it.
    """
    due = changes.pop("due_at")
    rows.update(
        **{sequence: F(sequence) + 1},
        status=Case(When(status=Status.RUNNING, then=Value(Status.RUNNING.value)), default=Value(Status.READY.value)),
        due_at=Case(
            When(status=Status.READY, due_at__lt=due, then=F("due_at")), default=due, output_field=DateTimeField()
        ),
        reason=Case(When(status=Status.RUNNING, then=F("reason")), default=Value(""), output_field=TextField()),
        **changes,
    )
