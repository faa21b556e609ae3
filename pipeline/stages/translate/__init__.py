"""Translate: memory first, engine last, and the markup put back where it belongs.

Of all documents together, each distinct sentence is asked for once. A segment goes this way (a module each)::

    inline      the inline HTML as plain text with codes; literals become atoms
    sentences   the text is cut into sentences
    mask        atoms become tokens that engines carry; answers are checked and unmasked
    project     the spans of a sentence find their places in its translation
    place       text, codes and anchors become inline HTML again
    verify      what must hold, whatever the engine answered
    draft       drives one segment through all this, with safer attempts when one fails
    ask         asks memory and engine for the sentences of all, and another route for what fails on the first

``route`` finds the engines for a pair of languages.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.documents import Failure, Origin, Route, SegmentedDocument, TranslatedSegment
from pipeline.stages.translate.ask import Asked, Memory, Translate
from pipeline.stages.translate.draft import Draft
from pipeline.stages.translate.resources import Resources

__all__ = ["Failure", "Memory", "Resources", "Translate", "as_source", "translate"]


def translate(
    documents: Sequence[SegmentedDocument],
    route: Route,
    memory: Memory,
    engine: Translate,
    resources: Resources = Resources(),  # noqa: B008 - frozen
    others: Sequence[Route] = (),
) -> list[tuple[TranslatedSegment, ...]]:
    """Translate documents, which must be in the route's source language; one tuple each, in order of its segments.

    What fails on ``route`` is asked for on ``others``, in their order; they count from 1 in a segment's ``routes``.
    Segments that ``resources`` knows as approved are taken as they are.
    Each batch of the engine is put into the memory at once: a run that is broken off goes on from there. No answer of
    an engine breaks a segment: what can't be translated keeps its source, with ``Origin.KEPT`` and the reason in
    ``problem``. What has nothing to translate has ``Origin.SOURCE``.

    Raises:
        PipelineError: no route has its models, or whatever else memory or engine raise.
    """
    known = [resources.approved.find(each) if resources.approved else {} for each in documents]
    drafts = [
        [Draft(segment, route.source, route.target, resources) for segment in each.segments] for each in documents
    ]
    done: dict[int, TranslatedSegment] = {}
    asked = Asked((route, *others), memory, engine)
    for document, approved in zip(drafts, known, strict=True):
        done.update((id(draft), approved[draft.segment.key]) for draft in document if draft.segment.key in approved)
    waiting = [draft for document in drafts for draft in document if id(draft) not in done]
    while waiting:
        done.update(
            (id(draft), result) for draft in _answered(waiting, asked) if (result := draft.settle(asked.answers))
        )
        waiting = [draft for draft in waiting if id(draft) not in done]
    return [tuple(_scored(done[id(draft)], draft, asked) for draft in document) for document in drafts]


def _answered(drafts: Sequence[Draft], asked: Asked) -> Iterator[Draft]:
    """Each draft as soon as all that it asks for is answered: engines go on while it is settled."""
    waiting: dict[str, list[Draft]] = defaultdict(list)
    lacking: dict[int, int] = {}
    for draft in drafts:
        texts = {text for text in draft.requests() if text not in asked.answers}
        lacking[id(draft)] = len(texts)
        for text in texts:
            waiting[text].append(draft)
    needed = {piece.request.text for draft in drafts for piece in draft.pieces}
    known = [draft for draft in drafts if not lacking[id(draft)]]
    for answered in asked.ask(waiting, needed):
        for draft in (draft for text in answered for draft in waiting[text]):
            lacking[id(draft)] -= 1
            if not lacking[id(draft)]:
                yield draft
    yield from known


def _scored(result: TranslatedSegment, draft: Draft, asked: Asked) -> TranslatedSegment:
    if result.origin is not Origin.ENGINE:
        return result
    scores = [asked.scores[piece.request.text] for piece in draft.pieces if piece.request.text in asked.scores]
    return replace(result, sureness=min(scores)) if scores else result


def as_source(document: SegmentedDocument) -> tuple[TranslatedSegment, ...]:
    """The 'translation' of an article into the language it is written in."""
    return tuple(TranslatedSegment(each.key, each.source, Origin.SOURCE) for each in document.segments)
