"""TCP connections over the loopback interface: told at once what can be told, found out where nobody tells."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.settings_transports import TcpTransportSettings
from edge_gateway.transports import tcp
from edge_gateway.transports.stream import STEP_BYTES_MAX
from edge_gateway.transports.tcp import TcpTransport
from tests.support.descriptors import descriptor_count
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink


class Peer:
    """A listening printer that takes one connection at a time, with plain sockets."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self.wire: socket.socket | None = None

    async def accept(self) -> socket.socket:
        self.wire, _ = await asyncio.get_running_loop().sock_accept(self.listener)
        self.wire.setblocking(False)
        return self.wire

    def close(self) -> None:
        self.listener.close()
        if self.wire is not None:
            self.wire.close()


def transport_to(port: int, **settings: object) -> TcpTransport:
    return TcpTransport(
        TcpTransportSettings.model_validate({"kind": "tcp", "host": "127.0.0.1", "port": port} | settings)
    )


async def open_once(transport: TcpTransport, sink: RecordingSink) -> None:
    """The event loop keeps a descriptor of its own from the first time on."""
    await transport.open(sink)
    await transport.close()


async def read_to_the_end(wire: socket.socket) -> None:
    while await asyncio.get_running_loop().sock_recv(wire, 1_000_000):
        pass


@pytest.fixture
async def peer() -> AsyncIterator[Peer]:
    far_end = Peer()
    yield far_end
    far_end.close()


async def test_tcp_carries_bytes_both_ways_and_ends_orderly(peer: Peer) -> None:
    transport, sink = transport_to(peer.port), RecordingSink()
    assert transport.description == f"tcp 127.0.0.1:{peer.port}"
    await transport.open(sink)
    wire = await peer.accept()
    await transport.write(b"\x10\x04\x01")
    assert await asyncio.get_running_loop().sock_recv(wire, 100) == b"\x10\x04\x01"
    wire.send(b"\x16")
    await wait_until(lambda: sink.data == b"\x16")
    wire.close()
    assert await wait_until(lambda: sink.losses) < 0.1
    assert sink.losses == [None]
    await transport.close()


async def test_tcp_connection_is_set_to_notice_a_silent_death(peer: Peer) -> None:
    transport = transport_to(peer.port)
    await transport.open(RecordingSink())
    assert transport._connection is not None
    with socket.socket(fileno=os.dup(transport._connection.fileno())) as wire:
        options = {
            (socket.IPPROTO_TCP, socket.TCP_NODELAY): 1,
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE): 1,
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE): tcp.KEEPALIVE_IDLE_S,
            (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT): 30_000,
        }
        assert {option: wire.getsockopt(*option) for option in options} == options
    await transport.close()


async def test_tcp_peer_that_takes_nothing_any_more_is_given_up(peer: Peer) -> None:
    transport, sink = transport_to(peer.port, unacknowledged_timeout_s=1), RecordingSink()
    await transport.open(sink)
    await peer.accept()
    with pytest.raises(TransportError, match="connection lost while writing"):
        await transport.write(b"x" * 20_000_000)
    assert [type(error) for error in sink.losses] == [TimeoutError]


async def test_tcp_reset_is_a_loss_with_its_reason(peer: Peer) -> None:
    transport, sink = transport_to(peer.port), RecordingSink()
    await transport.open(sink)
    wire = await peer.accept()
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    wire.close()
    await wait_until(lambda: sink.losses)
    assert isinstance(sink.losses[0], ConnectionResetError)
    with pytest.raises(TransportError):
        await transport.write(b"x")


async def test_tcp_refused_connection_says_what_to_check(peer: Peer) -> None:
    peer.close()
    with pytest.raises(TransportError, match="Connection refused; check host and port"):
        await transport_to(peer.port).open(RecordingSink())


