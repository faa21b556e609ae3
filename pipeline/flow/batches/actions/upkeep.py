"""Align, digest, tidy: what keeps an installation in good order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from pipeline.flow import aligners, digest
from pipeline.flow.batches.steps import Action, Did, Job, Problem, Told
from pipeline.ledger.models import BatchRun, Draft, IdempotencyKey, Presence

GROWN: Final = 1.1
"""An aligner is trained again when the memory has grown by a tenth: less teaches it nothing."""

PRESENCE: Final = timedelta(days=1)
ANSWERS: Final = timedelta(days=3)
"""How long answers to repeated calls of the API are kept at least: longer than the API promises."""

CHUNK: Final = 1_000


def _pairs(job: Job) -> Sequence[str]:
    """The pairs with sentences enough, of the selected languages, of which the memory has grown."""
    bases = set(job.bases)
    return [
        f"{source}>{target}"
        for (source, target), sentences in aligners.trainable().items()
        if target in bases and sentences >= aligners.LEAST_SENTENCES and _has_grown(source, target, sentences)
    ]


def _has_grown(source: str, target: str, sentences: int) -> bool:
    known = aligners.load(source, target)
    return known is None or sentences >= known.sentences * GROWN


def _align(job: Job, pair: str, memo: Mapping[str, Any], told: Told) -> Did:  # noqa: ARG001
    source, _, target = pair.partition(">")
    lexicon, _folder = aligners.train(source, target, told)
    return Did({"trained": 1, "sentences": lexicon.sentences})


def _digest(job: Job, piece: str, memo: Mapping[str, Any], told: Told) -> Did:  # noqa: ARG001
    outcomes = digest.send_due(job.net, job.now)
    counts = Counter(str(each.outcome.name).lower() for each in outcomes)
    wrong = {digest.Outcome.LATER, digest.Outcome.FAILED}
    remedy = "Look at SECTIONWIRE_EMAIL_URL, then: sectionwire digest"
    problems = [
        Problem(f"the digest of {each.name}", f"It was not sent ({each.outcome}): {each.detail}.", remedy)
        for each in outcomes
        if each.outcome in wrong
    ]
    return Did({name: number for name, number in counts.items() if number}, problems)


def _drafts(job: Job) -> QuerySet[Any]:
    return Draft.objects.filter(at__lt=job.now - _age(job))


def _presence(job: Job) -> QuerySet[Any]:
    return Presence.objects.filter(at__lt=job.now - PRESENCE)


def _answers(job: Job) -> QuerySet[Any]:
    return IdempotencyKey.objects.filter(at__lt=job.now - ANSWERS)


def _sessions(job: Job) -> QuerySet[Any]:
    return Session.objects.filter(expire_date__lt=job.now)


def _runs(job: Job) -> QuerySet[Any]:
    return BatchRun.objects.exclude(outcome="").filter(ended_at__lt=job.now - _age(job))


def _age(job: Job) -> timedelta:
    return timedelta(days=job.selection.older_than_days)


_TIDIED: Final[Mapping[str, Callable[[Job], QuerySet[Any]]]] = {
    "drafts": _drafts,
    "presence": _presence,
    "answers": _answers,
    "sessions": _sessions,
    "runs": _runs,
}


def _tidy(job: Job, piece: str, memo: Mapping[str, Any], told: Told) -> Did:  # noqa: ARG001
    """Delete what is old of one kind, some at a time: nobody waits long for the database."""
    gone = 0
    while ids := list(_TIDIED[piece](job).values_list("pk", flat=True)[:CHUNK]):
        model = _TIDIED[piece](job).model
        gone += model._default_manager.filter(pk__in=ids).delete()[0]
    return Did({piece: gone} if gone else {})


ALIGN: Final = Action(_pairs, _align)
DIGEST: Final = Action(lambda _: ["editors"], _digest)
TIDY: Final = Action(lambda _: list(_TIDIED), _tidy)
