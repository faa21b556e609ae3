"""What would put a finding right, as a button: one press, and it is saved as if a person had typed it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.utils.safestring import SafeString

from pipeline.desk import marked
from pipeline.desk.coded import Coder
from pipeline.desk.marked import Hunk
from pipeline.documents import CheckFinding, Origin, SegmentedDocument, Term, TranslatedSegment
from pipeline.flow import installation
from pipeline.flow.editing import Working
from pipeline.flow.resources import terms_of
from pipeline.ledger.models import Finding, Scope
from pipeline.stages import check
from pipeline.stages.check import fixes


@dataclass(frozen=True, slots=True)
class Offer:
    """A fix: ``text`` as a form has it, in which ``scopes`` it can be saved, and what it changes."""

    text: str
    scopes: tuple[str, ...]
    hunks: Sequence[Hunk]
    excerpt: SafeString

    @property
    def only(self) -> Hunk | None:
        """What it changes, where that is one place."""
        return self.hunks[0] if len(self.hunks) == 1 else None


@dataclass(frozen=True, slots=True)
class Notice:
    """A finding as a page shows it: of the ledger, or of a section's own wording, which is looked at as it is shown."""

    finding: Finding | CheckFinding
    offers: Sequence[Offer]
    of_own: bool = False

    @property
    def check_id(self) -> str:
        """Which check it is of."""
        return self.finding.check_id if isinstance(self.finding, Finding) else self.finding.check

    @property
    def pk(self) -> Any:
        """By which it can be dismissed; none for one that is in no ledger."""
        return self.finding.pk if isinstance(self.finding, Finding) else None


@dataclass
class Fixer:
    """Works out notices for segments that are shown; terms and checks are read when the first one is."""

    now: Working
    coder: Coder
    pair: tuple[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self.pair = self.now.edition.article.base, self.now.edition.translation.base

    @cached_property
    def _terms(self) -> tuple[Term, ...]:
        return terms_of(*self.pair)

    @cached_property
    def _checks(self) -> tuple[check.Check, ...]:
        return installation.checks(installation.network())

    def notices(self, key: str, findings: Sequence[Finding]) -> list[Notice]:
        """The findings of a segment with their fixes; where the section has its own wording, that one's, too."""
        base, shown = self.now.base.get(key, ""), self.now.shown.get(key, "")
        has_own = key in self.now.applied.own
        both = (Scope.BASE, Scope.EDITION) if base == shown else (Scope.BASE,)
        found = [Notice(each, self._offers(each.check_id, each.message, key, base, both)) for each in findings]
        if has_own:
            own = (Scope.EDITION,)
            found += [
                Notice(each, self._offers(each.check, each.message, key, shown, own), of_own=True)
                for each in self._of_own(key, shown)
            ]
        return found

    def _of_own(self, key: str, text: str) -> list[CheckFinding]:
        segment = self.now.segments[key]
        alone = SegmentedDocument(self.now.document.metadata, "", (segment,))
        person = TranslatedSegment(key, text, Origin.PERSON)
        found = check.run(alone, [person], *self.pair, self._terms, self._checks)
        return [each for each in found if each.segment == key]

    def _offers(self, check_id: str, message: str, key: str, text: str, scopes: tuple[Scope, ...]) -> list[Offer]:
        segment = self.now.segments[key]
        before = self.coder.code(key, text)
        made = fixes.fixes(check_id, message, segment, text, self.pair, self._terms, self._checks)
        return [
            Offer(
                self.coder.form(key, each),
                tuple(scope.value for scope in scopes),
                marked.hunks(before, self.coder.code(key, each)),
                marked.excerpt(before, self.coder.code(key, each)),
            )
            for each in made
        ]
