"""Is the markup of each segment whole, and where it should be?"""

from __future__ import annotations

from collections import Counter
from typing import Final

from pipeline.documents import Severity
from pipeline.stages import markup
from pipeline.stages.check.contract import Pair, SegmentCheck
from pipeline.stages.markup import Kind
from pipeline.stages.translate import verify

_SHOWN: Final = 5


class Codes(SegmentCheck):
    id = "codes"
    name = "No inline code is lost, doubled or damaged"
    severity = Severity.BLOCK

    def problem(self, pair: Pair) -> str:
        segment, target = pair
        if not segment.markup or segment.source == target.target:
            return ""
        source_codes, target_codes = _codes(segment.source), _codes(target.target)
        parts = []
        if lost := source_codes - target_codes:
            parts.append(f"lost: {_listed(lost)}")
        if added := target_codes - source_codes:
            parts.append(f"added: {_listed(added)}")
        parts += verify.shape(target.target).faults
        return f"The markup differs from the source ({'; '.join(parts)})." if parts else ""


class Links(SegmentCheck):
    id = "links"
    name = "Links lead where they did"
    severity = Severity.BLOCK

    def problem(self, pair: Pair) -> str:
        segment, target = pair
        if not segment.markup or segment.source == target.target:
            return ""
        ours, theirs = verify.links(segment.source), verify.links(target.target)
        parts = []
        if lost := ours - theirs:
            parts.append(f"lost: {_listed(lost)}")
        if added := theirs - ours:
            parts.append(f"added: {_listed(added)}")
        return f"Addresses differ from the source ({'; '.join(parts)})." if parts else ""


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


def _codes(html: str) -> Counter[str]:
    """Start tags without their addresses (those are for ``links``), and literals as they are."""
    found: Counter[str] = Counter(verify.shape(html).literals)
    for token in markup.tokenize(html):
        if token.kind in (Kind.OPEN, Kind.VOID):
            values = markup.attributes(html[token.start : token.end])
            rest = sorted(f'{a.name}="{a.value}"' for a in values if a.name not in verify.ADDRESSES)
            found[f"<{' '.join([token.name, *rest])}>"] += 1
    return found


def _listed(items: Counter[str]) -> str:
    shown = ", ".join(sorted(items)[:_SHOWN])
    return shown if len(items) <= _SHOWN else f"{shown} and {len(items) - _SHOWN} more"
