"""Publish: render what is wanted and hand it to the outputs; record their receipts.

Rendering and sending happen outside every transaction. What is sent carries its sequence, so that a send which ends
after a newer one changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal

import structlog
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Value, When
from django.utils import timezone

from pipeline.documents import Alternate, Corrected, Metadata, Sent, Teaser, WithdrawnPage
from pipeline.errors import PipelineError, Transient
from pipeline.flow import (
    clock,
    corrections,
    deliveries,
    installation,
    lanes,
    links,
    listing,
    placing,
    refresh,
    release,
    series,
    webhooks,
    work,
)
from pipeline.flow.context import working
from pipeline.flow.installation import output_of
from pipeline.flow.numbers import recording
from pipeline.flow.pages import content_of, page_of
from pipeline.flow.resources import OwnTerms
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Delivery, Edition, Event, Receipt, Redirect, Refresh, Status, Topic, Version
from pipeline.ledger.models.articles import RevisionText, hold_all
from pipeline.ledger.models.deliveries import SHOWN
from pipeline.masking import mask
from pipeline.network import Network, Section
from pipeline.stages.publish import SiteContext, teasers
from pipeline.stages.publish.outputs.contract import Output

log = structlog.get_logger()
Action = Delivery.Action

BUDGET: Final = 20


def run(output: str) -> tuple[int, bool]:
    """Work the lane of an output: first articles, then the lists they change; see :func:`work.drain`."""
    lane = lanes.publish(output)
    pages, more_pages = work.drain(Delivery, lane, BUDGET, _send_pages)
    lists, more_lists = work.drain(Refresh, lane, BUDGET, refresh.send)
    return pages + lists, more_pages or more_lists


@dataclass(frozen=True, slots=True)
class _Batch:
    """What several deliveries need, read with a few queries; the text of a version is put together once."""

    net: Network
    versions: dict[int, Version]
    texts: dict[int, RevisionText]
    shown: dict[int, list[tuple[Delivery, str]]]  # by article: what is confirmed or goes out now, with its address
    own_terms: OwnTerms
    known: links.Known
    corrections: Mapping[int, tuple[Corrected, ...]]  # by edition
    redirects: Mapping[int, Sequence[Redirect]]  # by edition
    contents: dict[tuple[int, str], tuple[Metadata, str]] = field(default_factory=dict)  # by version and language
    teasers: dict[int, Teaser] = field(default_factory=dict)  # by delivery: how lists tell of the pages that were put

    def content(self, version: Version, edition: Edition) -> tuple[Metadata, str]:
        """Translated metadata and body of a version, as an edition shows it."""
        text = self.texts[version.revision_id]
        if edition.approved_overlay:
            return content_of(version, text, edition, self.own_terms)
        key = version.pk, edition.language
        if key not in self.contents:
            self.contents[key] = content_of(version, text, edition, self.own_terms)
        return self.contents[key]


def _send_pages(claim: claims.Claim[Delivery], rows: Sequence[Delivery]) -> None:
    net = installation.network()
    claimed = (
        Delivery.objects.filter(pk__in=[row.pk for row in rows])
        .select_related("edition__article", "edition__translation")
        .order_by("priority", "due_at", "id")
    )
    new = [row.edition.article_id for row in claimed if row.action == Action.PUT and not row.confirmed_seq]
    held = release.held_back(new)
    due = [row for row in claimed if _is_due(row, claim, net, held)]
    batch = _read(net, due)
    sent = {row.pk: answer for row in due if (answer := _send_page(row, claim, batch)) is not None}
    if sent:
        _record([(row, sent[row.pk]) for row in due if row.pk in sent], due, claim, batch)


def _is_due(delivery: Delivery, claim: claims.Claim[Delivery], net: Network, held: Mapping[int, str]) -> bool:
    """Whatever made it due: nothing goes out before its time. What is taken back waits for nothing."""
    if delivery.action in (Action.NOTICE, Action.REMOVE):
        return True
    embargo = delivery.edition.release_at
    if delivery.action == Action.PUT and embargo is not None and embargo > timezone.now():
        return _put_off(delivery, claim, Status.READY, due_at=embargo)
    section = next((section for section in net.sections if section.key == delivery.edition.section), None)
    if why := release.paused(section):
        return _put_off(delivery, claim, Status.WAITING, why)
    if delivery.action == Action.REDIRECT:
        new = placing.moved_to(delivery, net)
        return bool(new) or _put_off(delivery, claim, Status.WAITING, "its new address is not published yet")
    if not delivery.confirmed_seq and (why := held.get(delivery.edition.article_id, "")):
        return _put_off(delivery, claim, Status.WAITING, why)
    return True


def _put_off(
    delivery: Delivery, claim: claims.Claim[Delivery], status: Status, why: str = "", **changes: Any
) -> Literal[False]:
    if not delivery.confirmed_seq and not delivery.receipts.exists():
        changes["sending_seq"] = 0  # claimed, but never sent: it can still be undone
    work.guarded(delivery, claim, lambda: claims.put_off(delivery, claim.token, status, why, **changes))
    return False


def _read(net: Network, claimed: Sequence[Delivery]) -> _Batch:
    found = Version.objects.select_related("revision", "restored__revision").defer("restored__segments")
    versions = found.in_bulk([row.edition.approved_id for row in claimed])
    texts = RevisionText.objects.in_bulk([version.revision_id for version in versions.values()])
    for row in claimed:
        row.edition.approved = versions.get(row.edition.approved_id or 0)
    editions = [row.edition for row in claimed]
    return _Batch(
        net,
        versions,
        texts,
        _shown([row for row in claimed if row.action == Action.PUT]),
        OwnTerms(),
        links.known((text.body for text in texts.values()), net),
        corrections.shown(editions),
        placing.redirects_of(editions),
    )


def _shown(claimed: Sequence[Delivery]) -> dict[int, list[tuple[Delivery, str]]]:
    """The pages of each article that name each other: those that are confirmed, and those that go out together now.

    The latter are not confirmed when the first of them is written. Should one fail, the others are wanted again
    without it (see :func:`_record`); without this, every page would be written twice.
    """
    shown: dict[int, list[tuple[Delivery, str]]] = defaultdict(list)
    now = {row.pk for row in claimed}
    for row in Delivery.objects.filter(
        SHOWN, edition__article_id__in={row.edition.article_id for row in claimed}
    ).select_related("edition"):
        if row.pk not in now:
            shown[row.edition.article_id].append((row, row.url))
    for row in claimed:
        shown[row.edition.article_id].append((row, ""))
    return shown


def _send_page(delivery: Delivery, claim: claims.Claim[Delivery], batch: _Batch) -> Sent | None:
    """Render and send one page. Gives ``None`` where it went wrong, which is then recorded."""
    with working(delivery):
        try:
            return _send(delivery, batch)
        except Exception as error:  # noqa: BLE001 - one page's trouble must not become its neighbours'
            transient = isinstance(error, Transient) or not isinstance(error, PipelineError)
            outcome = Receipt.Outcome.TRANSIENT if transient else Receipt.Outcome.PERMANENT
            with transaction.atomic():
                _receipt(delivery, outcome, detail=mask(str(error))).save()
                work.record_failure(delivery, claim, error)
            return None


def _send(delivery: Delivery, batch: _Batch) -> Sent:
    edition, net = delivery.edition, batch.net
    section = net.section(edition.section)
    out = output_of(delivery.output, section, net)
    redirects = batch.redirects.get(edition.pk, ())
    match delivery.action:
        case Action.REMOVE:
            return placing.remove(delivery, out, redirects)
        case Action.REDIRECT:
            return placing.lead(delivery, out, redirects, placing.moved_to(delivery, net))
        case Action.NOTICE:
            renderer = installation.renderer(net)
            notice = renderer.withdrawn(_notice_of(edition, out), SiteContext(section.name, section.zone))
            out.put_assets(renderer.assets)
            return placing.put(delivery, out, notice, redirects)
        case _:
            return _put(delivery, section, out, batch)


def _notice_of(edition: Edition, out: Output) -> WithdrawnPage:
    return WithdrawnPage(
        language=edition.language,
        section=edition.section,
        path=edition.path,
        url=out.address(edition.path),
        article=edition.article.uid,
        withdrawn_at=edition.withdrawn_at or clock.now(),
    )


def _put(delivery: Delivery, section: Section, out: Output, batch: _Batch) -> Sent:
    edition, net = delivery.edition, batch.net
    version = batch.versions[edition.approved_id or 0]
    metadata, body = batch.content(version, edition)
    url = out.address(edition.path)
    alternates = _alternates(edition, url, metadata.title, batch)
    led = batch.known.led(body, edition, delivery.output, url)
    page = page_of(edition, version, metadata, led, url, alternates, batch.corrections.get(edition.pk, ()))
    page = replace(page, series=series.navigation(edition, delivery.output, metadata))
    batch.teasers[delivery.pk] = teasers.of(page)
    renderer = installation.renderer(net)
    rendered = renderer.article(page, SiteContext(name=section.name, time_zone=section.zone))
    out.put_assets(renderer.assets)
    return placing.put(delivery, out, rendered, batch.redirects.get(edition.pk, ()), page)


def _record(
    sent: Sequence[tuple[Delivery, Sent]], tried: Sequence[Delivery], claim: claims.Claim[Delivery], batch: _Batch
) -> None:
    """Confirm what was sent, and what follows from it, in one transaction.

    A row that is no longer this claim's is left to the one who has it now, and sends and confirms it again.
    """
    now, net = clock.now(), batch.net
    with transaction.atomic():
        hold_all(row.edition.article_id for row, _ in sent)
        ours = claims.still_held(claim)
        confirmed = [(row, answer) for row, answer in sent if row.pk in ours]
        if not confirmed:
            return
        _confirm(confirmed, claim, now)
        Receipt.objects.bulk_create(
            _receipt(row, Receipt.Outcome.CONFIRMED, digest=answer.digest, url=answer.url, detail=answer.detail)
            for row, answer in confirmed
        )
        _go_live([row.edition for row, _ in confirmed])
        put = [row for row, _ in confirmed if row.action == Action.PUT]
        recording.published([(row.edition_id, row.edition.approved_id) for row in put], now)
        rows, done = [row for row, _ in confirmed], {row.pk for row, _ in confirmed}
        failed = {row.edition.article_id for row in tried if row.pk not in done and _is_unsure(row, net)}
        moved = [(row, answer) for row, answer in confirmed if _is_move(row, answer)]
        new = {row.edition.article_id for row, _ in moved if _is_leading(row, net)}
        listing.confirmed(rows, batch.teasers, net)
        deliveries.pages_confirmed(rows, net, new=new - failed, unsure=failed)
        _follow(moved, net)
        Event.objects.bulk_create(_event(row, answer, now) for row, answer in moved)
    for row, answer in confirmed:
        with working(row):
            log.info("confirmed", lane=row.lane, sequence=row.sending_seq, written=answer.written, url=answer.url)


def _is_move(row: Delivery, answer: Sent) -> bool:
    """Whether readers find a page where there was none, or no longer find it where it was."""
    stood = bool(row.confirmed_seq) and row.confirmed_action == Action.PUT
    return (not stood or row.url != answer.url) if row.action == Action.PUT else stood


def _is_leading(row: Delivery, net: Network) -> bool:
    """Whether this is the page that others name: an article has one alternate a language, at the first output."""
    return any(section.key == row.edition.section and section.outputs[0] == row.output for section in net.sections)


def _is_unsure(row: Delivery, net: Network) -> bool:
    """Whether pages that went out together with one that failed name an address at which it does not stand yet."""
    if row.action != Action.PUT or not _is_leading(row, net):
        return False
    there = row.url if row.confirmed_seq and row.confirmed_action == Action.PUT else ""
    return there != output_of(row.output, net.section(row.edition.section), net).address(row.edition.path)


def _follow(moved: Sequence[tuple[Delivery, Sent]], net: Network) -> None:
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


def _confirm(confirmed: Sequence[tuple[Delivery, Sent]], claim: claims.Claim[Delivery], now: datetime) -> None:
    def column(values: Iterable[tuple[int, str | int | None]]) -> Case:
        return Case(*(When(pk=pk, then=Value(value)) for pk, value in values))

    claims.finish_promises(
        Delivery,
        [row.pk for row, _ in confirmed],
        claim.token,
        confirmed_seq=F("sending_seq"),
        confirmed_digest=column((row.pk, answer.digest) for row, answer in confirmed),
        confirmed_at=now,
        url=column((row.pk, answer.url) for row, answer in confirmed),
        confirmed_action=column((row.pk, row.action) for row, _ in confirmed),
        version=column((row.pk, row.edition.approved_id) for row, _ in confirmed),
    )
    gone = [row.pk for row, _ in confirmed if row.action != Action.PUT]
    if gone:
        Delivery.objects.filter(pk__in=gone).update(version=None)


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


def _receipt(
    delivery: Delivery, outcome: Receipt.Outcome, *, detail: str = "", digest: str = "", url: str = ""
) -> Receipt:
    return Receipt(
        delivery=delivery,
        sequence=delivery.sending_seq,
        outcome=outcome,
        detail=detail,
        digest=digest,
        url=url,
        at=clock.now(),
    )


def _alternates(edition: Edition, url: str, title: str, batch: _Batch) -> tuple[Alternate, ...]:
    """The pages of an article, each at its section's first output, in the order of the network file."""
    net = batch.net
    columns = [(section, language.tag) for section in net.sections for language in section.languages]
    order = {(section.key, tag): number for number, (section, tag) in enumerate(columns)}
    sections = {section.key: section for section in net.sections}
    found = {}
    for row, known in batch.shown[edition.article_id]:
        other = row.edition
        section = sections.get(other.section)
        if section and section.outputs[0] == row.output:
            address = known or output_of(row.output, section, net).address(other.path)
            found[other.section, other.language] = Alternate(other.language, address)
    found[edition.section, edition.language] = Alternate(edition.language, url, title)
    return tuple(found[key] for key in sorted(found, key=lambda key: (order.get(key, len(order)), key)))
