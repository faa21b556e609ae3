"""How far what people approved is from what was proposed to them: compared once for each approval, a few at a time.

The sweep compares some every ten seconds, ``sectionwire numbers`` all that are left: a page that shows the numbers only
adds up. The distance is Levenshtein's, in characters (rapidfuzz), over the segments that an engine or its memory made;
what a person had approved before was not the engine's work, and is left out.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz.distance import Levenshtein

from pipeline.documents import Origin
from pipeline.flow.numbers.recording import proposal_of
from pipeline.ledger.models import Passage

A_FEW: Final = 100
"""Approvals that one sweep compares at most."""

SOME_SECONDS: Final = 0.5
"""How long one sweep compares."""

_MACHINES: Final = frozenset({Origin.ENGINE.value, Origin.MEMORY.value})


@dataclass(frozen=True, slots=True)
class Compared:
    """Characters of the longer of the two texts, edits between them, and whether anything at all was changed."""

    characters: int
    distance: int
    is_edited: bool


def compare(limit: int = A_FEW, seconds: float = SOME_SECONDS) -> int:
    """Compare approvals that have not been compared yet, the oldest first. Returns how many."""
    until = time.monotonic() + seconds
    waiting = Passage.objects.filter(distance=None).order_by("pk").select_related("edition", "version")
    done = 0
    for passage in waiting[:limit]:
        result = _of(passage)
        # Only if nobody else did: two sweeps may run at once.
        Passage.objects.filter(pk=passage.pk, distance=None).update(
            characters=result.characters, distance=result.distance, is_edited=result.is_edited
        )
        done += 1
        if time.monotonic() > until:
            break
    return done


def left() -> int:
    """How many approvals have not been compared yet."""
    return Passage.objects.filter(distance=None).count()


def _of(passage: Passage) -> Compared:
    proposed = proposal_of(passage.version)
    if proposed is None:  # its article was erased in part, or came from a backup without it
        return Compared(0, 0, is_edited=False)
    approved = dict(passage.version.targets)
    edition = passage.edition
    if edition.approved_id == passage.version_id:
        approved.update({own.key: own.target for own in edition.approved_segments if own.key in approved})
    machine = {row["key"]: row["target"] for row in proposed.segments if row["origin"] in _MACHINES}
    changed = any(approved.get(row["key"], "") != row["target"] for row in proposed.segments)
    return between(machine, approved, is_edited=changed)


def between(machine: Mapping[str, str], approved: Mapping[str, str], *, is_edited: bool) -> Compared:
    """Compare an engine's segments with those that were approved under the same keys.

    >>> between({"b1": "A cheia subiu."}, {"b1": "A maré subiu."}, is_edited=True)
    Compared(characters=14, distance=4, is_edited=True)
    """
    characters = distance = 0
    for key, text in machine.items():
        other = approved.get(key, "")
        characters += max(len(text), len(other))
        if text != other:
            distance += Levenshtein.distance(text, other)
    return Compared(characters, distance, is_edited)
