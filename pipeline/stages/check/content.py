"""Is there a translation at all?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from pipeline.documents import CheckFinding, Origin, Segment, Severity
from pipeline.stages import markup
from pipeline.stages.check.contract import Pair, SegmentCheck, Translation
from pipeline.stages.translate import inline, literals
from pipeline.stages.translate.inline import UnreadableError
from pipeline.stages.translate.route import NO_FIT, distance
from pipeline.stages.translate.words import UNSPACED

_WORD: Final = re.compile(rf"[{UNSPACED}]|[^\W\d_]{{2,}}")
_FEWEST: Final = 4
"""Words that two languages may well share: a name, a title. With more, an equal text is an untranslated one."""


class Empty:
    id = "empty"
    name = "Nothing is empty"
    severity = Severity.BLOCK

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        for key in translation.missing:
            yield CheckFinding(self.id, self.severity, key, "The segment has no translation.")
        for segment, target in translation.pairs:
            if not target.target.strip() and segment.source.strip():
                yield CheckFinding(self.id, self.severity, segment.key, "The translation of the segment is empty.")


class Kept(SegmentCheck):
    id = "kept"
    name = "Everything could be translated"
    severity = Severity.BLOCK

    def problem(self, pair: Pair) -> str:
        _, target = pair
        if target.origin is not Origin.KEPT:
            return ""
        return f"{target.problem or 'The segment could not be translated.'} Translate it by hand."


class Untranslated:
    """Blocks a document when more than half of its text came back as it was sent, and warns of single segments."""

    id = "untranslated"
    name = "Nothing came back untranslated"
    severity = Severity.WARN

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        if distance(translation.source_language, translation.target_language) < NO_FIT:
            return
        # Those that are meant to be so, that have their own finding, or on which a person decided, are left out.
        machine = [
            (segment, target)
            for segment, target in translation.pairs
            if target.origin not in (Origin.SOURCE, Origin.KEPT, Origin.APPROVED, Origin.PERSON)
        ]
        if not any(_alike(segment, target.target) for segment, target in machine):
            return  # nearly always; the exact look below costs a tenth of the whole stage
        total = same = 0
        for segment, target in machine:
            text = _translatable(segment.source, segment, translation)
            total += len(text)
            if text != _translatable(target.target, segment, translation):
                continue
            if len(_WORD.findall(text)) >= _FEWEST:
                same += len(text)
                yield CheckFinding(self.id, self.severity, segment.key, "The translation is the same as the source.")
        if same * 2 > total:
            message = f"{100 * same // total} % of the text is untranslated: the engine may lack this language."
            yield CheckFinding(self.id, Severity.BLOCK, "", message)


def _alike(segment: Segment, target: str) -> bool:
    """Whether a translation may say the same as its source: the same letters in any order, markup aside.

    Letters and not words: where the tags of a text have moved, its words are cut in other places.
    """
    texts = [markup.visible(text) if segment.markup else text for text in (segment.source, target)]
    first, second = ("".join(text.casefold().split()) for text in texts)
    return len(first) == len(second) and sorted(first) == sorted(second)


def _translatable(html: str, segment: Segment, translation: Translation) -> str:
    """The words that were for translating, without literals and markup."""
    pattern = literals.carried(translation.source_language, translation.target_language)
    try:
        parsed = inline.parse(html, translation.source_language, is_markup=segment.markup, carried=pattern)
    except UnreadableError:
        return html
    return " ".join(parsed.text.casefold().split())
