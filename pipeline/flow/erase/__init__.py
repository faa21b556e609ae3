"""Erasure: an article or a person goes for good. See docs/operations.md for what goes, and what stays as a tombstone.

Everything here may be repeated, and be killed at any moment: what has begun is finished by the same call again, and by
the sweep.
"""

from __future__ import annotations

import structlog

from pipeline.errors import PipelineError
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

log = structlog.get_logger()


def go_on(net: Network) -> int:
    """Finish what was begun and can be finished now. Returns how much was."""
    finished = 0
    for row in Erasure.objects.filter(finished_at=None).order_by("pk"):
        try:
            finished += _finish(row, net)
        except PipelineError as error:  # whoever calls this, the sweep, has more to do
            log.warning("an erasure could not be finished", kind=row.kind, erasure=row.pk, remedy=error.remedy)
    return finished


def _finish(row: Erasure, net: Network) -> bool:
    if row.kind == Erasure.Kind.PERSON:
        erase_person(row.name, by=row.by)
        return True
    article = Article.objects.filter(uid=row.subject).first()
    return article is not None and erase_article(article, by=row.by, net=net).is_done
