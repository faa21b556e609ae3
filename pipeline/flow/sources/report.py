"""What came of one look at a source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Told = Callable[[int, int], None]
"""Is told, as a fetch goes on, how many items are done, and of how many."""


@dataclass(frozen=True, slots=True)
class FailedItem:
    """One item that could not be taken now. ``next_at`` is when it is tried again by itself."""

    identity: str
    reason: str
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class SourceReport:
    """What a fetch did, in numbers of items.

    ``duplicates`` are articles that came in elsewhere already; ``waiting`` are left for the next run (the limit of
    items or of time); ``articles`` are the uids of what is new or updated. ``trouble`` says why the source as a whole
    could not be read, or not to its end; ``next_at`` is when it may be asked again.
    """

    source: str
    new: int = 0
    updated: int = 0
    unchanged: int = 0
    duplicates: int = 0
    gone: int = 0
    waiting: int = 0
    failed: tuple[FailedItem, ...] = ()
    articles: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    trouble: str = ""
    next_at: datetime | None = None

    @property
    def is_fine(self) -> bool:
        """Whether nothing went wrong."""
        return not self.failed and not self.trouble

    def record(self) -> dict[str, Any]:
        """The same as JSON values."""
        return {
            "source": self.source,
            "new": self.new,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "duplicates": self.duplicates,
            "gone": self.gone,
            "waiting": self.waiting,
            "failed": [
                {
                    "item": each.identity,
                    "reason": each.reason,
                    "next_at": each.next_at.isoformat() if each.next_at else None,
                }
                for each in self.failed
            ],
            "articles": list(self.articles),
            "notes": list(self.notes),
            "trouble": self.trouble,
            "next_at": self.next_at.isoformat() if self.next_at else None,
        }
