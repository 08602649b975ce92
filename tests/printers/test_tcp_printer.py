"""The simulated network printer and its clients: one at a time, and a full buffer holds up nobody who comes next."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from simulators.escpos_machine import RECEIVE_BUFFER_BYTES
from simulators.escpos_printer import EscposPrinter
from tests.support.waiting import wait_until

ASK = b"\x10\x04\x01"
ANSWER_S_MAX = 20.0

Client = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def listening(printer: EscposPrinter) -> AsyncIterator[Callable[[], Awaitable[Client]]]:
    """The printer on the network; yields what connects a client. All are gone at the end."""
    port = await printer.listen_tcp()
    clients: list[Client] = []

    async def connect() -> Client:
        clients.append(await asyncio.open_connection("127.0.0.1", port))
        return clients[-1]

    try:
        yield connect
    finally:
        for _, writer in clients:
            writer.transport.abort()
        await asyncio.gather(*(writer.wait_closed() for _, writer in clients), return_exceptions=True)
        await printer.stop()


async def answer(client: Client) -> bytes:
    """To a status question; empty when the printer hung up."""
    reader, writer = client
    writer.write(ASK)
    async with asyncio.timeout(ANSWER_S_MAX):
        try:
            return await reader.read(1)
        except ConnectionError:
            return b""


async def fill(printer: EscposPrinter, client: Client) -> None:
    """Send until the printer takes no more."""
    printer.set_fault("stall")
    client[1].write(b"x" * 64 + b"\n" * 4 * RECEIVE_BUFFER_BYTES)
    await wait_until(lambda: printer.unprinted_bytes >= RECEIVE_BUFFER_BYTES, what="a full buffer")


async def test_second_client_is_refused_while_the_first_is_served() -> None:
    printer = EscposPrinter()
    async with listening(printer) as connect:
        first, second = await connect(), await connect()
        assert await answer(second) == b""
        assert await answer(first) != b""
        first[1].close()
        await wait_until(lambda: not printer.is_connected)
        third = await connect()
        assert await answer(third) != b""


@pytest.mark.parametrize("how", ["close", "abort", "stay"])
async def test_client_that_comes_back_to_a_full_printer_is_taken(how: str) -> None:
    """A printer that does not read cannot notice that its client left: the next one takes its place."""
    printer = EscposPrinter()
    async with listening(printer) as connect:
        first = await connect()
        await fill(printer, first)
        if how == "close":
            first[1].close()
        elif how == "abort":
            first[1].transport.abort()
        second = await connect()
        await wait_until(lambda: printer.counters["connections"] == 2, what="the second client")
        asked = asyncio.create_task(answer(second))
        printer.set_fault("stall", False)
        assert await asked != b""
        first[1].close()
        third = await connect()
        assert await answer(third) == b"", "the second is served, and not mistaken for the first that left"
