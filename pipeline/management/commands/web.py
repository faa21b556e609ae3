"""``sectionwire web``: the web application."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
import warnings
from argparse import ArgumentParser
from typing import Any

from pipeline.management import console, ports


class Command(console.Command):
    help = (
        "Run the web application: where every article is, for people who are signed in (make an account with "
        "sectionwire createsuperuser). sectionwire up runs it as well. Behind a proxy, set SECTIONWIRE_HOSTS to the "
        "names it answers to. Stops on Ctrl-C or SIGTERM."
    )
    examples = ("web", "web --host 0.0.0.0 --port 8080")
    log_level = logging.INFO

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=ports.port, default=8200, help="(default: 8200)")
        parser.add_argument("--host", default="127.0.0.1", help="the address to listen at (default: this machine only)")

    def handle(self, *_: Any, host: str, port: int, **__: Any) -> None:
        ports.refuse_taken(host, port)
        for expected in ("No directory at", "StreamingHttpResponse must consume"):
            # WhiteNoise: nothing is collected in embedded mode, and it knows no asynchronous files.
            warnings.filterwarnings("ignore", message=expected)
        self.say(f"The web application listens at http://{host}:{port}/")
        asyncio.run(serve(host, port))
        # Every request is answered. A thread of the server may still be about to touch the interpreter, and aborts the
        # process if it meets one that is shutting down (seen in one stop of two): so none shuts down.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


async def serve(host: str, port: int) -> None:
    """Answer requests until SIGTERM or Ctrl-C: one process, and nothing of it stays behind."""
    from granian.constants import Interfaces  # not above: --help needs no web server
    from granian.server.embed import Server

    from config.asgi import application

    # Django has no lifespan events, which is what the last letters say.
    server = Server(application, address=host, port=port, interface=Interfaces.ASGINL, log_enabled=False)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, server.stop)
    await server.serve()
