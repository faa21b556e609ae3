"""``sectionwire people``: who may sign in at the review desk, and what they may do in which section."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings

from pipeline.management import console

if TYPE_CHECKING:
    from django.contrib.auth.models import User

ROLES: Final = ("submitter", "editor", "chief")


class Command(console.Command):
    help = (
        "See, add and remove the people who work at the review desk. A submitter puts articles in and sees where they "
        "are; an editor corrects and decides; a chief also assigns work to others. Nobody's password is set here: a "
        "new account gets a link by which its owner chooses one, e-mailed where SECTIONWIRE_EMAIL_URL is set and an "
        "address is known, else printed."
    )
    examples = (
        "people add ines --section portugal --role editor --email ines@example.org",
        "people role ines --section portugal --role chief",
        "people link ines",
        "people remove ines --section portugal",
        "people list",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="list | add | role | link | remove")

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            if name != "list":
                parser.add_argument("name", metavar="NAME", help="the name with which they sign in")
            return parser

        console.add_json(action_parser("list", "say who may sign in, and where they work"))
        add = action_parser("add", "give somebody a role in a section, and an account if they have none")
        role = action_parser("role", "give somebody another role in a section")
        for each in (add, role):
            each.add_argument("--section", required=True, metavar="KEY", help="the section's key, as in network.toml")
            each.add_argument("--role", choices=ROLES, default="editor", help="(default: editor)")
        add.add_argument("--email", default="", metavar="ADDRESS", help="where links to choose a password go")
        action_parser("link", "make a link by which somebody chooses a new password; it works once, for a day")
        remove = action_parser("remove", "take somebody out of a section; without one, close the account")
        remove.add_argument("--section", default="", metavar="KEY", help="this section only")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import accounts, installation
        from pipeline.ledger.models import Membership

        if action == "list":
            self._list(as_json=options["as_json"])
            return
        name, section = console.one_line(options["name"]), options.get("section", "")
        if action == "add":
            role = Membership.Role(options["role"])
            added = accounts.add(name, section, role, installation.network(), email=options["email"])
            self.say(f"{name} is {role} in {section}.")
            if added.is_new or not added.user.has_usable_password():
                self._link(added.user)
        elif action == "role":
            accounts.change_role(name, section, Membership.Role(options["role"]))
            self.say(f"{name} is {options['role']} in {section}.")
        elif action == "link":
            self._link(accounts.find_open(name))
        else:
            accounts.remove(name, section)
            self.say(f"{name} does not work in {section} any more." if section else f"The account {name} is closed.")

    def _list(self, *, as_json: bool) -> None:
        from django.contrib.auth.models import User  # as above

        people = User.objects.prefetch_related("memberships").order_by("username")
        records = [_record(user) for user in people]
        if as_json:
            self.emit(records)
        elif not records:
            self.say("Nobody has an account yet.")
            self.hint("Make one: sectionwire people add NAME --section KEY; for yourself: sectionwire createsuperuser")
        for record in records if not as_json else []:
            works = ", ".join(f"{section} ({role})" for section, role in record["sections"].items()) or "no section"
            marks = ["operator"] * record["operator"] + ["closed"] * (not record["active"])
            self.say(f"{record['name']}  {works}{''.join(f', {mark}' for mark in marks)}  {record['email']}".rstrip())

    def _link(self, user: User) -> None:
        link = password_link(user)
        if user.email and settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
            send_link(user, link)
            self.say(f"A link to choose a password is on its way to {user.email}.")
            return
        self.say("With this link the password is chosen. It works once, for a day; hand it over safely:", f"  {link}")


def password_link(user: User) -> str:
    """The address at which the owner of an account chooses a password."""
    # Here and not above: Django's models can't be imported before Django is set up, and --help needs none of it.
    from django.contrib.auth.tokens import default_token_generator
    from django.urls import reverse
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    who = urlsafe_base64_encode(force_bytes(user.pk))
    token = default_token_generator.make_token(user)
    path = reverse("password_reset_confirm", kwargs={"uidb64": who, "token": token})
    return f"{settings.DESK_URL}{path}"


def send_link(user: User, link: str) -> None:
    """E-mail somebody the link to choose a password.

    Raises:
        Transient: the mail server did not take it.
    """
    from smtplib import SMTPException  # as above

    from django.core.mail import send_mail

    from pipeline.errors import Transient

    text = (
        f"Choose your password for the review desk (account “{user}”) here. The link works once, for a day.\n\n{link}\n"
    )
    try:
        send_mail("Your account at the review desk", text, None, [user.email])
    except (SMTPException, OSError) as error:
        raise Transient(
            f"The mail to {user.email} could not be sent: {error}.",
            f"Look at SECTIONWIRE_EMAIL_URL, then: sectionwire people link {user}",
        ) from error


def _record(user: User) -> dict[str, Any]:
    return {
        "name": user.username,
        "email": user.email,
        "sections": dict(sorted((row.section, row.role) for row in user.memberships.all())),
        "operator": user.is_staff,
        "active": user.is_active,
    }
