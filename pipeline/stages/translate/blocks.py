"""Which segments of an article and of its existing translation belong together, by structure and length.

Where both have the same sequence of blocks, they are paired one by one. Else the method of Gale and Church (A Program
for Aligning Sentences in Bilingual Corpora, Computational Linguistics 19, 1993) finds the cheapest way through both:
lengths of translations are proportional, and a paragraph is sometimes split, joined, left out or added. Here blocks
take the place of sentences, and kind of block, numbers and addresses are further evidence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import erfc, log, sqrt
from typing import Final, Literal

from pipeline.documents import Segment, SegmentedDocument, SegmentKind
from pipeline.stages import markup
from pipeline.stages.markup import Kind

VARIANCE: Final = 6.8
"""Of the length of a translation per character of its source: Gale and Church's figure."""

Step = tuple[int, int]
_STEPS: Final[Sequence[tuple[Step, float]]] = [
    (step, -log(share))
    for step, share in (((1, 1), 0.92), ((1, 0), 0.02), ((0, 1), 0.02), ((2, 1), 0.02), ((1, 2), 0.02))
]
"""How many blocks of either side go into a bead, and what it costs. In articles a paragraph is left out as often as it
is joined with the next, other than Gale and Church's sentences."""

_TAILS: Final = [-log(max(erfc(tenths / 10 / sqrt(2)), 1e-12)) for tenths in range(80)]
"""What a deviation of so many tenths costs."""

_OTHER_KIND: Final = 4.0  # what a pair of different blocks costs, in nats
_CONFLICT: Final = 4.0  # what numbers or addresses cost of which none is on both sides
_LEFT_OUT: Final = 0.5
_USUAL: Final = 1.8  # languages of one kind of script differ by less in length
_BAND: Final = 60  # blocks to either side of the diagonal that are looked at, and as many as one side has more
_WIDEST: Final = 240  # but no more than these: a text of 5,000 blocks beside one of 10,000 would take minutes
_IMPLAUSIBLE: Final = 3.5  # standard deviations
_SHORT: Final = 12  # characters below which a length says nothing
_PLACEHOLDER: Final = re.compile(r"<\?(b\d+(?:\.[a-z-]+)?)(?::[^<>?]*)?\?>")
_ANCHOR: Final = re.compile(r"\d{2,}|https?://[^\s\"'<>]+")
_GROUPING: Final = re.compile(r"(?<=\d)[.,'’\s](?=\d{3}(?!\d))")  # 1,150 and 1 150 are one number
_FIELDS: Final = (SegmentKind.TITLE, SegmentKind.SUMMARY, SegmentKind.IMAGE_ALT)


@dataclass(frozen=True, slots=True)
class Bead:
    """Segments (by key) that are each other's translation; one side may be empty. ``sure``: fit to be remembered."""

    source: tuple[str, ...]
    target: tuple[str, ...]
    sure: bool = False


@dataclass(frozen=True, slots=True)
class Alignment:
    """``confidence`` is the share (0 to 1) of the text, of the side that has more of it left over, in sure beads."""

    how: Literal["structure", "length"]
    beads: tuple[Bead, ...]
    confidence: float

    @property
    def sure(self) -> dict[str, str]:
        """Source key → target key of the beads that are fit to be remembered."""
        return {bead.source[0]: bead.target[0] for bead in self.beads if bead.sure}


@dataclass(frozen=True, slots=True)
class _Block:
    key: str
    path: str
    length: int
    anchors: frozenset[str]
    sort: str  # of block: the innermost element


def align(source: SegmentedDocument, target: SegmentedDocument) -> Alignment:
    """Align the segments of two documents; every segment of both is in exactly one bead."""
    ours, theirs = _blocks(source), _blocks(target)
    same = [block.path for block in ours] == [block.path for block in theirs]
    ratio = max(_ratios(ours, theirs))
    if same:
        beads = [Bead((a.key,), (b.key,), _is_sure(a, b, ratio)) for a, b in zip(ours, theirs, strict=True)]
    else:
        _, ratio, beads = min(_shortest(ours, theirs, each) for each in sorted(_ratios(ours, theirs)))
    beads = [*_fields(source, target, ratio), *beads]
    beads += _attributes(source, target, beads, ratio)
    confidence = min(_share(source, beads, "source"), _share(target, beads, "target"))
    return Alignment("structure" if same else "length", tuple(beads), round(confidence, 3))


