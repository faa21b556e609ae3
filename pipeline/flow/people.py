"""Who may see and do what. Asked in every view and fragment, since each can be asked for on its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, User
from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from pipeline.ledger.models import Edition, Membership

Role = Membership.Role


@dataclass(frozen=True, slots=True)
class Rights:
    """A person's rights: their role in each section, and whether they run the installation.

    Editions of one's own sections are open; those of others can be read once they are published.
    """

    name: str
    roles: Mapping[str, Role] = field(default_factory=dict)
    operator: bool = False

    def may_read(self, edition: Edition) -> bool:
        """Whether the person may see an edition: all of it inside its section, else what is published of it."""
        out = edition.approved_id is not None and (edition.release_at is None or edition.release_at <= timezone.now())
        return self.is_inside(edition.section) or out

    def is_inside(self, section: str) -> bool:
        """Whether the person sees what a section has not published, and what is said about it."""
        return self.operator or section in self.roles

    def may_edit(self, section: str) -> bool:
        """Whether the person may correct and decide for a section."""
        return self.roles.get(section) in {Role.EDITOR, Role.CHIEF}

    def may_lead(self, section: str) -> bool:
        """Whether the person may assign to others and approve ahead of review."""
        return self.roles.get(section) == Role.CHIEF

    @property
    def may_submit(self) -> bool:
        """Whether the person may hand in articles: whoever works in a section, and operators."""
        return self.operator or bool(self.roles)

    @property
    def sections(self) -> list[str]:
        """The sections for which the person may decide, sorted by key."""
        return sorted(section for section in self.roles if self.may_edit(section))

    def readable(self, editions: QuerySet[Edition]) -> QuerySet[Edition]:
        """Those of some editions that :meth:`may_read` allows."""
        if self.operator:
            return editions
        out = Q(approved__isnull=False) & (Q(release_at=None) | Q(release_at__lte=Now()))
        return editions.filter(Q(section__in=list(self.roles)) | out)


def rights(user: AbstractBaseUser | AnonymousUser) -> Rights:
    """The rights of a user of the desk; none for somebody who is not signed in, or whose account is closed."""
    if not isinstance(user, User) or not user.is_active:
        return Rights("")
    roles = {row.section: Role(row.role) for row in Membership.objects.filter(user=user)}
    return Rights(user.get_username(), roles, operator=user.is_staff)
