"""Deliveries as promises: what each output shall hold, by sequence. A promise ends confirmed at its newest sequence."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Case, DateTimeField, F, Q, QuerySet, TextField, Value, When
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.flow import bell, lanes
from pipeline.ledger.models import Delivery, Edition, Refresh, Status
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network, Section


def want(wanted: Sequence[tuple[Edition, Section]]) -> None:
    """Want the approved versions of some editions at each output of their sections, not before their embargoes.

    Call it in a transaction that holds the article.
    """
    known = set(
        Delivery.objects.filter(edition__in=[edition.pk for edition, _ in wanted]).values_list("edition_id", "output")
    )
    new = []
    for edition, section in wanted:
        digest, due = _wanted(edition)
        for output in section.outputs:
            if (edition.pk, output) in known:
                again = Delivery.objects.filter(edition=edition, output=output)
                _bump(again, "wanted_seq", due_at=due, wanted_digest=digest)
            else:
                lane = lanes.publish(output)
                new.append(
                    Delivery(edition=edition, output=output, lane=lane, wanted_seq=1, wanted_digest=digest, due_at=due)
                )
    # Nobody else makes the same rows: whoever touches what hangs on an article holds it.
    Delivery.objects.bulk_create(new)
    for output in {output for _, section in wanted for output in section.outputs}:
        bell.announce(lanes.publish(output))


def _wanted(edition: Edition) -> tuple[str, Any]:
    """The digest of what an edition's page shall show, and when it is due."""
    assert edition.approved is not None
    embargoed = edition.release_at is not None and edition.release_at > timezone.now()
    seen = seen_digest(edition.approved, edition.approved_overlay)
    digest = hashlib.sha256(f"{seen}\n{edition.path}".encode()).hexdigest()
    return digest, edition.release_at if embargoed else Now()


def pages_confirmed(rows: Sequence[Delivery], net: Network, *, new: Set[int], unsure: Set[int]) -> None:
    """What follows when one output has confirmed pages: front pages, and the alternates of their siblings.

    ``new`` are the articles (by id) of which an address is new: their other pages are wanted again. Of the articles in
    ``unsure`` a page failed that the confirmed ones name already: these are wanted again, too. Both are debounced:
    many confirmations within ``settle_seconds`` cause one rewrite. Siblings that are still to be sent will find these
    pages by themselves. Call it in a transaction that holds the articles.
    """
    output, lane = rows[0].output, rows[0].lane
    later = Now() + timedelta(seconds=net.outputs[output].settle_seconds)
    _refresh_fronts(output, lane, {(row.edition.section, row.edition.language) for row in rows}, later)
    if not new | unsure:
        return
    siblings = Delivery.objects.filter(
        edition__article_id__in=new | unsure, status__in=[Status.DONE, Status.RUNNING], wanted_seq__gt=0
    ).exclude(pk__in=[row.pk for row in rows if row.edition.article_id in new])
    _bump(siblings, "wanted_seq", due_at=later)
    # This lane is being worked right now, and looks by itself when its next row is due.
    for other in net.outputs.keys() - {output}:
        bell.announce(lanes.publish(other))


def _refresh_fronts(output: str, lane: str, fronts: set[tuple[str, str]], due: Any) -> None:
    wanted = reduce(or_, [Q(section=section, language=language) for section, language in sorted(fronts)])
    dirty = Refresh.objects.filter(wanted, output=output)
    if _bump(dirty, "dirty_seq", due_at=due) < len(fronts):
        # The first page of a section: some other worker may be making the same row.
        Refresh.objects.bulk_create(
            [
                Refresh(output=output, section=section, language=language, lane=lane, status=Status.DONE)
                for section, language in sorted(fronts)
            ],
            ignore_conflicts=True,
        )
        _bump(dirty, "dirty_seq", due_at=due)


def _bump(rows: QuerySet[Any], sequence: str, **changes: Any) -> int:
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
