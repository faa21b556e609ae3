"""One log: structured lines, readable on a terminal, JSON in a file or a container (SECTIONWIRE_LOG_FORMAT).

Secrets are taken out of the finished line, whichever library wrote it and wherever in it they stand (tracebacks too).
"""

from __future__ import annotations

import logging
import os
import sys

import structlog

from config import settings
from config.settings import LOG_LEVEL, read
from pipeline import masking


def configure() -> None:
    """Route structlog and the standard library's loggers into one stream on standard error."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    as_json = read("SECTIONWIRE_LOG_FORMAT", "text" if sys.stderr.isatty() else "json") == "json"
    # Without the values of local variables: they may hold secrets, and articles.
    tracebacks = structlog.processors.ExceptionRenderer(
        structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    )
    final: list[structlog.typing.Processor] = (
        [tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if as_json
        else [
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
        ]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final, _masked],
        )
    )
    masking.remember(_secrets())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(LOG_LEVEL)
    # Celery would log two lines for every bell; what a bell led to is our own line.
    for chatty in (
        "celery.app.trace",
        "celery.worker.strategy",
        "celery.beat",
        "httpx",
        "httpcore",
        "celery.redirected",
        "kombu",
        "filelock",
        "asyncio",
        "axes",
    ):
        logging.getLogger(chatty).setLevel("WARNING")


def _masked(_logger: object, _method: str, line: object) -> str:
    """The last processor: what it gets is the finished line."""
    return masking.mask(str(line))


def _secrets() -> set[str]:
    """What this process was given: in its environment, in the installation's folder, by the running ``up``."""
    database: dict[str, object] = settings.DATABASES["default"]
    return {
        *masking.found_in(os.environ),
        settings.SECRET_KEY,
        masking.password_in(settings.BROKER_URL),
        str(database.get("PASSWORD") or ""),
    }
