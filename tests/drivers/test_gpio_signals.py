"""Lights and a buzzer on wires: what is on, when, and what it is told."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from drivers.gpio_lights import GpioLights
from drivers.gpio_tone import GpioTone
from edge_gateway.contracts.errors import DeviceError, RequestError
from edge_gateway.contracts.gpio import Edge
from edge_gateway.contracts.transport import ByteSink
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession


class Wires:
    """Implements GpioPort: remembers each change with its time."""

    description = "gpio"

    def __init__(self, clock: FakeClock) -> None:
        self._clock = clock
        self.on: dict[str, bool] = {}
        self.changes: list[tuple[float, str, bool]] = []

    def is_there(self) -> bool:
        return True

    async def open(self, sink: ByteSink) -> None:
        """It is."""

    async def write(self, data: bytes) -> None:
        raise AssertionError("wires carry no bytes")

    def drop_input(self) -> None:
        """There is none."""

    async def close(self) -> None:
        """Nothing to do."""

    async def pulse(self, line: str, ms: int) -> None:
        raise AssertionError("no pulses")

    async def set(self, line: str, is_active: bool) -> None:
        if self.on.get(line, False) != is_active:
            self.changes.append((round(self._clock.monotonic(), 3), line, is_active))
        self.on[line] = is_active

    async def read(self, line: str) -> bool:
        return self.on[line]

    def listen(self, on_edge: Callable[[Edge], None]) -> None:
        raise AssertionError("nothing to hear")


@contextlib.asynccontextmanager
async def signals(make: Any, **settings: Any) -> AsyncIterator[tuple[Any, Wires, FakeClock, RecordingSession]]:
    clock = FakeClock()
    wires = Wires(clock)
    session = RecordingSession(clock, wires)
    driver = make(session, make.Settings.model_validate(settings))
    running = asyncio.create_task(driver.run())
    await clock.settle()
    try:
        yield driver, wires, clock, session
    finally:
        running.cancel()
        await asyncio.wait({running})


async def test_lights_are_off_at_first_and_switched_by_name() -> None:
    async with signals(GpioLights) as (driver, wires, _, session):
        assert wires.on == {"red": False, "yellow": False, "green": False}
        assert await driver.execute("switch_on", {"light": "red"}) == {
            "lights": {"red": "on", "yellow": "off", "green": "off"}
        }
        assert wires.on["red"]
        await driver.execute("switch_on", {"light": "green"})
        await driver.execute("switch_off", {"light": "red"})
        assert session.details == {"lights": {"red": "off", "yellow": "off", "green": "on"}}
        await driver.execute("switch_off", {})
        assert not any(wires.on.values())


async def test_lights_blink_each_at_its_own_pace_until_they_are_switched() -> None:
    async with signals(GpioLights) as (driver, wires, clock, session):
        await driver.execute("switch_on", {"light": "red", "blink_on_ms": 500, "blink_off_ms": 250})
        await driver.execute("switch_on", {"light": "green", "blink_on_ms": 1000, "blink_off_ms": 1000})
        assert session.details["lights"]["red"] == "blinking"
        await clock.advance(1.6)
        red = [(at, is_on) for at, line, is_on in wires.changes if line == "red"]
        assert red == [(0, True), (0.5, False), (0.75, True), (1.25, False), (1.5, True)]
        assert [at for at, line, _ in wires.changes if line == "green"] == [0, 1.0]
        await driver.execute("switch_on", {"light": "red"})
        await clock.advance(5)
        assert wires.on["red"]


@pytest.mark.parametrize(
    "params", [{"light": "blue"}, {"light": "red", "blink_on_ms": 500}, {"light": "red", "blink_on_ms": 1}, {}]
)
async def test_light_that_is_not_there_is_refused(params: dict[str, Any]) -> None:
    async with signals(GpioLights) as (driver, wires, _, _session):
        with pytest.raises((DeviceError, ValueError)):
            await driver.execute("switch_on", params)
        assert not any(wires.on.values())


async def test_buzzer_sounds_as_often_as_it_is_told_and_no_more() -> None:
    async with signals(GpioTone) as (driver, wires, clock, _session):
        assert await driver.execute("sound", {"cycles": 3, "on_ms": 100, "off_ms": 200}) == {"is_sounding": True}
        await clock.advance(10)
        assert [(at, is_on) for at, _, is_on in wires.changes] == [
            (0, True), (0.1, False), (0.3, True), (0.4, False), (0.6, True), (0.7, False),
        ]  # fmt: skip
        await driver.execute("sound", {"on_ms": 60000})
        assert await driver.execute("stop", {}) == {"is_sounding": False}
        assert wires.on == {"buzzer": False}
        with pytest.raises(RequestError):
            await driver.execute("stop", {"now": True})
