"""Policies: nothing is published by accident."""

from __future__ import annotations

import pytest

from pipeline.stages.review import Situation, decide


def test_review_waits_for_an_editor_whatever_the_checks_say():
    """A clean version waits too."""
    decision = decide(Situation("review", "Portugal"))
    assert decision.outcome == "in_review"
    assert "editor of Portugal" in decision.reason


def test_auto_publishes_what_no_check_blocks():
    """The only policy that decides alone."""
    assert decide(Situation("auto", "Brasil")).outcome == "approve"


def test_auto_holds_what_a_check_blocks_and_says_which():
    """With the first finding and how many more."""
    decision = decide(Situation("auto", "Brasil", blocking=["a link is lost", "empty", "empty"]))
    assert decision.outcome == "held"
    assert "a link is lost (and 2 more)" in decision.reason


@pytest.mark.parametrize(("approved", "outcome"), [(True, "approve"), (False, "following")])
def test_lead_follows_exactly_what_was_approved(approved, outcome):
    """Not before, and nothing else."""
    situation = Situation("lead", "Angola", leader="Portugal", leader_approved=approved)
    assert decide(situation).outcome == outcome


def test_lead_takes_over_an_approval_in_spite_of_a_finding():
    """The leader's editor has seen and dismissed it."""
    assert decide(Situation("lead", "Angola", blocking=["x"], leader="P", leader_approved=True)).outcome == "approve"
