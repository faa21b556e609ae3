"""Publish: render what is wanted and hand it to the outputs; record their receipts.

Rendering and sending happen outside every transaction. What is sent carries its sequence, so that a send which ends
after a newer one changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from pipeline.documents import Alternate, FrontPage, Page, Provenance, Sent, Teaser
from pipeline.errors import Permanent, PipelineError, Transient
from pipeline.flow import clock, deliveries, installation, lanes, work
from pipeline.flow.decisions import POLICY_AUTO
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Article, Delivery, Edition, Event, Receipt, Refresh, Version
from pipeline.ledger.models.articles import RevisionText, unpack_metadata
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


def _send_pages(claim: claims.Claim[Delivery], rows: Sequence[Delivery]) -> None:
    net = installation.network()
    claimed = (
        Delivery.objects.filter(pk__in=[row.pk for row in rows])
        .select_related("edition__article", "edition__translation", "edition__approved__revision")
        .order_by("priority", "due_at", "id")
    )
    texts = RevisionText.objects.in_bulk([row.edition.approved.revision_id for row in claimed if row.edition.approved])
    for delivery in claimed:
        work.guarded(delivery, claim, lambda row=delivery: _send_page(row, claim, texts, net))  # type: ignore[misc]
        claim.renew()


def _send_page(delivery: Delivery, claim: claims.Claim[Delivery], texts: dict[int, RevisionText], net: Network) -> None:
    edition = delivery.edition
    if edition.release_at and edition.release_at > timezone.now():
        # Whatever made it due: nothing goes out before its embargo.
        claims.finish(delivery, claim.token, status="ready", due_at=edition.release_at)
        return
    section = net.section(edition.section)
    version = edition.approved
    assert version is not None
    try:
        out = output_of(delivery.output, section, net)
        page = page_of(edition, version, texts[version.revision_id], out, net)
        sent = _put(page, delivery, section, out, net)
    except PipelineError as error:
        outcome = Receipt.Outcome.TRANSIENT if isinstance(error, Transient) else Receipt.Outcome.PERMANENT
        _receipt(delivery, outcome, detail=str(error))
        raise
    with transaction.atomic():
        Article.objects.select_for_update().get(pk=edition.article_id)
        _confirm(delivery, claim, sent, net)


def _put(page: Page, delivery: Delivery, section: Section, out: Output, net: Network) -> Sent:
    renderer = installation.renderer(net)
    content = renderer.article(page, SiteContext(name=section.name, time_zone=section.zone))
    out.put_assets(renderer.assets)
    key = f"{page.provenance.article}/{page.language}"
    return out.put(page.path, {site.INDEX: content}, key, delivery.sending_seq)


def _confirm(delivery: Delivery, claim: claims.Claim[Delivery], sent: Sent, net: Network) -> None:
    edition = delivery.edition
    first = delivery.confirmed_seq == 0
    claims.finish_promise(
        delivery,
        claim.token,
        confirmed_seq=F("sending_seq"),
        confirmed_digest=sent.digest,
        confirmed_at=clock.now(),
        url=sent.url,
    )
    _receipt(delivery, Receipt.Outcome.CONFIRMED, digest=sent.digest, url=sent.url, detail=sent.detail)
    deliveries.page_confirmed(
        delivery, net.outputs[delivery.output].settle_seconds, address_changed=delivery.url != sent.url
    )
    open_promises = edition.deliveries.exclude(confirmed_seq=F("wanted_seq")).exists()
    if not open_promises and edition.state == Edition.State.APPROVED:
        Edition.objects.filter(pk=edition.pk, state=Edition.State.APPROVED).update(state=Edition.State.LIVE)
    if first:
        Event.objects.create(
            article_id=edition.article_id,
            at=clock.now(),
            stage="publish",
            section=edition.section,
            language=edition.language,
            message=f"published at {sent.url}",
        )


def _receipt(
    delivery: Delivery, outcome: Receipt.Outcome, *, detail: str = "", digest: str = "", url: str = ""
) -> None:
    Receipt.objects.create(
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


def page_of(edition: Edition, version: Version, text: RevisionText, out: Output, net: Network) -> Page:
    """The page of an edition as an output of its section is to show it now.

    Its alternates are the article's pages that have been confirmed, and itself.
    """
    document = text.as_segmented(version.revision.metadata)
    targets = version.targets
    url = out.address(edition.path)
    metadata = replace(
        document.metadata,
        title=targets.get("title", document.metadata.title),
        summary=targets.get("summary", document.metadata.summary),
        image_alt=targets.get("image_alt", document.metadata.image_alt),
    )
    assert edition.published_at is not None
    assert edition.updated_at is not None
    return Page(
        metadata=metadata,
        body=segment.restore(document, targets),
        language=edition.language,
        section=edition.section,
        path=edition.path,
        url=url,
        alternates=_alternates(edition, url, metadata.title, net),
        provenance=Provenance(
            article=edition.article.uid,
            revision=version.revision.number,
            version=version.number,
            digest=version.digest,
            source_language=document.metadata.language,
            origin=version.origin,
            engines=tuple(version.engines),
            approved_by="" if edition.decided_by == POLICY_AUTO else edition.decided_by,
        ),
        published_at=edition.published_at,
        updated_at=edition.updated_at,
    )


def _alternates(edition: Edition, url: str, title: str, net: Network) -> tuple[Alternate, ...]:
    """The confirmed pages of an article, each at its section's first output, in the order of the network file."""
    first_output = {section.key: section.outputs[0] for section in net.sections}
    order = {
        (section.key, language.tag): number
        for number, (section, language) in enumerate((s, lang) for s in net.sections for lang in s.languages)
    }
    confirmed = (
        Delivery.objects.filter(edition__article_id=edition.article_id, confirmed_seq__gt=0)
        .exclude(edition_id=edition.pk)
        .select_related("edition__approved")
    )
    found = {
        (row.edition.section, row.edition.language): Alternate(
            row.edition.language, row.url, row.edition.approved.title if row.edition.approved else ""
        )
        for row in confirmed
        if first_output.get(row.edition.section) == row.output
    }
    found[edition.section, edition.language] = Alternate(edition.language, url, title)
    return tuple(found[key] for key in sorted(found, key=lambda key: (order.get(key, len(order)), key)))


def _send_fronts(claim: claims.Claim[Refresh], rows: Sequence[Refresh]) -> None:
    net = installation.network()
    for row in rows:
        work.guarded(row, claim, lambda row=row: _send_front(row, claim, net))  # type: ignore[misc]
        claim.renew()


def _send_front(row: Refresh, claim: claims.Claim[Refresh], net: Network) -> None:
    section = net.section(row.section)
    renderer = installation.renderer(net)
    out = output_of(row.output, section, net)
    front = front_of(section, row.language, row.output, out)
    out.put_assets(renderer.assets)
    context = SiteContext(name=section.name, time_zone=section.zone)
    content = renderer.front_page(front, context)
    out.put(front.path, {site.INDEX: content}, f"front/{row.language}", row.sending_seq)
    if row.language == section.languages[0].tag:
        out.put("", {site.INDEX: renderer.root_page(front, context)}, "root", row.sending_seq)
    claims.finish_promise(row, claim.token, done_seq=F("sending_seq"))


def front_of(section: Section, language: str, output: str, out: Output) -> FrontPage:
    """A section's front page in one language: the newest pages that this output has confirmed."""
    confirmed = (
        Delivery.objects.filter(
            edition__section=section.key, edition__language=language, output=output, confirmed_seq__gt=0
        )
        .select_related("edition__approved__revision")
        .order_by("-edition__published_at", "-edition_id")[: section.front_page]
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
