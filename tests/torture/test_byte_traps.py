"""A trap springs within the byte that it waits for, once."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest

from simulators.print_torture.byte_traps import ByteTraps
from simulators.print_torture.printers import TorturedPrinter, WatchedEscpos, make_printers
from tests.support.waiting import wait_until


def test_trap_springs_at_its_byte_and_only_once() -> None:
    traps, sprung = ByteTraps(), []
    trap = traps.set(3, "received", lambda: sprung.append(1))
    traps.passed(2, "received")
    traps.passed(5, "printed")
    assert not sprung
    traps.passed(1, "received")
    traps.passed(9, "received")
    assert sprung == [1]
    assert not traps.disarm(trap)


def test_trap_that_was_disarmed_springs_no_more() -> None:
    traps, sprung = ByteTraps(), []
    trap = traps.set(1, "received", lambda: sprung.append(1))
    assert traps.disarm(trap)
    traps.passed(5, "received")
    assert not sprung


async def test_power_that_goes_at_a_byte_takes_every_byte_behind_it() -> None:
    printer = WatchedEscpos(columns=42)
    await printer.start()
    try:
        printer.traps.set(6, "received", lambda: printer.set_fault("power_off"))
        for byte in b"first\nsecond\n":
            printer.data_received(bytes((byte,)))
        printer.set_fault("power_off", is_on=False)
        printer.data_received(b"third\n\x1dV\x00")
        await wait_until(lambda: printer.paper.cut_count == 1)
        await asyncio.sleep(0)
        assert printer.paper.receipts[0].lines == ["third"]
    finally:
        await printer.stop()


@pytest.mark.parametrize("kind", ["tcp-generic", "dtr-generic"])
@pytest.mark.parametrize("break_off", ["unplug", "cut"])
async def test_line_that_breaks_at_a_byte_takes_every_byte_behind_it_until_it_is_plugged_in(
    kind: str, break_off: str, tmp_path: Path
) -> None:
    printer = next(each for each in make_printers(tmp_path) if each.name == kind)
    await printer.start()
    try:
        printer.traps.set(6, "received", getattr(printer, break_off))
        async with _host(printer) as write:
            write(b"first\nsecond\n")
            await wait_until(lambda: printer.machine.counters["bytes_printed"] == 6)
        await printer.plug()
        async with _host(printer) as write:
            write(b"third\n\x1dV\x00")
            await wait_until(lambda: printer.machine.paper.cut_count == 1)
        assert printer.machine.paper.receipts[0].lines == ["first", "third"]
    finally:
        await printer.stop()


@asynccontextmanager
async def _host(printer: TorturedPrinter) -> AsyncIterator[Callable[[bytes], object]]:
    """A bare program at the other end."""
    transport = printer.device("lane")["transport"]
    if transport["kind"] == "tcp":
        with await asyncio.to_thread(socket.create_connection, (transport["host"], transport["port"])) as wire:
            yield wire.sendall
        return
    port = os.open(transport["path"], os.O_RDWR | os.O_NOCTTY)
    try:
        yield partial(os.write, port)
    finally:
        os.close(port)
