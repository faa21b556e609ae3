"""Two people's changes of one text, put together: what each changed, and a text with both where they don't overlap."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.utils.safestring import SafeString

from pipeline.desk import coded, marked
from pipeline.errors import Permanent
from pipeline.stages.translate import verify

THEIRS: Final = "theirs"
YOURS: Final = "yours"
BOTH: Final = "both"

_Change = tuple[int, int, list[str]]
"""Start and end in the ancestor's tokens, and what stands there instead."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """A place that both changed, each in another way: the words of the ancestor, theirs and yours."""

    ancestor: str
    theirs: str
    yours: str


@dataclass(frozen=True, slots=True)
class Merged:
    """``pieces`` of the merged text with the one whose change each is; none where ``overlaps`` say why."""

    pieces: tuple[tuple[str, str], ...] = ()
    overlaps: tuple[Overlap, ...] = ()

    @property
    def text(self) -> str:
        """The merged text, coded; empty where there is none."""
        return "".join(piece for piece, _ in self.pieces)


def merge(ancestor: str, theirs: str, yours: str) -> Merged:
    """Put two coded texts together that began from a third.

    A change is taken where only one made it, or both made the same. What both changed at one place, each in another
    way, is theirs to settle.
    """
    base = marked.tokens(ancestor)
    first, second = list(_changes(base, theirs)), list(_changes(base, yours))
    pieces: list[tuple[str, str]] = []
    overlaps: list[Overlap] = []
    at = 0
    for start, end, one, other in _regions(first, second):
        pieces.append(("".join(base[at:start]), ""))
        mine, yours_here = (_applied(base, start, end, changes) for changes in (one, other))
        if one and other and mine != yours_here:
            overlaps.append(Overlap(*(marked.words(each) for each in (base[start:end], mine, yours_here))))
        owner = BOTH if one and other else THEIRS if one else YOURS
        pieces.append(("".join(mine if one else yours_here), owner))
        at = end
    pieces.append(("".join(base[at:]), ""))
    kept = tuple(piece for piece in pieces if piece[0])
    return Merged((), tuple(overlaps)) if overlaps else Merged(kept)


def _changes(base: Sequence[str], text: str) -> Iterator[_Change]:
    new = marked.tokens(text)
    for kind, a, b, c, d in marked.opcodes(base, new):
        if kind != "equal":
            yield a, b, list(new[c:d])


def _regions(
    first: Sequence[_Change], second: Sequence[_Change]
) -> Iterator[tuple[int, int, list[_Change], list[_Change]]]:
    """Stretches of the ancestor that were changed, in order, with the changes of either side in them."""
    todo = sorted([(*change[:2], 0, change) for change in first] + [(*change[:2], 1, change) for change in second])
    at = 0
    while at < len(todo):
        start, end, side, change = todo[at]
        sides: tuple[list[_Change], list[_Change]] = ([], [])
        sides[side].append(change)
        at += 1
        while at < len(todo) and _touch(start, end, todo[at]):
            sides[todo[at][2]].append(todo[at][3])
            end = max(end, todo[at][1])
            at += 1
        yield start, end, *sides


def _touch(start: int, end: int, other: tuple[int, int, int, _Change]) -> bool:
    """Whether a change lies in a stretch: two that only have a border in common don't, but for what is put in there."""
    return other[0] < end or (other[0] == end and (start == end or other[0] == other[1]))


def _applied(base: Sequence[str], start: int, end: int, changes: Sequence[_Change]) -> list[str]:
    """The tokens of a stretch of the ancestor after the changes of one side."""
    out: list[str] = []
    at = start
    for a, b, new in changes:
        out += [*base[at:a], *new]
        at = b
    return [*out, *base[at:end]]


@dataclass(frozen=True, slots=True)
class Clash:
    """What a page shows of a stale save: three texts, what each changed, and both together where that can be."""

    ancestor: SafeString
    theirs: SafeString
    yours: SafeString
    merged: str
    proposal: SafeString
    overlaps: tuple[Overlap, ...]


def clash(coder: coded.Coder, key: str, ancestor: str, theirs: str, yours: str) -> Clash:
    """Look at three targets of a segment; a merged text is only proposed with every element where it may be."""
    began, they, you = (coder.code(key, text) for text in (ancestor, theirs, yours))
    tags: Mapping[int, str] = coder.tags_of(key)
    merged = merge(began, they, you)
    if not _is_whole(coder, key, merged.text):
        merged = Merged((), merged.overlaps)
    segment = coder.segments[key]
    text = merged.text if segment.markup else marked.words(marked.tokens(merged.text))
    return Clash(
        coder.target(key, ancestor),
        marked.differences(began, they, tags),
        marked.differences(began, you, tags),
        text,
        marked.owned(merged.pieces, tags),
        merged.overlaps,
    )


def _is_whole(coder: coded.Coder, key: str, text: str) -> bool:
    segment = coder.segments[key]
    if not text.strip() or not segment.markup:
        return bool(text.strip())
    try:
        target = coded.uncoded(segment, text)
    except Permanent:
        return False
    return not verify.problems(segment.source, target)