def targets(source: SegmentedDocument, target: SegmentedDocument, alignment: Alignment) -> dict[str, str]:
    """The translation as targets of the source's segments, with all its text in its order.

    What the translation joined stands in the first of the segments, what it added in the segment before; what it
    left out is empty.
    """
    by_key = {segment.key: segment for segment in target.segments}
    runs = {segment.key for segment in source.segments if segment.markup}
    found: dict[str, str] = {segment.key: "" for segment in source.segments}
    waiting: list[str] = []
    last = ""
    for bead in alignment.beads:
        texts = [by_key[key].source for key in bead.target]
        into = bead.source[0] if bead.source else last
        if not bead.source and not all(by_key[key].markup for key in bead.target):
            continue  # an alternative text without its picture
        if not into:
            waiting += texts
            continue
        found[into] = " ".join(filter(None, [found[into], *waiting, *texts]))
        waiting = []
        last = into if into in runs else last
    return found


def _blocks(document: SegmentedDocument) -> list[_Block]:
    segments = {segment.key: segment for segment in document.segments}
    return [
        _block(segments[key], path)
        for key, path in _paths(document.skeleton)
        if key in segments and segments[key].kind is not SegmentKind.ATTRIBUTE
    ]


def _block(segment: Segment, path: str) -> _Block:
    text = _visible(segment)
    anchors = frozenset(_ANCHOR.findall(_GROUPING.sub("", text)))
    return _Block(segment.key, path, len("".join(text.split())), anchors, path.rpartition(">")[2])


def _visible(segment: Segment) -> str:
    return markup.visible(segment.source) if segment.markup else segment.source


def _paths(skeleton: str) -> Iterator[tuple[str, str]]:
    """The placeholders of a skeleton, each with the names of the elements around it."""
    stack: list[str] = []
    for token in markup.tokenize(skeleton):
        if token.kind is Kind.OPEN:
            stack.append(token.name)
        elif token.kind is Kind.CLOSE and token.name in stack:
            while stack.pop() != token.name:
                pass
        elif placeholder := _PLACEHOLDER.fullmatch(skeleton[token.start : token.end]):
            yield placeholder[1], ">".join(stack)


def _ratios(ours: Sequence[_Block], theirs: Sequence[_Block]) -> set[float]:
    """Characters of translation per character of source: by the two texts, and 1, which holds where some is missing."""
    total = sum(block.length for block in ours), sum(block.length for block in theirs)
    if not all(total):
        return {1.0}
    ratio = min(max(total[1] / total[0], 0.3), 3.0)
    return {ratio, 1.0} if 1 / _USUAL < ratio < _USUAL else {ratio}


def _deviation(source: int, target: int, ratio: float) -> float:
    return (target - source * ratio) / sqrt(max(source, target / ratio, 1) * VARIANCE)


def _is_sure(source: _Block, target: _Block, ratio: float) -> bool:
    """Whether two blocks may well be each other's translation."""
    if (
        not source.length
        or not target.length
        or source.sort != target.sort
        or _conflict(source.anchors, target.anchors)
    ):
        return False
    short = max(source.length, target.length) < _SHORT
    return short or abs(_deviation(source.length, target.length, ratio)) < _IMPLAUSIBLE


def _conflict(source: frozenset[str], target: frozenset[str]) -> bool:
    return bool(source) and bool(target) and not source & target


def _shortest(ours: Sequence[_Block], theirs: Sequence[_Block], ratio: float) -> tuple[float, float, list[Bead]]:
    """The cheapest sequence of beads, after its cost and the ratio."""
    fit = _Fit(ours, theirs, ratio)
    best: list[dict[int, tuple[float, Step]]] = [{} for _ in range(len(ours) + 1)]
    best[0][0] = (0.0, (0, 0))
    width = min(_BAND + abs(len(ours) - len(theirs)), _WIDEST) + len(theirs) // max(len(ours), 1)
    for i in range(len(ours) + 1):
        middle = i * len(theirs) // max(len(ours), 1)
        for j in range(max(0, middle - width), min(len(theirs), middle + width) + 1):
            for step, prior in _STEPS:
                di, dj = step
                if di > i or dj > j or (before := best[i - di].get(j - dj)) is None:
                    continue
                cost = before[0] + prior + fit.cost(i, j, di, dj)
                if j not in best[i] or cost < best[i][j][0]:
                    best[i][j] = cost, step
    return best[len(ours)][len(theirs)][0], ratio, list(_way_back(ours, theirs, best, ratio))[::-1]


