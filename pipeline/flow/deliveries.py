"""Deliveries as promises: what each output shall hold, by sequence. A promise ends confirmed at its newest sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from datetime import timedelta
from typing import Any

from django.db.models import Case, DateTimeField, F, QuerySet, TextField, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.flow import bell, lanes
from pipeline.ledger.models import Delivery, Edition, Status
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network, Section

Action = Delivery.Action


def want(wanted: Sequence[tuple[Edition, Section]]) -> None:
    """Want the approved versions of some editions at each output of their sections, not before their embargoes.

    Of an edition that is withdrawn or has moved, what stands in its page's place is wanted again: nothing comes back by
    accident. Call it in a transaction that holds the article.
    """
    for edition, _ in wanted:
        if not _is_here(edition):
            _again(Delivery.objects.filter(edition=edition))
    wanted = [(edition, section) for edition, section in wanted if _is_here(edition)]
    known = set(
        Delivery.objects.filter(edition__in=[edition.pk for edition, _ in wanted]).values_list("edition_id", "output")
    )
    new = []
    for edition, section in wanted:
        digest, due = wanted_digest(edition, section), _due(edition)
        for output in section.outputs:
            if (edition.pk, output) in known:
                again = Delivery.objects.filter(edition=edition, output=output)
                changes = {"wanted_digest": digest, "action": Action.PUT, "priority": lanes.NORMAL}
                bump(again, "wanted_seq", due_at=due, **changes)
            else:
                lane = lanes.publish(output)
                new.append(
                    Delivery(edition=edition, output=output, lane=lane, wanted_seq=1, wanted_digest=digest, due_at=due)
                )
    # Nobody else makes the same rows: whoever touches what hangs on an article holds it.
    Delivery.objects.bulk_create(new)
    for output in {output for _, section in wanted for output in section.outputs}:
        bell.announce(lanes.publish(output))


def _is_here(edition: Edition) -> bool:
    return edition.state != Edition.State.WITHDRAWN and edition.moved_to_id is None


def wanted_digest(edition: Edition, section: Section) -> str:
    """The digest of what an edition's page shall show: its text, its path, and the section's name."""
    assert edition.approved is not None
    seen = seen_digest(edition.approved, edition.approved_overlay)
    return hashlib.sha256(f"{seen}\n{edition.path}\n{section.name}".encode()).hexdigest()


def _due(edition: Edition) -> Any:
    embargoed = edition.release_at is not None and edition.release_at > timezone.now()
    return edition.release_at if embargoed else Now()


def take_away(editions: Sequence[Edition], leaving: Delivery.Action) -> None:
    """Want the pages of some editions gone from every output, now. ``leaving``: a notice in their place, or nothing.

    Where nothing was sent yet, nothing is left. Call it in a transaction that holds the articles.
    """
    pages = Delivery.objects.filter(edition__in=[edition.pk for edition in editions])
    unsent = When(sending_seq=0, confirmed_seq=0, then=Value(Action.REMOVE.value))
    action = Case(unsent, default=Value(leaving.value))
    _again(pages, action=action, wanted_digest="", priority=lanes.URGENT)


def lead_on(pages: QuerySet[Delivery]) -> int:
    """Want readers of some pages to be led to where these have moved; gives how many. Call it as :func:`want`."""
    return _again(pages, action=Action.REDIRECT, wanted_digest="")


def rewrite(pages: QuerySet[Delivery], *, later: timedelta | None = None) -> int:
    """Want some pages again as they are, since something that they show has changed; gives how many.

    Pages that are still to be sent show it anyway. With ``later``, what follows until then causes no second rewrite.
    """
    standing = pages.filter(action=Action.PUT, wanted_seq__gt=0, status__in=[Status.DONE, Status.RUNNING])
    return _again(standing, later=later)


def _again(pages: QuerySet[Delivery], *, later: timedelta | None = None, **changes: Any) -> int:
    names = sorted(set(pages.order_by().values_list("output", flat=True).distinct()))
    if not names:
        return 0
    changed = bump(pages, "wanted_seq", due_at=Now() + later if later else Now(), **changes)
    for name in names:
        bell.announce(lanes.publish(name))
    return changed


def pages_confirmed(rows: Sequence[Delivery], net: Network, *, new: Set[int], unsure: Set[int]) -> None:
    """What follows for their siblings when one output has confirmed pages: these are among their alternates.

    ``new`` are the articles (by id) of which an address is new: their other pages are wanted again. Of the articles in
    ``unsure`` a page failed that the confirmed ones name already: these are wanted again, too. Both are debounced:
    many confirmations within ``settle_seconds`` cause one rewrite. Siblings that are still to be sent will find these
    pages by themselves. Call it in a transaction that holds the articles.
    """
    if not new | unsure:
        return
    siblings = Delivery.objects.filter(edition__article_id__in=new | unsure)
    named = [row.pk for row in rows if row.edition.article_id in new]
    rewrite(siblings.exclude(pk__in=named), later=settling(net, rows[0].output))


def settling(net: Network, output: str) -> timedelta:
    """How long whatever follows from many changes waits for further ones at an output."""
    return timedelta(seconds=net.outputs[output].settle_seconds)


def bump(rows: QuerySet[Any], sequence: str, **changes: Any) -> int:
    """Want something newer; gives the number of rows.

    A send that is under way finishes first and finds that it is outdated.
    A row that is ready keeps its earlier due time, unless an embargo moves it.
    """
    due = changes.pop("due_at")
    return rows.update(
        **{sequence: F(sequence) + 1},
        status=Case(When(status=Status.RUNNING, then=Value(Status.RUNNING.value)), default=Value(Status.READY.value)),
        due_at=Case(
            When(status=Status.READY, due_at__lt=due, then=F("due_at")), default=due, output_field=DateTimeField()
        ),
        reason=Case(When(status=Status.RUNNING, then=F("reason")), default=Value(""), output_field=TextField()),
        **changes,
    )
