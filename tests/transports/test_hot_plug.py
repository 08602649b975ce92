"""Real ports pulled and put back under a real driver and a real clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.devices import reconnecting
from edge_gateway.devices.registry import Registry, build_registry
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.factory import make_transport
from tests.support.descriptors import descriptor_count
from tests.support.pty import DevicePty
from tests.support.waiting import wait_until

QUICK_CYCLES = 200
BACK_S_MAX = 2.0


class Shortest(Random):
    """Draws the shortest delay every time: reopening is as hasty as it can be."""

    def random(self) -> float:
        return 0.0


class Till:
    """Two serial scanners on real ptys."""

    def __init__(self, directory: Path) -> None:
        self.ports = [DevicePty(directory / f"ttyS{index}") for index in range(2)]
        self.events: list[StampedEvent] = []
        self.registry: Registry = build_registry(
            [
                DeviceSettings(
                    id=f"scanner-{index}",
                    lane="lane-1",
                    profile="generic-serial-scanner",
                    transport={"kind": "serial", "path": str(port.path)},
                )
                for index, port in enumerate(self.ports)
            ],
            make_transport=make_transport,
            clock=SystemClock(),
            random=Shortest(),
            on_event=self.events.append,
            on_change=lambda supervisor: None,
        )
        self.scanners: list[Supervisor] = list(self.registry)

    def texts_of(self, device_id: str) -> list[str]:
        return [event.event.data["text"] for event in self.events if event.device_id == device_id]

    async def wait_for(self, power: str) -> float:
        return await wait_until(lambda: self.scanners[0].state.power == power, what=f"power {power}")


@pytest.fixture
async def till(tmp_path: Path) -> AsyncIterator[Till]:
    made = Till(tmp_path)
    running = asyncio.create_task(made.registry.run())
    await wait_until(lambda: all(scanner.state.power == "online" for scanner in made.scanners))
    yield made
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    for port in made.ports:
        port.unplug()


async def test_device_is_back_within_two_seconds_of_its_return(till: Till) -> None:
    port = till.ports[0]
    port.unplug()
    assert await till.wait_for("off") < 0.1
    away_until = time.monotonic() + 1.0
    await wait_until(lambda: time.monotonic() > away_until)
    port.plug()
    assert await till.wait_for("online") < BACK_S_MAX
    port.write(b"4006381333931\r\n")
    await wait_until(lambda: till.texts_of("scanner-0") == ["4006381333931"])


async def test_device_survives_many_quick_replugs_and_its_neighbour_notices_nothing(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reconnecting, "LOOK_INTERVAL_S", 0.001)
    port, neighbour = till.ports
    before = descriptor_count()
    slowest_s = 0.0
    for cycle in range(QUICK_CYCLES):
        port.unplug()
        await till.wait_for("off")
        port.plug()
        slowest_s = max(slowest_s, await till.wait_for("online"))
        neighbour.write(f"{cycle:013d}\r".encode())
    assert slowest_s < BACK_S_MAX
    port.write(b"last\r")
    await wait_until(lambda: till.texts_of("scanner-0") == ["last"])
    await wait_until(lambda: len(till.texts_of("scanner-1")) == QUICK_CYCLES)
    assert till.texts_of("scanner-1") == [f"{cycle:013d}" for cycle in range(QUICK_CYCLES)]
    assert till.scanners[1].state.reconnect_count == 0
    await wait_until(lambda: descriptor_count() == before, what="no descriptor left open")


async def test_device_pulled_while_nobody_could_look_is_reopened(till: Till) -> None:
    # Out and in again before the event loop gets to run: the name is back, but it is another device.
    till.ports[0].unplug()
    till.ports[0].plug()
    await wait_until(lambda: till.scanners[0].counters["connects"] == 2)
    await till.wait_for("online")
    till.ports[0].write(b"new\r")
    await wait_until(lambda: till.texts_of("scanner-0") == ["new"])


async def test_port_held_by_another_gateway_is_reported_and_taken_when_it_is_free(till: Till, tmp_path: Path) -> None:
    second = build_registry(
        [
            DeviceSettings(
                id="scanner-0",
                lane="lane-1",
                profile="generic-serial-scanner",
                transport={"kind": "serial", "path": str(till.ports[0].path)},
            )
        ],
        make_transport=make_transport,
        clock=SystemClock(),
        random=Random(2),
        on_event=lambda event: None,
        on_change=lambda supervisor: None,
    )
    refused = second.get("scanner-0")
    assert refused is not None
    running = asyncio.create_task(second.run())
    await wait_until(lambda: refused.state.power == "off")
    assert "held by another process" in (refused.state.reason or "")
    till.ports[0].write(b"mine\r")
    await wait_until(lambda: till.texts_of("scanner-0") == ["mine"])
    assert till.scanners[0].state.reconnect_count == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
