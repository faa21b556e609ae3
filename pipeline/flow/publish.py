"""Publish: render what is wanted and hand it to the outputs; record their receipts.

Rendering and sending happen outside every transaction. What is sent carries its sequence, so that a send which ends
after a newer one changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Sum
from django.utils import timezone

from pipeline.documents import Alternate, FrontPage, Metadata, Page, Provenance, Sent, Teaser
from pipeline.errors import Permanent, PipelineError, Transient
from pipeline.flow import clock, deliveries, installation, lanes, work
from pipeline.flow.decisions import POLICY_AUTO
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Delivery, Edition, Event, Receipt, Refresh, Status, Version
from pipeline.ledger.models.articles import RevisionText, hold, unpack_metadata
from pipeline.network import Network, Section
from pipeline.stages import segment
from pipeline.stages.publish import SiteContext, site
from pipeline.stages.publish.outputs import open_output
from pipeline.stages.publish.outputs.contract import Output

BUDGET: Final = 20


def run(output: str) -> tuple[int, bool]:
    """Work the lane of an output: first articles, then the front pages they change; see :func:`work.drain`."""
    lane = lanes.publish(output)
    pages, more = work.drain(Delivery, lane, BUDGET, _send_pages)
    if more:
        return pages, True
    fronts, more = work.drain(Refresh, lane, BUDGET, _send_fronts)
    return pages + fronts, more


@dataclass(frozen=True, slots=True)
class _Batch:
    """What several deliveries need, read with a few queries; the text of a version is put together once."""

    net: Network
    versions: dict[int, Version]
    texts: dict[int, RevisionText]
    confirmed: dict[int, list[Delivery]]  # by article
    contents: dict[int, tuple[Metadata, str]] = field(default_factory=dict)  # by version

    def content(self, version: Version) -> tuple[Metadata, str]:
        """Translated metadata and body of a version."""
        if version.pk not in self.contents:
            self.contents[version.pk] = content_of(version, self.texts[version.revision_id])
        return self.contents[version.pk]


def _send_pages(claim: claims.Claim[Delivery], rows: Sequence[Delivery]) -> None:
    claimed = (
        Delivery.objects.filter(pk__in=[row.pk for row in rows])
        .select_related("edition__article")
        .order_by("priority", "due_at", "id")
    )
    by_article: dict[int, list[Delivery]] = defaultdict(list)
    for delivery in claimed:
        by_article[delivery.edition.article_id].append(delivery)
    batch = _read(installation.network(), list(claimed))
    for group in by_article.values():
        sent = [(row, answer) for row in group if (answer := _send_page(row, claim, batch)) is not None]
        if sent:
            _record(sent, claim, batch.net)


def _read(net: Network, claimed: Sequence[Delivery]) -> _Batch:
    versions = Version.objects.select_related("revision").in_bulk([row.edition.approved_id for row in claimed])
    confirmed: dict[int, list[Delivery]] = defaultdict(list)
    for row in Delivery.objects.filter(
        edition__article_id__in={row.edition.article_id for row in claimed}, confirmed_seq__gt=0
    ).select_related("edition"):
        confirmed[row.edition.article_id].append(row)
    texts = RevisionText.objects.in_bulk([version.revision_id for version in versions.values()])
    return _Batch(net, versions, texts, confirmed)


def _send_page(delivery: Delivery, claim: claims.Claim[Delivery], batch: _Batch) -> Sent | None:
    """Render and send one page. Gives ``None`` where the row's claim has ended otherwise."""
    edition = delivery.edition
    if edition.release_at and edition.release_at > timezone.now():
        # Whatever made it due: nothing goes out before its embargo.
        work.guarded(
            delivery,
            claim,
            lambda: claims.finish(delivery, claim.token, status=Status.READY, due_at=edition.release_at),
        )
        return None
    try:
        return _put(delivery, batch)
    except Exception as error:  # noqa: BLE001 - one page's trouble must not become its neighbours'
        transient = isinstance(error, Transient) or not isinstance(error, PipelineError)
        outcome = Receipt.Outcome.TRANSIENT if transient else Receipt.Outcome.PERMANENT
        with transaction.atomic():
            _receipt(delivery, outcome, detail=str(error)).save()
            work.record_failure(delivery, claim, error)
        return None


