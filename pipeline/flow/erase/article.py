"""An article is erased: first taken away from every output, then its text from every table."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import transaction
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from pipeline.documents import Metadata
from pipeline.flow import clock, deliveries, listing, tombs, withdraw
from pipeline.flow.erase.scrub import prose_columns, replace_everywhere
from pipeline.flow.submit import uid_of
from pipeline.ledger.models import (
    Address,
    ApprovedUnit,
    Article,
    Barrier,
    BatchRun,
    Correction,
    Delivery,
    Draft,
    Edition,
    Erasure,
    Event,
    Finding,
    IdempotencyKey,
    Link,
    Listed,
    MemoryUnit,
    Note,
    Passage,
    Presence,
    Proposal,
    Receipt,
    Redirect,
    Revision,
    RevisionText,
    SourceItem,
    Status,
    Translation,
    Version,
    WebhookSend,
)
from pipeline.ledger.models.articles import hold, pack_metadata, unpack_metadata
from pipeline.network import Network
from pipeline.stages.translate import approved

TOMBSTONE: Final = "erased"
"""What stands in the place of a title, a message, an address."""

_FREE: Final[Mapping[str, Any]] = {"status": Status.DONE, "reason": "", "token": None, "lease_until": None}
"""Of a row that workers claim: nothing is to be done with it, and whoever has it now can't finish it."""

