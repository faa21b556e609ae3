"""``sectionwire sections``: what the sections have, and making the ledger follow network.toml when one changes."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from pipeline.management import console


class Command(console.Command):
    help = (
        "A section changes in network.toml: its name or its address, its outputs; paused = true; retired = “keep” or "
        "“withdraw”; or another section takes a language over with split_from. check says what stands otherwise in the "
        "ledger and at the outputs, and what would happen; apply does it: pages are written again, moved with "
        "redirects, withdrawn. Nothing is done without apply."
    )
    examples = ("sections list", "sections check", "sections check canada --json", "sections apply quebec")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("action", choices=["list", "check", "apply"], help="apply does what check says")
        parser.add_argument("section", metavar="SECTION", nargs="?", default="", help="only this section")
        parser.add_argument("--dry-run", action="store_true", help="with apply: only say what would happen")
        console.add_by(parser)
        console.add_json(parser)

    def handle(self, *_: Any, action: str, section: str, dry_run: bool, as_json: bool, by: str, **__: Any) -> None:
        # Here and not above: the flow is slow to import, and --help needs none of it.
        from pipeline.flow import installation, sections

        net = installation.network()
        key = net.section(section).key if section else ""
        if action == "list":
            self._list(net, key, as_json=as_json)
        elif action == "check" or dry_run:
            changes = sections.check(net, key)
            self._tell(changes, as_json=as_json, done=False)
            if changes and action == "check":
                raise SystemExit(1)
        else:
            total = sum(len(change.editions) for change in sections.check(net, key) if change.kind != "orphan")
            with self.progress() as bar:
                task = bar.add_task("editions", total=total)
                changes = sections.apply(net, by=by, section=key, progress=lambda: bar.advance(task))
            self._tell(changes, as_json=as_json, done=True)

    def _tell(self, changes: Any, *, as_json: bool, done: bool) -> None:
        if as_json:
            for each in changes:
                record = {"section": each.section, "change": each.kind, "editions": len(each.editions)}
                self.emit({**record, "sentence": each.sentence, "done": done and each.kind != "orphan"})
            return
        if not changes:
            self.say("Everything stands as network.toml says.")
        for each in changes:
            sign = "decide" if each.kind == "orphan" else "done" if done else "would"
            self.say(f"{sign:7}{each.sentence}")
        if not done and any(each.kind != "orphan" for each in changes):
            self.hint("To do so: sectionwire sections apply")

    def _list(self, net: Any, key: str, *, as_json: bool) -> None:
        from django.db.models import Count, Q  # as above

        from pipeline.ledger.models import Edition

        counted = Edition.objects.values("section").annotate(
            live=Count("pk", filter=Q(state="live")), waiting=Count("pk", filter=Q(candidate__isnull=False))
        )
        numbers = {each["section"]: (each["live"], each["waiting"]) for each in counted.order_by()}
        for section in net.sections:
            if key not in ("", section.key):
                continue
            live, waiting = numbers.get(section.key, (0, 0))
            tags = [language.tag for language in section.languages]
            state = f"retired ({section.retired})" if section.retired else "paused" if section.paused else "active"
            if as_json:
                record = {"section": section.key, "name": section.name, "languages": tags, "state": state}
                self.emit({**record, "policy": section.policy, "live": live, "waiting": waiting})
            else:
                counts = f"{console.count(live, 'edition')} live, {waiting:,} waiting"
                self.say(f"{section.key:20} {state:18} {section.policy:7} {', '.join(tags):16} {counts}")
