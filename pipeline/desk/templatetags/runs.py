"""``{% load runs %}``: words of schedules and runs, in the language of the interface."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import template
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from pipeline.flow.batches.overview import Phase

register = template.Library()

ACTIONS: Final[Mapping[str, Any]] = {
    "fetch": pgettext_lazy("what a run does", "fetch from sources"),
    "translate": pgettext_lazy("what a run does", "translate what is new"),
    "retry": pgettext_lazy("what a run does", "retry what failed"),
    "release": pgettext_lazy("what a run does", "release what is approved"),
    "rebuild": pgettext_lazy("what a run does", "rebuild what changed"),
    "align": pgettext_lazy("what a run does", "train the word aligners"),
    "digest": pgettext_lazy("what a run does", "send the daily e-mails"),
    "verify": pgettext_lazy("what a run does", "verify the outputs"),
    "repair": pgettext_lazy("what a run does", "repair the outputs"),
    "tidy": pgettext_lazy("what a run does", "tidy up"),
    "report": pgettext_lazy("what a run does", "report"),
}

PHASES: Final[Mapping[str, Any]] = {
    Phase.DUE: pgettext_lazy("a run", "due"),
    Phase.RUNNING: pgettext_lazy("a run", "running"),
    Phase.DONE: pgettext_lazy("a run", "done"),
    Phase.TROUBLE: pgettext_lazy("a run", "done, with trouble"),
    Phase.STOPPED: pgettext_lazy("a run", "stopped"),
    Phase.SKIPPED: pgettext_lazy("a run", "left out"),
    Phase.FAILED: pgettext_lazy("a run", "failed"),
}

SIGNS: Final[Mapping[str, str]] = {
    Phase.DUE: "○",
    Phase.RUNNING: "◐",
    Phase.DONE: "✓",
    Phase.TROUBLE: "!",
    Phase.STOPPED: "■",
    Phase.SKIPPED: "–",
    Phase.FAILED: "✗",
}

STATES: Final[Mapping[str, Any]] = {
    "planned": pgettext_lazy("a step", "not begun"),
    "running": pgettext_lazy("a step", "running"),
    "done": pgettext_lazy("a step", "done"),
    "stopped": pgettext_lazy("a step", "stopped"),
    "left_out": pgettext_lazy("a step", "left out"),
}

COUNTS: Final[Mapping[str, Any]] = {
    "new": pgettext_lazy("counted", "new"),
    "updated": pgettext_lazy("counted", "updated"),
    "unchanged": pgettext_lazy("counted", "unchanged"),
    "duplicates": pgettext_lazy("counted", "duplicates"),
    "gone": pgettext_lazy("counted", "gone"),
    "waiting": pgettext_lazy("counted", "waiting"),
    "failed": pgettext_lazy("counted", "failed"),
    "woken": pgettext_lazy("counted", "woken"),
    "later": pgettext_lazy("counted", "due later"),
    "unfinished": pgettext_lazy("counted", "unfinished"),
    "let_out": pgettext_lazy("counted", "let out"),
    "retried": pgettext_lazy("counted", "tried again"),
    "rebuilt": pgettext_lazy("counted", "pages to be written again"),
    "pages": pgettext_lazy("counted", "pages looked at"),
    "missing": pgettext_lazy("counted", "missing"),
    "changed": pgettext_lazy("counted", "changed"),
    "older": pgettext_lazy("counted", "older"),
    "unwanted": pgettext_lazy("counted", "unwanted"),
    "trained": pgettext_lazy("counted", "pairs trained"),
    "sentences": pgettext_lazy("counted", "sentences"),
    "sent": pgettext_lazy("counted", "sent"),
    "nothing": pgettext_lazy("counted", "nothing waits"),
    "already": pgettext_lazy("counted", "sent before"),
    "early": pgettext_lazy("counted", "too early in the day"),
    "off": pgettext_lazy("counted", "switched off"),
    "no_address": pgettext_lazy("counted", "without an address"),
    "drafts": pgettext_lazy("counted", "old drafts"),
    "presence": pgettext_lazy("counted", "old signs of presence"),
    "answers": pgettext_lazy("counted", "kept answers"),
    "sessions": pgettext_lazy("counted", "ended sessions"),
    "runs": pgettext_lazy("counted", "old runs"),
    "emails": pgettext_lazy("counted", "e-mails"),
    "webhooks": pgettext_lazy("counted", "webhooks"),
    "clean": pgettext_lazy("counted", "articles not cleaned"),
    "translate": pgettext_lazy("counted", "translations"),
    "publish": pgettext_lazy("counted", "pages"),
    "lists": pgettext_lazy("counted", "lists and front pages"),
}

WENT: Final[Mapping[str, Any]] = {
    "put": _("published"),
    "notice": _("withdrawn"),
    "remove": pgettext_lazy("a page", "removed"),
    "redirect": pgettext_lazy("a page", "led on"),
}


@register.filter
def action_name(action: str) -> str:
    """What a run does, in words."""
    return str(ACTIONS.get(action, action))


@register.filter
def phase_name(phase: str) -> str:
    """How a run stands, in words."""
    return str(PHASES[phase])


@register.filter
def phase_sign(phase: str) -> str:
    """How a run stands, as a sign beside the words."""
    return SIGNS[phase]


@register.filter
def step_state(state: str) -> str:
    """How an action of a run stands, in words."""
    return str(STATES[state])


@register.filter
def count_name(name: str) -> str:
    """What is counted."""
    return str(COUNTS.get(name, name))


@register.filter
def went(action: str) -> str:
    """What an output was told of pages."""
    return str(WENT.get(action, action))
