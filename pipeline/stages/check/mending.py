"""How our own checks' findings are put right, check by check: proposals only, which ``fixes`` looks at before it offers
them. Each takes a case and gives whole targets, best first.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from rapidfuzz import fuzz

from pipeline.documents import Segment, Term
from pipeline.stages.check import addresses, marks
from pipeline.stages.check.numbers import NUMBER
from pipeline.stages.check.prose import Edit, Prose
from pipeline.stages.translate import approved, taken, terms
from pipeline.stages.translate.numbers import digits_of, restored
from pipeline.stages.translate.terms import Fault, Problem
from pipeline.stages.translate.words import words

_LONGEST_PHRASE: Final = 4
_ALIKE: Final = 72
"""How alike (of 100, by rapidfuzz's ratio) words of a translation must be to a term to be taken for it."""


@dataclass(frozen=True, slots=True)
class Case:
    """A finding's message, and the segment it is about; ``source`` and ``prose`` are its two texts by places."""

    segment: Segment
    target: str
    message: str
    languages: tuple[str, str]
    terms: tuple[Term, ...]
    source: Prose
    prose: Prose


def _repeated(case: Case) -> Iterator[str]:
    """Without the second of two, or the first, where a mark or a link hangs on the other."""
    text = case.prose.text
    tokens = [(match.start(), match.end(), match[0].casefold()) for match in re.finditer(r"\S+", text)]
    for at in range(len(tokens)):
        for length in range(_LONGEST_PHRASE, 0, -1):
            one, two = tokens[at : at + length], tokens[at + length : at + 2 * length]
            if len(two) == length and [each[2] for each in one] == [each[2] for each in two]:
                yield case.prose.edited([(one[-1][1], two[-1][1], "")])
                yield case.prose.edited([(one[0][0], two[0][0], "")])


def _numbers(case: Case) -> Iterator[str]:
    """Numbers that are not the source's become those of the source that are missing, in order."""
    ours, theirs = list(NUMBER.finditer(case.source.text)), list(NUMBER.finditer(case.prose.text))
    lost, added = _beyond(ours, theirs), _beyond(theirs, ours)
    if not lost or len(lost) != len(added):
        return
    wanted = [restored(case.source.text, match[0], case.languages) for match in lost]
    yield case.prose.edited((match.start(), match.end(), new) for match, new in zip(added, wanted, strict=True))


def _beyond(some: list[re.Match[str]], others: list[re.Match[str]]) -> list[re.Match[str]]:
    """The numbers of one text that the other does not have as often."""
    left = Counter(digits_of(match[0]) for match in others)
    found = []
    for match in some:
        if left[digits := digits_of(match[0])] > 0:
            left[digits] -= 1
        else:
            found.append(match)
    return found


def _emails(case: Case) -> Iterator[str]:
    yield from _exchanged(case, addresses.emails(case.source.text), addresses.emails(case.prose.text))


def _urls(case: Case) -> Iterator[str]:
    yield from _exchanged(case, addresses.urls(case.source.text), addresses.urls(case.prose.text))


def _exchanged(case: Case, ours: Counter[str], theirs: Counter[str]) -> Iterator[str]:
    """Addresses that are not the source's become those of the source that are missing, in order."""
    lost, added = list((ours - theirs).elements()), list((theirs - ours).elements())
    edits: list[Edit] = []
    for wanted, wrong in zip(lost, added, strict=False):
        model = re.search(re.escape(wanted), case.source.text, re.IGNORECASE)
        place = re.search(re.escape(wrong), case.prose.text, re.IGNORECASE)
        if model and place:
            edits.append((place.start(), place.end(), model[0]))
    if edits and len(edits) == len(lost) == len(added) and len({edit[0] for edit in edits}) == len(edits):
        yield case.prose.edited(edits)


def _links(case: Case) -> Iterator[str]:
    """The source's own tags, in the places where the translation has its."""
    coded = approved.normal_target(case.segment, case.target)
    if coded:
        yield approved.fill(case.segment, coded)


def _capitals(case: Case) -> Iterator[str]:
    if match := re.search(r"[^\W\d_]", case.prose.text):
        yield case.prose.edited([(match.start(), match.end(), match[0].upper())])


def _glossary(case: Case) -> Iterator[str]:
    glossary = terms.glossary(case.terms, *case.languages)
    hits = glossary.find(case.source.text)
    for problem in glossary.problems(case.source.text, hits, case.prose.text):
        if problem.message == case.message and problem.term.target:
            yield from _termed(case, problem)


def _termed(case: Case, problem: Problem) -> Iterator[str]:
    """The wanted term in the place of a forbidden one, of the source's own words, or of words much like it."""
    term, text = problem.term, case.prose.text
    wrong = (problem.found,) if problem.fault is Fault.FORBIDDEN else (*term.forbidden, term.source)
    for each in sorted(filter(None, wrong), key=len, reverse=True):
        found = list(re.finditer(taken.bounded(each), text, re.IGNORECASE))
        if found:
            edits = [(match.start(), match.end(), _cased(case, problem, match[0], each)) for match in found]
            yield case.prose.edited(edits)
            yield case.prose.edited(edits[:1])
    if problem.fault is not Fault.FORBIDDEN and (place := _likest(text, term.target)):
        start, end = place
        yield case.prose.edited([(start, end, _cased(case, problem, text[start:end], term.target))])


def _cased(case: Case, problem: Problem, found: str, model: str) -> str:
    if problem.fault is Fault.CHANGED:
        return problem.term.source
    return terms.in_case(problem.term.target, found, model, case.languages[1])


def _likest(text: str, wanted: str) -> tuple[int, int] | None:
    """The words of a text that are most like a term, with as many words or one more or less."""
    there = words(text)
    size = max(1, len(words(wanted)))
    best, place = float(_ALIKE), None
    for length in {size, size + 1, max(1, size - 1)}:
        for at in range(len(there) - length + 1):
            start, end = there[at].start, there[at + length - 1].end
            likeness = fuzz.ratio(text[start:end].casefold(), wanted.casefold(), score_cutoff=best)
            if likeness > best:
                best, place = likeness, (start, end)
    return place


def _by(edits: Callable[[str, str, str, str], Iterator[list[Edit]]]) -> Callable[[Case], Iterator[str]]:
    """A mender of changes to the text alone; they are worked out from both texts and both languages."""

    def mender(case: Case) -> Iterator[str]:
        for each in edits(case.source.text, case.prose.text, *case.languages):
            yield case.prose.edited(each)

    return mender


MENDERS: Final[Mapping[str, Callable[[Case], Iterator[str]]]] = {
    "quotes": _by(marks.quotes),
    "punctuation": _by(marks.endings),
    "spacing": _by(marks.spaces),
    "repeated": _repeated,
    "numbers": _numbers,
    "emails": _emails,
    "urls": _urls,
    "links": _links,
    "capitals": _capitals,
    "glossary": _glossary,
}
"""By the id of the check. The others' findings are for people: what is untranslated, too long, in another language."""
