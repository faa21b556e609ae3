"""An update that waits, beside what was approved last: segment by segment, although segments come, go and move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from django.utils.html import escape
from django.utils.safestring import SafeString
from rapidfuzz import fuzz

from pipeline.desk import coded, marked
from pipeline.desk.coded import Coder
from pipeline.documents import Segment, SegmentKind
from pipeline.flow.editing import Working
from pipeline.ledger.models import RevisionText
from pipeline.stages import overlay

_ALIKE: Final = 40
"""How alike (of 100, by rapidfuzz's ratio) two sources must be for one to have become the other."""

_NEAR: Final = 20
"""Segments that went between the same neighbours and are looked at for one that came."""

_GONE_SHOWN: Final = 6_000
"""Characters of what is gone that a page shows: it has a weight to keep."""

_FIELDS: Final = frozenset({SegmentKind.TITLE, SegmentKind.SUMMARY, SegmentKind.IMAGE_ALT})


@dataclass(frozen=True, slots=True)
class Before:
    """What was approved of a segment, where source or translation are not the same any more; nothing for a new one."""

    segment: Segment
    text: str
    proposed: str
    old: Segment | None = None

    @property
    def is_new(self) -> bool:
        """Whether no segment of the approved text became this one."""
        return self.old is None

    @property
    def is_source_changed(self) -> bool:
        """Whether the source says something else than it did."""
        return self.old is not None and self.old.source != self.segment.source

    @property
    def source(self) -> SafeString:
        """The source, with what has changed in it."""
        assert self.old is not None
        old, new = (Coder({each.key: each}) for each in (self.old, self.segment))
        key = self.segment.key
        return marked.differences(
            old.code(self.old.key, self.old.source), new.code(key, self.segment.source), new.tags_of(key)
        )

    @property
    def target(self) -> SafeString:
        """The approved text."""
        assert self.old is not None
        return Coder({self.old.key: self.old}).target(self.old.key, self.text)

    @property
    def difference(self) -> SafeString:
        """The proposed text, with how it differs from the approved one; empty where it does not."""
        if self.old is None or self.text == self.proposed:
            return SafeString("")
        new = Coder({self.segment.key: self.segment})
        key = self.segment.key
        approved = Coder({self.old.key: self.old}).code(self.old.key, self.text)
        return marked.differences(approved, new.code(key, self.proposed), new.tags_of(key))

    @property
    def back(self) -> str:
        """The approved text as a form has it, to be put back; empty where it would not fit, or stands already."""
        if self.old is None or self.text == self.proposed:
            return ""
        text = Coder({self.old.key: self.old}).form(self.old.key, self.text)
        tags = Coder({self.segment.key: self.segment}).tags_of(self.segment.key)
        if self.segment.markup and not (coded.fits(text, tags) and len(tags) == len(coded.numbers(text))):
            return ""
        return text


@dataclass(frozen=True, slots=True)
class Gone:
    """A segment of the approved text that the source does not have any more."""

    segment: Segment
    text: str

    @property
    def source(self) -> str:
        """What the source said."""
        return coded.markup_less(self.segment.source) if self.segment.markup else str(escape(self.segment.source))

    @property
    def target(self) -> SafeString:
        """What was approved."""
        return Coder({self.segment.key: self.segment}).target(self.segment.key, self.text)


@dataclass(frozen=True, slots=True)
class Update:
    """What differs from the approved text: by key of the segments that there are now, and what is gone."""

    changed: Mapping[str, Before]
    gone: tuple[Gone, ...] = ()

    @property
    def shown(self) -> list[Gone]:
        """As much of what is gone as a page bears."""
        found, weight = [], 0
        for each in self.gone:
            weight += len(each.segment.source) + len(each.text)
            if weight > _GONE_SHOWN:
                break
            found.append(each)
        return found

    @property
    def more(self) -> int:
        """How much of it is not shown."""
        return len(self.gone) - len(self.shown)


def update_of(now: Working) -> Update:
    """What differs from what was approved last: nothing when nothing was, or when it is still the same version."""
    edition = now.edition
    last = edition.approved if edition.approved_id != now.version.pk else None
    if last is None:
        return Update({})
    document = now.document
    if last.revision_id != now.version.revision_id:
        document = RevisionText.objects.get(pk=last.revision_id).as_segmented(last.revision.metadata)
    then: Sequence[Segment] = document.segments
    own = overlay.apply(edition.approved_segments, overlay.sources_of(then, document.metadata), last.targets)
    texts = dict(now.terms.over(edition, then, last.targets))
    texts.update({key: each.target for key, each in own.own.items()})
    pairs = paired(then, now.document.segments)
    changed = {}
    for segment in now.document.segments:
        old, shown = pairs.get(segment.key), now.shown.get(segment.key, "")
        text = texts.get(old.key, "") if old else ""
        if old is None or old.source != segment.source or text != shown:
            changed[segment.key] = Before(segment, text, shown, old)
    stayed = {old.key for old in pairs.values()}
    return Update(changed, tuple(Gone(each, texts.get(each.key, "")) for each in then if each.key not in stayed))


def paired(old: Sequence[Segment], new: Sequence[Segment]) -> dict[str, Segment]:
    """For each new segment (by key) the old one that it is or has become; those that came are left out.

    The same source first, where it was or else in order; then, between the same neighbours, the one that is most like.
    """
    places = {each.key: at for at, each in enumerate(old)}
    found = _same(old, new)
    free = {at for at, each in enumerate(old) if each.key not in {pair.key for pair in found.values()}}
    following = _following([places[found[each.key].key] if each.key in found else -1 for each in new], len(old))
    at = -1
    for number, segment in enumerate(new):
        if segment.key in found:
            at = places[found[segment.key].key]
            continue
        between = list(islice((place for place in range(at + 1, following[number]) if place in free), _NEAR))
        if segment.kind in _FIELDS:
            between = [places[segment.key]] if places.get(segment.key) in free else []
        place = _likest(segment, old, between)
        if place is not None:
            found[segment.key] = old[place]
            free.discard(place)
            at = place
    return found


def _same(old: Sequence[Segment], new: Sequence[Segment]) -> dict[str, Segment]:
    by_key = {each.key: each for each in old}
    found = {
        each.key: by_key[each.key] for each in new if each.key in by_key and by_key[each.key].source == each.source
    }
    waiting: dict[tuple[str, SegmentKind], list[Segment]] = defaultdict(list)
    for segment in reversed(old):
        if segment.key not in found:
            waiting[segment.source, segment.kind].append(segment)
    for segment in new:
        if segment.key not in found and (same := waiting[segment.source, segment.kind]):
            found[segment.key] = same.pop()
    return found


def _following(places: Sequence[int], end: int) -> list[int]:
    """For each new segment, where the next one that is an old one stands; -1 is no place."""
    result = []
    for place in reversed(places):
        result.append(end)
        end = place if place >= 0 else end
    return result[::-1]


def _likest(segment: Segment, old: Sequence[Segment], places: Sequence[int]) -> int | None:
    best, found = float(_ALIKE), None
    if segment.kind in _FIELDS:
        return places[0] if places else None
    for place in places:
        if old[place].kind is not segment.kind:
            continue
        likeness = fuzz.ratio(old[place].source, segment.source, score_cutoff=best)
        if likeness > best:
            best, found = likeness, place
    return found
