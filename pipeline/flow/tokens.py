"""Tokens of the API: made, shown once, known again by their hash, counted, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Greatest, Now
from django.utils import timezone

from pipeline.errors import Permanent
from pipeline.flow import clock
from pipeline.flow.people import Rights, Role
from pipeline.ledger.models import ApiToken
from pipeline.network import Network

Right = ApiToken.Right

PREFIX: Final = "swt_"
"""How every token begins: scanners for lost secrets know it by this."""

LONGEST_NAME: Final = 80
_HINT: Final = len(PREFIX) + 4
_LONGEST_TOKEN: Final = 200


@dataclass(frozen=True, slots=True)
class Made:
    """A new token; ``secret`` is the token itself, which nobody can be told again."""

    token: ApiToken
    secret: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API: a token, what may be done with it, and what its sections' editors would see."""

    token: ApiToken
    name: str
    rights: Rights
    may: frozenset[Right]

    def covers(self, section: str) -> bool:
        """Whether the token is for this section."""
        return self.token.every_section or section in self.token.sections

    def may_in(self, right: Right, section: str) -> bool:
        """Whether it may be used for something in a section."""
        return right in self.may and self.covers(section)


def create(
    name: str,
    rights: Collection[Right],
    sections: Collection[str] | None,
    net: Network,
    *,
    by: str = "",
    expires_at: datetime | None = None,
) -> Made:
    """Make a token for some sections, or with ``None`` for all, those to come included.

    Raises:
        Permanent: the name is taken or none, a section is not there, no right or no section is given, or the token
            would have expired already.
    """
    if not name or len(name) > LONGEST_NAME:
        raise Permanent("A token needs a name.", f"Say who uses it, in at most {LONGEST_NAME} letters.")
    if not rights or (sections is not None and not sections):
        raise Permanent("A token without a right or without a section is good for nothing.", "Give it one of each.")
    for section in sections or ():
        net.section(section)
    if expires_at is not None and expires_at <= timezone.now():
        raise Permanent("That moment is over: the token would have expired already.", "Give a later one.")
    secret = PREFIX + secrets.token_urlsafe(32)
    row = ApiToken(
        name=name,
        digest=_digest(secret),
        hint=secret[:_HINT],
        every_section=sections is None,
        sections=sorted(sections or ()),
        rights=[right.value for right in Right if right in rights],
        created_by=by,
        created_at=clock.now(),
        expires_at=expires_at,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        raise Permanent(
            f"There is a token “{name}” already.", "Take another name, or revoke it: sectionwire tokens revoke NAME"
        ) from None
    return Made(row, secret)


def revoke(name: str) -> ApiToken:
    """End a token; the next call with it is refused, and its webhooks are told nothing any more.

    Raises:
        Permanent: there is none of this name that could still be used.
    """
    row = ApiToken.objects.filter(name=name, revoked_at=None).first()
    if row is None:
        raise Permanent(f"There is no token “{name}”.", "See them: sectionwire tokens list")
    row.revoked_at = clock.now()
    row.save(update_fields=["revoked_at"])
    return row


def usable() -> QuerySet[ApiToken]:
    """The tokens that are neither revoked nor expired."""
    return ApiToken.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)


def known(secret: str) -> ApiToken | None:
    """The usable token that this is, or ``None``."""
    if not secret.startswith(PREFIX) or len(secret) > _LONGEST_TOKEN:
        return None
    return usable().filter(digest=_digest(secret)).first()


def caller(token: ApiToken, net: Network) -> Caller:
    """What a token is good for now. To review and to operate is to read as well."""
    may = {Right(each) for each in token.rights}
    if may & {Right.REVIEW, Right.OPERATE}:
        may.add(Right.READ)
    sections = [section.key for section in net.sections] if token.every_section else token.sections
    role = Role.EDITOR if Right.REVIEW in may else Role.SUBMITTER
    name = f"token {token.name}"
    rights = Rights(name, dict.fromkeys(sections, role), operator=token.every_section)
    return Caller(token, name, rights, frozenset(may))


def spend(token: ApiToken, per_minute: int, burst: int) -> float:
    """Count one call. Returns 0 when it is within the rate, else the seconds to wait before the next.

    One conditional update, so that it holds over any number of processes: a token may be ``burst`` calls ahead of its
    rate (the generic cell rate algorithm of ITU-T I.371). ``used_at`` is written along with it.
    """
    cell = timedelta(seconds=60 / per_minute)
    changed = ApiToken.objects.filter(pk=token.pk, busy_until__lte=Now() + cell * (burst - 1)).update(
        busy_until=Greatest(F("busy_until"), Now()) + cell, used_at=Now()
    )
    if changed:
        return 0.0
    row = ApiToken.objects.filter(pk=token.pk).values_list("busy_until", Now()).first()
    ahead = (row[0] - row[1]).total_seconds() if row else 0.0
    return max(1.0, ahead - cell.total_seconds() * (burst - 1))


def _digest(secret: str) -> str:
    # 256 random bits need no salt and no slow hash: nobody guesses them.
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
