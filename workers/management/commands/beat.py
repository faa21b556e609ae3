"""``sectionwire beat``: the clock."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

from celery import signals
from django.conf import settings

from pipeline.errors import Permanent
from pipeline.management import console
from workers.app import app


class Command(console.Command):
    help = (
        "Run the clock that rings the sweep and looks which schedules are due, every ten seconds. One is enough for "
        "all machines; two do no harm. It keeps nothing on disk."
    )

    log_level = logging.INFO

    def handle(self, *_: Any, **__: Any) -> None:
        if not settings.BROKER_URL:
            raise Permanent(
                "There is no broker.", "Run sectionwire up, or set SECTIONWIRE_BROKER_URL=redis://host:6379/0."
            )
        app.conf.beat_schedule = {
            "sweep": {
                "task": "sweep",
                "schedule": settings.SWEEP_SECONDS,
                # A sweep that nobody heard in time is worthless: the next one does the same.
                "options": {"queue": "sweep", "expires": settings.SWEEP_SECONDS * 2},
            },
            "tick": {
                "task": "tick",
                "schedule": settings.TICK_SECONDS,
                "options": {"queue": "sweep", "expires": settings.TICK_SECONDS * 2},  # as above
            },
        }
        if settings.ALIVE_FILE:
            signals.after_task_publish.connect(_show)
        app.Beat(scheduler="celery.beat:Scheduler", loglevel=settings.LOG_LEVEL).run()


def _show(**_: Any) -> None:
    """Touch the file that a health check looks at: the broker took a bell."""
    Path(settings.ALIVE_FILE).touch()
