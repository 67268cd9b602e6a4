"""Structured logs on standard error: readable on a terminal, one JSON object per line elsewhere.

Each kind of event has one name (`look.taken`, `drop.decided`, `source.paused`, …). Values under keys
that name a secret are hidden.
"""

import logging
import sys
import threading
import time
from collections.abc import MutableMapping
from types import TracebackType
from typing import Any, TextIO, cast

import structlog

from refilld.log_limit import OnceAMinute
from refilld.terminal import printable
from refilld.unfailing_stream import UnfailingStream

_SECRET = ("token", "password", "secret", "authorization", "url_password", "digest")


def configure(*, terminal: bool | None = None, level: int = logging.INFO) -> None:
    """Set up logging for the process; `terminal` overrides the detection of a terminal."""
    readable = sys.stderr.isatty() if terminal is None else terminal
    stream = cast("TextIO", UnfailingStream(sys.stderr))
    last: list[Any] = (
        [
            _without_controls,
            # plain_traceback shows no local variables, which may hold secrets
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
        ]
        if readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _hide_secrets,
    ]
    structlog.configure(
        processors=[OnceAMinute(time.monotonic), *shared, *last],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=stream),
        cache_logger_on_first_use=False,
    )
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    _adopt_standard_logging([*shared, meta, *last], stream)
    _adopt_uncaught_errors()


def _adopt_standard_logging(processors: list[Any], stream: TextIO) -> None:
    """Render the warnings and errors of libraries in the same form."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processors=processors))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.captureWarnings(capture=True)


def _adopt_uncaught_errors() -> None:
    """Log errors that nobody catches; Python would print their tracebacks between the lines of the log."""
    log = structlog.get_logger()

    def of_thread(error: threading.ExceptHookArgs) -> None:
        if error.exc_type is not SystemExit:  # which ends a thread, and is no error
            log.error("thread.failed", thread=getattr(error.thread, "name", ""), exc_info=error.exc_value)

    def of_process(_type: type[BaseException], error: BaseException, _trace: TracebackType | None) -> None:
        log.critical("process.failed", exc_info=error)

    def ignored(error: "sys.UnraisableHookArgs") -> None:
        log.error("error.ignored", where=error.err_msg or repr(error.object), exc_info=error.exc_value)

    threading.excepthook, sys.excepthook, sys.unraisablehook = of_thread, of_process, ignored


def _hide_secrets(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if any(word in key.lower() for word in _SECRET):
            event[key] = "(hidden)"
        elif isinstance(value, dict):
            event[key] = _hide_secrets(_logger, _method, {str(name): inner for name, inner in value.items()})
    return event


def _without_controls(
    _logger: object, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Replace control characters, which a terminal would execute; logged values may come from outside."""
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = printable(value)
    return event