_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_MASKED: Final = re.compile(r"[^\s\w]*[A-Z%-]*\d+\w*")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an erasure is: what it takes (rows by table), and what it waits for (a sentence for each page).

    ``elsewhere`` are addresses at which it stood before Sectionwire came: somebody must take it down there.
    """

    uid: str
    title: str
    is_done: bool
    rows: Mapping[str, int]
    waits: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()


def foresee_article(article: Article) -> Progress:
    """What would go with an article; nothing is changed."""
    rows = {name: count for name, found in _going(article).items() if (count := found.count())}
    rows["pages at outputs"] = _pages(article).filter(confirmed_seq__gt=0).exclude(confirmed_action="remove").count()
    rows["machine memory"] = len(_machine_memory(article))
    return Progress(
        article.uid,
        article.title,
        is_erased(article),
        {name: count for name, count in rows.items() if count},
        _waits(article),
        _elsewhere(article),
    )


def is_erased(article: Article) -> bool:
    """Whether an article was erased."""
    return Erasure.objects.filter(kind=Erasure.Kind.ARTICLE, subject=article.uid, finished_at__isnull=False).exists()


def erase_article(article: Article, *, by: str, net: Network, without_outputs: bool = False) -> Progress:
    """Erase an article for good; the same again goes on where it stopped, and changes nothing once it is done.

    First it is withdrawn and its pages taken away; as long as an output has not confirmed that, it is being erased, and
    nothing of it can be published. ``without_outputs`` does not wait for them: what they still hold is then out of our
    hands. Then its texts go from every table; of the append-only ones (events, receipts), and of what they hang on, a
    tombstone without text stays. The uid stays reserved.
    """
    if is_erased(article):
        return Progress(article.uid, article.title, is_done=True, rows={})
    elsewhere = _elsewhere(article)
    row = _begin(article, by, net, without_outputs=without_outputs)
    if not row.without_outputs and (waits := _waits(article)):
        return Progress(article.uid, article.title, is_done=False, rows={}, waits=waits, elsewhere=elsewhere)
    with transaction.atomic():
        held = hold(article.pk)
        if not row.without_outputs and (waits := _waits(held)):  # an update came in a moment ago
            return Progress(article.uid, article.title, is_done=False, rows={}, waits=waits, elsewhere=elsewhere)
        rows = {name: found.count() for name, found in _going(held).items()}
        memory = _machine_memory(held)
        rows["machine memory"] = len(memory)
        _let_go(held, net)
        _scrub(held, memory)
        now = clock.now()
        Event.objects.create(article=held, at=now, stage="intake", actor=by, message="erased for good")
        Erasure.objects.filter(pk=row.pk).update(finished_at=now)
    return Progress(
        article.uid, TOMBSTONE, is_done=True, rows={name: n for name, n in rows.items() if n}, elsewhere=elsewhere
    )


def _begin(article: Article, by: str, net: Network, *, without_outputs: bool) -> Erasure:
    """Write down that it is being erased, reserve what it is recognised by, and want its pages gone: once."""
    with transaction.atomic():
        held = hold(article.pk)
        row, made = Erasure.objects.get_or_create(
            kind=Erasure.Kind.ARTICLE, subject=held.uid, defaults={"by": by, "started_at": clock.now()}
        )
        if without_outputs and not row.without_outputs:
            row.without_outputs = True
            row.save(update_fields=["without_outputs"])
        if not made:
            return row
        if held.canonical_url and (other := uid_of(canonical_url=held.canonical_url)) != held.uid:
            reserved = {"by": by, "started_at": clock.now(), "finished_at": clock.now()}
            Erasure.objects.get_or_create(kind=Erasure.Kind.ADDRESS, subject=other, defaults=reserved)
        withdraw.withdraw(held, by=by, reason="it is being erased", net=net)
        editions = list(Edition.objects.filter(article=held))
        deliveries.take_away(editions, Delivery.Action.REMOVE)  # not even a notice: it would stand for ever
    return row


def _pages(article: Article) -> QuerySet[Delivery]:
    return Delivery.objects.filter(edition__article=article)


def _waits(article: Article) -> tuple[str, ...]:
    """Pages of which no output has confirmed yet that they are gone."""
    missing = _pages(article).exclude(confirmed_seq=F("wanted_seq"), confirmed_action=Delivery.Action.REMOVE)
    return tuple(
        f"{row.edition.section} {row.edition.language} at {row.output}: {row.reason or row.get_status_display()}"
        for row in missing.filter(Q(confirmed_seq__gt=0) | Q(sending_seq__gt=0))
        .select_related("edition")
        .order_by("pk")
    )


def _elsewhere(article: Article) -> tuple[str, ...]:
    found = article.editions.exclude(existing_url="").values_list("existing_url", flat=True)
    return tuple(dict.fromkeys(found.order_by("pk")))


def _homes(article: Article) -> list[str]:
    """What the approved memory knows the article by."""
    revisions = article.revisions.values_list("metadata", flat=True)
    return [home for home in {approved.home(unpack_metadata(each)) for each in revisions} if home]


def _going(article: Article) -> dict[str, QuerySet[Any]]:
    """What is deleted, in an order that the keys between them allow."""
    of_edition = {"edition__article": article}
    return {
        "drafts": Draft.objects.filter(**of_edition),
        "notes": Note.objects.filter(**of_edition),
        "presences": Presence.objects.filter(**of_edition),
        "passages": Passage.objects.filter(**of_edition),
        "redirects": Redirect.objects.filter(**of_edition),
        "corrections": Correction.objects.filter(article=article),
        "barriers": Barrier.objects.filter(article=article),
        "addresses": Address.objects.filter(article=article),
        "links": Link.objects.filter(article=article),
        "source items": SourceItem.objects.filter(article=article),
        "proposals": Proposal.objects.filter(revision__article=article),
        "approved memory": ApprovedUnit.objects.filter(Q(article=article) | Q(home__in=_homes(article))),
        "messages to webhooks": WebhookSend.objects.filter(body__contains=article.uid),
        "answers of the API": IdempotencyKey.objects.annotate(whole_text=Cast("answer", TextField())).filter(
            whole_text__contains=article.uid
        ),
        "findings": Finding.objects.filter(version__translation__article=article),
        "versions": Version.objects.filter(translation__article=article),
        "texts of revisions": RevisionText.objects.filter(revision__article=article),
    }


def _let_go(article: Article, net: Network) -> None:
    """Nothing of it is to be done any more, and lists forget it where an output was not waited for."""
    by_output: dict[str, list[Delivery]] = defaultdict(list)
    for page in _pages(article).select_related("edition__article", "edition__translation"):
        if page.output in net.outputs:
            page.action = Delivery.Action.REMOVE
            by_output[page.output].append(page)
    for pages in by_output.values():
        listing.confirmed(pages, {}, net)
    Listed.objects.filter(delivery__edition__article=article).delete()  # at outputs that are in network.toml no more
    remove = Delivery.Action.REMOVE
    _pages(article).update(
        **_FREE,
        action=remove,
        confirmed_action=remove,
        wanted_seq=F("confirmed_seq"),
        **dict.fromkeys(("wanted_digest", "confirmed_digest", "url"), ""),
        version=None,
    )
    Translation.objects.filter(article=article).update(**_FREE, version=None, asked="")
    Edition.objects.filter(article=article).update(
        state=Edition.State.WITHDRAWN,
        **dict.fromkeys(("candidate", "approved", "urgent_from", "moved_to", "assigned_to", "decided_at"), None),
        **dict.fromkeys(("slug", "path", "existing_url", "own_title", "decided_by", "first_approved_digest"), ""),
        overlay=[],
        approved_overlay=[],
        urgent_overlay=[],
        reason=TOMBSTONE,
    )
    Version.objects.filter(translation__article=article).update(parent=None, restored=None)


def _scrub(article: Article, memory: Sequence[int]) -> None:
    known = [unpack_metadata(each) for each in article.revisions.values_list("metadata", flat=True)]
    names = article.revisions.values_list("submitted_as", flat=True)
    # Runs that report on it name it by what people know it by.
    told = [article.title, article.key, article.canonical_url, *names, *(each.title for each in known)]
    MemoryUnit.objects.filter(pk__in=memory).delete()
    tombs.entomb(SourceItem.objects.filter(article=article))
    for found in _going(article).values():
        found.delete()
    empty = pack_metadata(Metadata(title=TOMBSTONE, language=article.language))
    Revision.objects.filter(article=article).update(
        **_FREE, metadata=empty, notes=[], checksum="", submitted_as=TOMBSTONE, characters=0
    )
    Event.objects.filter(article=article).update(message=TOMBSTONE)
    Receipt.objects.filter(delivery__edition__article=article).update(url="", detail="", digest="")
    Article.objects.filter(pk=article.pk).update(title=TOMBSTONE, key="", canonical_url="", series="", withdrawn=True)
    replace_everywhere([*told, article.uid], TOMBSTONE, _reports())


def _reports() -> Any:
    """Columns in which runs tell of articles."""
    return ((model, field) for model, field in prose_columns() if model is BatchRun)


def _machine_memory(article: Article) -> Sequence[int]:
    """The sentences of an article that engines translated first for it, or after it.

    The memory does not say whose a sentence is. Taken are those that came after the article did and whose words stand
    in it one after the other; numbers and what was masked may differ. One that another article has as well goes with
    them: an engine is asked for it again.
    """
    texts = RevisionText.objects.filter(revision__article=article).values_list("segments", flat=True)
    whole = " ".join(_letters(approved.visible(segment[2])) for segments in texts for segment in segments)
    if not whole:
        return []
    units = MemoryUnit.objects.filter(created_at__gte=article.created_at)
    return [
        pk
        for pk, text in units.values_list("pk", "source_text").iterator(chunk_size=2_000)
        if all(_letters(piece) in whole for piece in _MASKED.split(text))
    ]


_TAG: Final = re.compile(r"<[^<>]*>")


def _letters(text: str) -> str:
    """A text as its letters alone, so that spaces, quotation marks and tags make no difference."""
    return _NO_LETTERS.sub("", _TAG.sub("", text)).casefold()
