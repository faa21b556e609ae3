"""What people are about to hand in at the desk: kept between the steps of the form, handed in once."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from django.contrib.auth.models import User
from django.db.models import QuerySet

from pipeline.documents import Metadata, Original, Submission
from pipeline.errors import Permanent
from pipeline.flow import clock, fetching, submit, trial
from pipeline.flow.people import Rights
from pipeline.ledger.models import Proposal, Revision
from pipeline.ledger.models.articles import pack_metadata
from pipeline.network import Network
from pipeline.stages import intake

KEPT: Final = timedelta(days=7)
"""How long something is kept that nobody hands in."""

MOST: Final = 20
"""How many a person may have begun; the oldest goes for the next."""


class _TakenError(Exception):
    """Another press of the button was faster; what this one did is to be undone."""


def from_text(user: User, way: Proposal.Way, submission: Submission, net: Network) -> Proposal:
    """Keep what somebody pasted, or a file.

    Raises:
        Permanent: intake refuses it.
    """
    original = intake.read(submission, submit.intake_options(net))
    return _keep(user, way, submission.name, original, net)


def from_address(user: User, url: str, title: str, net: Network) -> Proposal:
    """Keep the article that stands at an address; ``title`` wins over the page's, where it is given.

    Raises:
        Permanent, Transient: as :func:`pipeline.flow.fetching.fetch`.
    """
    fetched = fetching.fetch(url, net)
    original = fetched.original
    if title:
        original = replace(original, metadata=replace(original.metadata, title=title))
    return _keep(user, Proposal.Way.ADDRESS, fetched.url, original, net, extracted=fetched.extracted)


def _keep(
    user: User, way: Proposal.Way, name: str, original: Original, net: Network, *, extracted: bool = False
) -> Proposal:
    _tidy(user)
    metadata = original.metadata
    guessed = "" if metadata.language else trial.guess(original.html, net)
    return Proposal.objects.create(
        uid=secrets.token_urlsafe(16),
        user=user,
        way=way,
        name=name[-500:],
        html=original.html,
        format=original.format,
        metadata=pack_metadata(replace(metadata, language=metadata.language or guessed)),
        guessed=guessed,
        extracted=extracted,
        at=clock.now(),
    )


def _tidy(user: User) -> None:
    Proposal.objects.filter(at__lt=clock.now() - KEPT).delete()
    begun = unfinished(user).values_list("pk", flat=True)[MOST - 1 :]
    Proposal.objects.filter(pk__in=list(begun)).delete()


def find(user: User, uid: str) -> Proposal | None:
    """Somebody's own proposal; what others are about to hand in is nobody else's business."""
    return Proposal.objects.select_related("revision__article").filter(user=user, uid=uid).first()


def unfinished(user: User) -> QuerySet[Proposal]:
    """What somebody has begun and not handed in, the last first; without the texts."""
    return Proposal.objects.filter(user=user, revision=None).defer("html").order_by("-at", "-pk")


def handed_in(rights: Rights) -> QuerySet[Revision]:
    """What somebody has handed in, the last first."""
    return Revision.objects.select_related("article").filter(submitted_by=rights.name).order_by("-id")


def describe(proposal: Proposal, metadata: Metadata, *, urgent: bool) -> None:
    """Keep what somebody says of it."""
    said = {"metadata": pack_metadata(metadata), "urgent": urgent, "described": True}
    Proposal.objects.filter(pk=proposal.pk, revision=None).update(**said)
    proposal.metadata, proposal.urgent, proposal.described = said["metadata"], urgent, True


def digest(proposal: Proposal) -> str:
    """Tells whether it is still what somebody has seen."""
    seen = json.dumps([proposal.metadata, proposal.html, proposal.urgent], sort_keys=True)
    return hashlib.sha256(seen.encode()).hexdigest()


def hand_in(proposal: Proposal, sections: Sequence[str], rights: Rights, net: Network) -> Proposal:
    """Put it into the ledger for some of the sections that take it; a second time does nothing.

    Args:
        sections: keys of those that are to get it. Who has the article already gets it anyway.

    Raises:
        Permanent: as :func:`pipeline.flow.trial.look`; or nobody is left who would get it.
    """
    if proposal.revision_id is not None:
        return proposal
    original = proposal.as_original()
    tried = trial.look(original, proposal.name, rights, net, urgent=proposal.urgent)
    only = _narrowed(tried, sections)
    original = replace(original, metadata=replace(original.metadata, only_sections=only))

    def note(done: submit.Submitted) -> None:
        first = Proposal.objects.filter(pk=proposal.pk, revision=None)
        if not first.update(revision=done.revision, outcome=done.outcome, html=""):
            raise _TakenError

    with suppress(_TakenError):
        submit.enter(
            original,
            proposal.name,
            origin=trial.ORIGIN,
            by=rights.name,
            urgent=proposal.urgent,
            net=net,
            rights=rights,
            also=note,
        )
    proposal.refresh_from_db()
    return proposal


def _narrowed(tried: trial.Trial, sections: Sequence[str]) -> tuple[str, ...]:
    """``Metadata.only_sections``: empty where all that take it get it, so that it is for later sections as well."""
    taking = [target for target in tried.targets if not target.refusal]
    wanted = [target.section.key for target in taking if target.has_it or target.section.key in sections]
    if taking and not wanted:
        raise Permanent("No section is left that would get it.", "Choose at least one.")
    return () if len(wanted) == len(taking) else tuple(wanted)
