"""Publish: render what is wanted and hand it to the outputs; :mod:`pipeline.flow.confirm` records their receipts.

Rendering and sending happen outside every transaction. What is sent carries its sequence, so that a send which ends
after a newer one changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from time import monotonic
from typing import Any, Final, Literal

from django.db import transaction
from django.utils import timezone

from pipeline.documents import Corrected, Metadata, Sent, Teaser, WithdrawnPage
from pipeline.errors import PipelineError, Transient, Unreachable
from pipeline.flow import (
    alternates,
    clock,
    confirm,
    corrections,
    installation,
    lanes,
    links,
    placing,
    refresh,
    release,
    series,
    work,
)
from pipeline.flow.context import working
from pipeline.flow.installation import output_of
from pipeline.flow.pages import content_of, page_of
from pipeline.flow.patience import Patience
from pipeline.flow.resources import OwnTerms
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Delivery, Edition, Receipt, Redirect, Refresh, Status, Version
from pipeline.ledger.models.articles import RevisionText
from pipeline.masking import mask
from pipeline.network import Network
from pipeline.stages.publish import SiteContext, teasers
from pipeline.stages.publish.outputs.contract import Output

Action = Delivery.Action

BUDGET: Final = 60
"""Pages that are claimed, and confirmed in one transaction, together. A killed worker has sent so many for nothing."""

SLICE_SECONDS: Final = 2.0
"""After which the rest of a claim goes back: what is urgent waits no longer for it, however slow the output is."""

_LISTS: Final = 20


def run(output: str) -> tuple[int, bool]:
    """Work the lane of an output: first articles, then the lists they change; see :func:`work.drain`."""
    lane = lanes.publish(output)
    pages, more_pages = work.drain(Delivery, lane, BUDGET, _send_pages)
    lists, more_lists = work.drain(Refresh, lane, _LISTS, refresh.send)
    return pages + lists, more_pages or more_lists


@dataclass(frozen=True, slots=True)
class _Batch:
    """What several deliveries need, read with a few queries; the text of a version is put together once."""

    net: Network
    versions: Mapping[int, Version]
    texts: Mapping[int, RevisionText]
    alternates: alternates.Alternates
    own_terms: OwnTerms
    known: links.Known
    corrections: Mapping[int, tuple[Corrected, ...]]  # by edition
    redirects: Mapping[int, Sequence[Redirect]]  # by edition
    contents: dict[tuple[int, str], tuple[Metadata, str]] = field(default_factory=dict)  # of one version, by language
    teasers: dict[int, Teaser] = field(default_factory=dict)  # by delivery: how lists tell of the pages that were put
    addresses: dict[int, str] = field(default_factory=dict)  # by delivery: where pages of this claim say that it stands
    outputs: dict[str, Output] = field(default_factory=dict)  # by section

    def output(self, delivery: Delivery) -> Output:
        """The output of a page. Raises as :func:`pipeline.flow.installation.output_of`."""
        section = self.net.section(delivery.edition.section)
        if section.key not in self.outputs:
            self.outputs[section.key] = output_of(delivery.output, section, self.net)
        return self.outputs[section.key]

    def address(self, delivery: Delivery) -> str:
        """Where a page stands, as far as is known before it is sent. Raises as :meth:`output`."""
        if delivery.pk not in self.addresses:
            redirects = self.redirects.get(delivery.edition_id, ())
            self.addresses[delivery.pk] = placing.address_of(delivery, self.output(delivery), redirects)
        return self.addresses[delivery.pk]

    def content(self, version: Version, edition: Edition) -> tuple[Metadata, str]:
        """Translated metadata and body of a version, as an edition shows it."""
        text = self.texts[version.revision_id]
        if edition.approved_overlay:
            return content_of(version, text, edition, self.own_terms)
        key = version.pk, edition.language
        if key not in self.contents:
            if self.contents and next(iter(self.contents))[0] != version.pk:
                self.contents.clear()  # an article's editions come together: no need to keep the texts of all
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
    if not due:
        return
    batch, patience = _read(net, due), Patience(claim, net, due[0].output)
    sent, left = _send_each(due, claim, batch, patience)
    if sent:
        _record(sent, due, claim, batch)
    patience.end(left)


def _send_each(
    due: Sequence[Delivery], claim: claims.Claim[Delivery], batch: _Batch, patience: Patience[Delivery]
) -> tuple[list[tuple[Delivery, Sent]], list[Delivery]]:
    """Send what there is time for, but never half an article: its pages name each other. Gives also what is left."""
    sent: list[tuple[Delivery, Sent]] = []
    left: list[Delivery] = []
    end, article = monotonic() + SLICE_SECONDS, None
    for row in due:
        is_late = monotonic() > end and article not in (None, row.edition.article_id)
        if is_late or not patience.asks(row.edition.section):
            left.append(row)
            continue
        article = row.edition.article_id
        if (answer := _send_page(row, claim, batch, patience)) is not None:
            sent.append((row, answer))
    return sent, left


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
        alternates.read(net, [row for row in claimed if row.action == Action.PUT]),
        OwnTerms(),
        links.known((text.body for text in texts.values()), net),
        corrections.shown(editions),
        placing.redirects_of(editions),
    )


def _send_page(
    delivery: Delivery, claim: claims.Claim[Delivery], batch: _Batch, patience: Patience[Delivery]
) -> Sent | None:
    """Render and send one page. Gives ``None`` where it went wrong, which is then recorded."""
    with working(delivery):
        try:
            return _send(delivery, batch)
        except Exception as error:  # noqa: BLE001 - one page's trouble must not become its neighbours'
            transient = isinstance(error, Transient) or not isinstance(error, PipelineError)
            outcome = Receipt.Outcome.TRANSIENT if transient else Receipt.Outcome.PERMANENT
            with transaction.atomic():
                confirm.receipt(delivery, outcome, detail=mask(str(error))).save()
                work.record_failure(delivery, claim, error)
            if isinstance(error, Unreachable):
                patience.no_answer(delivery.edition.section, delivery.attempts)
            return None


def _send(delivery: Delivery, batch: _Batch) -> Sent:
    edition, net = delivery.edition, batch.net
    out = batch.output(delivery)
    redirects = batch.redirects.get(edition.pk, ())
    match delivery.action:
        case Action.REMOVE:
            return placing.remove(delivery, out, redirects)
        case Action.REDIRECT:
            return placing.lead(delivery, out, redirects, placing.moved_to(delivery, net))
        case Action.NOTICE:
            renderer = installation.renderer(net)
            notice = renderer.withdrawn(_notice_of(delivery, batch), _context(edition, net))
            out.put_assets(renderer.assets)
            return placing.put(delivery, out, notice, redirects)
        case _:
            return _put(delivery, out, batch)


def _context(edition: Edition, net: Network) -> SiteContext:
    section = net.section(edition.section)
    return SiteContext(name=section.name, time_zone=section.zone)


def _notice_of(delivery: Delivery, batch: _Batch) -> WithdrawnPage:
    edition = delivery.edition
    return WithdrawnPage(
        language=edition.language,
        section=edition.section,
        path=edition.path,
        url=batch.address(delivery),
        article=edition.article.uid,
        withdrawn_at=edition.withdrawn_at or clock.now(),
    )


def _put(delivery: Delivery, out: Output, batch: _Batch) -> Sent:
    edition, net = delivery.edition, batch.net
    version = batch.versions[edition.approved_id or 0]
    metadata, body = batch.content(version, edition)
    url = batch.address(delivery)
    others = batch.alternates.of(edition, url, metadata.title, batch.address)
    led = batch.known.led(body, edition, delivery.output, url)
    page = page_of(edition, version, metadata, led, url, others, batch.corrections.get(edition.pk, ()))
    page = replace(page, series=series.navigation(edition, delivery.output, metadata))
    batch.teasers[delivery.pk] = teasers.of(page)
    renderer = installation.renderer(net)
    rendered = renderer.article(page, _context(edition, net))
    out.put_assets(renderer.assets)
    return placing.put(delivery, out, rendered, batch.redirects.get(edition.pk, ()), page)


def _record(
    sent: Sequence[tuple[Delivery, Sent]], tried: Sequence[Delivery], claim: claims.Claim[Delivery], batch: _Batch
) -> None:
    confirm.record(sent, tried, claim, confirm.Told(batch.net, batch.teasers, batch.addresses))