def _way_back(
    ours: Sequence[_Block], theirs: Sequence[_Block], best: Sequence[Mapping[int, tuple[float, Step]]], ratio: float
) -> Iterator[Bead]:
    i, j = len(ours), len(theirs)
    while i or j:
        di, dj = best[i][j][1]
        a, b = ours[i - di : i], theirs[j - dj : j]
        sure = (di, dj) == (1, 1) and _is_sure(a[0], b[0], ratio)
        yield Bead(tuple(block.key for block in a), tuple(block.key for block in b), sure)
        i, j = i - di, j - dj


class _Fit:
    """What beads of two texts cost, in nats."""

    def __init__(self, ours: Sequence[_Block], theirs: Sequence[_Block], ratio: float) -> None:
        self.ours, self.theirs, self.ratio = ours, theirs, ratio
        self.our_lengths = [0, *accumulate(block.length for block in ours)]
        self.their_lengths = [0, *accumulate(block.length for block in theirs)]

    def cost(self, i: int, j: int, di: int, dj: int) -> float:
        """Of the ``di`` blocks before ``i`` beside the ``dj`` blocks before ``j``."""
        source = self.our_lengths[i] - self.our_lengths[i - di]
        target = self.their_lengths[j] - self.their_lengths[j - dj]
        if not di or not dj:
            return _LEFT_OUT + (source + target) / 200  # the dearer the longer it is
        deviation = abs(_deviation(source, target, self.ratio))
        cost = _TAILS[min(int(deviation * 10), len(_TAILS) - 1)]
        a, b = self.ours[i - di : i], self.theirs[j - dj : j]
        if di == dj == 1:
            cost += _OTHER_KIND * (a[0].sort != b[0].sort)
        else:
            cost += 2 * _OTHER_KIND * (len({block.sort for block in (*a, *b)}) - 1)
        return cost + _CONFLICT * _conflict(_anchors(a), _anchors(b))


def _anchors(group: Sequence[_Block]) -> frozenset[str]:
    return group[0].anchors if len(group) == 1 else group[0].anchors | group[1].anchors


def _fields(source: SegmentedDocument, target: SegmentedDocument, ratio: float) -> Iterator[Bead]:
    """Title, summary and the text of the teaser's image."""
    ours = {each.kind: _block(each, "") for each in source.segments if each.kind in _FIELDS}
    theirs = {each.kind: _block(each, "") for each in target.segments if each.kind in _FIELDS}
    for kind in _FIELDS:
        if kind in ours and kind in theirs:
            yield Bead((ours[kind].key,), (theirs[kind].key,), _is_sure(ours[kind], theirs[kind], ratio))
        elif kind in ours:
            yield Bead((ours[kind].key,), ())
        elif kind in theirs:
            yield Bead((), (theirs[kind].key,))


def _attributes(
    source: SegmentedDocument, target: SegmentedDocument, beads: Sequence[Bead], ratio: float
) -> Iterator[Bead]:
    """Attributes by the run they stand in, else by their order in the article; each by its name."""
    ours, theirs = _attributes_by_run(source), _attributes_by_run(target)
    pairs = {bead.source[0]: bead.target[0] for bead in beads if bead.source and bead.target} | {"": ""}
    for (run, name), mine in ours.items():
        others = theirs.pop((pairs.get(run, run), name), [])
        if len(others) != len(mine):
            yield from (Bead((each.key,), ()) for each in mine)
            yield from (Bead((), (each.key,)) for each in others)
            continue
        for a, b in zip(mine, others, strict=True):
            yield Bead((a.key,), (b.key,), _is_sure(a, b, ratio))
    for rest in theirs.values():
        yield from (Bead((), (each.key,)) for each in rest)


def _attributes_by_run(document: SegmentedDocument) -> dict[tuple[str, str], list[_Block]]:
    placed = {key for key, _ in _paths(document.skeleton)}
    found: dict[tuple[str, str], list[_Block]] = defaultdict(list)
    run = ""
    for segment in document.segments:
        if segment.markup:
            run = segment.key
        elif segment.kind is SegmentKind.ATTRIBUTE:
            name = segment.key.partition(".")[2]
            found["" if segment.key in placed else run, name].append(_block(segment, ""))
    return found


def _share(document: SegmentedDocument, beads: Sequence[Bead], side: Literal["source", "target"]) -> float:
    sure = {key for bead in beads if bead.sure for key in getattr(bead, side)}
    lengths = {segment.key: len(_visible(segment)) for segment in document.segments}
    total = sum(lengths.values())
    return sum(length for key, length in lengths.items() if key in sure) / total if total else 0.0