def _put(delivery: Delivery, batch: _Batch) -> Sent:
    edition, net = delivery.edition, batch.net
    section = net.section(edition.section)
    out = output_of(delivery.output, section, net)
    version = batch.versions[edition.approved_id or 0]
    metadata, body = batch.content(version)
    url = out.address(edition.path)
    alternates = _alternates(edition, url, metadata.title, batch.confirmed[edition.article_id], net)
    page = page_of(edition, version, metadata, body, url, alternates)
    renderer = installation.renderer(net)
    rendered = renderer.article(page, SiteContext(name=section.name, time_zone=section.zone))
    out.put_assets(renderer.assets)
    key = f"{edition.article.uid}/{edition.language}"
    return out.put(page.path, {site.INDEX: rendered}, key, delivery.sending_seq)


def _record(sent: Sequence[tuple[Delivery, Sent]], claim: claims.Claim[Delivery], net: Network) -> None:
    """Confirm what was sent of one article, and what follows from it, in one transaction."""
    now = clock.now()
    with transaction.atomic():
        hold(sent[0][0].edition.article_id)
        confirmed = [(row, answer) for row, answer in sent if _confirm(row, answer, claim, now)]
        Receipt.objects.bulk_create(
            _receipt(row, Receipt.Outcome.CONFIRMED, digest=answer.digest, url=answer.url, detail=answer.detail)
            for row, answer in confirmed
        )
        editions = [row.edition_id for row, _ in confirmed]
        unconfirmed = Delivery.objects.filter(edition=OuterRef("pk"), confirmed_seq__lt=F("wanted_seq"))
        Edition.objects.filter(~Exists(unconfirmed), pk__in=editions, state=Edition.State.APPROVED).update(
            state=Edition.State.LIVE
        )
        if confirmed:
            moved = [row.pk for row, answer in confirmed if row.url != answer.url]
            deliveries.pages_confirmed([row for row, _ in confirmed], moved, net)
        Event.objects.bulk_create(
            Event(
                article_id=row.edition.article_id,
                at=now,
                stage="publish",
                section=row.edition.section,
                language=row.edition.language,
                message=f"published at {answer.url}",
            )
            for row, answer in confirmed
            if not row.confirmed_seq
        )


def _confirm(delivery: Delivery, sent: Sent, claim: claims.Claim[Delivery], now: datetime) -> bool:
    """Whether the row was still this claim's. If not, the one who has it now sends and confirms it again."""
    try:
        claims.finish_promise(
            delivery,
            claim.token,
            confirmed_seq=F("sending_seq"),
            confirmed_digest=sent.digest,
            confirmed_at=now,
            url=sent.url,
        )
    except claims.LostClaim:
        return False
    return True


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


def output_of(name: str, section: Section, net: Network) -> Output:
    """The output of this name for a section.

    Raises:
        Permanent: the network file no longer has it, or its type is not installed.
    """
    if name not in net.outputs:
        raise Permanent(
            f"There is no output “{name}” any more.", f"Add [outputs.{name}] to network.toml, or retire it."
        )
    return open_output(net.outputs[name], section.key, Path(settings.SECTIONWIRE_HOME))


def content_of(version: Version, text: RevisionText) -> tuple[Metadata, str]:
    """The metadata and the body of a version, in its language."""
    document = text.as_segmented(version.revision.metadata)
    targets = version.targets
    metadata = replace(
        document.metadata,
        title=targets.get("title", document.metadata.title),
        summary=targets.get("summary", document.metadata.summary),
        image_alt=targets.get("image_alt", document.metadata.image_alt),
    )
    return metadata, segment.restore(document, targets)


def page_of(
    edition: Edition, version: Version, metadata: Metadata, body: str, url: str, alternates: tuple[Alternate, ...]
) -> Page:
    """The page of an edition, as an output of its section is to show it now."""
    assert edition.published_at is not None
    assert edition.updated_at is not None
    return Page(
        metadata=metadata,
        body=body,
        language=edition.language,
        section=edition.section,
        path=edition.path,
        url=url,
        alternates=alternates,
        provenance=Provenance(
            article=edition.article.uid,
            revision=version.revision.number,
            version=version.number,
            digest=version.digest,
            source_language=metadata.language,
            origin=version.origin,
            engines=tuple(version.engines),
            approved_by="" if edition.decided_by == POLICY_AUTO else edition.decided_by,
        ),
        published_at=edition.published_at,
        updated_at=edition.updated_at,
    )


