"""A second pair of eyes: where a section asks for it, two people approve the same text before it is published."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from pipeline.errors import Permanent
from pipeline.flow import clock
from pipeline.ledger.models import Edition, Event, Version
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network, Section

State = Edition.State

FIRST: Final = (
    *("candidate", "state", "reason", "first_approved_by", "first_approved_at", "first_approved_digest"),
    "first_release_at",
)
"""The columns of an edition that its first approval writes."""


def is_second(edition: Edition, version: Version, by: str) -> bool:
    """Whether an approval by somebody is the second one of the very text that was approved once.

    Raises:
        Permanent: it would be the same person's.
    """
    if not is_first_of(edition, version):
        return False
    if edition.first_approved_by.casefold() == by.casefold():
        raise Permanent(
            f"{edition} was approved by {edition.first_approved_by} already: a second person must.",
            "Ask a colleague to read and approve it.",
        )
    return True


def is_first_of(edition: Edition, version: Version) -> bool:
    """Whether an edition was approved once as it stands now."""
    return edition.state == State.SECOND and edition.first_approved_digest == seen_digest(version, edition.overlay)


def is_wanted_of(follower: Section, net: Network) -> bool:
    """Whether a section that follows another asks for two people where its leader is content with one."""
    return follower.second_eyes and not (follower.follows and net.section(follower.follows).second_eyes)


def follow(edition: Edition, version: Version, section: Section, by: str) -> None:
    """Take the leader's approval for the first of the two; it is nobody's (``by`` is empty) when a policy gave it.

    Call it in a transaction that holds the article.
    """
    if by:
        begin(edition, version, by)
        return
    edition.candidate = version
    edition.state, edition.reason = State.IN_REVIEW, f"waits for an editor of {section.name}"
    edition.save(update_fields=["candidate", "state", "reason"])


def begin(edition: Edition, version: Version, by: str, release_at: datetime | None = None) -> None:
    """Note the first approval: the edition waits for a second person.

    Call it in a transaction that holds the article. ``release_at`` is when the first person wants it to go out.
    """
    edition.candidate = version
    edition.state, edition.reason = State.SECOND, f"approved by {by}, waits for a second person"
    edition.first_approved_by, edition.first_approved_at = by, clock.now()
    edition.first_approved_digest = seen_digest(version, edition.overlay)
    edition.first_release_at = release_at
    edition.save(update_fields=FIRST)
    Event.objects.create(
        article_id=edition.article_id,
        at=edition.first_approved_at,
        stage="review",
        section=edition.section,
        language=edition.language,
        actor=by,
        message=f"version {version.number} approved once",
    )
