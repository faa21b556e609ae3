"""The rows of the editor: a segment's source and translation as formatted text, and what a person should look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import User
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from pipeline.desk import marked
from pipeline.desk.coded import Coder
from pipeline.desk.fixes import Fixer, Notice
from pipeline.desk.updates import Before, Update
from pipeline.documents import Origin, OwnSegment, SegmentKind
from pipeline.flow.editing import Working
from pipeline.ledger.models import Draft, Finding
from pipeline.stages.overlay import Conflict

WEAK = frozenset({"position", "fuzzy"})
"""Evidence on which an inline element was placed that a person should look at."""

KINDS: Final[Mapping[str, Any]] = {
    SegmentKind.TITLE.value: _("title"),
    SegmentKind.SUMMARY.value: _("summary"),
    SegmentKind.IMAGE_ALT.value: _("description of the picture"),
    SegmentKind.HEADLINE.value: _("headline"),
    SegmentKind.CAPTION.value: _("caption"),
    SegmentKind.CELL.value: _("cell of a table"),
    SegmentKind.ATTRIBUTE.value: _("description"),
}
"""What a segment is, where it is no plain paragraph."""

_AROUND = 240
_NOTICE = 1_100
_FORM = 500
_CONFLICT = 900
"""Bytes of HTML around a row, a finding, the form of its fixes, a conflict."""


@dataclass(frozen=True, slots=True)
class Row:
    """One segment on the page. ``before`` is what was approved of it, where source or proposal have changed."""

    key: str
    kind: str
    coder: Coder
    fixer: Fixer
    text: str
    origin: str
    score: int = 0  # %, of its characters that came from memory
    sure: int = 0  # %, of the engine that made it
    findings: Sequence[Finding] = ()
    weak: bool = False
    own: OwnSegment | None = None
    conflict: Conflict | None = None
    drafted: bool = False
    before: Before | None = None

    @property
    def source(self) -> SafeString:
        """The source as formatted text; made when it is shown, since most rows of a long article are not."""
        return self.coder.source(self.key)

    @property
    def target(self) -> SafeString:
        """The translation as formatted text."""
        return self.coder.target(self.key, self.text)

    @property
    def notices(self) -> list[Notice]:
        """The findings with their fixes."""
        return self.fixer.notices(self.key, self.findings) if self.findings or self.own else []

    @property
    def below(self) -> SafeString:
        """The shared text below the section's own wording, with what has changed in it."""
        assert self.conflict is not None
        old, new = (self.coder.code(self.key, text) for text in (self.conflict.own.base, self.conflict.base))
        return marked.differences(old, new, self.coder.tags_of(self.key))

    @property
    def seen(self) -> list[tuple[str, str]]:
        """The texts from which one begins who presses a button here, by scope, as a form has them."""
        now = self.fixer.now
        return [
            ("base", self.coder.form(self.key, now.base.get(self.key, ""))),
            ("edition", self.coder.form(self.key, self.text)),
        ]

    @property
    def kind_name(self) -> str:
        """What it is, in words; empty for a paragraph."""
        return str(KINDS.get(self.kind, ""))

    @property
    def weight(self) -> int:
        """Bytes of HTML, more or less: its texts, and what stands around them and around each of their elements."""
        source = self.coder.segments[self.key].source
        text = len(self.text.encode())
        tags = 30 * (source.count("<") + self.text.count("<"))
        weight = _AROUND + tags + len(source.encode()) + text
        if self.before:
            old = self.before.old.source if self.before.old else ""
            weight += _FORM + 4 * text + len(old.encode()) + 3 * len(self.before.text.encode())
        if self.findings or self.own:
            weight += _FORM + 2 * text + len(self.findings) * (_NOTICE + 2 * text)
        return weight + (_CONFLICT + 3 * text if self.conflict else 0)

    @property
    def is_changed(self) -> bool:
        """Whether it is not what was approved: only these want a decision when an update comes."""
        return bool(self.before or self.conflict)

    @property
    def wants_eyes(self) -> bool:
        """Whether a person should look at it before anything is approved."""
        return bool(self.findings or self.weak or self.is_changed or self.origin == Origin.KEPT)


def rows_of(
    now: Working, user: User, update: Update | None = None, only: str = "", *, inside: bool = True
) -> list[Row]:
    """The rows of all segments, compared with what was approved last (``update``); or the one of a segment.

    Findings and drafts are for people ``inside`` the section.
    """
    coder = Coder(now.segments)
    fixer = Fixer(now, coder)
    packed = {row["key"]: row for row in now.version.segments}
    open_findings: dict[str, list[Finding]] = {}
    for finding in now.version.findings.filter(state=Finding.State.OPEN).order_by("id") if inside else ():
        open_findings.setdefault(finding.segment, []).append(finding)
    conflicts = {conflict.key: conflict for conflict in now.applied.conflicts}
    drafts = set(Draft.objects.filter(edition=now.edition, user=user).values_list("segment", flat=True))
    earlier = update.changed if update else {}
    return [
        Row(
            key=key,
            kind=segment.kind.value,
            coder=coder,
            fixer=fixer,
            text=now.shown.get(key, segment.source),
            origin=packed.get(key, {}).get("origin", Origin.KEPT.value),
            score=round(100 * packed.get(key, {}).get("score", 0)),
            sure=round(100 * packed.get(key, {}).get("sureness", 0)),
            findings=open_findings.get(key, ()),
            weak=bool(WEAK.intersection(packed.get(key, {}).get("evidence", ()))),
            own=now.applied.own.get(key),
            conflict=conflicts.get(key),
            drafted=key in drafts,
            before=earlier.get(key),
        )
        for key, segment in now.segments.items()
        if only in ("", key)
    ]
