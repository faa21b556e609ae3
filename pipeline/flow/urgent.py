"""An urgent correction: what is published already is corrected at once, and reviewed afterwards.

Only where the section allows it, only of what a person or a policy has approved before, and never over a finding that
blocks. The correction stays in the queue, labelled, until it is confirmed (an approval) or taken back (an undo).
"""

from __future__ import annotations

from typing import Final

from pipeline.errors import Permanent
from pipeline.flow import clock, corrections, decisions, deliveries, second
from pipeline.ledger.models import Delivery, Edition, Finding, Version
from pipeline.ledger.models.editions import seen_digest
from pipeline.network import Network

State = Edition.State

_WAITING: Final = (State.IN_REVIEW, State.SECOND, State.FOLLOWING)
_WRITTEN: Final = (
    *("approved", "approved_overlay", "state", "reason", "decided_by", "decided_at", "updated_at"),
    *("urgent_from", "urgent_overlay"),
)


def publish(edition_id: int, *, by: str, net: Network, digest: str, note: str) -> Edition:
    """Publish the version that waits ahead of its review, as a correction of what is published.

    ``digest`` is that of what the person has seen (:func:`pipeline.ledger.models.editions.seen_digest`), ``note`` says
    what was wrong: a new version is labelled with it as a correction, which its page shows. Where the section asks for
    a second pair of eyes this is the first of the two approvals. Sections that follow wait for the confirmation.

    Raises:
        Permanent: the section allows none or is retired, nothing is published that could be corrected, nothing waits,
            something else waits, or a finding blocks.
    """
    note = " ".join(note.split())
    with decisions.held(edition_id) as edition:
        section = net.section(edition.section)
        decisions.refuse_gone(edition, net)
        if not section.urgent:
            raise Permanent(
                f"{section.name} publishes nothing ahead of its review.",
                "Approve it, or set urgent = true for the section in the network file.",
            )
        if not note:
            raise Permanent("An urgent correction needs a note.", "Say in a sentence what was wrong.")
        version = edition.candidate
        if version is None or edition.state not in _WAITING:
            raise Permanent(f"{edition} has no correction that waits.", f"It is {edition.get_state_display()}.")
        _refuse(edition, version, digest)
        if version.pk != edition.approved_id:  # else the section's own wording changes, and no version is corrected
            corrections.of_version(edition, version, note, by=by)
        if edition.urgent_from_id is None:
            edition.urgent_from, edition.urgent_overlay = edition.approved, edition.approved_overlay
        _show(edition, version, edition.overlay, by)
        reason = f"urgent correction by {by}, not yet reviewed: {note}"
        if section.second_eyes:
            second.begin(edition, version, by)
            edition.reason = reason
        else:
            edition.state, edition.reason = State.IN_REVIEW, reason
        edition.save(update_fields=_WRITTEN)
        message = f"urgent correction, not yet reviewed: version {version.number} published: {note}"
        decisions.event(edition, by, message, clock.now()).save()
        deliveries.want([(edition, section)])
    return edition


def is_offered(edition: Edition, net: Network) -> bool:
    """Whether what waits of an edition could be published ahead of its review, as far as its page can say."""
    allowed = any(each.key == edition.section and each.urgent and not each.retired for each in net.sections)
    waits = edition.candidate_id is not None and edition.state in _WAITING
    return allowed and waits and edition.approved_id is not None and _is_news(edition) and _is_out(edition)


def take_back(edition: Edition, *, by: str, net: Network) -> None:
    """Publish again what was published before an urgent correction; the correction waits for review.

    Call it in a transaction that holds the article.
    """
    before = edition.urgent_from
    assert before is not None
    _show(edition, before, edition.urgent_overlay, by)
    edition.urgent_from, edition.urgent_overlay = None, []
    edition.state, edition.reason = State.IN_REVIEW, f"the urgent correction was taken back by {by}: an editor decides"
    edition.save(update_fields=_WRITTEN)
    decisions.event(edition, by, f"urgent correction taken back: version {before.number} again", clock.now()).save()
    deliveries.want([(edition, net.section(edition.section))])


def _show(edition: Edition, version: Version, overlay: list[dict[str, str]], by: str) -> None:
    edition.approved, edition.approved_overlay = version, overlay
    edition.decided_by, edition.decided_at = by, clock.now()
    edition.updated_at = edition.decided_at


def _refuse(edition: Edition, version: Version, digest: str) -> None:
    if not _is_out(edition):
        raise Permanent(f"{edition} is not published yet: there is nothing to correct.", "Have it approved.")
    if not _is_news(edition):
        raise Permanent(f"{edition} is published like this already.", "Confirm it, or take it back.")
    if digest != seen_digest(version, edition.overlay):
        raise Permanent(
            f"{edition} has changed since you saw it: version {version.number} waits now.",
            "Read that one and decide again.",
        )
    if changed := decisions.changed_below(edition, version):
        raise Permanent(
            f"{edition} can't be approved yet: {changed}.", "Take the new wording or keep your own, segment by segment."
        )
    if version.findings.filter(severity="block", state=Finding.State.OPEN).exists():
        raise Permanent(f"{edition} has a finding that blocks.", "Mend the text, or have the article reviewed.")


def _is_out(edition: Edition) -> bool:
    """Whether readers have a page of it: the only thing that can be corrected."""
    if edition.approved_id is None:
        return False
    return bool(edition.existing_url) or Delivery.objects.filter(edition=edition, confirmed_seq__gt=0).exists()


def _is_news(edition: Edition) -> bool:
    return edition.candidate_id != edition.approved_id or edition.overlay != edition.approved_overlay
