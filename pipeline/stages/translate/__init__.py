"""Translate: memory first, engine last, and the markup put back where it belongs.

Of all documents together, each distinct sentence is asked for once. A segment goes this way (a module each)::

    inline      the inline HTML as plain text with codes; literals become atoms
    sentences   the text is cut into sentences
    mask        atoms become tokens that engines carry; answers are checked and unmasked
    project     the spans of a sentence find their places in its translation
    place       text, codes and anchors become inline HTML again
    verify      what must hold, whatever the engine answered
    draft       drives one segment through all this, with safer attempts when one fails

``route`` finds the engines for a pair of languages.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from pipeline.documents import Failure, Origin, Route, SegmentedDocument, TranslatedSegment
from pipeline.stages.translate import mask
from pipeline.stages.translate.draft import Answer, Draft
from pipeline.stages.translate.resources import Resources

__all__ = ["Failure", "Memory", "Resources", "Translate", "as_source", "translate"]

Translate = Callable[[Route, Sequence[str]], Iterable[Mapping[str, str | Failure]]]
"""Translates plain sentences along a route and yields the results batch by batch, as they come."""


class Memory(Protocol):
    """What was translated before, sentence by sentence."""

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:
        """The translations that are known, by sentence."""
        ...

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:
        """Keep new translations. Returns what now counts for each: the first that was stored wins."""
        ...


def translate(
    documents: Sequence[SegmentedDocument],
    route: Route,
    memory: Memory,
    engine: Translate,
    resources: Resources = Resources(),  # noqa: B008 - frozen
) -> list[tuple[TranslatedSegment, ...]]:
    """Translate documents, which must be in the route's source language; one tuple each, in order of its segments.

    Segments that ``resources`` knows as approved are taken as they are.
    Each batch of the engine is put into the memory at once: a run that is broken off goes on from there. No answer of
    an engine breaks a segment: what can't be translated keeps its source, with ``Origin.KEPT`` and the reason in
    ``problem``. What has nothing to translate has ``Origin.SOURCE``.

    Raises:
        PipelineError: whatever memory or engine raise.
    """
    known = [resources.approved.find(each) if resources.approved else {} for each in documents]
    drafts = [
        [Draft(segment, route.source, route.target, resources) for segment in each.segments] for each in documents
    ]
    done: dict[int, TranslatedSegment] = {}
    answers: dict[str, Answer] = {}
    for document, approved in zip(drafts, known, strict=True):
        done.update((id(draft), approved[draft.segment.key]) for draft in document if draft.segment.key in approved)
    waiting = [draft for document in drafts for draft in document if id(draft) not in done]
    while waiting:
        wanted = dict.fromkeys(text for draft in waiting for text in draft.requests() if text not in answers)
        answers.update(_asked(list(wanted), route, memory, engine))
        done.update((id(draft), result) for draft in waiting if (result := draft.settle(answers)))
        waiting = [draft for draft in waiting if id(draft) not in done]
    return [tuple(done[id(draft)] for draft in document) for document in drafts]


def as_source(document: SegmentedDocument) -> tuple[TranslatedSegment, ...]:
    """The 'translation' of an article into the language it is written in."""
    return tuple(TranslatedSegment(each.key, each.source, Origin.SOURCE) for each in document.segments)


def _asked(wanted: Sequence[str], route: Route, memory: Memory, engine: Translate) -> Iterator[tuple[str, Answer]]:
    if not wanted:
        return
    known = memory.lookup(route, wanted)
    missing = {text: Answer(Failure("the engine gave no answer"), remembered=False) for text in wanted}
    for text in known.keys() & missing.keys():
        yield text, Answer(known[text], remembered=True)
        del missing[text]
    for batch in engine(route, list(missing)) if missing else ():
        judged = {text: _judged(text, answer) for text, answer in batch.items() if text in missing}
        good = {text: answer for text, answer in judged.items() if isinstance(answer, str)}
        counting = memory.store(route, good) if good else {}
        for text, answer in judged.items():
            del missing[text]
            yield text, Answer(counting.get(text, answer), remembered=False)
    yield from missing.items()


def _judged(text: str, answer: object) -> str | Failure:
    """An answer that may go into the memory, or why it may not."""
    if isinstance(answer, Failure):
        return answer
    if not isinstance(answer, str):
        return Failure(f"the engine returned {type(answer).__name__} instead of text")
    cleaned = mask.cleaned(answer)
    reason = mask.garbage(text, cleaned)
    return Failure(reason) if reason else cleaned
