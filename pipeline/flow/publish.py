"""Publish: render what is wanted and hand it to the outputs; record their receipts.

Rendering and sending happen outside every transaction. What is sent carries its sequence, so that a send which ends
after a newer one changes nothing.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Exists, F, OuterRef, Sum, Value, When
from django.utils import timezone

from pipeline.documents import Alternate, FrontPage, Metadata, Page, Provenance, Segment, SegmentKind, Sent, Teaser
from pipeline.errors import Permanent, PipelineError, Transient
from pipeline.flow import clock, deliveries, installation, lanes, work
from pipeline.flow.decisions import POLICY_AUTO
from pipeline.flow.resources import OwnTerms
from pipeline.ledger import claim as claims
from pipeline.ledger.models import Delivery, Edition, Event, Receipt, Refresh, Status, Version
from pipeline.ledger.models.articles import RevisionText, hold_all, unpack_metadata
from pipeline.network import Network, Section
from pipeline.stages import markup, overlay, segment
from pipeline.stages.publish import SiteContext, site
from pipeline.stages.publish.outputs import open_output
from pipeline.stages.publish.outputs.contract import Output

BUDGET: Final = 20
_FOREIGN: Final = re.compile(rf"<(?!/?(?:{'|'.join(sorted(markup.INLINE))})[\s/>])", re.IGNORECASE)
"""A tag that no segment may hold."""


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
    shown: dict[int, list[tuple[Delivery, str]]]  # by article: what is confirmed or goes out now, with its address
    own_terms: OwnTerms
    contents: dict[tuple[int, str], tuple[Metadata, str]] = field(default_factory=dict)  # by version and language

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
    due = [row for row in claimed if _is_due(row, claim)]
    batch = _read(net, due)
    sent = {row.pk: answer for row in due if (answer := _send_page(row, claim, batch)) is not None}
    if sent:
        _record([(row, sent[row.pk]) for row in due if row.pk in sent], due, claim, net)


def _is_due(delivery: Delivery, claim: claims.Claim[Delivery]) -> bool:
    """Whatever made it due: nothing goes out before its embargo."""
    release = delivery.edition.release_at
    if release is None or release <= timezone.now():
        return True
    work.guarded(delivery, claim, lambda: claims.finish(delivery, claim.token, status=Status.READY, due_at=release))
    return False


def _read(net: Network, claimed: Sequence[Delivery]) -> _Batch:
    versions = Version.objects.select_related("revision").in_bulk([row.edition.approved_id for row in claimed])
    texts = RevisionText.objects.in_bulk([version.revision_id for version in versions.values()])
    return _Batch(net, versions, texts, _shown(claimed), OwnTerms())


def _shown(claimed: Sequence[Delivery]) -> dict[int, list[tuple[Delivery, str]]]:
    """The pages of each article that name each other: those that are confirmed, and those that go out together now.

    The latter are not confirmed when the first of them is written. Should one fail, the others are wanted again
    without it (see :func:`_record`); without this, every page would be written twice.
    """
    shown: dict[int, list[tuple[Delivery, str]]] = defaultdict(list)
    now = {row.pk for row in claimed}
    for row in Delivery.objects.filter(
        edition__article_id__in={row.edition.article_id for row in claimed}, confirmed_seq__gt=0
    ).select_related("edition"):
        if row.pk not in now:
            shown[row.edition.article_id].append((row, row.url))
    for row in claimed:
        shown[row.edition.article_id].append((row, ""))
    return shown


def _send_page(delivery: Delivery, claim: claims.Claim[Delivery], batch: _Batch) -> Sent | None:
    """Render and send one page. Gives ``None`` where it went wrong, which is then recorded."""
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
    metadata, body = batch.content(version, edition)
    url = out.address(edition.path)
    alternates = _alternates(edition, url, metadata.title, batch)
    page = page_of(edition, version, metadata, body, url, alternates)
    renderer = installation.renderer(net)
    rendered = renderer.article(page, SiteContext(name=section.name, time_zone=section.zone))
    out.put_assets(renderer.assets)
    key = f"{edition.article.uid}/{edition.language}"
    return out.put(page.path, {site.INDEX: rendered}, key, delivery.sending_seq)


def _record(
    sent: Sequence[tuple[Delivery, Sent]], tried: Sequence[Delivery], claim: claims.Claim[Delivery], net: Network
) -> None:
    """Confirm what was sent, and what follows from it, in one transaction.

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
            _receipt(row, Receipt.Outcome.CONFIRMED, digest=answer.digest, url=answer.url, detail=answer.detail)
            for row, answer in confirmed
        )
        _go_live([row.edition for row, _ in confirmed])
        failed = {row.edition.article_id for row in tried} - _complete(tried, [row for row, _ in confirmed])
        moved = {row.edition.article_id for row, answer in confirmed if row.url != answer.url}
        rows = [row for row, _ in confirmed]
        deliveries.pages_confirmed(rows, net, new=moved - failed, unsure=failed)
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


