"""The Bluetooth transport through BlueZ.

``BLE_PERIPHERAL`` is a command that provides an adapter for BlueZ and a device at ``ADDRESS`` with the name ``NAME``
(given as ``--name``) and a Nordic UART service: it prints ``ready``; a line on its standard input is sent as a
notification, ``OFF`` takes it out of range, ``ON`` brings it back;
what is written to it is printed as ``written: b'…'``.
"""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import AsyncIterator

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import BleTransportSettings
from edge_gateway.transports.factory import TransportFactory
from tests.support.descriptors import descriptor_count
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

COMMAND = os.environ.get("BLE_PERIPHERAL", "")
ADDRESS = os.environ.get("BLE_ADDRESS", "F0:F1:F2:F3:F4:F5")
NAME = "Lab scanner"
SERVICE, RX, TX = (f"6e40000{number}-b5a3-f393-e0a9-e50e24dcca9e" for number in (1, 2, 3))
SLOW_S = 120.0
"""An emulated machine takes its time."""

pytestmark = pytest.mark.skipif(not COMMAND, reason="BLE_PERIPHERAL names no command: no Bluetooth here")


class Peripheral:
    """The device, as a process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.said.append(line.decode().rstrip())

    def say(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n".encode())

    async def end(self) -> None:
        self.process.terminate()
        await self.process.wait()
        await self._reading


@pytest.fixture
async def peripheral() -> AsyncIterator[Peripheral]:
    process = await asyncio.create_subprocess_exec(
        *shlex.split(COMMAND), "--name", NAME, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    made = Peripheral(process)
    await wait_until(lambda: "ready" in made.said, timeout_s=SLOW_S, what="the peripheral")
    powering = await asyncio.create_subprocess_exec("bluetoothctl", "power", "on", stdout=asyncio.subprocess.DEVNULL)
    await powering.wait()
    yield made
    await made.end()


def settings(**found_by: str) -> BleTransportSettings:
    return BleTransportSettings.model_validate(
        {"kind": "ble", "service": SERVICE, "notify": [TX], "write": RX, **(found_by or {"address": ADDRESS})}
    )


async def opened(make: TransportFactory, sink: RecordingSink, **found_by: str) -> object:
    """As a supervisor does it: again, until it is there."""
    transport = make(settings(**found_by))
    async with asyncio.timeout(SLOW_S):
        while True:
            try:
                await transport.open(sink)
            except TransportError as error:
                print(error)
                await transport.close()
            else:
                return transport


async def test_device_is_found_heard_written_to_lost_and_found_again(peripheral: Peripheral) -> None:
    make, sink = TransportFactory(), RecordingSink()
    transport = await opened(make, sink)
    peripheral.say("4006381333931")
    await wait_until(lambda: sink.chunks == [b"4006381333931"], timeout_s=SLOW_S)

    await transport.write(b"beep")  # type: ignore[attr-defined]
    await wait_until(lambda: "written: b'beep'" in peripheral.said, timeout_s=SLOW_S)
    long = bytes(range(65, 91)) * 20
    await transport.write(long)  # type: ignore[attr-defined]

    def written() -> bytes:
        pieces = [line.removeprefix("written: ")[2:-1] for line in peripheral.said if line.startswith("written: ")]
        return "".join(pieces[1:]).encode()

    await wait_until(lambda: written() == long, timeout_s=SLOW_S, what="all of a long write, in order")

    peripheral.say("OFF")
    await wait_until(lambda: sink.losses, timeout_s=SLOW_S, what="the loss")
    with pytest.raises(TransportError, match="not open"):
        await transport.write(b"x")  # type: ignore[attr-defined]
    await transport.close()  # type: ignore[attr-defined]
    peripheral.say("ON")
    again = RecordingSink()
    transport = await opened(make, again)
    peripheral.say("back")
    await wait_until(lambda: again.chunks == [b"back"], timeout_s=SLOW_S)
    await transport.close()  # type: ignore[attr-defined]
    assert len(sink.losses) == 1


async def test_device_is_found_by_its_name_beside_one_that_is_away(peripheral: Peripheral) -> None:
    make, sink = TransportFactory(), RecordingSink()
    away = make(settings(address="02:00:00:00:00:01"))
    waiting = asyncio.create_task(away.open(RecordingSink()))
    transport = await opened(make, sink, name=NAME)
    peripheral.say("by name")
    await wait_until(lambda: sink.chunks == [b"by name"], timeout_s=SLOW_S)
    with pytest.raises(TransportError, match="no device 02:00:00:00:00:01 was seen"):
        async with asyncio.timeout(SLOW_S):
            await waiting
    await transport.close()  # type: ignore[attr-defined]


async def test_device_without_the_service_says_what_it_has(peripheral: Peripheral) -> None:
    make = TransportFactory()
    missing = "6e400009-b5a3-f393-e0a9-e50e24dcca9e"
    transport = make(settings().model_copy(update={"notify": (missing,)}))
    with pytest.raises(TransportError, match=f"no characteristic {missing} in this service; it has: .*{RX}"):
        async with asyncio.timeout(SLOW_S):
            await transport.open(RecordingSink())
    await transport.close()


async def test_connections_come_and_go_without_a_leak(peripheral: Peripheral) -> None:
    make = TransportFactory()
    transport = await opened(make, RecordingSink())
    await transport.close()  # type: ignore[attr-defined]
    before = descriptor_count()
    for _ in range(5):
        transport = await opened(make, RecordingSink())
        await transport.close()  # type: ignore[attr-defined]
    await wait_until(lambda: descriptor_count() <= before, timeout_s=SLOW_S, what="every descriptor closed")
