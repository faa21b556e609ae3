"""``sectionwire tokens``: who may call the API."""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.ledger.models import ApiToken

RIGHTS: Final = ("read", "submit", "review", "operate")


class Command(console.Command):
    help = (
        "Make, see and revoke the tokens with which programs call the API. A token is for some sections and has some "
        "rights. read: see what the sections' editors see; submit: put articles in; review: approve, return and "
        "decline (and read); operate: retry deliveries, withdraw, keep webhooks (and read). A token is shown once, "
        "when it is made: the ledger keeps only its hash."
    )
    examples = (
        "tokens create cms --right submit --right read --section portugal",
        "tokens create dashboard --all-sections --expires 2027-12-31",
        "tokens list",
        "tokens revoke cms",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="create | list | revoke")

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            return parser

        create = action_parser("create", "make a token and show it, this once")
        create.add_argument("name", metavar="NAME", help="who uses it: it stands beside what is done with it")
        create.add_argument(
            "--right", action="append", dest="rights", choices=RIGHTS, help="may be given again (default: read)"
        )
        where = create.add_mutually_exclusive_group(required=True)
        where.add_argument("--section", action="append", dest="sections", metavar="KEY", help="may be given again")
        where.add_argument("--all-sections", action="store_true", help="every section, those to come included")
        create.add_argument("--expires", type=moment, metavar="DATE", help="when it ends, such as 2027-12-31 (UTC)")
        console.add_json(create)
        console.add_json(action_parser("list", "say which tokens there are, and when each was used last"))
        revoke = action_parser("revoke", "end a token: the next call with it is refused, its webhooks are told no more")
        revoke.add_argument("name", metavar="NAME")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import tokens

        if action == "create":
            self._create(**options)
        elif action == "revoke":
            tokens.revoke(console.one_line(options["name"]))
            self.say("The token is revoked.")
        else:
            self._list(as_json=options["as_json"])

    def _create(
        self, name: str, rights: list[str] | None, expires: datetime | None, *, as_json: bool, **options: Any
    ) -> None:
        from pipeline.flow import installation, tokens  # as above

        made = tokens.create(
            console.one_line(name),
            [tokens.Right(right) for right in rights or ["read"]],
            options["sections"],  # none with --all-sections: the parser sees to it that one is given
            installation.network(),
            by=console.user(),
            expires_at=expires,
        )
        if as_json:
            self.emit(_record(made.token) | {"token": made.secret})
            return
        self.say(made.secret)
        self.hint("This is the token. It is not shown again: put it where only the program that uses it can read it.")

    def _list(self, *, as_json: bool) -> None:
        from pipeline.ledger.models import ApiToken  # as above

        rows = list(ApiToken.objects.order_by("name", "pk"))
        if as_json:
            self.emit([_record(row) for row in rows])
            return
        if not rows:
            self.say("There are no tokens yet.")
            self.hint("Make one: sectionwire tokens create NAME --right submit --section KEY")
        for row in rows:
            where = "all sections" if row.every_section else ", ".join(row.sections)
            used = f"used {row.used_at:%Y-%m-%d %H:%M} UTC" if row.used_at else "never used"
            self.say(f"{row.name}  {row.hint}…  {', '.join(row.rights)}  {where}  {used}{_end(row)}")


def moment(text: str) -> datetime:
    """A date or a time, as an argument: in UTC where it has no zone."""
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ArgumentTypeError(f"“{text}” is no date: write 2027-12-31") from None


def _end(row: ApiToken) -> str:
    if row.revoked_at:
        return f"  revoked {row.revoked_at:%Y-%m-%d}"
    if row.expires_at is None:
        return ""
    return f"  {'expired' if row.expires_at <= datetime.now(UTC) else 'until'} {row.expires_at:%Y-%m-%d}"


def _record(row: ApiToken) -> dict[str, Any]:
    return {
        "name": row.name,
        "begins": row.hint,
        "rights": row.rights,
        "sections": None if row.every_section else row.sections,
        "created_at": row.created_at,
        "created_by": row.created_by,
        "used_at": row.used_at,
        "expires_at": row.expires_at,
        "revoked_at": row.revoked_at,
    }