async def test_tcp_connect_gives_up_after_its_time_out() -> None:
    # A full backlog: the kernel answers no further SYN, as a machine that is switched off.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        port = listener.getsockname()[1]
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        with pytest.raises(TransportError, match=r"no answer in 0\.2 s; check that the device is on"):
            await transport_to(port, connect_timeout_s=0.2).open(RecordingSink())
        for one in crowd:
            one.close()


async def test_tcp_close_drops_what_the_peer_did_not_take(peer: Peer) -> None:
    transport, sink = transport_to(peer.port), RecordingSink()
    await transport.open(sink)
    wire = await peer.accept()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await transport.write(b"x" * 20_000_000)
    async with asyncio.timeout(1.0):
        await transport.close()
    await transport.close()
    with pytest.raises(ConnectionResetError):
        await read_to_the_end(wire)
    assert sink.losses == []


async def test_tcp_drop_input_forgets_what_the_kernel_has(peer: Peer) -> None:
    transport, sink = transport_to(peer.port), RecordingSink()
    await transport.open(sink)
    wire = await peer.accept()
    wire.send(b"stale")
    transport.drop_input()
    wire.send(b"fresh")
    await wait_until(lambda: sink.data)
    assert sink.data == b"fresh"
    await transport.close()


class TurnCounter(RecordingSink):
    """Notes how many turns of the loop there were before each chunk."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self.turns_at: list[int] = []

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self.turns_at.append(self.turns)

    def turn(self) -> None:
        self.turns += 1
        if not self.losses:
            asyncio.get_running_loop().call_soon(self.turn)


async def test_tcp_flood_is_handed_on_in_steps_between_which_others_have_their_turn(peer: Peer) -> None:
    sink, transport = TurnCounter(), transport_to(peer.port)
    flood = os.urandom(300_000)
    await transport.open(sink)
    wire = await peer.accept()
    sink.turn()
    await asyncio.get_running_loop().sock_sendall(wire, flood)
    wire.close()
    await wait_until(lambda: bool(sink.losses), what="the end of the line")
    assert sink.data == flood
    assert sink.losses == [None]
    assert max(map(len, sink.chunks)) <= STEP_BYTES_MAX
    assert len(set(sink.turns_at)) == len(sink.turns_at), "two steps in one turn"
    await transport.close()


class DropsTheRest(RecordingSink):
    """Wants nothing of what came with the first step."""

    def __init__(self, transport: TcpTransport) -> None:
        super().__init__()
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if len(self.chunks) == 1:
            self._transport.drop_input()


async def test_tcp_drop_input_forgets_what_was_read_and_not_handed_on(peer: Peer) -> None:
    transport = transport_to(peer.port)
    sink = DropsTheRest(transport)
    await transport.open(sink)
    wire = await peer.accept()
    assert wire.send(b"x" * 20_000) == 20_000  # at once, so that it is read at once
    await wait_until(lambda: bool(sink.chunks), what="the first of it")
    assert wire.send(b"new") == 3
    await wait_until(lambda: sink.data.endswith(b"new"), what="what came after")
    assert sink.data == b"x" * STEP_BYTES_MAX + b"new"
    await transport.close()


async def test_tcp_open_and_close_leak_no_descriptor(peer: Peer) -> None:
    transport, sink = transport_to(peer.port), RecordingSink()
    await open_once(transport, sink)
    before = descriptor_count()
    for _ in range(500):  # on each of the two event loops
        await transport.open(sink)
        await transport.close()
        (await peer.accept()).close()
    await wait_until(lambda: descriptor_count() == before, what="every descriptor closed")


async def test_tcp_open_that_is_cancelled_leaks_no_descriptor(peer: Peer) -> None:
    transport, sink = transport_to(peer.port), RecordingSink()
    await open_once(transport, sink)
    before = descriptor_count()
    for turns in range(30):
        opening = asyncio.create_task(transport.open(sink))
        for _ in range(turns):
            await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        await transport.close()
    await wait_until(lambda: descriptor_count() == before, what="every descriptor closed")
