"""Withdrawal: an article, or one section's edition, is taken back from its readers at every output; and brought back.

The decision is one transaction; the outputs follow as with any page, each with a receipt. Whatever else is wanted at
the same moment: the newest sequence wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from pipeline.errors import Permanent
from pipeline.flow import clock, deliveries, webhooks
from pipeline.ledger.models import Article, Delivery, Edition, Event, Topic
from pipeline.ledger.models.articles import hold
from pipeline.network import Network

State = Edition.State


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """What a withdrawal, or its undoing, concerned.

    ``pages`` is how many pages are sent again, ``elsewhere`` has the addresses of pages that were published before
    Sectionwire came, and that somebody must take down there.
    """

    editions: tuple[Edition, ...]
    pages: int
    elsewhere: tuple[str, ...] = ()


def withdraw(
    article: Article, *, by: str, reason: str, net: Network, section: str = "", language: str = ""
) -> Withdrawn:
    """Withdraw an article as a whole; or from one ``section``, or from one ``language`` of that section.

    Published pages become notices, or go, as the sections' ``withdrawn`` says; what is under way stops. An article
    that is withdrawn as a whole stays so for whatever comes in later. The same again changes nothing.

    Raises:
        Permanent: no reason is given, a language without a section, or there is nothing of these.
    """
    why = " ".join(reason.split())
    if not why:
        raise Permanent("A withdrawal needs a reason.", "Say in a sentence why readers shall not find it any more.")
    with transaction.atomic():
        held = hold(article.pk)
        chosen = _chosen(held, section, language)
        todo = [edition for edition in chosen if edition.state not in (State.WITHDRAWN, State.DECLINED)]
        if not section and not held.withdrawn:
            Article.objects.filter(pk=held.pk).update(withdrawn=True)
        now = clock.now()
        for edition in todo:
            edition.state, edition.reason, edition.withdrawn_at = State.WITHDRAWN, f"withdrawn by {by}: {why}", now
            edition.save(update_fields=["state", "reason", "withdrawn_at"])
        _take_away(todo, net)
        webhooks.editions(Topic.EDITION_WITHDRAWN, Edition.objects.filter(pk__in=[edition.pk for edition in todo]))
        where = (section, language) if section else ("", "")
        if todo or (not section and not held.withdrawn):
            _tell(held, by, f"withdrawn: {why}", *where)
    elsewhere = tuple(edition.existing_url for edition in todo if edition.existing_url)
    return Withdrawn(tuple(todo), _pages(todo), elsewhere)


def reinstate(article: Article, *, by: str, net: Network, section: str = "", language: str = "") -> Withdrawn:
    """Bring back what was withdrawn: the versions that were approved are published again.

    What came in meanwhile waits for an editor, under every policy: nobody has decided that readers shall have it.

    Raises:
        Permanent: nothing of it is withdrawn.
    """
    with transaction.atomic():
        held = hold(article.pk)
        todo = [edition for edition in _chosen(held, section, language) if edition.state == State.WITHDRAWN]
        if not todo and not (held.withdrawn and not section):
            if section:
                raise Permanent(f"{article} is not withdrawn from {section}.", "There is nothing to do.")
            raise Permanent(f"{article} is not withdrawn.", "There is nothing to do.")
        if not section:
            Article.objects.filter(pk=held.pk).update(withdrawn=False)
        for edition in todo:
            _bring_back(edition)
        again = [edition for edition in todo if edition.approved_id is not None and edition.deliveries.exists()]
        _want_again(again, net)
        _tell(held, by, "reinstated", section, language)
    return Withdrawn(tuple(todo), _pages(again))


def _want_again(editions: Sequence[Edition], net: Network) -> None:
    """Want the pages of some editions where they belong by now; what has moved leads there again."""
    sections = {section.key: section for section in net.sections}
    here = [edition for edition in editions if edition.moved_to_id is None and edition.section in sections]
    deliveries.want([(edition, sections[edition.section]) for edition in here])
    for edition in editions:
        outputs: Sequence[str] = sections[edition.section].outputs if edition in here else ()
        deliveries.lead_on(edition.deliveries.exclude(output__in=outputs))


def _bring_back(edition: Edition) -> None:
    edition.withdrawn_at, edition.reason = None, ""
    if edition.candidate_id is not None:
        edition.state, edition.reason = State.IN_REVIEW, "came in while it was withdrawn: an editor decides"
    elif edition.approved_id is None:
        edition.state = State.TARGETED
    else:
        edition.state = State.APPROVED if edition.deliveries.exists() else State.LIVE
    if edition.state == State.TARGETED and (newest := edition.translation.version) is not None:
        edition.candidate = newest
        edition.state, edition.reason = State.IN_REVIEW, "came in while it was withdrawn: an editor decides"
    edition.save(update_fields=["state", "reason", "withdrawn_at", "candidate"])


def _chosen(article: Article, section: str, language: str) -> list[Edition]:
    if language and not section:  # which would be the whole article
        raise Permanent("A language goes with a section.", "Name the section as well.")
    found = Edition.objects.filter(article=article).select_related("article", "translation__version", "approved")
    if section:
        found = found.filter(section=section)
    if language:
        found = found.filter(language=language)
    editions = list(found.order_by("section", "language"))
    if section and not editions:
        raise Permanent(
            f"There is no edition of {article} for {section}{f' in {language}' if language else ''}.",
            "See where it is: sectionwire status",
        )
    return editions


def _take_away(editions: Sequence[Edition], net: Network) -> None:
    leaving = {section.key: section.withdrawn for section in net.sections}
    for action in (Delivery.Action.NOTICE, Delivery.Action.REMOVE):
        # A section that has left the network file can't say what it wants: nothing is left of its pages.
        concerned = [edition for edition in editions if leaving.get(edition.section, "remove") == action]
        if concerned:
            deliveries.take_away(concerned, action)


def _pages(editions: Sequence[Edition]) -> int:
    return Delivery.objects.filter(edition__in=[edition.pk for edition in editions]).count()


def _tell(article: Article, by: str, message: str, section: str, language: str) -> None:
    Event.objects.create(
        article=article,
        at=clock.now(),
        stage="publish",
        section=section,
        language=language,
        actor=by,
        message=message,
    )


def took(edition: Edition, pages: Sequence[Delivery]) -> tuple[int, timedelta | None]:
    """How many outputs have not confirmed a withdrawal yet; and, once all have, how long it took from the decision."""
    missing = sum(page.confirmed_seq < page.wanted_seq for page in pages)
    moments = [page.confirmed_at for page in pages if page.confirmed_at is not None]
    if missing or edition.withdrawn_at is None:
        return missing, None
    return 0, max([*moments, edition.withdrawn_at]) - edition.withdrawn_at
