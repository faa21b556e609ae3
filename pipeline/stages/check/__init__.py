"""Check: what a person should know of a translation before it is approved, and what keeps it from being published.

A check is a class with an id, a name and a severity (see ``contract``); ``configured`` gives those that every
translation of an installation goes through, ``DEFAULT`` ours as they are. docs/checks.md describes each.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.documents import CheckFinding, SegmentedDocument, Term, TranslatedSegment
from pipeline.stages.check.contract import Check, Translation
from pipeline.stages.check.registry import configured, ids, ours

__all__ = ["DEFAULT", "Check", "CheckFinding", "configured", "ids", "run"]

DEFAULT: Final[tuple[Check, ...]] = ours()


def run(
    source: SegmentedDocument,
    translated: Sequence[TranslatedSegment],
    source_language: str,
    target_language: str,
    terms: tuple[Term, ...] = (),
    checks: Sequence[Check] = DEFAULT,
) -> list[CheckFinding]:
    """What the checks find, in their order. A check that crashes is a finding of its own, and the others go on.

    That finding is as severe as the check: what nobody has looked at is not published where the check would have
    blocked.
    """
    targets = {each.key: each for each in translated}
    pairs = tuple((segment, targets[segment.key]) for segment in source.segments if segment.key in targets)
    translation = Translation(source, pairs, source_language, target_language, terms)
    found: list[CheckFinding] = []
    for check in checks:
        try:
            found += list(check.run(translation))
        except Exception as error:  # noqa: BLE001  # a check may be a third party's: it must not stop an article
            message = f"The check “{check.name}” failed ({type(error).__name__}): its rule was not looked at."
            found.append(CheckFinding(check.id, check.severity, "", message))
    return found
