"""Is the markup of each segment whole, and where it should be?"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from pipeline.documents import CheckFinding, Severity
from pipeline.stages import markup
from pipeline.stages.check.compared import differing, sentence
from pipeline.stages.check.contract import Pair, SegmentCheck, Translation
from pipeline.stages.markup import Kind
from pipeline.stages.translate import verify

_WORDS: Final = ("lost", "added")
_LITERAL: Final = re.compile(rf"<(?:{'|'.join(sorted(markup.LITERAL))})\b", re.IGNORECASE)


class Codes:
    id = "codes"
    name = "No inline code is lost, doubled or damaged"
    severity = Severity.BLOCK

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for segment, target in translation.pairs:
            if not segment.markup or segment.source == target.target or "<" not in segment.source + target.target:
                continue
            if parts := _damage(segment.source, target.target, retagged=segment.key in translation.retagged):
                message = f"The markup differs from the source ({'; '.join(parts)})."
                yield CheckFinding(self.id, self.severity, segment.key, message)


class Links:
    id = "links"
    name = "Links lead where they did"
    severity = Severity.BLOCK

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for segment, target in translation.pairs:
            if segment.key not in translation.retagged:
                continue
            parts = differing(verify.links(segment.source), verify.links(target.target), _WORDS)
            if message := sentence("Addresses", parts):
                yield CheckFinding(self.id, self.severity, segment.key, message)


class Placement(SegmentCheck):
    id = "placement"
    name = "Emphasis and links stand on the right words"
    severity = Severity.WARN

    def problem(self, pair: Pair) -> str:
        _, target = pair
        weak = target.evidence.count("position")
        if not weak:
            return ""
        what = "One link or emphasis was" if weak == 1 else f"{weak} links or emphases were"
        return f"{what} placed by position only: look whether the right words are marked."


def _damage(source: str, target: str, *, retagged: bool) -> list[str]:
    """What is lost, added or badly nested. With the same tags only literals can differ, and how tags are nested."""
    theirs = verify.shape(target)
    if retagged:
        return differing(_codes(source), _codes(target), _WORDS) + theirs.faults
    literals = verify.shape(source).literals if theirs.literals or _LITERAL.search(source) else Counter[str]()
    return differing(literals, theirs.literals, _WORDS) + theirs.faults


def _codes(html: str) -> Counter[str]:
    """Start tags without their addresses (those are for ``links``), and literals as they are."""
    found: Counter[str] = Counter(verify.shape(html).literals)
    for token in markup.tokenize(html):
        if token.kind in (Kind.OPEN, Kind.VOID):
            values = markup.attributes(html[token.start : token.end])
            rest = sorted(f'{a.name}="{a.value}"' for a in values if a.name not in verify.ADDRESSES)
            found[f"<{' '.join([token.name, *rest])}>"] += 1
    return found
