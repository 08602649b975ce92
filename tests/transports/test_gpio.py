"""Wires, on a chip that keeps what it is told. The kernel's own chip (gpio-sim): tests/lab."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gpiod import EdgeEvent
from gpiod.line import Bias, Direction, Value
from pydantic import ValidationError

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.gpio import PULSE_MS_MAX, Edge, GpioPort
from edge_gateway.settings_transports import GpioTransportSettings
from edge_gateway.transports.gpio import GpioTransport
from tests.support.descriptors import descriptor_count
from tests.support.threads import all_threads_busy
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

LINES = {
    "drawer": {"chip": "/dev/gpiochip0", "offset": 17, "direction": "output"},
    "contact": {
        **{"chip": "/dev/gpiochip0", "offset": 27, "direction": "input"},
        **{"bias": "pull_up", "active_low": True, "debounce_ms": 5},
    },
    "lamp": {"chip": "/dev/gpiochip1", "offset": 2, "direction": "output"},
}
SETTINGS = GpioTransportSettings.model_validate({"kind": "gpio", "lines": LINES})


class Chip:
    """What one request of gpiod holds. ``log``: what its outputs were set to, in turn."""

    def __init__(self, config: dict[int, Any]) -> None:
        self.config = config
        self.fd, self._bell = os.pipe()
        self.values = dict.fromkeys(config, Value.INACTIVE)
        self.log: list[tuple[int, bool]] = []
        self.events: list[Any] = []
        self.is_released = False
        self.failure: OSError | None = None

    def set_value(self, offset: int, value: Value) -> None:
        if self.failure is not None:
            raise self.failure
        self.values[offset] = value
        self.log.append((offset, bool(value.value)))

    def get_value(self, offset: int) -> Value:
        return self.values[offset]

    def change(self, offset: int, value: Value) -> None:
        self.values[offset] = value
        kinds = EdgeEvent.Type
        kind = kinds.RISING_EDGE if value is Value.ACTIVE else kinds.FALLING_EDGE
        self.events.append(SimpleNamespace(line_offset=offset, event_type=kind, Type=kinds))
        os.write(self._bell, b".")

    def read_edge_events(self, max_events: int) -> list[Any]:
        if self.failure is not None:
            raise self.failure
        os.read(self.fd, 64)
        events, self.events = self.events, []
        return events

    def pull(self) -> None:
        self.failure = OSError(errno.ENODEV, "No such device")
        os.write(self._bell, b".")

    def release(self) -> None:
        assert not self.is_released
        self.is_released = True
        os.close(self.fd)
        os.close(self._bell)


class Board:
    """Its chips by path, as they are held now."""

    def __init__(self) -> None:
        self.chips: dict[str, Chip] = {}
        self.refusal: OSError | None = None

    def hold(self, path: str, consumer: str, config: dict[int, Any]) -> Any:
        assert consumer == "edge-gateway"
        if self.refusal is not None and path.endswith("1"):
            raise self.refusal
        self.chips[path] = Chip(config)
        return self.chips[path]

    @property
    def first(self) -> Chip:
        return self.chips["/dev/gpiochip0"]


@pytest.fixture
def board() -> Board:
    return Board()


@pytest.fixture
async def opened(board: Board) -> AsyncIterator[tuple[GpioTransport, RecordingSink]]:
    transport, sink = GpioTransport(SETTINGS, hold=board.hold), RecordingSink()
    await transport.open(sink)
    yield transport, sink
    await transport.close()


Opened = tuple[GpioTransport, RecordingSink]


async def test_gpio_holds_each_line_as_it_is_set(board: Board, opened: Opened) -> None:
    assert isinstance(opened[0], GpioPort)
    assert {path: sorted(chip.config) for path, chip in board.chips.items()} == {
        "/dev/gpiochip0": [17, 27],
        "/dev/gpiochip1": [2],
    }
    drawer, contact = board.first.config[17], board.first.config[27]
    assert (drawer.direction, drawer.output_value) == (Direction.OUTPUT, Value.INACTIVE)
    assert (contact.direction, contact.bias, contact.active_low) == (Direction.INPUT, Bias.PULL_UP, True)
    assert contact.debounce_period.total_seconds() == 0.005


async def test_gpio_pulse_ends_by_itself(board: Board, opened: Opened) -> None:
    transport, _ = opened
    await transport.pulse("drawer", 1)
    assert board.first.log == [(17, True), (17, False)]


async def test_gpio_pulse_ends_also_where_nobody_waits_for_it(board: Board, opened: Opened) -> None:
    transport, _ = opened
    pulsing = asyncio.create_task(transport.pulse("drawer", 50))
    await wait_until(lambda: board.first.log)
    pulsing.cancel()
    await transport.close()
    assert board.first.log[:2] == [(17, True), (17, False)]
    assert board.first.is_released


async def test_gpio_line_has_one_pulse_at_a_time(board: Board, opened: Opened) -> None:
    transport, _ = opened
    pulsing = asyncio.create_task(transport.pulse("drawer", 50))
    await asyncio.sleep(0)
    with pytest.raises(TransportError, match="drawer is in a pulse already") as caught:
        await transport.pulse("drawer", 50)
    assert caught.value.is_busy
    await pulsing


async def test_gpio_sets_and_reads(board: Board, opened: Opened) -> None:
    transport, _ = opened
    await transport.set("lamp", True)
    assert await transport.read("lamp")
    assert not await transport.read("contact")
    board.first.values[27] = Value.ACTIVE
    assert await transport.read("contact")


async def test_gpio_tells_each_edge_until_it_is_closed(board: Board, opened: Opened) -> None:
    transport, _ = opened
    edges: list[Edge] = []
    transport.listen(edges.append)
    board.first.change(27, Value.ACTIVE)
    board.first.change(27, Value.INACTIVE)
    await wait_until(lambda: len(edges) == 2)
    assert edges == [Edge("contact", True), Edge("contact", False)]
    board.first.change(27, Value.ACTIVE)
    await transport.close()
    assert len(edges) == 2


async def test_gpio_outputs_are_inactive_after_the_close(board: Board, opened: Opened) -> None:
    transport, _ = opened
    await transport.set("lamp", True)
    await transport.close()
    await transport.close()
    assert board.chips["/dev/gpiochip1"].log[-1] == (2, False)
    assert all(chip.is_released for chip in board.chips.values())
    with pytest.raises(TransportError, match="not open; lamp was not used"):
        await transport.set("lamp", True)


@pytest.mark.parametrize(
    ("line", "ms", "message"),
    [
        ("contact", 100, "contact is an input; expected an output"),
        ("siren", 100, "has no line 'siren'; transport.lines has: "),
        ("drawer", 0, f"a pulse of 0 ms; expected 1 to {PULSE_MS_MAX}"),
        ("drawer", 10000, f"a pulse of 10000 ms; expected 1 to {PULSE_MS_MAX}"),
    ],
)
async def test_gpio_refuses_what_a_line_is_not_for(
    board: Board, opened: Opened, line: str, ms: int, message: str
) -> None:
    with pytest.raises(TransportError, match=message):
        await opened[0].pulse(line, ms)
    assert board.first.log == []


async def test_gpio_chip_that_is_pulled_is_told(board: Board, opened: Opened) -> None:
    transport, sink = opened
    board.first.pull()
    await wait_until(lambda: sink.losses)
    with pytest.raises(TransportError, match="drawer: No such device"):
        await transport.set("drawer", True)
    await transport.close()
    assert len(sink.losses) == 1


async def test_gpio_carries_no_bytes(opened: Opened) -> None:
    with pytest.raises(TransportError, match="carries no bytes; 1 were not sent"):
        await opened[0].write(b"x")


@pytest.mark.parametrize(
    ("number", "is_busy", "message"),
    [
        (errno.EBUSY, True, "gpioinfo shows which"),
        (errno.EACCES, False, "must be in the group"),
        (errno.EINVAL, False, "correct transport.lines"),
        (errno.EIO, False, "Input/output error"),
    ],
)
async def test_gpio_opens_all_or_none(board: Board, number: int, is_busy: bool, message: str) -> None:
    board.refusal = OSError(number, os.strerror(number))
    with pytest.raises(TransportError, match=message) as caught:
        await GpioTransport(SETTINGS, hold=board.hold).open(RecordingSink())
    assert caught.value.is_busy is is_busy
    assert board.first.is_released


async def test_gpio_line_that_no_chip_has_is_named(tmp_path: Path) -> None:
    settings = GpioTransportSettings.model_validate(
        {"kind": "gpio", "lines": {"drawer": {"line": "GPIO99", "direction": "output"}}}
    )
    transport = GpioTransport(settings, tmp_path)
    assert not transport.is_there()
    with pytest.raises(TransportError, match="no chip has a line named 'GPIO99'"):
        await transport.open(RecordingSink())


@pytest.mark.parametrize(
    "line",
    [
        {"direction": "output"},
        {"direction": "output", "chip": "/dev/gpiochip0"},
        {"direction": "output", "line": "GPIO17", "offset": 3},
        {"line": "GPIO17"},
    ],
)
def test_gpio_line_has_one_place_and_a_direction(line: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        GpioTransportSettings.model_validate({"kind": "gpio", "lines": {"drawer": line}})


async def test_gpio_leaks_nothing_when_cancelled_before_its_thread_began(board: Board) -> None:
    before = descriptor_count()
    transport = GpioTransport(SETTINGS, hold=board.hold)
    async with all_threads_busy():
        opening = asyncio.create_task(transport.open(RecordingSink()))
        for _ in range(3):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
    await transport.close()
    await wait_until(lambda: descriptor_count() <= before, what="every chip given back")
