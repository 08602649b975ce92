"""Orders to the simulated scales that compute the price, and the ways in which they misbehave."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from simulators.cas import CasScale
from simulators.link import FifoLink, PtyLink
from simulators.plate_console import PlateConsole, switches
from simulators.tisa import TisaScale
from simulators.weighing_plate import WeighingPlate
from tests.support.waiting import wait_until


class Wire:
    """The host's end of a wire in memory."""

    def __init__(self) -> None:
        self.on_bytes: Callable[[bytes], None] | None = None
        self.sent: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.sent.append(data)

    async def ask(self, question: bytes) -> bytes:
        self.sent.clear()
        assert self.on_bytes is not None
        self.on_bytes(question)
        await wait_until(lambda: self.sent, what=f"an answer to {question!r}")
        return self.sent[0]


def scale_on(wire: Wire, make: type[WeighingPlate]) -> WeighingPlate:
    scale = make(wire, rng=Random(3))
    scale.reply_delay_s = 0.0
    return scale


async def test_scale_answers_as_the_manual_says() -> None:
    wire = Wire()
    scale = scale_on(wire, CasScale)
    await scale.start()
    assert await wire.ask(b"\x05") == b"\x06"
    scale.put("1.235")
    assert await wire.ask(b"\x11") == b"\x01\x02S 01.235kgd\x03\x04"
    scale.status = "motion"
    assert (await wire.ask(b"\x11"))[2:4] == b"U "
    scale.status = "over"
    assert await wire.ask(b"\x11") == b"\x01\x02SF00.000kg\x07\x03\x04"
    scale.status = "bad_check"
    assert await wire.ask(b"\x11") == b"\x01\x02S 01.235kge\x03\x04"
    scale.status = "half"
    assert len(await wire.ask(b"\x11")) < 16
    scale.status = "garbage"
    assert not set(await wire.ask(b"\x11")) & {0x01, 0x81, 0x06, 0x15}
    await scale.stop()


async def test_request_of_a_real_till_is_answered_as_it_was() -> None:
    """A captured exchange with a Dibal G310: 316 g, price zero."""
    wire = Wire()
    scale = scale_on(wire, TisaScale)
    await scale.start()
    scale.put("0.316")
    assert await wire.ask(b"98000001\r\n") == b"9900031600000004\r\n"
    await scale.stop()


async def test_console_obeys_and_says_what_it_does_not_understand(tmp_path: Path) -> None:
    told: list[str] = []
    link = PtyLink(tmp_path / "scale")
    scale = CasScale(link)
    console = PlateConsole(scale, link, told.append)
    await scale.start()
    for order in ("put 1.5", "over", "slow 0.2", "settle 0", "set starts_high on", "set unit_price 1.99", "#", "show"):
        assert await console.obey(order)
    assert (str(scale.gross), scale.status, scale.reply_delay_s, scale.starts_high) == ("1.5", "over", 0.2, True)
    assert str(scale.unit_price) == "1.99"
    seen = json.loads(told.pop())
    assert (seen["shown"], seen["unit"], seen["status"], seen["is_plugged"]) == ("1.500", "kg", "over", True)
    await console.obey("unplug")
    assert not link.path.exists()
    await console.obey("plug")
    assert link.path.exists()
    for wrong in ("put many", "set nothing on", "dance"):
        assert await console.obey(wrong)
    assert len(told) == 3
    assert "such as 1.234" in told[0]
    assert all("'help' lists the orders" in line for line in told[1:])
    await console.obey("help")
    assert "set changes: " in told[-1]
    assert all(f"{switch} (" in told[-1] for switch in switches(scale))
    assert "put 1.234" in told[-1]
    assert not await console.obey("quit")
    await scale.stop()


@pytest.mark.parametrize("size", [1, 200])
async def test_fifo_in_messages_keeps_each_write_apart(size: int, tmp_path: Path) -> None:
    import os

    link = FifoLink(tmp_path / "reports", in_messages=True)
    link.plug()
    reader = os.open(link.path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        link.write(b"a" * size)
        link.write(b"b" * size)
        assert os.read(reader, 4096) == b"a" * size
        assert os.read(reader, 4096) == b"b" * size
    finally:
        os.close(reader)
        link.unplug()
