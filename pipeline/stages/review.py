"""Review: what a section's policy makes of a new version. Nothing is published by accident."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Outcome = Literal["approve", "in_review", "following", "held"]


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy looks at.

    ``blocking`` are the messages of the open findings that block, ``leader`` is the name of the section that is
    followed, ``leader_approved`` whether it has approved this very version.
    """

    policy: Literal["review", "lead", "auto"]
    section: str
    blocking: Sequence[str] = ()
    leader: str = ""
    leader_approved: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What happens next, and why it waits, in a sentence for a person."""

    outcome: Outcome
    reason: str = ""


def decide(situation: Situation) -> Decision:
    """Apply a section's policy to a new version of a translation.

    ``review`` always waits for an editor; ``lead`` takes over what another section has approved; ``auto`` publishes
    unless a finding blocks. A blocking finding never goes out by itself, under no policy.
    """
    if situation.policy == "review":
        return Decision("in_review", f"waits for an editor of {situation.section}")
    if situation.policy == "lead":
        if situation.leader_approved:
            return Decision("approve")
        return Decision("following", f"follows {situation.leader}, which has not approved it yet")
    if situation.blocking:
        more = f" (and {len(situation.blocking) - 1} more)" if len(situation.blocking) > 1 else ""
        return Decision("held", f"a check blocks it: {situation.blocking[0]}{more}")
    return Decision("approve")
