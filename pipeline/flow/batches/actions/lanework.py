"""Translate, release, retry: set work of the lanes off, and wait until it is done.

Waiting holds no worker: each look is a few counts by the lanes' own index, then the run is let go for some seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from pipeline.flow import bell, engines, lanes, release, retry
from pipeline.flow.batches.steps import Action, Did, Job, Later, Problem, Told
from pipeline.ledger.models import Claimable, Delivery, Refresh, Revision, Status, Translation, WorkerBeat

LOOK_SECONDS: Final = 5.0
"""How often a run looks whether the lanes are idle."""

FAR: Final = timedelta(minutes=5)
"""What is due so much later waits for something else (an embargo, a server that is down): a run does not."""

NAMED: Final = 20
"""So many failures are named; the rest is counted."""

Rows = Sequence[QuerySet[Any]]


def _translating(job: Job) -> Rows:
    """What is being cleaned or translated into the selected bases."""
    into = [lanes.translate(base) for base in job.bases]
    return [Revision.objects.filter(lane=lanes.PREPARE), Translation.objects.filter(lane__in=into)]


def _publishing(job: Job) -> Rows:
    """The pages of the selected sections, and what is made of many of them."""
    to = [lanes.publish(output) for output in job.net.outputs]
    pages, made = Delivery.objects.filter(lane__in=to), Refresh.objects.filter(lane__in=to)
    if job.selection.sections:
        return [pages.filter(edition__section__in=job.sections), made.filter(section__in=job.sections)]
    return [pages, made]


def _busy(rows: QuerySet[Any]) -> QuerySet[Any]:
    """What a lane works on, or soon will."""
    soon = Q(status=Status.READY, due_at__lte=Now() + FAR)
    return rows.filter(soon | Q(status=Status.RUNNING))


def _wait(job: Job, piece: str, rows: Rows, memo: Mapping[str, Any], begin: Callable[[], Did]) -> Did | Later:
    """Begin, and look until nothing is left; then say what has failed and what goes on without us."""
    did = Did() if memo else begin()
    left = sum(_busy(each).count() for each in rows)
    if left and not job.impatient:
        return Later(LOOK_SECONDS, _unserved(rows), left, {"has_begun": True}, did)
    failed = [each.filter(status=Status.FAILED) for each in rows]
    number = sum(each.count() for each in failed)
    problems = [*did.problems, *(problem for each in failed for problem in _named(each))][:NAMED]
    if number > NAMED:
        problems.append(Problem(f"{number - NAMED} more", "They failed as well.", "See: sectionwire doctor"))
    if left:
        why = f"{left} are not done yet, and this run waits no longer. {_unserved(rows)}".strip()
        problems.append(Problem(piece, why, "They go on by themselves; look at: sectionwire doctor"))
    later = sum(each.filter(status=Status.READY, due_at__gt=Now() + FAR).count() for each in rows)
    waiting = sum(each.filter(status=Status.WAITING).count() for each in rows)
    counts = {"failed": number, "later": later, "waiting": waiting, "unfinished": left}
    return Did(dict(did.counts) | {name: each for name, each in counts.items() if each}, problems, did.notes)


def _unserved(rows: Rows) -> str:
    """That nobody serves a lane in which something is due; empty while somebody does."""
    served = {lane for row in WorkerBeat.objects.filter(seen_at__gte=Now() - engines.STALE) for lane in row.lanes}
    due = {lane for each in rows for lane in _busy(each).order_by().values_list("lane", flat=True).distinct()}
    if not (alone := sorted(due - served)):
        return ""
    kinds = ",".join(dict.fromkeys(lane.partition(".")[0] for lane in alone))
    return f"No worker serves {', '.join(alone)}: start one with sectionwire worker --lanes {kinds}"


def _named(failed: QuerySet[Any]) -> list[Problem]:
    with_names = {Translation: ("article",), Revision: ("article",), Delivery: ("edition__article",)}
    related = with_names.get(failed.model)
    rows = failed.select_related(*related) if related else failed
    return [problem_of(row) for row in rows.order_by("-pk")[:NAMED]]


def problem_of(row: Claimable) -> Problem:
    """A failed row, as a person reads of it."""
    section = row.edition.section if isinstance(row, Delivery) else getattr(row, "section", "")
    again = "publish --retry" if isinstance(row, (Delivery, Refresh)) else f"retry {row.article}"  # type: ignore[attr-defined]
    return Problem(str(row), row.reason, f"Once that is mended: sectionwire {again}", section)


def _translate(job: Job, piece: str, memo: Mapping[str, Any], told: Told) -> Did | Later:  # noqa: ARG001
    def begin() -> Did:
        woken = engines.wake()
        _ring([lanes.PREPARE, *(lanes.translate(base) for base in job.bases)])
        return Did({"woken": woken})

    return _wait(job, piece, _translating(job), memo, begin)


def _release(job: Job, piece: str, memo: Mapping[str, Any], told: Told) -> Did | Later:  # noqa: ARG001
    def begin() -> Did:
        let_out = release.sweep(job.net)
        _ring([lanes.publish(output) for output in job.net.outputs])
        return Did({"let_out": let_out})

    return _wait(job, piece, _publishing(job), memo, begin)


def _ring(names: Sequence[str]) -> None:
    for lane in names:
        bell.announce(lane)


def _retry(job: Job, piece: str, memo: Mapping[str, Any], told: Told) -> Did:  # noqa: ARG001
    """Each piece is a stage: what failed there is ready again. What comes of it is seen by what follows."""
    everything = not (job.selection.sections or job.selection.languages)
    if everything and piece == "clean":
        return Did({"retried": retry.cleaning(Revision.objects.all())})
    if piece == "translate":
        (_, translations) = _translating(job)
        return Did({"retried": retry.rows(translations)})
    if piece == "publish":
        return Did({"retried": sum(retry.rows(each) for each in _publishing(job))})
    return Did()


TRANSLATE: Final = Action(lambda _: ["translations"], _translate)
RELEASE: Final = Action(lambda _: ["pages"], _release)
RETRY: Final = Action(lambda _: ["clean", "translate", "publish"], _retry)
