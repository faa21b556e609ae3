"""``sectionwire serve``: look at the published sites on this machine."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from pipeline.errors import PipelineError
from pipeline.management import console, ports

HOST = "127.0.0.1"


class Command(console.Command):
    help = (
        "Serve the sites that this installation has published into folders, on this machine only: for looking at "
        "them. For the public, let a web server serve the folders. Stops on Ctrl-C or SIGTERM."
    )
    examples = ("serve", "serve --port 8301")

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=ports.port, default=8300, help="(default: 8300)")

    def handle(self, *_: Any, port: int, **__: Any) -> None:
        # Here and not above: the network file is slow to import, and --help needs none of it.
        from pipeline.flow import installation
        from pipeline.management import site_server

        home = Path(settings.SECTIONWIRE_HOME)
        known = site_server.sites_of(installation.network(), home)

        def sites() -> dict[str, site_server.Site]:
            try:
                return site_server.sites_of(installation.network(), home)
            except PipelineError:  # somebody is editing network.toml: what was valid last stands
                return known

        ports.refuse_taken(HOST, port)
        with site_server.server(HOST, port, sites) as server:
            self.say(f"The published sites: http://{HOST}:{port}/")
            signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
            with suppress(KeyboardInterrupt):
                server.serve_forever()
