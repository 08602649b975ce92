"""Log lines are one JSON object each, without secrets, whoever wrote them."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
import structlog

from edge_gateway.contracts.log_events import GATEWAY_FAILED, GATEWAY_STARTED
from edge_gateway.logs import VALUE_CHARS_MAX, configure_logging
from edge_gateway.settings import LogSettings


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield io.StringIO()
    logging.captureWarnings(False)
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_log_line_is_one_json_object_with_utc_time_level_and_event(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="json"), stream)
    structlog.get_logger("edge_gateway.app").info(GATEWAY_STARTED, version="1.0", text="two\nlines")
    [line] = _lines(stream)
    instant = line.pop("time")
    assert instant.endswith("Z")
    assert datetime.fromisoformat(instant).utcoffset() is not None
    assert line == {
        "event": "gateway_started",
        "level": "info",
        "logger": "edge_gateway.app",
        "version": "1.0",
        "text": "two\nlines",
    }


def test_library_loggers_and_warnings_go_through_the_same_chain(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="json"), stream)
    logging.getLogger("uvicorn.error").warning("refused %s with Bearer abc.def", "10.0.0.9")
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        warnings.warn("old interface", UserWarning, stacklevel=1)
    refused, warned = _lines(stream)
    assert refused["event"] == "refused 10.0.0.9 with Bearer (hidden)"
    assert refused["level"] == "warning"
    assert refused["logger"] == "uvicorn.error"
    assert warned["logger"] == "py.warnings"
    assert "old interface" in warned["event"]


def test_secrets_are_hidden_at_any_depth_and_in_addresses(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="json"), stream)
    structlog.get_logger().info(
        GATEWAY_STARTED,
        password="hunter2",
        settings={"oauth": {"client_secret": "s3cret", "client_secret_file": "/etc/x"}, "list": [{"api_key": "k3y"}]},
        url="https://user:hunter2@cloud.example.com/v1",
        payload=b"hunter2",
    )
    assert "hunter2" not in stream.getvalue()
    [line] = _lines(stream)
    assert line["password"] == "(hidden)"
    assert line["settings"] == {
        "oauth": {"client_secret": "(hidden)", "client_secret_file": "/etc/x"},
        "list": [{"api_key": "(hidden)"}],
    }
    assert line["url"] == "https://(hidden)@cloud.example.com/v1"
    assert line["payload"] == "(7 bytes)"


def test_exception_is_logged_as_text_without_local_variables(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="json"), stream)
    pin_entered = "9876"
    try:
        raise ValueError("broken")
    except ValueError:
        structlog.get_logger().exception(GATEWAY_FAILED)
    [line] = _lines(stream)
    assert "ValueError: broken" in line["exception"]
    assert pin_entered not in line["exception"]


def test_long_value_is_shortened(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="json"), stream)
    structlog.get_logger().info(GATEWAY_STARTED, text="x" * (VALUE_CHARS_MAX + 1))
    [line] = _lines(stream)
    assert line["text"].endswith(f"… ({VALUE_CHARS_MAX + 1} characters)")


def test_lines_below_the_level_are_not_written_and_sql_parameters_never(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="json", level="debug"), stream)
    logging.getLogger("aiosqlite").debug("executing INSERT ('customer')")
    logging.getLogger("asyncio").debug("Using selector: EpollSelector")
    assert [line["logger"] for line in _lines(stream)] == ["asyncio"]
    configure_logging(LogSettings(format="json", level="warning"), stream)
    structlog.get_logger().info(GATEWAY_STARTED)
    logging.getLogger("asyncio").info("nothing")
    assert len(_lines(stream)) == 1


def test_console_format_is_a_readable_line_without_colours_off_a_terminal(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="console"), stream)
    structlog.get_logger().info(GATEWAY_STARTED, version="1.0")
    assert "gateway_started" in stream.getvalue()
    assert "version=1.0" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_auto_format_is_json_off_a_terminal(stream: io.StringIO) -> None:
    configure_logging(LogSettings(format="auto"), stream)
    structlog.get_logger().info(GATEWAY_STARTED)
    assert _lines(stream)[0]["event"] == GATEWAY_STARTED


def test_daemon_outlives_the_reader_of_its_log() -> None:
    program = (
        "import os, structlog\n"
        "from edge_gateway.logs import configure_logging\n"
        "from edge_gateway.settings import LogSettings\n"
        "from edge_gateway.contracts.log_events import GATEWAY_STARTED\n"
        "reader, writer = os.pipe()\n"
        "os.dup2(writer, 2); os.close(writer); os.close(reader)\n"
        "configure_logging(LogSettings(format='json'))\n"
        "for _ in range(3): structlog.get_logger().info(GATEWAY_STARTED)\n"
        "print('still here', flush=True)\n"
        "os._exit(0)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "still here\n"
