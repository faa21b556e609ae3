"""``translate`` on files: the same stages as in the flow, without ledger, broker or workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pipeline.documents import (
    CheckFinding,
    Route,
    SegmentedDocument,
    SegmentKind,
    TranslatedSegment,
)
from pipeline.errors import PipelineError
from pipeline.management.files import Input
from pipeline.management.fragments import Cleaned, fragment
from pipeline.stages import check
from pipeline.stages.segment import restore, segment
from pipeline.stages.translate import Resources, Translate
from pipeline.stages.translate import route as routing
from pipeline.stages.translate import translate as translate_documents

PORTION: Final = 150_000
"""Characters of source text that go through the engines together: enough to fill every core, and then results are
written, so that a run which is broken off has not worked in vain."""


@dataclass(frozen=True, slots=True)
class Translated:
    """One file in the other language, with what the checks say of it and of which source text they say it.

    ``engines`` are the names of the routes that were taken.
    """

    input: Input
    html: str
    findings: tuple[tuple[CheckFinding, str], ...]
    characters: int
    engines: tuple[str, ...] = ()


class RunMemory:
    """The translation memory of one run."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:
        """The translations that are known, by sentence."""
        name = route.name
        return {text: known for text in sentences if (known := self._known.get((name, text))) is not None}

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:
        """Keep translations; the first of a sentence wins."""
        return {text: self._known.setdefault((route.name, text), target) for text, target in units.items()}


def translate(
    files: Sequence[Cleaned],
    routes: Sequence[Route],
    engine: Translate,
    failed: Callable[[Input, PipelineError], None],
    given: Resources = Resources(),  # noqa: B008 - frozen
    checks: Sequence[check.Check] = check.DEFAULT,
) -> Iterator[Translated]:
    """Translate files and check the result; each comes as soon as its portion is done, in order.

    ``failed`` is told of a file that can't be segmented; the others go on. ``given`` are terms and aligner of the pair.

    Raises:
        PipelineError: the engines can't work at all.
    """
    memory = RunMemory()
    for portion in _portions(_segmented(files, failed)):
        yield from _translate(portion, routes, memory, engine, given, checks)


def _segmented(
    files: Sequence[Cleaned], failed: Callable[[Input, PipelineError], None]
) -> Iterator[tuple[Cleaned, SegmentedDocument]]:
    for file in files:
        try:
            yield file, _without_teaser(segment(file.document), keep_title=file.titled)
        except PipelineError as error:
            failed(file.input, error)


def _without_teaser(document: SegmentedDocument, *, keep_title: bool) -> SegmentedDocument:
    """Only what stands in the fragment is translated: no teaser, and no title that is but the file's name."""
    unwanted = {SegmentKind.SUMMARY, SegmentKind.IMAGE_ALT} | (set() if keep_title else {SegmentKind.TITLE})
    return replace(document, segments=tuple(s for s in document.segments if s.kind not in unwanted))


def _portions(
    files: Iterator[tuple[Cleaned, SegmentedDocument]],
) -> Iterator[list[tuple[Cleaned, SegmentedDocument]]]:
    portion, characters = [], 0
    for file, document in files:
        portion.append((file, document))
        characters += characters_of(document)
        if characters >= PORTION:
            yield portion
            portion, characters = [], 0
    if portion:
        yield portion


def characters_of(document: SegmentedDocument) -> int:
    """Characters of source text."""
    return sum(len(segment.source) for segment in document.segments)


def _translate(
    portion: Sequence[tuple[Cleaned, SegmentedDocument]],
    routes: Sequence[Route],
    memory: RunMemory,
    engine: Translate,
    given: Resources,
    checks: Sequence[check.Check],
) -> Iterator[Translated]:
    route, *others = routes
    results = translate_documents([document for _, document in portion], route, memory, engine, given, others=others)
    for (file, document), segments in zip(portion, results, strict=True):
        sources = {segment.key: segment.source for segment in document.segments}
        findings = tuple(
            (finding, sources.get(finding.segment, ""))
            for finding in check.run(document, segments, route.source, route.target, given.terms, checks)
        )
        engines, _ = routing.taken(segments, routes)
        yield Translated(file.input, _restored(document, segments), findings, characters_of(document), tuple(engines))


def _restored(document: SegmentedDocument, segments: tuple[TranslatedSegment, ...]) -> str:
    targets = {segment.key: segment.target for segment in segments}
    titles = [targets[s.key] for s in document.segments if s.kind is SegmentKind.TITLE]
    return fragment("".join(titles), restore(document, targets))
