"""``sectionwire up``: everything on this machine."""

from __future__ import annotations

import logging
import signal
import sys
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from rich.console import Console

from pipeline.flow import installation
from pipeline.management import console as base
from pipeline.management.homes import ensure_home
from workers.embedded import Child, Embedded, sectionwire, standard_children


class Command(base.Command):
    help = (
        "Run a whole installation on this machine: an embedded broker, workers, the clock, the web. Needs no root, no "
        "Docker and no Redis. Articles submitted from another terminal are worked on at once. Stops on Ctrl-C: work in "
        "hand is finished, the rest stays in the ledger."
    )

    log_level = logging.INFO

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8200, help="port of the web (default: 8200, loopback only)")
        parser.add_argument(
            "--sites-port",
            type=int,
            default=8300,
            help="port of the published sites (default: 8300); with another, change base_url in network.toml to match",
        )

    def handle(self, *_: Any, port: int, sites_port: int, **__: Any) -> None:
        console = Console(stderr=True)
        home = Path(settings.SECTIONWIRE_HOME)
        ensure_home(home)
        net = installation.network()
        call_command("migrate", verbosity=0, interactive=False)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        children = [
            *standard_children(),
            Child("web", sectionwire("web", "--port", str(port))),
            Child("sites", sectionwire("serve", "--port", str(sites_port))),
        ]
        try:
            with Embedded(home, children).running() as embedded:
                console.print(f"[bold]{net.organisation.name}[/] runs in {home}")
                console.print(f"  where everything is   http://127.0.0.1:{port}/")
                console.print(f"  the published sites   http://127.0.0.1:{sites_port}/")
                console.print("  put an article in     sectionwire submit FILE      Stop: Ctrl-C")
                while True:
                    embedded.watch()
                    time.sleep(1)
        except KeyboardInterrupt:
            console.print("Stopped. What was not finished goes on with the next sectionwire up.")
