"""A section's own wording of single segments, on top of the base that all sections of the language share.

The base lives on below it: a segment that no overlay touches follows every update. Where the base, or the source,
changed under an overlay, a person decides; until then the overlay stands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.documents import Metadata, OwnSegment, Segment

IMAGE = "image"
IMAGE_ALT = "image_alt"
"""What a section may have of its own although no segment has it: the picture of teasers, and what it shows."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """What changed under an overlay: ``base`` is the shared target now, empty when the segment is gone."""

    own: OwnSegment
    key: str
    base: str

    @property
    def is_gone(self) -> bool:
        """Whether no segment has its source any more."""
        return not self.key


@dataclass(frozen=True, slots=True)
class Applied:
    """Target texts by segment key, those that are a section's own among them, and what a person must look at."""

    targets: Mapping[str, str]
    own: Mapping[str, OwnSegment]
    conflicts: tuple[Conflict, ...]


def sources_of(segments: Iterable[Segment], metadata: Metadata) -> dict[str, str]:
    """What a section can have of its own, by key: the source texts of the segments, and the picture with its text."""
    picture = {IMAGE: metadata.image, IMAGE_ALT: metadata.image_alt}
    return picture | {segment.key: segment.source for segment in segments}


def apply(overlay: Iterable[OwnSegment], sources: Mapping[str, str], targets: Mapping[str, str]) -> Applied:
    """Lay a section's own segments over a base.

    Args:
        overlay: the section's own segments, in the order in which they were written.
        sources: source text of every segment, by key; see :func:`sources_of`.
        targets: target text of every segment in the base, by key.
    """
    result = dict(targets)
    used: dict[str, OwnSegment] = {}
    conflicts: list[Conflict] = []
    for own in overlay:
        key = _place(own, sources, used)
        if key is None:
            conflicts.append(Conflict(own, "", ""))
            continue
        used[key] = own
        result[key] = own.target
        if targets.get(key, "") != own.base:
            conflicts.append(Conflict(own, key, targets.get(key, "")))
    return Applied(result, used, tuple(conflicts))


def _place(own: OwnSegment, sources: Mapping[str, str], used: Mapping[str, OwnSegment]) -> str | None:
    """The segment an overlay belongs to: of the same source, where it was or else the first one that is free."""
    if sources.get(own.key) == own.source and own.key not in used:
        return own.key
    return next((key for key, source in sources.items() if source == own.source and key not in used), None)
