"""Confirm: record what outputs have taken, and make due what follows from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

import structlog
from django.db import transaction
from django.db.models import Exists, F, OuterRef

from pipeline.documents import Sent, Teaser
from pipeline.flow import clock, deliveries, links, listing, webhooks
from pipeline.flow.context import working
from pipeline.flow.numbers import recording
from pipeline.ledger import claim as claims
from pipeline.ledger.bulk import update_each
from pipeline.ledger.models import Delivery, Edition, Event, Receipt, Topic
from pipeline.ledger.models.articles import hold_all
from pipeline.network import Network

log = structlog.get_logger()
Action = Delivery.Action
Confirmed = Sequence[tuple[Delivery, Sent]]


@dataclass(frozen=True, slots=True)
class Told:
    """What pages that were sent tell: ``teasers`` and ``addresses`` by delivery.

    The addresses are those at which pages of the same claim say that a page stands: a failed one's, too.
    """

    net: Network
    teasers: Mapping[int, Teaser]
    addresses: Mapping[int, str]

    def is_elsewhere(self, row: Delivery, answer: Sent) -> bool:
        """Whether an output has put a page elsewhere than it says itself; one that does so each time is left to it."""
        named = self.addresses.get(row.pk)
        return row.action == Action.PUT and answer.url != named != row.url

    def teaser(self, row: Delivery, answer: Sent) -> Teaser | None:
        """How lists tell of a page, at the address at which it stands; ``None`` where there is none to tell of."""
        teaser = self.teasers.get(row.pk)
        return replace(teaser, url=answer.url) if teaser and teaser.url != answer.url else teaser


def record(
    sent: Sequence[tuple[Delivery, Sent]], tried: Sequence[Delivery], claim: claims.Claim[Delivery], told: Told
) -> None:
    """Confirm what was sent, and what follows from it, in one transaction. ``tried`` are all rows of the claim.

    A row that is no longer this claim's is left to the one who has it now, and sends and confirms it again.
    """
    now = clock.now()
    with transaction.atomic():
        hold_all(row.edition.article_id for row, _ in sent)
        ours = claims.still_held(claim)
        confirmed = [(row, answer) for row, answer in sent if row.pk in ours]
        if not confirmed:
            return
        _confirm(confirmed, claim, now)
        Receipt.objects.bulk_create(
            receipt(row, Receipt.Outcome.CONFIRMED, digest=answer.digest, url=answer.url, detail=answer.detail)
            for row, answer in confirmed
        )
        _go_live([row.edition for row, _ in confirmed])
        put = [row for row, _ in confirmed if row.action == Action.PUT]
        recording.published([(row.edition_id, row.edition.approved_id) for row in put], now)
        teasers = {row.pk: teaser for row, answer in confirmed if (teaser := told.teaser(row, answer))}
        listing.confirmed([row for row, _ in confirmed], teasers, told.net)
        moved = [(row, answer) for row, answer in confirmed if _is_move(row, answer)]
        _tell_siblings(confirmed, moved, tried, told)
        _follow(moved, told.net)
        Event.objects.bulk_create(_event(row, answer, now) for row, answer in moved)
    for row, answer in confirmed:
        with working(row):
            log.info("confirmed", lane=row.lane, sequence=row.sending_seq, written=answer.written, url=answer.url)


def _tell_siblings(confirmed: Confirmed, moved: Confirmed, tried: Sequence[Delivery], told: Told) -> None:
    """Want the pages again that name a page which has come, has moved, or does not stand where they say."""
    net, done = told.net, {row.pk for row, _ in confirmed}
    unsure = {row.edition.article_id for row in tried if row.pk not in done and _is_unsure(row, told)}
    elsewhere = [row for row, answer in confirmed if told.is_elsewhere(row, answer)]
    unsure |= {row.edition.article_id for row in elsewhere if _is_leading(row, net)}
    new = {row.edition.article_id for row, _ in moved if _is_leading(row, net)}
    deliveries.pages_confirmed([row for row, _ in confirmed], net, new=new - unsure, unsure=unsure)
    if own := [row for row in elsewhere if row.edition.article_id not in unsure]:
        # Nobody else names these: but they name themselves.
        again = Delivery.objects.filter(pk__in=[row.pk for row in own])
        deliveries.rewrite(again, later=deliveries.settling(net, own[0].output))


def _is_move(row: Delivery, answer: Sent) -> bool:
    """Whether readers find a page where there was none, or no longer find it where it was."""
    stood = bool(row.confirmed_seq) and row.confirmed_action == Action.PUT
    return (not stood or row.url != answer.url) if row.action == Action.PUT else stood


def _is_leading(row: Delivery, net: Network) -> bool:
    """Whether this is the page that others name: an article has one alternate a language, at the first output."""
    return any(section.key == row.edition.section and section.outputs[0] == row.output for section in net.sections)


def _is_unsure(row: Delivery, told: Told) -> bool:
    """Whether pages that went out together with one that did not name an address at which it does not stand yet."""
    if row.action != Action.PUT or row.pk not in told.addresses or not _is_leading(row, told.net):
        return False
    there = row.url if row.confirmed_seq and row.confirmed_action == Action.PUT else ""
    return there != told.addresses[row.pk]


def _follow(moved: Confirmed, net: Network) -> None:
    """Want the pages again that link to what has moved, and lead readers on from where it was at other outputs."""
    if not moved:
        return
    settle = timedelta(seconds=net.outputs[moved[0][0].output].settle_seconds)
    links.moved([(row.edition, answer.url if row.action == Action.PUT else "") for row, answer in moved], settle=settle)
    if put := [row.edition_id for row, _ in moved if row.action == Action.PUT]:
        before = Edition.objects.filter(moved_to__in=put).values_list("pk", flat=True)
        deliveries.lead_on(Delivery.objects.filter(edition__in=[*put, *before], action=Action.REDIRECT))


_HAPPENED: Final = {
    Action.PUT: "published at {url}",
    Action.NOTICE: "a notice stands in the place of {url}",
    Action.REMOVE: "taken away from {url}",
    Action.REDIRECT: "readers of {url} are led to its new address",
}


def _event(row: Delivery, answer: Sent, now: datetime) -> Event:
    return Event(
        article_id=row.edition.article_id,
        at=now,
        stage="publish",
        section=row.edition.section,
        language=row.edition.language,
        message=_HAPPENED[Action(row.action)].format(url=answer.url or row.url),
    )


def _confirm(confirmed: Confirmed, claim: claims.Claim[Delivery], now: datetime) -> None:
    ids = [row.pk for row, _ in confirmed]
    claims.finish_promises(Delivery, ids, claim.token, confirmed_seq=F("sending_seq"), confirmed_at=now)
    shown = {row.pk: row.edition.approved_id if row.action == Action.PUT else None for row, _ in confirmed}
    update_each(
        Delivery,
        ("confirmed_digest", "url", "confirmed_action", "version_id"),
        {row.pk: (answer.digest, answer.url, row.action, shown[row.pk]) for row, answer in confirmed},
    )


def _go_live(editions: Sequence[Edition]) -> None:
    """Editions of which nothing is unconfirmed any more are live."""
    approved = [edition.pk for edition in editions if edition.state == Edition.State.APPROVED]
    if not approved:
        return
    unconfirmed = Delivery.objects.filter(edition=OuterRef("pk"), confirmed_seq__lt=F("wanted_seq"))
    Edition.objects.filter(~Exists(unconfirmed), pk__in=approved, state=Edition.State.APPROVED).update(
        state=Edition.State.LIVE
    )
    webhooks.editions(Topic.EDITION_LIVE, Edition.objects.filter(pk__in=approved, state=Edition.State.LIVE))


def receipt(
    delivery: Delivery, outcome: Receipt.Outcome, *, detail: str = "", digest: str = "", url: str = ""
) -> Receipt:
    """The receipt of one attempt, still to be saved."""
    return Receipt(
        delivery=delivery,
        sequence=delivery.sending_seq,
        outcome=outcome,
        detail=detail,
        digest=digest,
        url=url,
        at=clock.now(),
    )
