"""Wires on the kernel's own character device, with libgpiod; the chip is the kernel's simulated one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.gpio import Edge
from edge_gateway.settings_transports import GpioTransportSettings
from edge_gateway.transports.gpio import GpioTransport
from tests.support.descriptors import descriptor_count
from tests.support.gpio_sim import SimulatedChip, missing
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

WHY_NOT = missing()
pytestmark = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))

DRAWER, CONTACT, LAMP = 2, 3, 4
SLOW_S = 30.0


@pytest.fixture
def chip() -> Iterator[SimulatedChip]:
    made = SimulatedChip({DRAWER: "EDGE_DRAWER", CONTACT: "EDGE_CONTACT"})
    yield made
    made.remove()


def settings(chip: SimulatedChip) -> GpioTransportSettings:
    lines = {
        "drawer": {"line": "EDGE_DRAWER", "direction": "output"},
        "contact": {"line": "EDGE_CONTACT", "direction": "input", "active_low": True, "debounce_ms": 20},
        "lamp": {"chip": str(chip.node), "offset": LAMP, "direction": "output", "active_low": True},
    }
    return GpioTransportSettings.model_validate({"kind": "gpio", "lines": lines})


@pytest.fixture
async def opened(chip: SimulatedChip) -> AsyncIterator[GpioTransport]:
    chip.pull(CONTACT, 1)
    transport = GpioTransport(settings(chip))
    await transport.open(RecordingSink())
    yield transport
    await transport.close()


async def test_gpio_pulse_is_seen_on_the_wire(chip: SimulatedChip, opened: GpioTransport) -> None:
    assert chip.level(DRAWER) == 0
    pulsing = asyncio.create_task(opened.pulse("drawer", 300))
    await wait_until(lambda: chip.level(DRAWER) == 1, timeout_s=SLOW_S)
    await pulsing
    assert chip.level(DRAWER) == 0


async def test_gpio_active_low_output_is_high_at_rest(chip: SimulatedChip, opened: GpioTransport) -> None:
    assert chip.level(LAMP) == 1
    await opened.set("lamp", True)
    assert chip.level(LAMP) == 0
    assert await opened.read("lamp")
    await opened.set("lamp", False)
    assert chip.level(LAMP) == 1


async def test_gpio_contact_is_read_and_told(chip: SimulatedChip, opened: GpioTransport) -> None:
    edges: list[Edge] = []
    opened.listen(edges.append)
    assert not await opened.read("contact")
    chip.pull(CONTACT, 0)
    await wait_until(lambda: edges, timeout_s=SLOW_S)
    assert await opened.read("contact")
    chip.pull(CONTACT, 1)
    await wait_until(lambda: len(edges) == 2, timeout_s=SLOW_S)
    assert edges == [Edge("contact", True), Edge("contact", False)]


async def test_gpio_line_is_of_one_process(chip: SimulatedChip, opened: GpioTransport) -> None:
    with pytest.raises(TransportError, match="busy: held by another process") as caught:
        await GpioTransport(settings(chip)).open(RecordingSink())
    assert caught.value.is_busy


async def test_gpio_line_that_is_not_there_is_named(chip: SimulatedChip) -> None:
    wrong = {"kind": "gpio", "lines": {"drawer": {"line": "EDGE_NONE", "direction": "output"}}}
    with pytest.raises(TransportError, match="no chip has a line named 'EDGE_NONE'"):
        await GpioTransport(GpioTransportSettings.model_validate(wrong)).open(RecordingSink())


async def test_gpio_open_and_close_leak_no_descriptor(chip: SimulatedChip) -> None:
    transport = GpioTransport(settings(chip))
    await transport.open(RecordingSink())
    await transport.close()
    before = descriptor_count()
    for _ in range(20):
        await transport.open(RecordingSink())
        await transport.close()
    assert descriptor_count() <= before
