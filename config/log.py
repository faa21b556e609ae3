"""One log: structured lines, readable on a terminal, JSON in a file or a container (SECTIONWIRE_LOG_FORMAT)."""

from __future__ import annotations

import logging
import sys

import structlog

from config.settings import LOG_LEVEL, read


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
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
        )
    )
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
