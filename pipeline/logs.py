"""Structured logs: one event per line, with run, feed and article ids where they are known.

On a terminal lines are for people, elsewhere JSON. What came from outside is always a value of a
field, never part of the event name, and is escaped by the renderer.
"""

import logging
import sys
from typing import TextIO

import orjson
import structlog


def configure(*, level: int = logging.INFO, file: TextIO | None = None) -> None:
    """Send events to standard error, or a file; call once, at the start of a command."""
    target = file or sys.stderr
    interactive = target.isatty()
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if interactive
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(target),
        cache_logger_on_first_use=False,
    )


def _json(event: object, **_: object) -> str:
    """Return one line; times as RFC 3339, anything else that JSON lacks as its text."""
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z).decode("utf-8", "replace")
