"""Serial ports over real ptys: held exclusively, silent after close, lost at once when unplugged."""

from __future__ import annotations

import asyncio
import os
import select
import subprocess
import sys
import termios
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.transport import ModemLines, ModemTransport
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.parity import SoftwareParity
from edge_gateway.transports.serial import SerialTransport
from tests.support.descriptors import descriptor_count
from tests.support.pty import DevicePty
from tests.support.threads import all_threads_busy
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

REPOSITORY = Path(__file__).parents[2]
WAIT_S = 5.0

SECOND_GATEWAY = """
import asyncio, sys
from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.serial import SerialTransport
class Sink:
    def data_received(self, data): sys.exit("stole " + repr(data))
    def connection_lost(self, error): pass
async def main():
    try:
        await SerialTransport(SerialTransportSettings(kind="serial", path=sys.argv[1], baud=115200)).open(Sink())
    except TransportError as error:
        print(error.is_busy, error)
asyncio.run(main())
"""


def serial(path: Path, **settings: object) -> SerialTransport:
    return SerialTransport(SerialTransportSettings.model_validate({"kind": "serial", "path": path} | settings))


@pytest.fixture
async def opened(device: DevicePty) -> AsyncIterator[tuple[SerialTransport, RecordingSink]]:
    transport, sink = serial(device.path), RecordingSink()
    await transport.open(sink)
    yield transport, sink
    await transport.close()


