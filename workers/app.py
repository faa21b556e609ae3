"""The Celery application. JSON only; messages are acknowledged early, since the ledger holds the work."""

from __future__ import annotations

from typing import Any

from celery import Celery, signals
from django.conf import settings

from config import log

app = Celery("sectionwire")
app.config_from_object(settings.CELERY)
app.conf.imports = ["workers.tasks"]


@signals.setup_logging.connect
def _log(**_: Any) -> None:
    log.configure()
