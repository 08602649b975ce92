"""Records one device: its real transport, its real driver, every chunk of bytes into a file as it passes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profiles import driver_settings, load_driver, load_profile
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import TransportSettings
from edge_gateway.transports.factory import make_transport
from edge_gateway.transports.recording import (
    CHARACTERS_MAX,
    LINES_MAX,
    SOURCES,
    Recording,
    RecordingError,
    RecordingTransport,
)

CARD_CLASSES = frozenset({DeviceClass.MSR, DeviceClass.SMART_CARD_RW, DeviceClass.PIN_PAD, DeviceClass.CAT})
"""Devices whose bytes hold card data, which never reaches a recording."""
ADDRESS_KEYS = frozenset({"path", "host", "port"})
"""Where it was connected is of no use elsewhere, and may say more of a store than it should."""

_TRANSPORT: TypeAdapter[Any] = TypeAdapter(TransportSettings)


async def write_recording(
    device: DeviceSettings,
    output: Path,
    seconds: float,
    note: str,
    source: str,
    tell: Callable[[Line], None],
    profile_directories: Sequence[Path] = (),
) -> int:
    """Record for ``seconds``, until cancelled, the device is gone, or the file is full. Returns the number of chunks.

    ``tell`` is given what the driver says. Raises RecordingError, ConfigError (profile), TransportError,
    FileExistsError.
    """
    profile = load_profile(device.profile, profile_directories)
    if profile.device_class in CARD_CLASSES:
        raise RecordingError(f"device {device.id!r} is a {profile.device_class.value}: card data is never recorded")
    if source not in SOURCES:
        raise RecordingError(f"source {source!r}; expected one of {', '.join(SOURCES)}")
    wanted = profile.transport.of(device.transport)
    driver_class, clock = load_driver(profile), SystemClock()
    try:
        inner = make_transport(_TRANSPORT.validate_python(wanted))
        settings = driver_settings(driver_class, profile, device)
    except ValidationError as error:
        raise RecordingError(f"device {device.id!r}: {error}") from error
    where_from = {key: value for key, value in wanted.items() if key not in ADDRESS_KEYS}
    header = Recording(profile.name, source, where_from, device.settings, note).header()
    try:
        with output.open("x", encoding="utf-8") as file:
            writer = _Writer(file.write, header)
            transport = RecordingTransport(inner, clock, writer.write_line)
            session = TellingSession(device.id, transport, clock, tell)
            async with DriverRun(session, driver_class(session, settings), on_lost=writer.is_over.set):
                with suppress(TimeoutError, asyncio.CancelledError):
                    async with asyncio.timeout(seconds):
                        await writer.is_over.wait()
    except FileExistsError:
        raise
    except BaseException:
        output.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs here; half a recording would be taken for a whole one
        raise
    return writer.line_count


class _Writer:
    """Lines into a file, as many as can be read again."""

    def __init__(self, write: Callable[[str], object], header: str) -> None:
        self.line_count = 0
        self.is_over = asyncio.Event()
        self._write = write
        self._lines_left = LINES_MAX - header.count("\n")
        self._characters_left = CHARACTERS_MAX - len(header)
        write(header)

    def write_line(self, line: str) -> None:
        self._lines_left -= 1
        self._characters_left -= len(line) + 1
        if self._lines_left < 0 or self._characters_left < 0:
            self.is_over.set()
            return
        self.line_count += 1
        self._write(f"{line}\n")
