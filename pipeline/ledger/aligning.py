"""What the ledger has to train word aligners from: machine translations of sentences."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count

from pipeline.ledger.models import MemoryUnit


def counts() -> dict[tuple[str, str], int]:
    """How many sentences are remembered, by source and target language."""
    rows = MemoryUnit.objects.values_list("source", "target").annotate(number=Count("pk")).order_by("source", "target")
    return {(source, target): number for source, target, number in rows}


def pairs(source: str, target: str) -> Iterator[tuple[str, str]]:
    """The sentences of a pair with their translations, the newest first. Read in portions: there may be millions."""
    rows = MemoryUnit.objects.filter(source=source, target=target).order_by("-pk")
    return rows.values_list("source_text", "target_text").iterator(chunk_size=2000)
