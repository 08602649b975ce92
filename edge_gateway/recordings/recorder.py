"""Records one device: its real transport, its real driver, every chunk of bytes into a file as it passes."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.driver import holds_personal_data
from edge_gateway.contracts.states import CARD_DATA_CLASSES
from edge_gateway.contracts.tap import RawDirection, tapped
from edge_gateway.contracts.transport import ReportTransport
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.profiles import driver_settings, load_driver, load_profile
from edge_gateway.recordings.companions import companions
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import PLACE_KEYS, TransportSettings
from edge_gateway.transports.factory import TransportFactory
from edge_gateway.transports.recording import (
    CHARACTERS_MAX,
    LINES_MAX,
    SOURCES,
    Chunk,
    Recording,
    RecordingError,
)

HOLD_S = 5.0
"""Lines are written so much later: what a driver then finds to be a driving licence was never in the file."""

_TRANSPORT: TypeAdapter[Any] = TypeAdapter(TransportSettings)


async def write_recording(
    device: DeviceSettings,
    output: Path,
    seconds: float,
    note: str,
    source: str,
    tell: Callable[[Line], None],
    profile_directories: Sequence[Path] = (),
    others: Sequence[DeviceSettings] = (),
) -> int:
    """Record for ``seconds``, until cancelled, the device is gone, or the file is full. Returns the number of chunks.

    ``tell`` is given what the driver says. ``others``: devices of the store; see ``companions``. Raises RecordingError,
    ConfigError (profile), TransportError, FileExistsError.
    """
    profile = load_profile(device.profile, profile_directories)
    if profile.device_class in CARD_DATA_CLASSES:
        raise RecordingError(f"device {device.id!r} is a {profile.device_class.value}: card data is never recorded")
    if source not in SOURCES:
        raise RecordingError(f"source {source!r}; expected one of {', '.join(SOURCES)}")
    wanted = profile.transport.of(device.transport)
    driver_class, clock = load_driver(profile), SystemClock()
    make_transport, attached = TransportFactory(), _attached()
    try:
        place = _TRANSPORT.validate_python(wanted)
        inner = make_transport(place, attached)
        settings = driver_settings(driver_class, profile, device)
    except ValidationError as error:
        raise RecordingError(f"device {device.id!r}: {error}") from error
    where_from = {key: value for key, value in wanted.items() if key not in PLACE_KEYS}
    header = Recording(profile.name, source, where_from, device.settings, note)
    try:
        with output.open("x", encoding="utf-8") as file:
            writer = _Writer(file.write, header, clock)
            transport = tapped(inner, writer.add)
            session = TellingSession(device.id, transport, clock, tell, writer.forget)
            driver = driver_class(session, settings)
            make = partial(make_transport, locator=attached)
            others = [each for each in others if each.id != device.id]
            peers = list(companions(others, place, make, writer, clock, profile_directories))
            async with AsyncExitStack() as running:
                for peer in peers:
                    await running.enter_async_context(peer)
                await running.enter_async_context(DriverRun(session, driver, on_lost=writer.is_over.set))
                writer.begin(transport.report_descriptor if isinstance(transport, ReportTransport) else b"")
                with suppress(TimeoutError, asyncio.CancelledError):
                    async with asyncio.timeout(seconds):
                        await writer.is_over.wait()
                if any(holds_personal_data(each) for each in (driver, *(peer.driver for peer in peers))):
                    writer.forget()
            writer.write_rest()
    except FileExistsError:
        raise
    except BaseException:
        output.unlink(missing_ok=True)  # noqa: ASYNC240 - nothing else runs here; half a recording would be taken for a whole one
        raise
    return writer.line_count


def _attached() -> Inventory:
    """What is attached now: for a device that is configured by what it is, not where."""
    inventory = Inventory()
    inventory.refresh()
    return inventory


class _Writer:
    """Lines into a file, as many as can be read again. Time counts from the first opening."""

    def __init__(self, write: Callable[[str], object], header: Recording, clock: Clock) -> None:
        self.line_count = 0
        self.is_over = asyncio.Event()
        self._write = write
        self._header = header
        self._clock = clock
        self._held: deque[Chunk] = deque()
        self._start_s: float | None = None
        self._is_begun = False
        self.holds_personal_data = False
        """Only its drivers know."""
        self._lines_left = LINES_MAX
        self._characters_left = CHARACTERS_MAX

    def begin(self, report_descriptor: bytes) -> None:
        """Open: the header can be written."""
        text = replace(self._header, report_descriptor=report_descriptor).header()
        self._lines_left -= text.count("\n")
        self._characters_left -= len(text)
        self._write(text)
        self._is_begun = True

    def add(self, direction: RawDirection, data: bytes) -> None:
        now_s = self._clock.monotonic()
        self._start_s = now_s if self._start_s is None else self._start_s
        chunk = Chunk(now_s - self._start_s, direction, data)
        self._lines_left -= 1
        self._characters_left -= len(str(chunk)) + 1
        if self._lines_left < 0 or self._characters_left < 0:
            self.is_over.set()
            return
        self._held.append(chunk)
        self._write_until(chunk.at_s - HOLD_S)

    def forget(self, is_sent_too: bool = False) -> None:
        """What was received lately, and is not written yet."""
        self._held = deque(chunk for chunk in self._held if chunk.direction in (">", ">>") and not is_sent_too)

    def write_rest(self) -> None:
        """The recording is over."""
        self._write_until(math.inf)

    def _write_until(self, at_s: float) -> None:
        while self._is_begun and self._held and self._held[0].at_s <= at_s:
            self.line_count += 1
            self._write(f"{self._held.popleft()}\n")