def _complete(tried: Sequence[Delivery], confirmed: Sequence[Delivery]) -> set[int]:
    """The articles of which every page that was tried is confirmed."""
    done = {row.pk for row in confirmed}
    incomplete = {row.edition.article_id for row in tried if row.pk not in done}
    return {row.edition.article_id for row in tried} - incomplete


def _confirm(confirmed: Sequence[tuple[Delivery, Sent]], claim: claims.Claim[Delivery], now: datetime) -> None:
    def column(values: Iterable[tuple[int, str]]) -> Case:
        return Case(*(When(pk=pk, then=Value(value)) for pk, value in values))

    claims.finish_promises(
        Delivery,
        [row.pk for row, _ in confirmed],
        claim.token,
        confirmed_seq=F("sending_seq"),
        confirmed_digest=column((row.pk, answer.digest) for row, answer in confirmed),
        confirmed_at=now,
        url=column((row.pk, answer.url) for row, answer in confirmed),
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


def content_of(version: Version, text: RevisionText, edition: Edition, terms: OwnTerms) -> tuple[Metadata, str]:
    """The metadata and the body of a version as an edition shows it: with its language's own terms and segments."""
    document = text.as_segmented(version.revision.metadata)
    base = terms.over(edition, document.segments, version.targets)
    targets = overlay.apply(edition.approved_segments, {s.key: s.source for s in document.segments}, base).targets
    metadata = replace(
        document.metadata,
        title=targets.get("title", document.metadata.title),
        summary=targets.get("summary", document.metadata.summary),
        image_alt=targets.get("image_alt", document.metadata.image_alt),
    )
    return metadata, segment.restore(document, _inline(targets, document.segments))


def _inline(targets: Mapping[str, str], segments: Iterable[Segment]) -> dict[str, str]:
    """``targets``, with the source's text where one holds what is no inline element.

    Translating and editing refuse such a text. Were one in the ledger all the same, it must not stand on a page: the
    page's policy keeps a script from running, but not a ``<meta>`` from leading readers to another site.
    """
    return dict(targets) | {s.key: s.source for s in segments if s.markup and _FOREIGN.search(targets.get(s.key, ""))}


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
            origin=_origin(edition, version),
            engines=tuple(version.engines),
            approved_by="" if edition.decided_by == POLICY_AUTO else edition.decided_by,
        ),
        published_at=edition.published_at,
        updated_at=edition.updated_at,
    )


def _origin(edition: Edition, version: Version) -> str:
    """Whose text a page shows: a machine's where people corrected a segment and nobody has read the whole."""
    unread = version.origin == Version.By.PERSON and edition.decided_by == POLICY_AUTO
    return Version.By.MACHINE.value if unread else version.origin


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
        .select_related("edition__approved__revision", "edition__article", "edition__translation")
        .order_by("-edition__published_at", "edition__path")[: section.front_page]
    )
    siblings = tuple(
        Alternate(lang.tag, out.address(site.front_path(lang.tag)))
        for lang in section.languages
        if lang.tag == language or _has_front(section, lang.tag, output)
    )
    path = site.front_path(language)
    terms = OwnTerms()
    return FrontPage(
        language=language,
        section=section.key,
        path=path,
        url=out.address(path),
        teasers=tuple(_teaser(row, terms) for row in confirmed),
        siblings=siblings,
    )


def _has_front(section: Section, language: str, output: str) -> bool:
    return Refresh.objects.filter(section=section.key, language=language, output=output).exists()


def _teaser(delivery: Delivery, terms: OwnTerms) -> Teaser:
    edition = delivery.edition
    version = edition.approved
    assert version is not None
    assert edition.published_at is not None
    meta = unpack_metadata(version.revision.metadata)
    sources = {"title": meta.title, "summary": meta.summary, "image_alt": meta.image_alt}
    segments = [Segment(key, SegmentKind(key), source, markup=False) for key, source in sources.items()]
    base = terms.over(edition, segments, version.targets)
    targets = overlay.apply(edition.approved_segments, sources, base).targets
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
