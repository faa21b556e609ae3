"""What of two texts differs, in words for an editor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Final

MOST: Final = 5
"""How many of the things that are missing or new are named: an editor finds the rest when he looks."""

_MISSING: Final = ("missing", "not in the source")


def differing(ours: Counter[str], theirs: Counter[str], words: tuple[str, str] = _MISSING) -> list[str]:
    """What of the source is not in the translation, and the reverse: a part of a sentence each, or nothing.

    ``words`` stand before the one and the other.
    """
    lost, added = sorted((ours - theirs).elements()), sorted((theirs - ours).elements())
    return [f"{word}: {listed(items)}" for word, items in zip(words, (lost, added), strict=True) if items]


def sentence(what: str, parts: Sequence[str]) -> str:
    """``what`` differs, and in which parts; empty when there are none."""
    return f"{what} differ from the source ({'; '.join(parts)})." if parts else ""


def listed(items: Sequence[str]) -> str:
    """The first few, and how many more there are."""
    shown = ", ".join(items[:MOST])
    return shown if len(items) <= MOST else f"{shown} and {len(items) - MOST} more"
