"""What of a run somebody may see: operators all of it, editors what concerns their sections."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import Http404

from pipeline.desk.access import DeskRequest
from pipeline.flow import board
from pipeline.flow.people import Rights
from pipeline.ledger.models import Article


def must_read(request: DeskRequest) -> None:
    """Runs are for operators and for those who decide in some section.

    Raises:
        Http404: for others there is no such page.
    """
    if not (request.rights.operator or request.rights.sections):
        raise Http404


def report(facts: Mapping[str, Any], rights: Rights) -> dict[str, Any]:
    """A run's report as somebody may read it. What concerns no section only operators read; others see its numbers."""
    if rights.operator or not facts:
        return dict(facts)
    mine = set(rights.sections)
    return {
        **facts,
        "steps": [step(each, rights) for each in facts["steps"]],
        "telling": [],
        "came_in": {**facts["came_in"], "named": _named(facts["came_in"]["named"], rights)},
        "went_out": [row for row in facts["went_out"] if row["section"] in mine],
        "waits": {**facts["waits"], "people": [row for row in facts["waits"]["people"] if row["section"] in mine]},
        "failed": {**facts["failed"], "named": _of(facts["failed"]["named"], mine)},
    }


def step(known: Mapping[str, Any], rights: Rights) -> dict[str, Any]:
    """A step (as JSON values) as somebody may read it; the problems of others are counted."""
    if rights.operator:
        return dict(known)
    shown = _of(known["problems"], set(rights.sections))
    hidden = len(known["problems"]) - len(shown)
    return {**known, "problems": shown, "more_problems": known["more_problems"] + hidden, "notes": []}


def _of(problems: Iterable[Mapping[str, Any]], sections: set[str]) -> list[Mapping[str, Any]]:
    return [each for each in problems if each["section"] in sections]


def _named(articles: Sequence[Mapping[str, Any]], rights: Rights) -> list[Mapping[str, Any]]:
    uids = [each["uid"] for each in articles]
    known = set(board.visible(Article.objects.filter(uid__in=uids), rights).values_list("uid", flat=True))
    return [each for each in articles if each["uid"] in known]
