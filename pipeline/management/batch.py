"""``translate`` on files: the same stages as in the flow, without ledger, broker or workers.

Files go through the engines in portions, several at a time, each on a thread of its own: engines work on one while
another is placed, checked and written, and while further files are still read and cleaned.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from threading import Event, Lock
from typing import Final

from pipeline.documents import (
    CheckFinding,
    Failure,
    Route,
    SegmentedDocument,
    SegmentKind,
    TranslatedSegment,
)
from pipeline.errors import PipelineError, Transient
from pipeline.management.files import Input
from pipeline.management.fragments import Cleaned, fragment
from pipeline.stages import check
from pipeline.stages.segment import restore, segment
from pipeline.stages.translate import Resources, Translate
from pipeline.stages.translate import route as routing
from pipeline.stages.translate import translate as translate_documents

PORTION: Final = 12_000
"""Characters of source text that go through the engines together, unless the caller says how many keep them busy."""

AT_ONCE: Final = 3
"""Portions under way: one that is being finished, one that engines work on, one that they go on with."""


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


@dataclass(slots=True)
class _Call:
    """Sentences that engines have now: what they answered so far, and whether that is all."""

    answers: dict[str, str | Failure] = field(default_factory=dict)
    over: Event = field(default_factory=Event)


class Shared:
    """What the portions of one run have in common: a translation memory, and the engine. Used by several threads.

    Each sentence is asked for once: one that another portion is asking for is waited for. ``engine`` must bear several
    callers at a time.
    """

    def __init__(self, engine: Translate) -> None:
        self._engine = engine
        self._known: dict[tuple[str, str], str] = {}
        self._under_way: dict[tuple[str, str], _Call] = {}
        self._lock = Lock()
        self._stopped = False

    def lookup(self, route: Route, sentences: Sequence[str]) -> dict[str, str]:
        """The translations that are known, by sentence."""
        name = route.name
        return {text: known for text in sentences if (known := self._known.get((name, text))) is not None}

    def store(self, route: Route, units: Mapping[str, str]) -> dict[str, str]:
        """Keep translations; the first of a sentence wins."""
        return {text: self._known.setdefault((route.name, text), target) for text, target in units.items()}

    def translate(self, route: Route, sentences: Sequence[str]) -> Iterator[Mapping[str, str | Failure]]:
        """The answers of the engine, first of those that nobody else is asking for.

        Raises:
            Transient: the run was stopped.
            PipelineError: whatever the engine raises.
        """
        call = _Call()
        mine, theirs = self._divided(call, route, sentences)
        try:
            for answers in self._engine(route, mine) if mine else ():
                if self._stopped:
                    raise Transient("The run was stopped.", "Start it again.")
                call.answers.update(answers)
                yield answers  # and the caller stores them: they are known before they are no longer under way
        finally:
            with self._lock:
                for text in mine:
                    del self._under_way[route.name, text]
            call.over.set()
        for other, texts in theirs:
            other.over.wait()
            yield {text: other.answers[text] for text in texts if text in other.answers}
            # What they have no answer for, since their engine failed or they were broken off, is asked for here.
            if left := [text for text in texts if text not in other.answers]:
                yield from self.translate(route, left)

    def _divided(
        self, call: _Call, route: Route, sentences: Sequence[str]
    ) -> tuple[list[str], list[tuple[_Call, list[str]]]]:
        """Sentences that this call asks the engine for, and those that others have asked for."""
        by_call: dict[int, tuple[_Call, list[str]]] = {id(call): (call, [])}
        known = _Call()
        with self._lock:
            for text in dict.fromkeys(sentences):
                key = route.name, text
                if (target := self._known.get(key)) is not None:  # since the caller looked
                    known.answers[text] = target
                    asked = known
                else:
                    asked = self._under_way.setdefault(key, call)
                by_call.setdefault(id(asked), (asked, []))[1].append(text)
        known.over.set()
        _, mine = by_call.pop(id(call))
        return mine, list(by_call.values())

    def stop(self) -> None:
        """Let calls end that are under way, at their next answer."""
        self._stopped = True


def translate(
    files: Iterable[Cleaned],
    routes: Sequence[Route],
    engine: Translate,
    failed: Callable[[Input, PipelineError], None],
    given: Resources = Resources(),  # noqa: B008 - frozen
    checks: Sequence[check.Check] = check.DEFAULT,
    portion: int = PORTION,
) -> Iterator[Translated]:
    """Translate files and check the result; each comes as soon as its portion is done, in order.

    ``files`` are taken as they are needed, so that the first can be translated while the last are not yet read.
    ``engine`` is called by several threads. ``failed`` is told of a file that can't be segmented; the others go on.
    ``given`` are terms and aligner of the pair; ``portion`` is how many characters go through the engines together.

    Raises:
        PipelineError: the engines can't work at all.
    """
    shared = Shared(engine)
    pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="portion")
    running: deque[Future[list[Translated]]] = deque()
    try:
        for each in _portions(_segmented(files, failed), portion):
            running.append(pool.submit(_translate, each, routes, shared, given, checks))
            while running and (len(running) > AT_ONCE or running[0].done()):
                yield from running.popleft().result()
        while running:
            yield from running.popleft().result()
    finally:
        # Not waited for: whoever broke off closes the engines next, and then nothing keeps these threads.
        shared.stop()
        pool.shutdown(wait=False, cancel_futures=True)


def _segmented(
    files: Iterable[Cleaned], failed: Callable[[Input, PipelineError], None]
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
    files: Iterator[tuple[Cleaned, SegmentedDocument]], size: int
) -> Iterator[list[tuple[Cleaned, SegmentedDocument]]]:
    """Of ``size`` characters; the first is a quarter of it, since engines have nothing to do until it comes."""
    wanted = size // 4
    portion, characters = [], 0
    for file, document in files:
        portion.append((file, document))
        characters += characters_of(document)
        if characters >= wanted:
            yield portion
            portion, characters, wanted = [], 0, size
    if portion:
        yield portion


def characters_of(document: SegmentedDocument) -> int:
    """Characters of source text."""
    return sum(len(segment.source) for segment in document.segments)


def _translate(
    portion: Sequence[tuple[Cleaned, SegmentedDocument]],
    routes: Sequence[Route],
    shared: Shared,
    given: Resources,
    checks: Sequence[check.Check],
) -> list[Translated]:
    route, *others = routes
    documents = [document for _, document in portion]
    results = translate_documents(documents, route, shared, shared.translate, given, others=others)
    done = []
    for (file, document), segments in zip(portion, results, strict=True):
        sources = {segment.key: segment.source for segment in document.segments}
        findings = tuple(
            (finding, sources.get(finding.segment, ""))
            for finding in check.run(document, segments, route.source, route.target, given.terms, checks)
        )
        engines, _ = routing.taken(segments, routes)
        html = _restored(document, segments)
        done.append(Translated(file.input, html, findings, characters_of(document), tuple(engines)))
    return done


def _restored(document: SegmentedDocument, segments: tuple[TranslatedSegment, ...]) -> str:
    targets = {segment.key: segment.target for segment in segments}
    titles = [targets[s.key] for s in document.segments if s.kind is SegmentKind.TITLE]
    return fragment("".join(titles), restore(document, targets))
