"""Structured logs on standard error: one JSON object per line, or coloured lines on a terminal.

The standard library's loggers (uvicorn, asyncio, aiosqlite …) go through the same chain, so that nothing leaves the
process unstructured or with a secret in it.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from edge_gateway.contracts.secrets import HIDDEN, looks_secret, without_credentials
from edge_gateway.settings import LogSettings

VALUE_CHARS_MAX = 4_000
"""Of one text value: a traceback fits; a payload that someone logged by mistake does not fill the disk."""
REDACTION_DEPTH_MAX = 6
"""Nesting that is looked into; what is deeper is written as text."""

QUIET_LOGGERS: Mapping[str, int] = {
    # At debug level it writes SQL parameters: whole transactions, with the customer's data.
    "aiosqlite": logging.WARNING,
    # One line per request is what our own batch events say better, and addresses may carry tokens.
    "httpx2": logging.WARNING,
    "httpcore2": logging.WARNING,
    "uvicorn.access": logging.CRITICAL,
    "uvicorn.error": logging.WARNING,  # its start and stop are our own events
}
"""Loggers of libraries whose lower levels must not be written, whatever level is configured."""


def configure_logging(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Set up both structlog and the standard library. Call once, before the first log line; again replaces it."""
    stream = stream or sys.stderr
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    is_console = settings.format == "console" or (settings.format == "auto" and stream.isatty())
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,  # text only: no local variables, which may be secrets
        redact,
    ]
    handler = _PipeSafeHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            # What already went through the chain of structlog below is only rendered here.
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(stream, is_console)],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        if isinstance(old, _PipeSafeHandler):
            root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, quiet_level in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(max(level, quiet_level))
    logging.captureWarnings(True)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,  # nothing on a hot path logs, and tests configure more than once
    )


def set_log_level(level: str) -> None:
    """Of a process that runs and logs already; the quiet loggers stay quiet."""
    number = logging.getLevelNamesMapping()[level.upper()]
    logging.getLogger().setLevel(number)
    for name, quiet_level in QUIET_LOGGERS.items():
        logging.getLogger(name).setLevel(max(number, quiet_level))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(number))


def redact(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Hide values whose key looks like a secret, at any depth, and credentials in addresses; shorten long text."""
    for key, value in event.items():
        if key not in {"_record", "_from_structlog", "exc_info"}:
            event[key] = HIDDEN if looks_secret(key) else _redacted(value, REDACTION_DEPTH_MAX)
    return event


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        text = without_credentials(value)
        return text if len(text) <= VALUE_CHARS_MAX else f"{text[:VALUE_CHARS_MAX]}… ({len(text)} characters)"
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    if isinstance(value, bool | int | float | None):
        return value
    if depth and isinstance(value, Mapping):
        return {
            str(key): HIDDEN if looks_secret(str(key)) else _redacted(inner, depth - 1) for key, inner in value.items()
        }
    if depth and isinstance(value, list | tuple | set | frozenset):
        return [_redacted(inner, depth - 1) for inner in value]
    return _redacted(str(value), 0)


def _renderer(stream: TextIO, is_console: bool) -> structlog.typing.Processor:
    if is_console:
        return structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), timestamp_key="time", exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer(ensure_ascii=False)


class _PipeSafeHandler(logging.StreamHandler[TextIO]):
    """A reader that went away (``| head``, a restarted collector) never stops or spams the daemon."""

    def handleError(self, record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if isinstance(error, BrokenPipeError | ValueError):  # ValueError: the stream is closed
            return
        super().handleError(record)
