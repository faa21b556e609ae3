"""What the API answers: the rows of the ledger as a caller may see them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from pipeline.api.kinds import OneOf
from pipeline.api.paging import Paged
from pipeline.documents import Origin, SegmentKind, Severity
from pipeline.flow.status import Place
from pipeline.flow.tokens import Right
from pipeline.ledger.models import Delivery, Edition, Finding, Receipt, Revision, Status, Topic, Version

UID = "k5ev3zqa2mbd"
DIGEST = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
MOMENT = "2026-11-22T08:00:00Z"


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(json_schema_mode_override="serialization")


class TokenOut(Out):
    """The token with which this call was made."""

    name: str = Field(examples=["cms"])
    rights: list[Annotated[str, OneOf(Right)]] = Field(examples=[["read", "submit"]])
    every_section: bool
    sections: list[str] = Field(examples=[["portugal"]], description="The sections for which it is good.")
    expires_at: datetime | None = Field(examples=[None, MOMENT])
    calls_per_minute: int = Field(examples=[600], description="0: as many as you like.")


class SectionOut(Out):
    """A section of the network."""

    key: str = Field(examples=["portugal"])
    name: str = Field(examples=["Portugal"])
    country: str = Field(examples=["PT"])
    time_zone: str = Field(examples=["Europe/Lisbon"])
    languages: list[str] = Field(examples=[["pt-PT"]])
    bases: list[str] = Field(examples=[["pt"]], description="The languages that are translated into for it.")
    policy: str = Field(examples=["review"])
    yours: bool = Field(description="Whether this token is for it.")


class Sections(Out):
    """Every section, in the order of the network file."""

    items: list[SectionOut]


class ArticleOut(Out):
    """An article, whatever its languages."""

    uid: str = Field(examples=[UID])
    key: str = Field(examples=["tide-report"], description="The submitter's own name of it; may be empty.")
    title: str = Field(examples=["Tide report"])
    language: str = Field(examples=["en"], description="BCP 47, as written.")
    canonical_url: str = Field(examples=["https://news.example.org/tide-report"])
    withdrawn: bool
    created_at: datetime = Field(examples=[MOMENT])


class Articles(Paged, Out):
    """Articles, the newest first."""

    items: list[ArticleOut]


class RevisionOut(Out):
    """The article as it was handed in once."""

    number: int = Field(examples=[1])
    state: Annotated[str, OneOf(Revision.State)] = Field(examples=["current"])
    status: Annotated[str, OneOf(Status)] = Field(examples=["done"])
    reason: str = Field(examples=[""], description="Why it failed, where it did.")
    characters: int = Field(examples=[1843])
    notes: list[str] = Field(examples=[["removed 3 event handlers"]], description="What cleaning did.")
    submitted_as: str = Field(examples=["article.json"])
    submitted_by: str = Field(examples=["token cms"])
    submitted_at: datetime = Field(examples=[MOMENT])


class ArticleWhole(ArticleOut):
    """An article with what is known of it, and its revisions, the newest first."""

    kind: str = Field(examples=["news"])
    summary: str = Field(examples=["The water rose twice."])
    authors: list[str] = Field(examples=[["Tidewater Relief"]])
    tags: list[str] = Field(examples=[["coast"]])
    embargo: datetime | None = Field(examples=[None])
    series: str = Field(examples=[""])
    part: int | None = Field(examples=[None])
    revisions: list[RevisionOut]


class CellOut(Out):
    """Where the article stands for one section in one language, and why."""

    section: str = Field(examples=["portugal"])
    language: str = Field(examples=["pt-PT"])
    place: Annotated[str, OneOf(Place)] = Field(examples=["waiting for review"])
    why: str = Field(examples=["an editor of Portugal decides"])
    url: str = Field(examples=[""], description="Where it is published.")
    update: str = Field(examples=[""], description="What a newer version waits for while an earlier one is live.")
    settled: bool = Field(description="False while workers are on it.")
    edition: int | None = Field(examples=[17])


class StatusOut(Out):
    """Where is my article, and why is it not in my country yet? Of other sections, what they have published."""

    uid: str = Field(examples=[UID])
    key: str = Field(examples=["tide-report"])
    title: str = Field(examples=["Tide report"])
    language: str = Field(examples=["en"])
    revision: int = Field(examples=[1])
    settled: bool = Field(description="Whether no worker is on any of what you see.")
    cells: list[CellOut]


class Received(Out):
    """What became of what was handed in; a duplicate is no error."""

    outcome: Annotated[str, OneOf(("new", "updated", "duplicate"))] = Field(examples=["new"])
    sentence: str = Field(examples=["tide-report “Tide report” is in the queue."])
    uid: str = Field(examples=[UID])
    key: str = Field(examples=["tide-report"])
    title: str = Field(examples=["Tide report"])
    language: str = Field(examples=["en"])
    revision: int = Field(examples=[1])
    status_url: str = Field(examples=[f"/api/v1/articles/{UID}/status"])


class TranslationOut(Out):
    """The article in one base language, for all sections of that language."""

    base: str = Field(examples=["pt"])
    status: Annotated[str, OneOf(Status)] = Field(examples=["done"])
    reason: str = Field(examples=[""])
    version: int | None = Field(examples=[1], description="The newest one; null before the first.")
    revision: int | None = Field(examples=[1], description="Which revision that version renders.")
    origin: Annotated[str, OneOf(Version.By)] | None = Field(examples=["machine"])
    author: str = Field(examples=["firefox:enpt@0123456789abcdef"])
    engines: list[str] = Field(examples=[["firefox:enpt@0123456789abcdef"]])
    glossary: str = Field(
        examples=[DIGEST], description="Tells which glossary terms held when it was translated; empty for none."
    )
    digest: str = Field(examples=[DIGEST])
    created_at: datetime | None = Field(examples=[MOMENT])
    open_findings: int = Field(examples=[0])


class Translations(Out):
    """The article's translations; where a section publishes in the language it was written in, that one, too."""

    items: list[TranslationOut]


