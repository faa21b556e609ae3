"""A person is erased: the account goes, and a tombstone stands where their name stood."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q

from pipeline.errors import Permanent
from pipeline.flow import clock, deliveries
from pipeline.flow.erase.scrub import name_columns, prose_columns, replace_everywhere
from pipeline.ledger.models import (
    ApiToken,
    Delivery,
    DigestSent,
    Draft,
    Edition,
    Erasure,
    Membership,
    Note,
    Presence,
    Proposal,
    Version,
)
from pipeline.ledger.models.articles import hold_all
from pipeline.ledger.models.editions import seen_digest

PREFIX: Final = "erased-"
NO_PERSON: Final = frozenset({"policy auto"})
"""Names in the ledger that are nobody's."""


@dataclass(frozen=True, slots=True)
class Erased:
    """What went (rows by what they are), and the tombstone, which is empty as long as nothing was changed."""

    tombstone: str
    rows: Mapping[str, int]
    pages: int = 0


def foresee_person(name: str) -> Erased:
    """What would go with a person; nothing is changed.

    Raises:
        Permanent: the name is nobody's, or the account is the last that runs the installation.
    """
    _refuse(name)
    rows = {"account": User.objects.filter(username=name).count(), **{k: q.count() for k, q in _own(name).items()}}
    for model, column in name_columns():
        if model is not Erasure and (count := model._default_manager.filter(**{column: name}).count()):
            rows[f"name in {model._meta.verbose_name_plural}"] = count
    pages = _signed(name).count()
    return Erased("", {what: count for what, count in rows.items() if count}, pages)


def erase_person(name: str, *, by: str) -> Erased:
    """Erase a person's name, account and whatever is only theirs; the same again finds nothing more to do.

    A tombstone that says nothing about the name (``erased-7f3a90c1``) stands where the name stood, the same
    everywhere, so that what one person did stays one person's doing. Pages that name who approved them are sent again.

    Raises:
        Permanent: the name is nobody's, or the account is the last that runs the installation.
    """
    _refuse(name)
    found = foresee_person(name)
    row = Erasure.objects.filter(kind=Erasure.Kind.PERSON, name=name, finished_at=None).first()
    if row is None:
        if not found.rows:
            return found
        subject = f"{PREFIX}{secrets.token_hex(4)}"
        teller = subject if by == name else by
        row = Erasure.objects.create(
            kind=Erasure.Kind.PERSON, subject=subject, name=name, by=teller, started_at=clock.now()
        )
    with transaction.atomic():
        pages = _erase(name, row.subject)
        row.name, row.finished_at = "", clock.now()
        row.save(update_fields=["name", "finished_at"])
    return Erased(row.subject, found.rows, pages)


def _refuse(name: str) -> None:
    if not name.strip() or name in NO_PERSON or name.startswith(PREFIX):
        raise Permanent(f"“{name}” is nobody's name.", "See who has an account: sectionwire people list")
    others = User.objects.filter(is_superuser=True, is_active=True).exclude(username=name)
    if User.objects.filter(username=name, is_superuser=True, is_active=True).exists() and not others.exists():
        raise Permanent(
            f"{name} is the last who runs this installation.", "Make another first: sectionwire createsuperuser"
        )


def _own(name: str) -> dict[str, Any]:
    """What is only theirs and goes as a whole."""
    of_user = {"user__username": name}
    return {
        "drafts": Draft.objects.filter(**of_user),
        "presences": Presence.objects.filter(**of_user),
        "memberships": Membership.objects.filter(**of_user),
        "digests": DigestSent.objects.filter(**of_user),
        "articles not handed in": Proposal.objects.filter(**of_user),
        "API tokens": ApiToken.objects.filter(created_by=name),
        "failed sign-ins": AccessAttempt.objects.filter(username=name),
        "texts of notes": Note.objects.filter(author=name).exclude(text=""),
    }


def _signed(name: str) -> Any:
    """Pages that say that this person approved them."""
    return Delivery.objects.filter(edition__decided_by=name, action=Delivery.Action.PUT, confirmed_seq__gt=0)


def _erase(name: str, tombstone: str) -> int:
    user = User.objects.filter(username=name).first()
    pages = list(_signed(name).values_list("pk", "edition__article_id"))
    hold_all({article for _, article in pages} | _with_overlays(name))
    Note.objects.filter(author=name).update(text="")
    ApiToken.objects.filter(created_by=name).delete()
    _own_segments(name, tombstone)
    for model, column in name_columns():
        if model is not Erasure:
            model._default_manager.filter(**{column: name}).update(**{column: tombstone})
    replace_everywhere(_known_as(name, user), tombstone, _prose())
    for log in (AccessAttempt, AccessFailureLog, AccessLog):
        log.objects.filter(username=name).delete()
    if user is not None:
        _close(user, name)
    deliveries.rewrite(Delivery.objects.filter(pk__in=[pk for pk, _ in pages]))
    return len(pages)


def _known_as(name: str, user: User | None) -> list[str]:
    """The name of the account, the e-mail address and the whole name; not a first name alone, which is others' too."""
    return [name, user.email, user.get_full_name()] if user is not None else [name]


def _close(user: User, name: str) -> None:
    for session in Session.objects.iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()
    about = Q(object_repr__contains=name) | Q(change_message__contains=name)
    LogEntry.objects.filter(about).delete()
    user.delete()


_OVERLAYS: Final = ("overlay", "approved_overlay", "urgent_overlay")


def _prose() -> Any:
    return ((model, field) for model, field in prose_columns() if field.name not in _OVERLAYS)


def _mine(name: str) -> list[Edition]:
    """Editions with segments that this person has worded for a section: JSON, which no index knows."""
    some = Edition.objects.exclude(overlay=[], approved_overlay=[], urgent_overlay=[])
    rows = some.only("article_id", "first_approved_digest", "candidate_id", "approved_id", *_OVERLAYS)
    return [
        edition
        for edition in rows.iterator(chunk_size=500)
        if any(row.get("by") == name for column in _OVERLAYS for row in getattr(edition, column))
    ]


def _with_overlays(name: str) -> set[int]:
    return {edition.article_id for edition in _mine(name)}


def _own_segments(name: str, tombstone: str) -> None:
    """The tombstone in a section's own segments; digests of what approvers saw are made of them, and follow."""
    for edition in _mine(name):
        version = Version.objects.filter(pk=edition.candidate_id or 0).first()
        was_first = version is not None and edition.first_approved_digest == seen_digest(version, edition.overlay)
        for column in _OVERLAYS:
            rows = [row | {"by": tombstone} if row.get("by") == name else row for row in getattr(edition, column)]
            setattr(edition, column, rows)
        if was_first and version is not None:
            edition.first_approved_digest = seen_digest(version, edition.overlay)
        edition.save(update_fields=[*_OVERLAYS, "first_approved_digest"])
