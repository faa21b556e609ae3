"""The rows of the ledger, split by entity."""

from pipeline.ledger.models.articles import Article, Event, Revision, RevisionText
from pipeline.ledger.models.claimable import Claimable, Status
from pipeline.ledger.models.deliveries import Delivery, Receipt, Refresh
from pipeline.ledger.models.editing import Draft, Note, Presence, Scope
from pipeline.ledger.models.editions import Edition
from pipeline.ledger.models.glossary import GlossaryTerm, GlossaryTranslation
from pipeline.ledger.models.memory import ApprovedUnit, ApprovedWord, MemoryUnit
from pipeline.ledger.models.people import Membership, Preference
from pipeline.ledger.models.translations import Finding, Translation, Version
from pipeline.ledger.models.workers import WorkerBeat

__all__ = [
    "ApprovedUnit",
    "ApprovedWord",
    "Article",
    "Claimable",
    "Delivery",
    "Draft",
    "Edition",
    "Event",
    "Finding",
    "GlossaryTerm",
    "GlossaryTranslation",
    "Membership",
    "MemoryUnit",
    "Note",
    "Preference",
    "Presence",
    "Receipt",
    "Refresh",
    "Revision",
    "RevisionText",
    "Scope",
    "Status",
    "Translation",
    "Version",
    "WorkerBeat",
]
