"""What stays of a source's item when its article is erased: a digest, by which it is passed over when named again."""

from __future__ import annotations

import hashlib
from collections.abc import Container
from typing import Any, Final

from django.db.models import QuerySet

from pipeline.ledger.models import SourceItem

WHY: Final = "It was erased for good, and is not taken in again."

_EMPTY: Final[dict[str, Any]] = {
    **dict.fromkeys(("url", "stamp", "etag", "last_modified", "digest", "content"), ""),
    **dict.fromkeys(("article", "entry", "next_at", "missed_at"), None),
    "status": SourceItem.State.GONE,
    "reason": WHY,
    "attempts": 0,
}


def tombstone(identity: str) -> str:
    """What stands in the place of an item's identity. Nothing of it can be read there."""
    return "erased " + hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()


def is_known(identity: str, known: Container[str]) -> bool:
    """Whether an identity, or its tombstone, is among those that a source has given."""
    return identity in known or tombstone(identity) in known


def entomb(items: QuerySet[SourceItem]) -> int:
    """Leave only tombstones of some items; of one that is a tombstone already, that. Returns how many they were."""
    found = list(items.exclude(reason=WHY).select_for_update().order_by("id").values_list("pk", "source", "identity"))
    for pk, source, identity in found:
        stone = tombstone(identity)
        row = SourceItem.objects.filter(pk=pk)
        if SourceItem.objects.filter(source=source, identity=stone).exists():
            row.delete()
        else:
            row.update(**_EMPTY, identity=stone, key=stone)
    return len(found)
