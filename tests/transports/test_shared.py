"""One port for two devices: both hear everything, both hear of its end, and neither closes it on the other."""

from __future__ import annotations

import asyncio

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import MovingTransport
from edge_gateway.settings_transports import SerialTransportSettings, TcpTransportSettings
from edge_gateway.transports.factory import TransportFactory
from edge_gateway.transports.loopback import LoopbackTransport
from edge_gateway.transports.shared import SharedPort, SharedTransport
from edge_gateway.transports.tcp import TcpTransport
from tests.support.descriptors import descriptor_count
from tests.support.pty import DevicePty
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink


class Cable:
    """A port with two members on a loopback."""

    def __init__(self) -> None:
        self.inner = LoopbackTransport("magellan")
        port = SharedPort(self.inner)
        self.scanner, self.scale = SharedTransport(port), SharedTransport(port)
        self.scanned, self.weighed = RecordingSink(), RecordingSink()

    async def open(self) -> None:
        await self.scanner.open(self.scanned)
        await self.scale.open(self.weighed)


@pytest.fixture
async def cable() -> Cable:
    made = Cable()
    await made.open()
    return made


async def test_every_member_gets_every_byte(cable: Cable) -> None:
    assert cable.scale.description == "magellan shared"
    cable.inner.far_end.write(b"S08A4006381333931\r")
    await wait_until(lambda: cable.weighed.data)
    assert cable.scanned.data == cable.weighed.data == b"S08A4006381333931\r"
    assert cable.inner.far_end.open_count == 1


async def test_members_say_where_a_network_device_has_moved_to() -> None:
    settings = TcpTransportSettings(kind="tcp", host="192.0.2.11", mac="02:00:00:00:00:0A", shared=True)
    inner = TcpTransport(settings)
    member = SharedTransport(SharedPort(inner))
    assert isinstance(member, MovingTransport)
    assert (member.address, member.description) == ("192.0.2.11", f"{inner.description} shared")
    inner.description = "tcp 02:00:00:00:00:0A at 192.0.2.42:9100"
    assert member.description == "tcp 02:00:00:00:00:0A at 192.0.2.42:9100 shared"


async def test_member_that_restarts_does_not_close_the_port(cable: Cable) -> None:
    await cable.scale.close()
    cable.inner.far_end.write(b"S08A1\r")
    await wait_until(lambda: cable.scanned.data)
    assert cable.weighed.data == b"", "it has left"
    with pytest.raises(TransportError, match="not open; 4 bytes were not sent"):
        await cable.scale.write(b"S14\r")
    await cable.scale.open(cable.weighed)
    cable.inner.far_end.write(b"S1440123\r")
    await wait_until(lambda: cable.weighed.data)
    assert cable.scanned.data.endswith(b"S1440123\r")
    assert cable.inner.far_end.open_count == 1
    await cable.scale.close()
    await cable.scanner.close()
    assert not cable.inner.is_open, "the last closes it"


async def test_both_are_told_of_the_loss_and_both_come_back(cable: Cable) -> None:
    cable.inner.far_end.hang_up(OSError("unplugged"))
    await wait_until(lambda: cable.weighed.losses)
    assert [str(error) for error in cable.scanned.losses + cable.weighed.losses] == ["unplugged"] * 2
    await cable.scanner.close()
    await cable.open()
    await cable.scale.close()
    cable.inner.far_end.write(b"1\r")
    await wait_until(lambda: cable.scanned.data == b"1\r")


async def test_port_that_cannot_be_opened_is_nobodys() -> None:
    cable = Cable()
    cable.inner.far_end.refusal = TransportError("no such node")
    for member, sink in ((cable.scanner, cable.scanned), (cable.scale, cable.weighed)) * 2:
        with pytest.raises(TransportError, match="no such node"):
            await member.open(sink)
    cable.inner.far_end.refusal = None
    await cable.open()
    with pytest.raises(TransportError, match="already open"):
        await cable.scale.open(cable.weighed)


async def test_questions_of_two_devices_are_never_mixed(cable: Cable) -> None:
    heard: list[bytes] = []
    cable.inner.far_end.on_bytes = heard.append
    cable.inner.far_end.stall()
    questions = [asyncio.create_task(member.write(b"S11\r")) for member in (cable.scale, cable.scanner)]
    await asyncio.sleep(0)
    questions[0].cancel()
    cable.inner.far_end.resume()
    await asyncio.wait(questions)
    await wait_until(lambda: heard == [b"S11\r"])
    cable.scale.drop_input()


async def test_member_that_was_stopped_while_it_left_may_come_back(cable: Cable) -> None:
    async with cable.scanner._port._changing:
        leaving = asyncio.create_task(cable.scale.close())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await cable.scale.open(cable.weighed)
    cable.inner.far_end.write(b"1\r")
    await wait_until(lambda: cable.weighed.data == b"1\r")


async def test_members_come_and_go_without_a_leak(device: DevicePty) -> None:
    make = TransportFactory()
    settings = SerialTransportSettings.model_validate({"kind": "serial", "path": device.path, "shared": True})
    first, second = make(settings), make(settings)
    await first.open(RecordingSink())
    await first.close()
    before = descriptor_count()
    for turn in range(200):
        await first.open(RecordingSink())
        opening = asyncio.create_task(second.open(RecordingSink()))
        for _ in range(turn % 4):
            await asyncio.sleep(0)
        await first.close()
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await second.close()
    await wait_until(lambda: descriptor_count() == before, what="every descriptor closed")


class Keeper:
    """A ring of raw bytes, as a device has one."""

    holds_personal_data = False

    def __init__(self) -> None:
        self.kept = b""

    def data_received(self, data: bytes) -> None:
        self.kept += data

    def connection_lost(self, error: Exception | None) -> None:
        raise AssertionError(error)

    def forget(self) -> None:
        self.kept = b""


@pytest.mark.parametrize("is_first", [True, False])
async def test_bytes_one_member_must_forget_are_kept_by_none(is_first: bool) -> None:
    """Also where the other one gets them only after they were understood."""
    cable, keeper = Cable(), Keeper()

    class Licences(RecordingSink):
        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            cable.scanner.forget()

    cable.scanned = Licences()
    cable.scale.keepers.add(keeper)
    for opens in (is_first, not is_first):
        await (cable.scanner.open(cable.scanned) if opens else cable.scale.open(keeper))
    cable.inner.far_end.write(b"S08ANSI 636000\r")
    await wait_until(lambda: cable.scanned.data)
    assert keeper.kept == b""
    del keeper
