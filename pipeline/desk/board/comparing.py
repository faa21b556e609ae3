"""What changed between two revisions of a source, or two versions of a translation: segment by segment, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from pipeline.desk import marked, updates
from pipeline.desk.coded import plain
from pipeline.desk.rows import KINDS
from pipeline.documents import Segment
from pipeline.ledger.models import Revision, RevisionText, Version

_AROUND: Final = 400
"""Bytes of HTML around one change."""

ABOUT: Final[Mapping[str, Any]] = {
    "language": _("language"),
    "canonical_url": _("address of the original"),
    "slug": _("end of the address"),
    "kind": _("kind"),
    "authors": _("authors"),
    "tags": _("tags"),
    "published_at": _("published"),
    "embargo": _("embargo"),
    "image": _("picture"),
    "series": _("series"),
    "part": _("part"),
}
"""What a source says of itself, in words; the rest is shown by its name."""

_SEGMENTS: Final = frozenset({"title", "summary", "image_alt"})
"""What is compared as a segment."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment of one side, with its translation where translations are compared."""

    segment: Segment
    target: str | None = None

    @property
    def text(self) -> str:
        """What is compared."""
        return self.segment.source if self.target is None else self.target

    @property
    def words(self) -> str:
        """What is compared, in coded form without its elements."""
        return self._words(self.text)

    @property
    def below(self) -> str:
        """The source of a translation, as people read it; empty where it is what is compared."""
        return "" if self.target is None else marked.words(marked.tokens(self._words(self.segment.source)))

    def _words(self, text: str) -> str:
        return plain(text) if self.segment.markup else text.replace("{", "{{").replace("}", "}}")


@dataclass(frozen=True, slots=True)
class Change:
    """One segment that differs; ``None`` on the side where it is not."""

    key: str
    old: Piece | None
    new: Piece | None

    @property
    def kind(self) -> str:
        """What it is, where it is no plain paragraph."""
        piece = self.new or self.old
        return str(KINDS.get(piece.segment.kind, "")) if piece else ""

    @property
    def source(self) -> str:
        """The source below a translation."""
        piece = self.new or self.old
        return piece.below if piece else ""

    @property
    def shown(self) -> SafeString:
        """The two texts in one, what went and what came marked."""
        return marked.differences(self.old.words if self.old else "", self.new.words if self.new else "")

    @property
    def is_only_marks(self) -> bool:
        """Whether the words are the same, and a link or an emphasis is not."""
        return bool(self.old and self.new and self.old.words == self.new.words)

    @property
    def weight(self) -> int:
        """Bytes of HTML, more or less."""
        return _AROUND + sum(
            len(f"{piece.segment.source}{piece.text}".encode()) for piece in (self.old, self.new) if piece
        )


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a source says of itself, and that is not what it said before."""

    name: str
    old: str
    new: str


def of_source(revision: Revision) -> list[Piece]:
    """The segments of a revision."""
    return [Piece(each) for each in revision.text.as_segmented(revision.metadata).segments]


def of_version(version: Version, text: RevisionText) -> list[Piece]:
    """The segments of a version, in the order of its source."""
    targets = version.targets
    segments = text.as_segmented(version.revision.metadata).segments
    return [Piece(each, targets.get(each.key, "")) for each in segments]


def changes(old: Sequence[Piece], new: Sequence[Piece]) -> list[Change]:
    """The segments that differ, those that are gone at the end. Which belong together is told by their sources."""
    before = {piece.segment.key: piece for piece in old}
    pairs = updates.paired([piece.segment for piece in old], [piece.segment for piece in new])
    both = [(before[pairs[key].key] if (key := piece.segment.key) in pairs else None, piece) for piece in new]
    stayed = {segment.key for segment in pairs.values()}
    found = [(was, now) for was, now in both if was is None or was.text != now.text]
    gone = [(piece, None) for piece in old if piece.segment.key not in stayed]
    return [Change(f"c{number}", was, now) for number, (was, now) in enumerate([*found, *gone], 1)]


def about(old: Revision, new: Revision) -> list[Said]:
    """What the two say differently of themselves, beside their texts."""
    names = [*ABOUT, *sorted((old.metadata.keys() | new.metadata.keys()) - ABOUT.keys() - _SEGMENTS)]
    return [
        Said(str(ABOUT.get(name, name)), _told(old.metadata.get(name)), _told(new.metadata.get(name)))
        for name in names
        if old.metadata.get(name) != new.metadata.get(name)
    ]


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