def _alternates(
    edition: Edition, url: str, title: str, confirmed: Sequence[Delivery], net: Network
) -> tuple[Alternate, ...]:
    """The confirmed pages of an article, each at its section's first output, in the order of the network file."""
    columns = [(section, language.tag) for section in net.sections for language in section.languages]
    order = {(section.key, tag): number for number, (section, tag) in enumerate(columns)}
    first_output = {section.key: section.outputs[0] for section in net.sections}
    found = {
        (row.edition.section, row.edition.language): Alternate(row.edition.language, row.url)
        for row in confirmed
        if first_output.get(row.edition.section) == row.output
    }
    found[edition.section, edition.language] = Alternate(edition.language, url, title)
    return tuple(found[key] for key in sorted(found, key=lambda key: (order.get(key, len(order)), key)))


def _send_fronts(claim: claims.Claim[Refresh], rows: Sequence[Refresh]) -> None:
    net = installation.network()
    for row in rows:
        work.guarded(row, claim, lambda row=row: _send_front(row, claim, net))  # type: ignore[misc]


def _send_front(row: Refresh, claim: claims.Claim[Refresh], net: Network) -> None:
    section = net.section(row.section)
    renderer = installation.renderer(net)
    out = output_of(row.output, section, net)
    front = front_of(section, row.language, row.output, out)
    out.put_assets(renderer.assets)
    context = SiteContext(name=section.name, time_zone=section.zone)
    content = renderer.front_page(front, context)
    out.put(front.path, {site.INDEX: content}, f"front/{row.language}", row.sending_seq)
    _send_root(row, section, front, out, renderer.root_page(front, context))
    claims.finish_promise(row, claim.token, done_seq=F("sending_seq"))


def _send_root(row: Refresh, section: Section, front: FrontPage, out: Output, content: bytes) -> None:
    """The root leads to the front page of the first of the section's languages that has one."""
    fronts = Refresh.objects.filter(section=row.section, output=row.output)
    known = set(fronts.values_list("language", flat=True))
    first = next(language.tag for language in section.languages if language.tag in known)
    if front.language == first:
        # One sequence over all its front pages: it grows, whichever of them leads.
        sequence = fronts.aggregate(all=Sum("dirty_seq"))["all"]
        out.put("", {site.INDEX: content}, "root", sequence)


def front_of(section: Section, language: str, output: str, out: Output) -> FrontPage:
    """A section's front page in one language: the newest pages that this output has confirmed."""
    confirmed = (
        Delivery.objects.filter(
            edition__section=section.key, edition__language=language, output=output, confirmed_seq__gt=0
        )
        .select_related("edition__approved__revision")
        .order_by("-edition__published_at", "edition__path")[: section.front_page]
    )
    siblings = tuple(
        Alternate(lang.tag, out.address(site.front_path(lang.tag)))
        for lang in section.languages
        if lang.tag == language or _has_front(section, lang.tag, output)
    )
    path = site.front_path(language)
    return FrontPage(
        language=language,
        section=section.key,
        path=path,
        url=out.address(path),
        teasers=tuple(_teaser(row) for row in confirmed),
        siblings=siblings,
    )


def _has_front(section: Section, language: str, output: str) -> bool:
    return Refresh.objects.filter(section=section.key, language=language, output=output).exists()


def _teaser(delivery: Delivery) -> Teaser:
    edition = delivery.edition
    version = edition.approved
    assert version is not None
    assert edition.published_at is not None
    meta = unpack_metadata(version.revision.metadata)
    targets = version.targets
    return Teaser(
        title=targets.get("title", meta.title),
        summary=targets.get("summary", meta.summary),
        url=delivery.url,
        image=meta.image,
        image_alt=targets.get("image_alt", meta.image_alt),
        published_at=edition.published_at,
        kind=meta.kind,
        series=meta.series,
        part=meta.part,
    )
