"""People's accounts, for operators without a browser: who may sign in, and in which sections they work."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import transaction

from pipeline.errors import Permanent
from pipeline.ledger.models import Membership
from pipeline.network import Network


@dataclass(frozen=True, slots=True)
class Added:
    """What has come of adding a person: ``is_new`` when there was no account of that name that could be used."""

    user: User
    is_new: bool


def find(name: str) -> User:
    """The account of this name.

    Raises:
        Permanent: there is none.
    """
    user = User.objects.filter(username=name).first()
    if user is None:
        raise Permanent(f"There is no account “{name}”.", "See them: sectionwire people list")
    return user


def find_open(name: str) -> User:
    """The account of this name, with which somebody may sign in.

    Raises:
        Permanent: there is none, or it is closed.
    """
    user = find(name)
    if not user.is_active:
        raise Permanent(f"The account {name} is closed.", f"Open it again: sectionwire people add {name} --section KEY")
    return user


def add(name: str, section: str, role: Membership.Role, net: Network, *, email: str = "") -> Added:
    """Give somebody a role in a section; make the account where there is none, or open it again.

    Raises:
        Permanent: there is no such section, they have a role there already, or name or address can't be used.
    """
    net.section(section)
    with transaction.atomic():
        known = User.objects.filter(username=name).first()
        user = known or User(username=name)
        is_new = known is None or not known.is_active
        user.is_active, user.email = True, email or user.email
        if known is None:
            user.set_unusable_password()
        _save(user)
        row, made = Membership.objects.get_or_create(user=user, section=section, defaults={"role": role})
        if not made and row.role != role:
            raise Permanent(
                f"{name} is {row.role} in {section} already.",
                f"To change that: sectionwire people role {name} --section {section} --role {role}",
            )
    return Added(user, is_new)


def change_role(name: str, section: str, role: Membership.Role) -> None:
    """Give somebody another role in a section.

    Raises:
        Permanent: there is no such account, or it has no role there.
    """
    if not Membership.objects.filter(user=find(name), section=section).update(role=role):
        raise Permanent(
            f"{name} does not work in “{section}”.",
            f"To begin: sectionwire people add {name} --section {section} --role {role}",
        )


def remove(name: str, section: str = "") -> None:
    """Take somebody out of a section, or (without one) out of all and close the account. What they did stays.

    Raises:
        Permanent: there is no such account, or it has no role there.
    """
    user = find(name)
    with transaction.atomic():
        rows = Membership.objects.filter(user=user)
        if section:
            if not rows.filter(section=section).delete()[0]:
                raise Permanent(f"{name} does not work in “{section}”.", "See who does: sectionwire people list")
            return
        rows.delete()
        user.is_active = user.is_staff = user.is_superuser = False
        user.set_unusable_password()  # a link that was given out before is then worth nothing
        user.save(update_fields=["is_active", "is_staff", "is_superuser", "password"])


def _save(user: User) -> None:
    try:
        user.full_clean(exclude=["password"])
    except ValidationError as error:
        wrong = "; ".join(error.messages)
        raise Permanent(f"The account can't be made: {wrong}", "Mend it and try again.") from error
    user.save()
