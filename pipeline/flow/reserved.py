"""What was erased does not come back: its uid stays reserved."""

from __future__ import annotations

from pipeline.errors import Permanent
from pipeline.ledger.models import Erasure


class Erased(Permanent):
    """What comes in was erased for good: whoever has it in hand keeps nothing of it."""


def refuse_erased(uid: str, name: str) -> None:
    """Refuse an article that was erased, or is about to be. ``name`` is what the submitter calls it.

    Raises:
        Erased: it was; a kind of Permanent.
    """
    if Erasure.objects.filter(kind__in=(Erasure.Kind.ARTICLE, Erasure.Kind.ADDRESS), subject=uid).exists():
        raise Erased(
            f"{name} was erased for good ({uid}) and is not taken in again.",
            "If it shall be published after all, hand it in as a new article: under another key and address.",
        )
