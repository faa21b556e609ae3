"""Erasure: an article or a person goes for good. See docs/operations.md for what goes, and what stays as a tombstone.

Everything here may be repeated, and be killed at any moment: what has begun is finished by the same call again, and by
the sweep.
"""

from __future__ import annotations

from pipeline.flow.erase.article import Progress, erase_article, foresee_article
from pipeline.flow.erase.person import Erased, erase_person, foresee_person
from pipeline.ledger.models import Article, Erasure
from pipeline.network import Network

__all__ = [
    "Erased",
    "Progress",
    "erase_article",
    "erase_person",
    "foresee_article",
    "foresee_person",
    "go_on",
]


def go_on(net: Network) -> int:
    """Finish what was begun and can be finished now. Returns how much was."""
    finished = 0
    for row in Erasure.objects.filter(finished_at=None).order_by("pk"):
        if row.kind == Erasure.Kind.PERSON:
            erase_person(row.name, by=row.by)
            finished += 1
        elif article := Article.objects.filter(uid=row.subject).first():
            finished += erase_article(article, by=row.by, net=net).is_done
    return finished
