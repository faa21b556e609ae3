"""The rows of the ledger, split by entity."""

from pipeline.ledger.models.articles import Article, Event, Revision, RevisionText
from pipeline.ledger.models.claimable import Claimable, Status
from pipeline.ledger.models.deliveries import Delivery, Receipt, Refresh
from pipeline.ledger.models.editions import Edition
from pipeline.ledger.models.memory import MemoryUnit
from pipeline.ledger.models.translations import Finding, Translation, Version
from pipeline.ledger.models.workers import WorkerBeat

__all__ = [
    "Article",
    "Claimable",
    "Delivery",
    "Edition",
    "Event",
    "Finding",
    "MemoryUnit",
    "Receipt",
    "Refresh",
    "Revision",
    "RevisionText",
    "Status",
    "Translation",
    "Version",
    "WorkerBeat",
]
