"""Asks memory and engines for sentences: along the first route, and along the others for what fails on it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from pipeline.documents import Failure, Route, Scored
from pipeline.errors import Permanent
from pipeline.stages.translate import mask
from pipeline.stages.translate.draft import Answer

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


class Asked:
    """All that was asked for in one run. ``routes`` are tried in their order; there is at least one."""

    def __init__(self, routes: Sequence[Route], memory: Memory, engine: Translate) -> None:
        self.routes, self.memory, self.engine = routes, memory, engine
        self.answers: dict[str, Answer] = {}
        self.scores: dict[str, float] = {}  # of the answers that came from engines which give them
        self._unusable: dict[int, Permanent] = {}  # routes whose model is missing or damaged

    def ask(self, wanted: Iterable[str], needed: Collection[str]) -> Iterator[Collection[str]]:
        """Fill ``answers`` for every text that is wanted: with its translation, or with the Failure of every route.

        Yields the texts whose answer is there, as they come, each text once: engines go on while the caller looks at
        them. What failed on a route is asked for on the next one only when it is ``needed``: the rest is evidence for
        the places of spans, for which nobody loads another model.

        Raises:
            Permanent: no route can be used at all; it is the error of the first.
            PipelineError: whatever else memory or engine raise.
        """
        texts = dict.fromkeys(wanted)
        for number in range(len(self.routes)):
            left = [text for text in texts if self._is_open(text, needed)]
            if not left or number in self._unusable:
                continue
            try:
                for answers in self._along(number, left):
                    self.answers.update({text: self._merged(text, answer) for text, answer in answers.items()})
                    yield [text for text, answer in answers.items() if isinstance(answer.text, str)]
            except Permanent as error:
                self._unusable[number] = error
        if len(self._unusable) == len(self.routes):
            raise self._unusable[0]
        yield [text for text in texts if isinstance(self.answers[text].text, Failure)]

    def _is_open(self, text: str, needed: Collection[str]) -> bool:
        answer = self.answers.get(text)
        return answer is None or (isinstance(answer.text, Failure) and text in needed)

    def _merged(self, text: str, answer: Answer) -> Answer:
        """A second failure says what the first was, too."""
        before = self.answers.get(text)
        if isinstance(answer.text, str) or before is None or isinstance(before.text, str):
            return answer
        return Answer(Failure(f"{before.text.reason}; {answer.text.reason}"), remembered=False, route=answer.route)

    def _along(self, number: int, wanted: Sequence[str]) -> Iterator[dict[str, Answer]]:
        route = self.routes[number]
        known = self.memory.lookup(route, wanted)
        missing = dict.fromkeys(wanted)
        found = known.keys() & missing.keys()
        yield {text: Answer(known[text], remembered=True, route=number) for text in found}
        for text in found:
            del missing[text]
        for batch in self.engine(route, list(missing)) if missing else ():
            judged = {text: judge(text, answer) for text, answer in batch.items() if text in missing}
            good = {text: answer for text, answer in judged.items() if isinstance(answer, str)}
            counting = self.memory.store(route, good) if good else {}
            for text in judged:
                del missing[text]
            self.scores |= {text: answer.score for text, answer in batch.items() if isinstance(answer, Scored)}
            yield {text: self._answer(number, counting.get(text, answer)) for text, answer in judged.items()}
        yield {text: self._answer(number, Failure("the engine gave no answer")) for text in missing}

    def _answer(self, number: int, text: str | Failure) -> Answer:
        if isinstance(text, Failure):
            # Which engine it was is plain where there is but one.
            name = f"{'+'.join(hop.engine for hop in self.routes[number].hops)}: " if len(self.routes) > 1 else ""
            text = Failure(f"{name}{text.reason.rstrip('.')}")
        return Answer(text, remembered=False, route=number)


def judge(text: str, answer: object) -> str | Failure:
    """An answer that may go into the memory, or why it may not."""
    if isinstance(answer, Failure):
        return answer
    if not isinstance(answer, str):
        return Failure(f"the engine returned {type(answer).__name__} instead of text")
    cleaned = mask.cleaned(answer)
    reason = mask.garbage(text, cleaned)
    return Failure(reason) if reason else cleaned