async def test_serial_that_drops_what_was_about_to_be_read_is_not_lost(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, sink = opened
    second = os.open(device.path, os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    try:
        for _ in range(20):
            device.write(b"stale")
            assert select.select([second], [], [], WAIT_S)[0], "never arrived"
            # On asyncio's loop this runs after the poll that saw the bytes and before their reader.
            asyncio.get_running_loop().call_soon(transport.drop_input)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
    finally:
        os.close(second)
    device.write(b"fresh")
    await wait_until(lambda: sink.data.endswith(b"fresh") or bool(sink.losses))
    assert sink.losses == []


async def test_serial_carries_bytes_both_ways(device: DevicePty, opened: tuple[SerialTransport, RecordingSink]) -> None:
    transport, sink = opened
    device.write(bytes(range(256)))
    await wait_until(lambda: len(sink.data) == 256)
    assert sink.data == bytes(range(256))
    await transport.write(b"W\r")
    assert device.read(2) == b"W\r"


async def test_serial_port_of_a_7e1_scale_opens_on_a_pty(device: DevicePty) -> None:
    transport, sink = serial(device.path, bytesize=7, parity="E", flow="rtscts"), RecordingSink()
    assert transport.description == f"serial {device.path} 9600 7E1 rtscts"
    await transport.open(sink)
    device.write(b"\xff")
    await wait_until(lambda: sink.data == b"\xff")
    await transport.close()


@pytest.mark.parametrize(
    ("parity", "sent", "on_the_wire"),
    [("E", b"W\r", b"\xd7\x8d"), ("O", b"W\r", b"W\r"), ("N", b"W\r", b"\xd7\x8d")],
)
async def test_serial_port_of_eight_bits_speaks_with_a_device_of_seven(
    device: DevicePty, parity: str, sent: bytes, on_the_wire: bytes
) -> None:
    transport, sink = serial(device.path, bytesize=7, parity=parity, software_parity=True), RecordingSink()
    await transport.open(sink)
    await transport.write(sent)
    assert device.read(len(sent)) == on_the_wire
    device.write(b"\x82\xb0\xb1\xae\x8d01\r")
    await wait_until(lambda: len(sink.data) == 8)
    assert sink.data == b"\x0201.\r01\r"
    await transport.close()


def test_every_byte_has_the_parity_it_was_given() -> None:
    for parity, ones in (("E", 0), ("O", 1)):
        sent = SoftwareParity(parity).add(bytes(range(128)))  # type: ignore[arg-type]
        assert {byte.bit_count() % 2 for byte in sent} == {ones}
        assert [byte & 0x7F for byte in sent] == list(range(128))


async def test_serial_port_without_wires_says_so(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, _ = opened
    assert isinstance(transport, ModemTransport)
    with pytest.raises(TransportError, match="reading the modem lines: this port has no such wires"):
        transport.modem_lines()
    with pytest.raises(TransportError, match="setting the modem lines: this port has no such wires"):
        transport.set_modem_lines(dtr=False, rts=True)
    await transport.send_break(0.01)  # a pty takes it, and nobody hears of it
    await transport.close()
    with pytest.raises(TransportError, match="reading the modem lines: not open"):
        transport.modem_lines()


def test_modem_lines_are_asked_for_as_the_kernel_wants_it(device: DevicePty, monkeypatch: pytest.MonkeyPatch) -> None:
    """The far end is the kernel's table of requests (ioctl_tty(2)); a real port has it in tests/lab."""
    requests: list[tuple[int, int]] = []
    transport = serial(device.path)
    monkeypatch.setattr(transport, "_ioctl", lambda doing, request, value: requests.append((request, value)) or 0x120)
    transport.set_modem_lines(dtr=True, rts=False)
    assert requests == [(termios.TIOCMBIS, termios.TIOCM_DTR), (termios.TIOCMBIC, termios.TIOCM_RTS)]
    assert transport.modem_lines() == ModemLines(cts=True, dsr=True, dcd=False, ri=False)


@pytest.mark.parametrize(
    ("settings", "message"),
    [({"software_parity": True}, "needs bytesize 7"), ({"rts": False, "flow": "rtscts"}, "the kernel moves RTS")],
)
def test_serial_settings_that_contradict_each_other_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        serial(Path("/dev/ttyX"), **settings)


async def test_serial_second_gateway_is_told_busy_and_the_first_notices_nothing(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, sink = opened
    slave = os.open(device.path, os.O_RDWR | os.O_NOCTTY)
    before = termios.tcgetattr(slave)
    await transport.write(b"question")
    second = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", SECOND_GATEWAY, str(device.path)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert second.returncode == 0, second.stderr
    assert second.stdout.startswith(f"True serial {device.path} 115200 8N1: busy: held by another process"), (
        second.stdout
    )
    assert termios.tcgetattr(slave) == before, "the second changed the port of the first"
    os.close(slave)
    assert device.read(8) == b"question", "the second flushed what the first had sent"
    device.write(b"answer")
    await wait_until(lambda: sink.data == b"answer")
    assert sink.losses == []


async def test_serial_unplug_is_told_within_milliseconds(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, sink = opened
    device.unplug()
    assert await wait_until(lambda: sink.losses, what="connection_lost") < 0.1
    assert len(sink.losses) == 1
    with pytest.raises(TransportError, match=r"not open|connection lost|device disconnected"):
        await transport.write(b"x")
    await transport.close()
    assert len(sink.losses) == 1


async def test_serial_comes_back_after_unplug(device: DevicePty) -> None:
    transport = serial(device.path)
    for _ in range(20):
        sink = RecordingSink()
        await transport.open(sink)
        device.write(b"ok")
        await wait_until(lambda sink=sink: sink.data == b"ok")
        device.unplug()
        await wait_until(lambda sink=sink: sink.losses)
        await transport.close()
        device.plug()


async def test_serial_opens_what_its_link_leads_to_when_it_is_opened(device: DevicePty, tmp_path: Path) -> None:
    """The device was plugged in elsewhere while the open waited for a thread, and its old name is another one's."""
    elsewhere, transport, sink = DevicePty(tmp_path / "ttyELSEWHERE"), serial(device.path), RecordingSink()
    async with all_threads_busy():
        opening = asyncio.create_task(transport.open(sink))
        await asyncio.sleep(0)
        device.path.unlink()
        device.path.symlink_to(elsewhere.path)
    await opening
    device.write(b"another's")
    elsewhere.write(b"mine")
    await wait_until(lambda: len(sink.data) >= 4)
    await transport.close()
    elsewhere.unplug()
    assert sink.data == b"mine"


async def test_serial_stalled_output_waits_and_leaves_the_loop_alive(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, sink = opened
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await transport.write(b"x" * 1_000_000)
    device.write(b"still here")
    await wait_until(lambda: sink.data == b"still here")
    async with asyncio.timeout(1.0):
        await transport.close()


async def test_serial_write_ends_when_a_stalled_device_is_unplugged(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, _ = opened
    writing = asyncio.create_task(transport.write(b"x" * 1_000_000))
    assert await asyncio.to_thread(device.read, 1) == b"x"
    device.unplug()
    with pytest.raises(TransportError, match="connection lost while writing"):
        async with asyncio.timeout(2.0):
            await writing


async def test_serial_writes_a_long_job_whole_and_in_order(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, _ = opened
    job = b"".join(index.to_bytes(3, "big") for index in range(50_000))
    reading = asyncio.create_task(asyncio.to_thread(device.read, 2 * len(job), 20.0))
    await transport.write(job)
    await transport.write(job)
    assert await reading == job + job


async def test_serial_says_nothing_after_close(device: DevicePty) -> None:
    transport, sink = serial(device.path), RecordingSink()
    await transport.open(sink)
    device.write(b"unread")
    await transport.close()
    await transport.close()
    device.unplug()
    await asyncio.sleep(0)
    assert (sink.data, sink.losses) == (b"", [])
    with pytest.raises(TransportError, match="not open"):
        await transport.write(b"x")


async def test_serial_sees_without_opening_whether_its_node_is_there(device: DevicePty, tmp_path: Path) -> None:
    transport = serial(device.path)
    assert transport.is_there()
    device.unplug()
    assert not transport.is_there()
    device.path.symlink_to(tmp_path / "gone")
    assert not transport.is_there()
    device.path.unlink()


async def test_serial_drop_input_forgets_what_the_kernel_has(
    device: DevicePty, opened: tuple[SerialTransport, RecordingSink]
) -> None:
    transport, sink = opened
    device.write(b"stale")
    transport.drop_input()
    device.write(b"fresh")
    await wait_until(lambda: sink.data)
    assert sink.data == b"fresh"


@pytest.mark.parametrize(
    ("node", "message"),
    [
        ("missing", "no such node; check that the device is plugged in"),
        ("file", "is no serial port"),
        (".", "is no ser"),
    ],
)
async def test_serial_says_why_a_port_cannot_be_opened(tmp_path: Path, node: str, message: str) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(TransportError, match=message) as caught:
        await serial(tmp_path / node).open(RecordingSink())
    assert not caught.value.is_busy


async def test_serial_without_permission_names_the_group(device: DevicePty) -> None:
    error = serial(device.path)._explain(PermissionError(13, "Permission denied"), device.path)
    group = device.path.group()
    assert f"must be in the group '{group}'" in str(error)


async def test_serial_open_and_close_leak_no_descriptor(device: DevicePty) -> None:
    transport, sink = serial(device.path), RecordingSink()
    await transport.open(sink)
    await transport.close()
    before = descriptor_count()
    for _ in range(500):  # on each of the two event loops
        await transport.open(sink)
        await transport.close()
    assert descriptor_count() == before


async def test_serial_open_that_is_cancelled_leaks_no_descriptor(device: DevicePty) -> None:
    transport, sink = serial(device.path), RecordingSink()
    await transport.open(sink)
    await transport.close()
    before = descriptor_count()
    for turns in range(40):
        opening = asyncio.create_task(transport.open(sink))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
    await wait_until(lambda: descriptor_count() == before, what="every descriptor closed")
