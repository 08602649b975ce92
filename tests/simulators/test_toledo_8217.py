"""The simulated scale answers as the manual says, and does what it is told."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from simulators.link import PtyLink
from simulators.toledo_8217 import Toledo8217Scale
from simulators.toledo_8217_console import Console, random_orders
from tests.support.waiting import wait_until


class Wire:
    """The host's end of a wire in memory."""

    def __init__(self) -> None:
        self.on_bytes: Callable[[bytes], None] | None = None
        self.sent = bytearray()

    def write(self, data: bytes) -> None:
        self.sent += data

    async def ask(self, question: bytes) -> bytes:
        self.sent.clear()
        assert self.on_bytes is not None
        self.on_bytes(question)
        await wait_until(lambda: self.sent.endswith(b"\r"), what=f"an answer to {question!r}")
        return bytes(self.sent)


async def test_scale_answers_as_the_manual_says() -> None:
    wire = Wire()
    scale = Toledo8217Scale(wire, reply_delay_s=0.0)
    await scale.start()
    assert await wire.ask(b"W") == b"\x0200.000\r"
    scale.put("1.234")
    assert await wire.ask(b"W") == b"\x0201.234\r"
    assert await wire.ask(b"T\r") == b"\x02?p\r"
    assert await wire.ask(b"W") == b"\x0200.000N\r"
    scale.put("1.000")
    assert await wire.ask(b"W") == b"\x02?d\r"
    assert await wire.ask(b"C") == b"\x02?@\r"
    assert await wire.ask(b"T00010\r") == b"\x02?`\r"
    assert await wire.ask(b"W") == b"\x0200.990N\r"
    assert await wire.ask(b"A") == b"\x02\r"
    assert await wire.ask(b"B") == b"\x02?@\r"
    assert await wire.ask(b"x") == b"\x02?`\r"
    await scale.stop()


@pytest.mark.parametrize(
    ("status", "answer"), [("motion", b"Q"), ("under", b"T"), ("over", b"R"), ("outside_zero", b"X")]
)
async def test_scale_tells_its_trouble_in_the_status_byte(status: str, answer: bytes) -> None:
    wire = Wire()
    scale = Toledo8217Scale(wire, reply_delay_s=0.0)
    await scale.start()
    setattr(scale, "status", status)  # noqa: B010 - the table's words are checked by the answers
    assert await wire.ask(b"W") == b"\x02?" + answer + b"\r"
    await scale.stop()


async def test_orders_are_carried_out_and_nonsense_is_answered(tmp_path: Path) -> None:
    link, said = PtyLink(tmp_path / "tty"), list[str]()
    scale = Toledo8217Scale(link)
    await scale.start()
    console = Console(scale, link, said.append)
    for line in (
        "put 1.5",
        "motion",
        "slow 0.1",
        "parity off",
        "8n1 on",
        "point off",
        "once on",
        "settle 0",
        "unplug",
        "",
    ):
        assert await console.obey(line)
    assert (str(scale.gross), scale.status, scale.reply_delay_s, scale.bad_parity) == ("1.5", "motion", 0.1, True)
    assert not link.is_plugged
    assert said == []
    for line in ("put apple", "fly", "parity maybe", "slow quickly"):
        assert await console.obey(line)
    assert len(said) == 4
    assert not await console.obey("quit")
    await scale.stop()


def test_random_orders_depend_on_the_seed_only() -> None:
    assert random_orders(3, "kg") == random_orders(3, "kg")
    assert random_orders(3, "kg") != random_orders(4, "kg")


async def test_scale_plays_a_script_as_a_process(tmp_path: Path) -> None:
    script = tmp_path / "orders"
    script.write_text("settle 0\nput 2.345\nshow\n")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_gateway", "simulate", "toledo-8217", str(tmp_path / "tty"), "--script", str(script),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await asyncio.wait_for(process.communicate(), 60)
    ready, shown = (json.loads(line) for line in output.splitlines())
    assert ready["path"] == str(tmp_path / "tty")
    assert shown["shown"] == "2.345"
    assert process.returncode == 0