class SegmentOut(Out):
    """One unit of translation: source and target are inline HTML where ``markup`` is true, else plain text."""

    key: str = Field(examples=["b1"])
    kind: Annotated[str, OneOf(SegmentKind)] = Field(examples=["text"])
    source: str = Field(examples=["The <strong>water</strong> rose."])
    target: str = Field(examples=["A <strong>água</strong> subiu."])
    markup: bool
    origin: Annotated[str, OneOf(Origin)] | None = Field(examples=["engine"])
    score: float = Field(examples=[0.0], description="The share of it that came from memory.")
    problem: str = Field(examples=[""], description="Why it stands in the source language, where it does.")


class Segments(Paged, Out):
    """The segments of one version, in the order of the text."""

    version: int = Field(examples=[1])
    origin: Annotated[str, OneOf(Version.By)] = Field(examples=["machine"])
    digest: str = Field(examples=[DIGEST])
    items: list[SegmentOut]


class VersionSeen(Out):
    """A version of the text as one section shows it; to approve it, give back its digest."""

    version: int = Field(examples=[1])
    origin: Annotated[str, OneOf(Version.By)] = Field(examples=["machine"])
    digest: str = Field(examples=[DIGEST])
    created_at: datetime = Field(examples=[MOMENT])


class EditionOut(Out):
    """What one section decides about an article in one of its languages. Of other sections, what is published."""

    id: int = Field(examples=[17])
    article: str = Field(examples=[UID])
    title: str = Field(examples=["Tide report"])
    section: str = Field(examples=["portugal"])
    language: str = Field(examples=["pt-PT"])
    base: str = Field(examples=["pt"])
    state: Annotated[str, OneOf(Edition.State)] = Field(examples=["in_review"])
    reason: str = Field(examples=["an editor of Portugal decides"])
    waiting: VersionSeen | None = Field(description="What waits for a decision.")
    approved: VersionSeen | None
    decided_by: str = Field(examples=[""])
    decided_at: datetime | None = Field(examples=[None])
    published_at: datetime | None = Field(examples=[None])
    release_at: datetime | None = Field(examples=[None], description="Not to be published before.")
    urls: dict[str, str] = Field(
        examples=[{"site": "https://pt.example.org/pt-pt/2026/mare/"}], description="Where it stands, by output."
    )


class Editions(Paged, Out):
    """Editions, the newest first."""

    items: list[EditionOut]


class EditionsOfArticle(Out):
    """The article's editions, by section and language."""

    items: list[EditionOut]


class WithdrawnOut(Out):
    """What a withdrawal, or its undoing, concerned."""

    pages: int = Field(examples=[2], description="How many pages are sent again.")
    elsewhere: list[str] = Field(
        examples=[[]], description="Pages from before Sectionwire came, which somebody must take down there."
    )
    editions: list[EditionOut]


