"""Publishing without a worker: the lanes of all outputs, worked by the command itself."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Max
from django.db.models.functions import Coalesce, Now

from pipeline.flow import bell, deliveries, installation, lanes, listing, publish, retry
from pipeline.ledger.models import Delivery, Edition, Receipt, Refresh, Status
from pipeline.ledger.models.articles import hold
from pipeline.management import editions

PATIENCE: Final = timedelta(seconds=15)
"""How long to wait for front pages, which wait for further changes themselves; what is due later is left to workers."""


@dataclass(frozen=True, slots=True)
class SentPage:
    """A page that an output has confirmed."""

    edition: str
    url: str


@dataclass(frozen=True, slots=True)
class Failure:
    """What could not be sent, and why; ``final`` when it is not tried again by itself."""

    what: str
    why: str
    final: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of one run."""

    pages: tuple[SentPage, ...]
    fronts: int
    failures: tuple[Failure, ...]


def wake(section: str | None, article: str | None, *, again: bool) -> int:
    """Make failed deliveries due again, or (``again``) everything that is published. Returns how many.

    Raises:
        Permanent: there is no such section or article.
    """
    chosen = Delivery.objects.all()
    if section is not None:
        chosen = chosen.filter(edition__section=installation.network().section(section).key)
    if article is not None:
        chosen = chosen.filter(edition__article=editions.find_article(article))
    if not again:
        return retry.deliveries(chosen) + (retry.front_pages() if section is None and article is None else 0)
    ids = sorted(set(chosen.filter(confirmed_seq__gt=0).values_list("edition_id", flat=True)))
    number = sum(_want_again(edition_id) for edition_id in ids)
    if ids and article is None:
        for output in installation.network().outputs:
            listing.again(output, section)
    return number


def _want_again(edition_id: int) -> int:
    net = installation.network()
    with transaction.atomic():
        article = Edition.objects.values_list("article_id", flat=True).get(pk=edition_id)
        hold(article)
        edition = Edition.objects.select_related("approved").get(pk=edition_id)
        if edition.approved is None:
            return 0
        deliveries.want([(edition, net.section(edition.section))])
    return edition.deliveries.count()


def send() -> Sent:
    """Work the lanes of all outputs until nothing is due any more, nor will be within :data:`PATIENCE`."""
    last = Receipt.objects.aggregate(last=Coalesce(Max("id"), 0))["last"]
    before = _fronts_done()
    outputs = list(installation.network().outputs)
    deadline = time.monotonic() + PATIENCE.total_seconds()
    with bell.muffled():
        while True:
            for output in outputs:
                while publish.run(output)[1]:
                    pass
            if not _soon(outputs) or time.monotonic() > deadline:
                break
            time.sleep(0.2)
    return Sent(_pages(last), len(_fronts_done() - before), tuple(_failures(outputs)))


def _soon(outputs: list[str]) -> bool:
    """Whether something will be due soon that has not just failed."""
    wanted = {"lane__in": [lanes.publish(output) for output in outputs], "status": Status.READY, "reason": ""}
    return any(
        model._default_manager.filter(**wanted, due_at__lt=Now() + PATIENCE).exists() for model in (Delivery, Refresh)
    )


def _fronts_done() -> set[tuple[int, int]]:
    return set(Refresh.objects.values_list("id", "done_seq"))


def _pages(last: int) -> tuple[SentPage, ...]:
    confirmed = Receipt.objects.filter(id__gt=last, outcome=Receipt.Outcome.CONFIRMED)
    found = {
        receipt.delivery_id: SentPage(str(receipt.delivery.edition), receipt.url)
        for receipt in confirmed.select_related("delivery__edition__article").order_by("id")
    }
    return tuple(found.values())


def _failures(outputs: list[str]) -> list[Failure]:
    lane_names = [lanes.publish(output) for output in outputs]
    rows = [
        *Delivery.objects.filter(lane__in=lane_names).select_related("edition__article"),
        *Refresh.objects.filter(lane__in=lane_names),
    ]
    open_rows = [row for row in rows if row.reason and row.status in {Status.READY, Status.FAILED}]
    return [Failure(str(row), row.reason, row.status == Status.FAILED) for row in open_rows]
