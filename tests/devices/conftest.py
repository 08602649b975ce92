"""A device on the bench: a supervisor over a loopback, on a clock that the test moves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest

from edge_gateway.contracts.events import DeviceState, StampedEvent
from edge_gateway.contracts.states import DeviceClass
from edge_gateway.devices.profiles import Profile
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.loopback import LoopbackTransport
from tests.devices.drivers import Talker
from tests.support.clock import FakeClock

SEED = 20261121

TALKER_PROFILE = Profile(
    name="talker",
    vendor="tests",
    model="Talker",
    device_class=DeviceClass.SCANNER,
    driver="tests.devices.drivers:Talker",
    codec="none",
    tier="experimental",
    source="tests/devices/drivers.py",
    capabilities={"events": ["heard"]},
)


class Bench:
    """One supervised talker, and everything that was said of it."""

    def __init__(self, device_id: str, clock: FakeClock, settings: dict[str, Any]) -> None:
        print(f"seed {SEED}")
        self.clock = clock
        self.transport = LoopbackTransport(f"loopback {device_id}")
        self.far_end = self.transport.far_end
        self.events: list[StampedEvent] = []
        self.states: list[DeviceState] = []
        self.device = DeviceSettings(id=device_id, lane="lane-1", profile="talker", transport={}, settings=settings)
        self.supervisor = Supervisor(
            self.device,
            TALKER_PROFILE,
            self.transport,
            Talker,
            clock,
            Random(SEED),
            self.events.append,
            lambda supervisor: self.states.append(supervisor.state),
        )
        self.task: asyncio.Task[None] | None = None

    @property
    def powers(self) -> list[str]:
        """Each power state that was told, in order, without repeats."""
        powers = [state.power for state in self.states]
        return [power for index, power in enumerate(powers) if index == 0 or power != powers[index - 1]]

    @property
    def driver(self) -> Talker:
        """The newest driver of this device."""
        return [talker for talker in Talker.instances if talker.session.device_id == self.supervisor.device_id][-1]

    async def start(self) -> None:
        self.task = asyncio.create_task(self.supervisor.run())
        await self.clock.settle()

    async def stop(self) -> None:
        if self.task is not None:
            self.task.cancel()
            with suppress(asyncio.CancelledError):
                await self.task

    async def hear(self, data: bytes) -> None:
        self.far_end.write(data)
        await self.clock.settle()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def make_bench(clock: FakeClock) -> AsyncIterator[Callable[..., Bench]]:
    benches: list[Bench] = []

    def make(device_id: str = "talker-1", **settings: Any) -> Bench:
        benches.append(Bench(device_id, clock, settings))
        return benches[-1]

    yield make
    for talker in Talker.instances:
        talker.can_finish.set()
    for bench in benches:
        await bench.stop()
    Talker.instances.clear()


@pytest.fixture
async def bench(make_bench: Callable[..., Bench]) -> Bench:
    made = make_bench()
    await made.start()
    return made
