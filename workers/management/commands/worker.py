"""``sectionwire worker``: one worker process on this machine."""

from __future__ import annotations

import logging
import os
import socket
from argparse import ArgumentParser
from threading import Thread
from typing import Any

from celery import signals
from django.conf import settings

from pipeline.errors import Permanent
from pipeline.flow import engines, installation, lanes
from pipeline.management import console
from workers import tasks
from workers.app import app
from workers.beats import Beats

KINDS = ("prepare", "translate", "publish", "webhooks", "batch", "sweep")


class Command(console.Command):
    help = (
        "Run one worker. It serves the lanes prepare (clean and segment), translate.LANGUAGE for every language it has "
        "a model for, publish.OUTPUT, webhooks, batch (the runs of schedules) and sweep. Give --lanes to serve some "
        "only: translating wants cores, publishing to a folder wants the machine that holds it. Stop it with Ctrl-C or "
        "SIGTERM: work in hand is finished."
    )

    log_level = logging.INFO

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--lanes",
            default=",".join(KINDS),
            help="which lanes, separated by commas: prepare, translate, publish, webhooks, batch, sweep, or a single "
            "one such as publish.site or translate.pt (default: all)",
        )
        parser.add_argument("--threads", type=int, default=2, help="pieces of work at the same time (default: 2)")
        parser.add_argument("--name", default="", help="the worker's name (default: from the machine and the process)")

    def handle(self, *_: Any, lanes: str, threads: int, name: str, **__: Any) -> None:
        if not settings.BROKER_URL:
            raise Permanent(
                "There is no broker.", "Run sectionwire up, or set SECTIONWIRE_BROKER_URL=redis://host:6379/0."
            )
        wanted = [lane.strip() for lane in lanes.split(",") if lane.strip()]
        queues, translates = resolve(wanted)
        name = f"{name or os.getpid()}@{socket.gethostname()}"
        beats = Beats(name, queues, tasks.worker_engines().hops if translates else None)
        _connect(beats, warm=translates)
        worker = app.Worker(
            hostname=name,
            pool="threads",
            concurrency=threads,
            queues=queues,
            loglevel=settings.LOG_LEVEL,
            without_gossip=True,
            without_mingle=True,
            without_heartbeat=True,
            optimization="fair",
        )
        worker.start()
        raise SystemExit(worker.exitcode or 0)


def resolve(wanted: list[str]) -> tuple[list[str], bool]:
    """The queues for the lanes that were asked for, and whether translating is among them.

    Raises:
        Permanent: there is no such lane in this network.
    """
    net = installation.network()
    known = {
        "prepare": [lanes.PREPARE],
        "webhooks": [lanes.WEBHOOKS],
        "batch": [lanes.BATCH],
        "sweep": ["sweep"],
        "publish": [lanes.publish(output) for output in net.outputs],
        "translate": [],
        **{lanes.publish(output): [lanes.publish(output)] for output in net.outputs},
        **{lanes.translate(base): [lanes.translate(base)] for base in net.bases},
    }
    for lane in wanted:
        if lane not in known:
            raise Permanent(f"There is no lane “{lane}”.", f"The lanes are: {', '.join(known)}.")
    queues = [queue for lane in wanted for queue in known[lane]]
    translates = any(lane.startswith("translate") for lane in wanted)
    if "translate" in wanted:
        queues += [lanes.translate(base) for base in engines.bases_served(net, tasks.worker_engines().hops())]
    # A worker without a queue would take Celery's default one: it waits at "sweep", which is harmless.
    return list(dict.fromkeys(queues)) or ["sweep"], translates


def _connect(beats: Beats, *, warm: bool) -> None:
    @signals.worker_ready.connect(weak=False)
    def ready(**_: Any) -> None:
        beats.start()
        if warm:
            # Models are loaded while the first articles are still being cleaned.
            Thread(target=tasks.worker_engines().warm_up, name="warm-up", daemon=True).start()

    @signals.worker_shutdown.connect(weak=False)
    def over(**_: Any) -> None:
        beats.stop()
        tasks.close_engines()
