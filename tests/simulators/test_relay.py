"""The relay passes, holds and swallows as it says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from simulators.relay import Flow, Relay
from tests.support.waiting import wait_until

TIMEOUT_S = 10.0


class Far:
    """A server that keeps what it got, greets with ``hello`` and answers each line with it."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.closed = 0
        self.accepted = 0
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        try:
            while line := await reader.readline():
                self.lines.append(line)
                writer.write(b"got " + line)
        except ConnectionError:
            pass
        finally:
            self.closed += 1
            writer.transport.abort()


@asynccontextmanager
async def _far() -> AsyncIterator[Far]:
    far = Far()
    server = await asyncio.start_server(far.serve, "127.0.0.1", 0)
    far.port = server.sockets[0].getsockname()[1]
    try:
        yield far
    finally:
        server.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, line: bytes) -> bytes:
        self.writer.write(line)
        return await self.hear()

    async def hear(self) -> bytes:
        """What comes next; b"" when the connection was closed or reset."""
        async with asyncio.timeout(TIMEOUT_S):
            try:
                return await self.reader.readline()
            except ConnectionError:
                return b""


Connect = Callable[[Relay], Awaitable[Client]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Clients that are closed at the end."""
    clients: list[Client] = []

    async def connect_to(relay: Relay) -> Client:
        clients.append(Client(*await asyncio.open_connection(relay.host, relay.port)))
        return clients[-1]

    yield connect_to
    for client in clients:
        client.writer.transport.abort()


async def test_relay_passes_both_ways_and_tells_that_an_end_closed(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        assert await client.ask(b"one\n") == b"got one\n"
        client.writer.close()
        await wait_until(lambda: far.closed == 1 and relay.connections == 0)
        assert far.lines == [b"one\n"]


async def test_relay_loses_nothing_that_it_holds_back(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        await client.ask(b"one\n")
        await relay.set(to_target=Flow.HOLD)
        client.writer.write(b"two\n")
        late = await connect(relay)
        late.writer.write(b"three\n")
        await wait_until(lambda: relay.connections == 2)
        assert far.lines == [b"one\n"]
        assert far.accepted == 1
        await relay.heal()
        assert await client.hear() == b"got two\n"
        assert await late.hear() == b"got three\n"


async def test_relay_that_swallows_closes_nothing_and_a_new_client_gets_no_answer(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        await client.ask(b"one\n")
        await relay.set(to_target=Flow.SWALLOW, to_client=Flow.SWALLOW)
        client.writer.write(b"two\n")
        stranger = await connect(relay)
        stranger.writer.write(b"three\n")
        await wait_until(lambda: relay.counters["bytes_swallowed"] == len(b"two\nthree\n"))
        client.writer.close()
        stranger.writer.close()
        await wait_until(lambda: relay.connections == 1, what="the end of the connection that has no far end")
        assert far.closed == 0, "the far end knows nothing of it"
        assert far.lines == [b"one\n"]


async def test_relay_that_swallows_answers_passes_the_requests(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        await client.ask(b"one\n")
        await relay.set(to_client=Flow.SWALLOW)
        client.writer.write(b"two\n")
        await wait_until(lambda: far.lines == [b"one\n", b"two\n"])
        await wait_until(lambda: relay.counters["bytes_swallowed"] == len(b"got two\n"))
        client.writer.write(b"three\n")
        await wait_until(lambda: far.lines[-1] == b"three\n")


async def test_relay_healed_resets_what_lost_bytes_and_keeps_what_did_not(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        hurt, well = await connect(relay), await connect(relay)
        assert (await hurt.ask(b"one\n"), await well.ask(b"one\n")) == (b"got one\n", b"got one\n")
        await relay.set(to_client=Flow.SWALLOW)
        hurt.writer.write(b"two\n")
        await wait_until(lambda: relay.counters["bytes_swallowed"] > 0)
        await relay.heal()
        assert await hurt.hear() == b""
        assert await well.ask(b"three\n") == b"got three\n"


async def test_relay_healed_without_reset_leaves_the_hurt_connection_silent(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        await client.ask(b"one\n")
        await relay.set(to_client=Flow.SWALLOW)
        client.writer.write(b"two\n")
        await wait_until(lambda: relay.counters["bytes_swallowed"] > 0)
        await relay.heal(is_reset=False)
        swallowed = relay.counters["bytes_swallowed"]
        client.writer.write(b"three\n")
        await wait_until(lambda: relay.counters["bytes_swallowed"] == swallowed + len(b"three\n"))
        assert far.lines == [b"one\n", b"two\n"]
        assert await (await connect(relay)).ask(b"four\n") == b"got four\n"


async def test_relay_that_refuses_turns_new_clients_away_until_it_starts_again(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        await relay.refuse()
        with pytest.raises(ConnectionRefusedError):
            await connect(relay)
        assert await client.ask(b"one\n") == b"got one\n"
        await relay.start()
        assert await (await connect(relay)).ask(b"two\n") == b"got two\n"


async def test_relay_cuts_every_connection_with_a_reset(connect: Connect) -> None:
    async with _far() as far, Relay("127.0.0.1", far.port) as relay:
        client = await connect(relay)
        await client.ask(b"one\n")
        assert relay.cut() == 1
        assert await client.hear() == b""
        await wait_until(lambda: far.closed == 1)


async def test_relay_whose_target_is_away_closes_the_connection(connect: Connect) -> None:
    async with _far() as far:
        port = far.port
    async with Relay("127.0.0.1", port) as relay:
        client = await connect(relay)
        assert await client.hear() == b""
        assert relay.counters["not_reached"] == 1
