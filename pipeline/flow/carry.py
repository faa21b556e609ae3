"""From one version's findings to the next one's: what is fixed, and what a person has dismissed already.

``findings`` has what people do with them; this is apart from it, since writing a version needs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.documents import CheckFinding
from pipeline.flow import clock
from pipeline.ledger.models import Finding, RevisionText, Version

_MOSTLY: Final = 0.5
"""Share of segments that must be what they were for a dismissal about the whole text to hold on."""


@dataclass(frozen=True, slots=True)
class Texts:
    """Source and target of each segment of a version, by key."""

    sources: dict[str, str]
    targets: dict[str, str]

    def of(self, key: str) -> tuple[str, str]:
        """The texts of a segment; empty for a finding about the whole text."""
        return self.sources.get(key, ""), self.targets.get(key, "")


def texts_of(version: Version) -> Texts:
    """What a version's findings are about."""
    packed = RevisionText.objects.values_list("segments", flat=True).get(pk=version.revision_id)
    return Texts({key: source for key, _, source, _ in packed}, version.targets)


def record(version: Version, findings: Sequence[CheckFinding]) -> None:
    """Write the findings of a new version, and say what has become of those of the version before.

    A finding that was dismissed is dismissed again where the same check says the same of the same source and target.
    One that was open, and that the check does not have about this source any more, is fixed.
    """
    rows = [
        Finding(version=version, check_id=f.check, severity=f.severity.value, segment=f.segment, message=f.message)
        for f in findings
    ]
    before = list(version.parent.findings.exclude(state=Finding.State.FIXED)) if version.parent else []
    if before:
        assert version.parent is not None
        old = texts_of(version.parent)
        is_same = version.revision_id == version.parent.revision_id
        _compare(version, before, rows, old, Texts(old.sources, version.targets) if is_same else texts_of(version))
    Finding.objects.bulk_create(rows)


def renew(version: Version, findings: Sequence[CheckFinding]) -> None:
    """Note what the checks say by now of a version that stands already: a term may be new, or mended."""
    known = {(row.check_id, row.segment, row.message): row for row in version.findings.all()}
    said = {(f.check, f.segment, f.message): f for f in findings}
    Finding.objects.bulk_create(
        Finding(version=version, check_id=f.check, severity=f.severity.value, segment=f.segment, message=f.message)
        for key, f in said.items()
        if key not in known
    )
    gone = [row.pk for key, row in known.items() if row.state == Finding.State.OPEN and key not in said]
    Finding.objects.filter(pk__in=gone).update(
        state=Finding.State.FIXED, decided_at=clock.now(), why="no longer found in the same text"
    )


def _compare(
    version: Version, before: Sequence[Finding], rows: Sequence[Finding], old_texts: Texts, new_texts: Texts
) -> None:
    dismissed = {_identity(each, old_texts): each for each in before if each.state == Finding.State.DISMISSED}
    mostly_unchanged = _unchanged(old_texts, new_texts) >= _MOSTLY
    for row in rows:
        old = dismissed.get(_identity(row, new_texts))
        if old is not None and (row.segment or mostly_unchanged):
            row.state, row.decided_by = Finding.State.DISMISSED, old.decided_by
            row.why, row.decided_at = old.why, old.decided_at
    still = {_matter(row, new_texts) for row in rows}
    gone = [row.pk for row in before if row.state == Finding.State.OPEN and _matter(row, old_texts) not in still]
    if gone:
        Finding.objects.filter(pk__in=gone).update(
            state=Finding.State.FIXED,
            decided_by=version.author,
            decided_at=clock.now(),
            why=f"no longer found in version {version.number}",
        )


def _matter(finding: Finding, texts: Texts) -> tuple[str, str]:
    """Keys move when paragraphs come and go: a segment is known by its source."""
    return finding.check_id, texts.of(finding.segment)[0]


def _identity(finding: Finding, texts: Texts) -> tuple[str, ...]:
    return (finding.check_id, str(finding.severity), finding.message, *texts.of(finding.segment))


def _unchanged(old: Texts, new: Texts) -> float:
    there = {old.of(key) for key in old.sources}
    return sum(new.of(key) in there for key in new.sources) / (len(new.sources) or 1)
