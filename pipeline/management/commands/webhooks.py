"""``sectionwire webhooks``: who is told what happens."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import TYPE_CHECKING, Any, Final

from pipeline.management import console

if TYPE_CHECKING:
    from pipeline.ledger.models import Webhook, WebhookSend

SHOWN: Final = 50


class Command(console.Command):
    help = (
        "Tell other programs what happens: an article came in, an edition waits, is approved, is live, a delivery "
        "failed. Messages are signed as Standard Webhooks says, and tried again for about a day; docs/api.md tells "
        "what is in them. An address to which nothing gets through for three days is switched off."
    )
    examples = (
        "webhooks add https://cms.example.org/hooks --topic edition.live --section portugal",
        "webhooks list",
        "webhooks test 3",
        "webhooks deliveries 3 --failed",
        "webhooks enable 3",
        "webhooks remove 3",
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        names = "add | list | test | deliveries | enable | remove"
        actions = parser.add_subparsers(dest="action", required=True, metavar=names)

        def action_parser(name: str, what: str) -> ArgumentParser:
            parser: ArgumentParser = actions.add_parser(
                name, help=what, description=console.sentence(what), formatter_class=console.HelpFormatter
            )
            if name not in ("add", "list"):
                parser.add_argument("number", type=int, metavar="NUMBER", help="as sectionwire webhooks list says")
            return parser

        add = action_parser("add", "tell an address what happens, and show the secret that signs it")
        add.add_argument("url", metavar="URL")
        add.add_argument(
            "--topic", action="append", dest="topics", metavar="TOPIC", help="such as edition.live (default: all)"
        )
        add.add_argument(
            "--section", action="append", dest="sections", metavar="KEY", help="may be given again (default: all)"
        )
        console.add_json(add)
        console.add_json(action_parser("list", "say who is told what, and who can't be reached"))
        action_parser("test", "send a message that only says that messages arrive")
        sends = action_parser("deliveries", "say what an address was told, the newest first")
        sends.add_argument("--failed", action="store_true", help="only what did not arrive")
        console.add_json(sends)
        action_parser("enable", "switch an address on again, and send it what failed")
        action_parser("remove", "forget an address, and what it was told")

    def handle(self, *_: Any, action: str, **options: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import webhooks

        if action == "add":
            self._add(**options)
            return
        if action == "list":
            self._list(as_json=options["as_json"])
            return
        webhook: Webhook = webhooks.find(options["number"])
        if action == "test":
            send = webhooks.test(webhook)
            self.say(f"{send.uid} is on its way to {webhook.url}.")
            self.hint(f"Did it arrive? sectionwire webhooks deliveries {webhook.pk}")
        elif action == "deliveries":
            self._deliveries(webhook, failed=options["failed"], as_json=options["as_json"])
        elif action == "enable":
            again = webhooks.enable(webhook)
            self.say(f"Webhook {webhook.pk} is on. {console.count(again, 'message')} will be sent again.")
        else:
            webhook.delete()
            self.say("The webhook is removed.")

    def _add(self, url: str, topics: list[str] | None, sections: list[str] | None, *, as_json: bool, **_: Any) -> None:
        from pipeline.errors import Permanent  # as above
        from pipeline.flow import installation, webhooks
        from pipeline.ledger.models import Topic

        known = {topic.value: topic for topic in webhooks.TOPICS}
        for name in topics or ():
            if name not in known:
                raise Permanent(f"There is no topic “{name}”.", f"Use one of: {', '.join(known)}.")
        chosen: list[Topic] = [known[name] for name in topics or ()]
        row = webhooks.add(url, chosen, sections, installation.network(), by=console.user())
        if as_json:
            self.emit(_record(row) | {"secret": row.secret})
            return
        self.say(f"Webhook {row.pk} is told of {', '.join(row.topics)}.", f"Its secret: {row.secret}")
        self.hint(f"The receiver checks signatures with the secret. Try it: sectionwire webhooks test {row.pk}")

    def _list(self, *, as_json: bool) -> None:
        from pipeline.ledger.models import Webhook  # as above

        rows = list(Webhook.objects.select_related("token").order_by("pk"))
        if as_json:
            self.emit([_record(row) for row in rows])
            return
        if not rows:
            self.say("There are no webhooks.")
            self.hint("Make one: sectionwire webhooks add URL --topic edition.live")
        for row in rows:
            where = "all sections" if row.every_section else ", ".join(row.sections)
            self.say(f"{row.pk}  {row.url}  {where}  {', '.join(row.topics)}{_trouble(row)}")

    def _deliveries(self, webhook: Webhook, *, failed: bool, as_json: bool) -> None:
        rows = webhook.sends.defer("body").order_by("-pk")
        if failed:
            rows = rows.filter(status="failed")
        shown = list(rows[:SHOWN])
        if as_json:
            self.emit([_send(row) for row in shown])
            return
        if not shown:
            self.say("There is nothing to show: it was told nothing." if not failed else "Nothing has failed.")
        for row in shown:
            arrived = f"arrived {row.sent_at:%Y-%m-%d %H:%M} UTC" if row.sent_at else row.status
            self.say(f"{row.created_at:%Y-%m-%d %H:%M}  {row.topic}  {row.uid}  {arrived}  {row.reason}".rstrip())


def _trouble(row: Webhook) -> str:
    from pipeline.flow import webhooks  # as above

    if why := webhooks.silence(row):
        return f"  OFF: {why}"
    return f"  nothing gets through since {row.failing_since:%Y-%m-%d %H:%M} UTC" if row.failing_since else ""


def _record(row: Webhook) -> dict[str, Any]:
    from pipeline.flow import webhooks  # as above

    why = webhooks.silence(row)
    return {
        "id": row.pk,
        "url": row.url,
        "topics": row.topics,
        "sections": None if row.every_section else row.sections,
        "active": not why,
        "why": why,
        "failing_since": row.failing_since,
        "created_by": row.created_by,
        "created_at": row.created_at,
    }


def _send(row: WebhookSend) -> dict[str, Any]:
    return {
        "id": row.uid,
        "topic": row.topic,
        "status": row.status,
        "reason": row.reason,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "sent_at": row.sent_at,
    }
