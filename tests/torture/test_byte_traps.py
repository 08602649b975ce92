"""A trap springs within the byte that it waits for, once."""

from __future__ import annotations

import asyncio

from simulators.print_torture.byte_traps import ByteTraps
from simulators.print_torture.printers import WatchedEscpos
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
