"""Are the glossary's terms as they should be?"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.documents import CheckFinding, Origin, Segment, Severity
from pipeline.stages.check.contract import Translation
from pipeline.stages.translate import inline, literals, terms
from pipeline.stages.translate.inline import UnreadableError


class Glossary:
    """A wanted translation is missing, a forbidden one is there, or what is to be kept was changed."""

    id = "glossary"
    name = "Terms are as the glossary wants them"
    severity = Severity.WARN

    def run(self, translation: Translation) -> Iterator[CheckFinding]:
        if not translation.terms:
            return
        languages = translation.source_language, translation.target_language
        glossary = terms.glossary(translation.terms, *languages)
        for segment, target in translation.pairs:
            if target.origin in (Origin.SOURCE, Origin.KEPT) or not glossary.may_have(segment.source):
                continue
            source = _readable(segment, languages)
            shown = terms.visible(target.target, is_markup=segment.markup)
            for problem in glossary.problems(source, glossary.find(source), shown):
                yield CheckFinding(self.id, self.severity, segment.key, problem.message)


def _readable(segment: Segment, languages: tuple[str, str]) -> str:
    """The words that were for translating, as the stage translate sees them."""
    try:
        carried = literals.carried(*languages)
        return inline.parse(segment.source, languages[0], is_markup=segment.markup, carried=carried).text
    except UnreadableError:
        return terms.visible(segment.source, is_markup=segment.markup)