class ReceiptOut(Out):
    """One attempt to send."""

    sequence: int = Field(examples=[1])
    outcome: Annotated[str, OneOf(Receipt.Outcome)] = Field(examples=["confirmed"])
    detail: str = Field(examples=[""])
    url: str = Field(examples=["https://pt.example.org/pt-pt/2026/mare/"])
    at: datetime = Field(examples=[MOMENT])


class DeliveryOut(Out):
    """What one output shall hold of one edition: done when ``confirmed`` is what is ``wanted``."""

    id: int = Field(examples=[23])
    edition: int = Field(examples=[17])
    article: str = Field(examples=[UID])
    section: str = Field(examples=["portugal"])
    language: str = Field(examples=["pt-PT"])
    output: str = Field(examples=["site"])
    status: Annotated[str, OneOf(Status)] = Field(examples=["done"])
    reason: str = Field(examples=[""], description="What went wrong, and what to do.")
    attempts: int = Field(examples=[0])
    wanted: int = Field(examples=[1])
    confirmed: int = Field(examples=[1])
    confirmed_at: datetime | None = Field(examples=[MOMENT])
    due_at: datetime = Field(examples=[MOMENT])
    url: str = Field(examples=["https://pt.example.org/pt-pt/2026/mare/"])


class DeliveryWhole(DeliveryOut):
    """A delivery with its last receipts, the newest first."""

    receipts: list[ReceiptOut]


class Deliveries(Paged, Out):
    """Deliveries, the newest first."""

    items: list[DeliveryOut]


class FindingOut(Out):
    """What a check says of a translation's newest version. A blocking one keeps it from being published."""

    id: int = Field(examples=[5])
    article: str = Field(examples=[UID])
    base: str = Field(examples=["pt"])
    version: int = Field(examples=[1])
    check: str = Field(examples=["numbers"])
    severity: Annotated[str, OneOf(Severity)] = Field(examples=["warn"])
    segment: str = Field(examples=["b1"], description="Empty for the whole text.")
    message: str = Field(examples=["The number 12 is missing."])
    state: Annotated[str, OneOf(Finding.State)] = Field(examples=["open"])
    decided_by: str = Field(examples=[""])
    why: str = Field(examples=[""])


class Findings(Paged, Out):
    """Findings, the newest first."""

    items: list[FindingOut]


class WebhookOut(Out):
    """An address that is told what happens."""

    id: int = Field(examples=[3])
    url: str = Field(examples=["https://cms.example.org/hooks/sectionwire"])
    topics: list[Annotated[str, OneOf(Topic)]] = Field(examples=[["edition.live", "delivery.failed"]])
    every_section: bool
    sections: list[str] = Field(examples=[["portugal"]])
    active: bool = Field(description="False: nothing is sent; `why` says why.")
    why: str = Field(examples=[""])
    failing_since: datetime | None = Field(examples=[None])
    created_at: datetime = Field(examples=[MOMENT])


class WebhookMade(WebhookOut):
    """A new webhook, with the secret that signs what it is told: it is shown this once."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])


class Webhooks(Out):
    """The webhooks that this token may see."""

    items: list[WebhookOut]


class SendOut(Out):
    """One message to a webhook."""

    id: str = Field(examples=["msg_9f86d081884c7d659a2feaa0c55ad015"], description="The header webhook-id.")
    topic: Annotated[str, OneOf(Topic)] = Field(examples=["edition.live"])
    status: Annotated[str, OneOf(Status)] = Field(examples=["done"])
    reason: str = Field(examples=[""])
    attempts: int = Field(examples=[0])
    created_at: datetime = Field(examples=[MOMENT])
    due_at: datetime = Field(examples=[MOMENT])
    sent_at: datetime | None = Field(examples=[MOMENT])


class Sends(Paged, Out):
    """What a webhook was told, the newest first."""

    items: list[SendOut]


def delivery_out(row: Delivery) -> DeliveryOut:
    """A delivery whose edition and article are loaded."""
    return DeliveryOut(**delivery_values(row))


def delivery_values(row: Delivery) -> dict[str, Any]:
    """The fields of a delivery."""
    return {
        "id": row.pk,
        "edition": row.edition_id,
        "article": row.edition.article.uid,
        "section": row.edition.section,
        "language": row.edition.language,
        "output": row.output,
        "status": row.status,
        "reason": row.reason,
        "attempts": row.attempts,
        "wanted": row.wanted_seq,
        "confirmed": row.confirmed_seq,
        "confirmed_at": row.confirmed_at,
        "due_at": row.due_at,
        "url": row.url,
    }
