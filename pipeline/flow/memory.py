"""The approved memory between ledger and stages: what people approved is fed, found, suggested and exchanged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from pipeline.documents import Origin, Segment, SegmentedDocument, TranslatedSegment
from pipeline.flow import clock
from pipeline.ledger import approved as rows
from pipeline.ledger.models import ApprovedUnit, Version
from pipeline.stages.translate import approved
from pipeline.stages.translate.approved import Known

Pair = tuple[str, str]
"""Source and target base (BCP 47)."""

LIKE_ENOUGH: Final = 0.5
"""Below this likeness a suggestion is more work than it saves."""

MOST_REPEATED: Final = 5
"""A pair of texts that was approved in several articles is suggested once: so many units are read for each."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An approved segment like the one that is looked up; texts in normal form, ``likeness`` from 0 to 1."""

    source: str
    target: str
    likeness: float
    kind: str
    approver: str
    approved_at: datetime
    article: str  # uid, or empty


class ApprovedMemory:
    """The approved segments of one pair of bases, as the stage translate asks for them."""

    def __init__(self, source: str, target: str, now: Callable[[], datetime] = clock.now) -> None:
        self.pair = (source, target)
        self.now = now

    def find(self, document: SegmentedDocument) -> Mapping[str, TranslatedSegment]:
        """The segments of a document that a person approved before, with the document's own tags, by key.

        In the same context first (both neighbours are the same), then in the same article, then anywhere; the newest
        first. Headlines and single words are taken only in their context or article. A unit whose codes do not fit
        the segment is passed over, but what was approved in this very article stands: its approver saw it so.
        """
        known = approved.known(document)
        hashes = {key: approved.digest(each.text) for key, each in known.items()}
        home = approved.home(document.metadata)
        near = rows.near(self.pair, hashes.values(), (each.context for each in known.values()), home)
        segments = {each.key: each for each in document.segments}
        found: dict[str, tuple[ApprovedUnit, TranslatedSegment]] = {}
        for key, each in known.items():
            units = sorted(near.get(hashes[key], ()), key=lambda unit: _rank(unit, each, home))
            if taken := _first_fitting(segments[key], units, each, home):
                found[key] = taken
        clear = {
            key: value
            for key, value in hashes.items()
            if key not in found and not approved.is_ambiguous(segments[key].kind, known[key].text)
        }
        anywhere = rows.anywhere(self.pair, clear.values())
        for key, value in clear.items():
            if taken := _first_fitting(segments[key], anywhere.get(value, ()), known[key], home):
                found[key] = taken
        rows.mark_used({unit.pk for unit, _ in found.values()}, self.now())
        return {key: segment for key, (_, segment) in found.items()}


def _rank(unit: ApprovedUnit, known: Known, home: str) -> tuple[bool, bool, float, int]:
    """What sorts units: the best one first."""
    here, around = bool(home) and unit.home == home, _in_context(unit, known)
    return (not around, not here, -unit.approved_at.timestamp(), -unit.pk)


def _in_context(unit: ApprovedUnit, known: Known) -> bool:
    return bool(known.context) and unit.context_hash == known.context


def _first_fitting(
    segment: Segment, units: Iterable[ApprovedUnit], known: Known, home: str
) -> tuple[ApprovedUnit, TranslatedSegment] | None:
    for unit in units:
        if unit.source_text != known.text:
            continue  # two texts of one hash: it has never been seen, but it would be a wrong text on a page
        target = approved.fill(segment, unit.target_text)
        here = bool(home) and unit.home == home
        if not target or (approved.problems(segment, target) and not here):
            continue
        how = "context" if _in_context(unit, known) else "article" if here else "exact"
        return unit, TranslatedSegment(segment.key, target, Origin.APPROVED, 1.0, (how,))
    return None


def feed(version: Version, by: str) -> int:
    """Remember the segments of a version that a person has approved. Returns how many were new.

    What stands in the source language because it could not be translated is nobody's translation. Call it in the
    transaction of the approval.
    """
    article = version.translation.article
    pair = (article.base, version.translation.base)
    if pair[0] == pair[1] or not by:
        return 0
    document = version.revision.text.as_segmented(version.revision.metadata)
    targets = {
        row["key"]: row["target"] for row in version.segments if row["origin"] not in (Origin.SOURCE, Origin.KEPT)
    }
    units = list(units_of(document, targets, pair, by=by, author=version.author, version=version))
    return rows.feed(units, clock.now())


def units_of(
    document: SegmentedDocument, targets: Mapping[str, str], pair: Pair, *, by: str, author: str, version: Version
) -> Iterator[rows.Unit]:
    """The units that a translated document gives; segments without target or with elements of their own give none."""
    known = approved.known(document)
    home = approved.home(document.metadata)
    now = clock.now()
    for segment in document.segments:
        target = targets.get(segment.key, "")
        if segment.key not in known or not (normal := approved.normal_target(segment, target)):
            continue
        each = known[segment.key]
        yield rows.Unit(
            source=pair[0],
            target=pair[1],
            kind=segment.kind.value,
            source_text=each.text,
            target_text=normal,
            source_hash=approved.digest(each.text),
            words=partial(approved.sketch, pair, each.text),
            approved_at=now,
            context=each.context,
            home=home,
            author=author,
            approver=by,
            article=version.translation.article_id,
            version=version.pk,
        )


def suggest(source_language: str, target_language: str, text: str, limit: int = 5) -> list[Suggestion]:
    """Approved segments like a text (in normal form), most alike first; one for each pair of texts, the newest.

    Languages are bases (BCP 47).
    """
    pair = (source_language, target_language)
    near = rows.similar(pair, approved.sketch(pair, text, approved.ASKED))
    alike = {pk: likeness for pk, source in near if (likeness := approved.likeness(text, source)) >= LIKE_ENOUGH}
    best = sorted(alike, key=lambda pk: (-alike[pk], -pk))[: max(limit, 1) * MOST_REPEATED]
    found: dict[tuple[str, str], Suggestion] = {}
    for unit in rows.units(best):
        found[unit.source_text, unit.target_text] = _suggestion(unit, alike[unit.pk])
    return sorted(found.values(), key=lambda each: (-each.likeness, -each.approved_at.timestamp()))[:limit]


def _suggestion(unit: ApprovedUnit, alike: float) -> Suggestion:
    return Suggestion(
        source=unit.source_text,
        target=unit.target_text,
        likeness=round(alike, 3),
        kind=unit.kind,
        approver=unit.approver,
        approved_at=unit.approved_at,
        article=unit.article.uid if unit.article else "",
    )


def suggest_for(segment: Segment, pair: Pair, limit: int = 5) -> Sequence[Suggestion]:
    """Suggestions for a segment of a document, for the review desk: targets with the segment's own tags where they fit.

    A target whose codes don't fit is given without codes, as text.
    """
    text = approved.normal(segment)
    return [
        Suggestion(
            each.source,
            approved.fill(segment, each.target) or approved.visible(each.target),
            *(each.likeness, each.kind, each.approver, each.approved_at, each.article),
        )
        for each in (suggest(*pair, text, limit) if text else ())
    ]
