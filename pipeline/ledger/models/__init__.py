"""The rows of the ledger, split by entity."""

from pipeline.ledger.models.api import ApiToken, IdempotencyKey, Topic, Webhook, WebhookSend
from pipeline.ledger.models.articles import Article, Event, Revision, RevisionText
from pipeline.ledger.models.batches import BatchRun, Rendering, ScheduleState
from pipeline.ledger.models.claimable import Claimable, Status
from pipeline.ledger.models.deliveries import Delivery, Receipt
from pipeline.ledger.models.editing import Draft, Note, Presence, Scope
from pipeline.ledger.models.editions import Edition
from pipeline.ledger.models.erasures import Erasure
from pipeline.ledger.models.glossary import GlossaryTerm, GlossaryTranslation
from pipeline.ledger.models.lists import Listed, Place, Refresh
from pipeline.ledger.models.memory import ApprovedUnit, ApprovedWord, MemoryUnit
from pipeline.ledger.models.numbers import Passage
from pipeline.ledger.models.people import DigestSent, Membership, Preference
from pipeline.ledger.models.proposals import Proposal
from pipeline.ledger.models.releases import Address, Barrier, Correction, Link, Redirect
from pipeline.ledger.models.sources import Host, Source, SourceItem
from pipeline.ledger.models.translations import Finding, Translation, Version
from pipeline.ledger.models.workers import WorkerBeat

__all__ = [
    "Address",
    "ApiToken",
    "ApprovedUnit",
    "ApprovedWord",
    "Article",
    "Barrier",
    "BatchRun",
    "Claimable",
    "Correction",
    "Delivery",
    "DigestSent",
    "Draft",
    "Edition",
    "Erasure",
    "Event",
    "Finding",
    "GlossaryTerm",
    "GlossaryTranslation",
    "Host",
    "IdempotencyKey",
    "Link",
    "Listed",
    "Membership",
    "MemoryUnit",
    "Note",
    "Passage",
    "Place",
    "Preference",
    "Presence",
    "Proposal",
    "Receipt",
    "Redirect",
    "Refresh",
    "Rendering",
    "Revision",
    "RevisionText",
    "ScheduleState",
    "Scope",
    "Source",
    "SourceItem",
    "Status",
    "Topic",
    "Translation",
    "Version",
    "Webhook",
    "WebhookSend",
    "WorkerBeat",
]
