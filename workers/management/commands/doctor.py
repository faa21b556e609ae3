"""``sectionwire doctor``: is everything in order, and what to do if not."""

from __future__ import annotations

import dataclasses
from argparse import ArgumentParser
from collections.abc import Iterator
from typing import Any, Final

from django.conf import settings

from pipeline.management import console
from pipeline.management.health import Result, examine
from pipeline.masking import mask

SIGNS: Final = {"ok": "✓", "notice": "!", "fault": "✗"}
STYLES: Final = {"ok": "green", "notice": "yellow", "fault": "bold red"}


class Command(console.Command):
    help = (
        "Look whether everything is in order: the installation, its network file and disks, the ledger, its clock and "
        "its invariants, the broker, workers and their versions, models, schedules, sources, outputs, e-mail, secrets. "
        "Each line says what to do. Changes nothing. Exits with 1 when something is broken (✗); what "
        "needs attention only (!) does not count."
    )
    examples = ("doctor", "doctor --json")

    def add_arguments(self, parser: ArgumentParser) -> None:
        console.add_json(parser, "print one JSON object per finding")

    def handle(self, *_: Any, as_json: bool, **__: Any) -> None:
        broken = False
        for result in examine(broker):
            broken = broken or result.level == "fault"
            if as_json:
                self.emit(dataclasses.asdict(result))
            else:
                self._show(result)
        if broken:
            raise SystemExit(1)

    def _show(self, result: Result) -> None:
        from rich.text import Text  # --json and --help need none of it

        line = Text(f"{SIGNS[result.level]} ", style=STYLES[result.level])
        line.append(f"{result.matter}: ", style="bold")
        line.append(console.shown(result.message), style="default")
        self.out.print(line, soft_wrap=True)
        if result.remedy:
            self.out.print(console.shown(f"  {result.remedy}"), soft_wrap=True)


def broker() -> Iterator[Result]:
    """That the broker answers."""
    import redis  # a second's import that only this command needs
    from redis.backoff import NoBackoff
    from redis.retry import Retry

    url = settings.BROKER_URL
    if not url:
        remedy = "Run sectionwire up, or set SECTIONWIRE_BROKER_URL=redis://host:6379/0."
        yield Result("notice", "broker", "There is none: what is submitted waits.", remedy)
        return
    try:
        once = Retry(NoBackoff(), 0)
        with redis.Redis.from_url(url, socket_connect_timeout=2, socket_timeout=2, retry=once) as client:
            version = client.info("server").get("valkey_version") or client.info("server")["redis_version"]
    except (redis.RedisError, OSError, ValueError) as error:
        remedy = "Start it, or mend SECTIONWIRE_BROKER_URL; nothing is lost meanwhile: the sweep delivers later."
        yield Result("fault", "broker", f"It does not answer ({type(error).__name__}: {mask(str(error))}).", remedy)
        return
    yield Result("ok", "broker", f"It answers (version {version}).")
