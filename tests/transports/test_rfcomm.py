"""Bluetooth's serial port profile, at the level of sockets. A radio, pairing and channels: not here."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import RfcommTransportSettings
from edge_gateway.transports.rfcomm import RfcommTransport
from tests.support.descriptors import descriptor_count
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

SETTINGS = RfcommTransportSettings(kind="rfcomm", address="00:11:62:AA:BB:CC", channel=3, connect_timeout_s=0.2)
LONG = bytes(range(256)) * 1024


class Radio:
    """Connects by a local socket in place of RFCOMM's, which says the same things in the same way."""

    def __init__(self, directory: Path) -> None:
        self.path = str(directory / "rfcomm")
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(1)
        self.asked: list[tuple[str, int]] = []
        self.refusal: int | None = None
        self.is_silent = False
        self.silent: list[socket.socket] = []

    def connect(self, address: str, channel: int) -> socket.socket:
        self.asked.append((address, channel))
        if self.refusal is not None:
            raise OSError(self.refusal, os.strerror(self.refusal))
        if self.is_silent:  # a socket whose buffer is full is as one that is not connected yet
            near, far = socket.socketpair()
            near.setblocking(False)
            self.silent.append(far)
            try:
                while True:
                    near.send(bytes(65536))
            except BlockingIOError:
                return near
        wire = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        wire.setblocking(False)
        wire.connect(self.path)
        return wire

    def accept(self) -> socket.socket:
        return self.listener.accept()[0]

    def close(self) -> None:
        for each in (self.listener, *self.silent):
            each.close()


@pytest.fixture
def radio(tmp_path: Path) -> Iterator[Radio]:
    made = Radio(tmp_path)
    yield made
    made.close()


@pytest.fixture
async def opened(radio: Radio) -> AsyncIterator[tuple[RfcommTransport, RecordingSink, socket.socket]]:
    transport, sink = RfcommTransport(SETTINGS, radio.connect), RecordingSink()
    await transport.open(sink)
    with radio.accept() as far:
        yield transport, sink, far
        await transport.close()


Opened = tuple[RfcommTransport, RecordingSink, socket.socket]


async def test_rfcomm_carries_bytes_both_ways(radio: Radio, opened: Opened) -> None:
    transport, sink, far = opened
    assert radio.asked == [("00:11:62:AA:BB:CC", 3)]
    await transport.write(b"receipt")
    assert far.recv(100) == b"receipt"
    far.send(b"\x12" * 3000)
    await wait_until(lambda: len(sink.data) == 3000)


async def test_rfcomm_stalled_printer_holds_up_its_writer_alone(opened: Opened) -> None:
    transport, sink, far = opened
    writing = asyncio.create_task(transport.write(LONG * 4))
    far.send(b"\x14")
    await wait_until(lambda: sink.data == b"\x14")
    assert not writing.done()
    await transport.close()
    with pytest.raises(TransportError, match="connection lost while writing"):
        await writing


async def test_rfcomm_hang_up_is_told_once(opened: Opened, radio: Radio) -> None:
    transport, sink, far = opened
    far.close()
    await wait_until(lambda: sink.losses)
    with pytest.raises(TransportError):
        await transport.write(b"x")
    await transport.open(sink)
    with radio.accept() as again:
        await transport.write(b"again")
        assert again.recv(10) == b"again"
    assert sink.losses == [None]


async def test_rfcomm_device_that_does_not_answer_is_given_up(radio: Radio) -> None:
    radio.is_silent = True
    before = descriptor_count()
    with pytest.raises(TransportError, match=r"no answer in 0\.2 s; is it on and in range"):
        await RfcommTransport(SETTINGS, radio.connect).open(RecordingSink())
    assert descriptor_count() <= before + 1 + 2, "the far end, and the loop's own pipe"


@pytest.mark.parametrize(
    ("number", "is_busy", "message"),
    [
        (errno.EHOSTDOWN, False, "is it on and in range"),
        (errno.ECONNREFUSED, False, "refused channel 3; is it paired"),
        (errno.EACCES, False, "pair it again"),
        (errno.EBUSY, True, "in use on this box"),
        (errno.EAFNOSUPPORT, False, "no Bluetooth here"),
        (errno.ENODEV, False, "no Bluetooth adapter, or it is off"),
        (errno.ENOMEM, False, "emory"),
    ],
)
async def test_rfcomm_says_what_to_do(radio: Radio, number: int, is_busy: bool, message: str) -> None:
    radio.refusal = number
    with pytest.raises(TransportError, match=message) as caught:
        await RfcommTransport(SETTINGS, radio.connect).open(RecordingSink())
    assert caught.value.is_busy is is_busy


async def test_rfcomm_without_bluetooth_in_python_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "AF_BLUETOOTH", raising=False)
    with pytest.raises(TransportError, match="no Bluetooth here"):
        await RfcommTransport(SETTINGS).open(RecordingSink())


async def test_rfcomm_open_and_close_leak_no_descriptor(radio: Radio) -> None:
    transport, sink = RfcommTransport(SETTINGS, radio.connect), RecordingSink()
    await transport.open(sink)
    radio.accept().close()
    await transport.close()
    before = descriptor_count()
    for turn in range(100):
        opening = asyncio.create_task(transport.open(sink))
        if turn % 5 == 0:
            await asyncio.sleep(0)
            opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        radio.accept().close()
        await transport.close()
    await wait_until(lambda: descriptor_count() <= before)
