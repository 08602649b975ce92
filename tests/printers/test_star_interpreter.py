"""The simulated Star printer's own understanding: bytes written by hand, from Star's specifications."""

from __future__ import annotations

import pytest

from simulators.star_machine import StarMachine
from tests.support.waiting import wait_until


async def printed(data: bytes) -> StarMachine:
    """A machine that has carried out the bytes."""
    machine = StarMachine()
    await machine.start()
    for byte in data:
        machine._filter(byte)
    machine._can_go_on.set()
    await wait_until(lambda: machine.is_idle)
    await machine.stop()
    return machine


async def whole(data: bytes) -> StarMachine:
    """As ``printed``, and all of it was understood."""
    machine = await printed(data)
    assert (machine.errors, machine.unprinted_bytes) == ([], 0)
    return machine


@pytest.mark.parametrize(
    "unseen",
    [
        *[
            b"\x05",
            b"\x04",
            b"\x11",
            b"\x1bM",
            b"\x1bN\x01",
            b"\x1bO",
            b"\x1bs\x01\x01",
            b"\x1bC\x20",
            b"\x1bC\x00\x05",
        ],
        *[b"\x1b\x1er\x00", b"\x1b\x1ed\x03", b"\x1b\x1eC\x01", b"\x1b\x1d\x07\x01\x02\x02\x01", b"\x1bB\x05\x00"],
        *[b"\x1b\x1d#*\n\x00", b"\x1bR\x00", b"\x1b \x00", b"\x1b\x1dyI", b"\x1b\x1dxI"],
    ],
    ids=lambda unseen: unseen.hex(" "),
)
async def test_command_of_which_nothing_is_seen_is_taken_whole(unseen: bytes) -> None:
    machine = await whole(b"\x1b@" + unseen + b"ok\n")
    assert machine.paper.hanging.lines == ["ok"]


@pytest.mark.parametrize(
    "known",
    [
        *[
            b"\x0b",
            b"\x0c",
            b"\x1by\x10",
            b"\x1bR\x02",
            b"\x1b\x1cp\x01\x00",
            b"\x1b\x1ei\x01",
        ],
        *[b"\x1b\x1dP0", b"\x1b\x1dP3" + b"A" * 8, b"\x1bK\x02\x00ab", b"\x1b$\x31"],
    ],
    ids=lambda known: known.hex(" "),
)
async def test_command_that_is_not_simulated_is_told_once_and_leaves_no_characters(known: bytes) -> None:
    machine = await printed(b"\x1b@" + known + b"ok\n")
    assert len(machine.errors) == 1
    assert machine.paper.hanging.lines == ["ok"]


@pytest.mark.parametrize(
    "cut",
    [
        *[
            b"\x1b",
            b"\x1b\x1d",
            b"\x1bE"[:1],
            b"\x1bb\x03\x01\x03\x3c12",
            b"\x1b\x1dyD1\x00\x05\x00ab",
            b"\x1bX\x02\x00ab",
        ],
        *[b"\x1b\x1dS\x01\x01\x00\x02\x00\x00a", b"\x1bD\x05", b"\x1bK\x05\x00a", b"\x1b*r"],
        *[b"\x1b\x1ea", b"\x1bi\x01", b"\x1b\x1d\x03\x01\x00", b"\x1bC\x00", b"\x1b#*", b"\x1b\x1d)I\x01"],
    ],
    ids=lambda cut: cut.hex(" "),
)
async def test_command_that_was_cut_off_is_told(cut: bytes) -> None:
    assert (await printed(b"\x1b@a\n" + cut)).unprinted_bytes > 0


@pytest.mark.parametrize(
    "garbled",
    [
        *[b"\x1b\x1d\x01", b"\x01", b"\x7f", b"\x1b\x1dt\xc8", b"\x1bd\x09", b"x\x1bd\x00", b"\x1bi\x07\x00"],
        *[b"\x1bb\x03\x01\x03\x3c4006381333932\x1e", b"\x1bb\x0c\x01\x03\x3cabc\x1e", b"\x1b\x1dyP", b"\x1b\x1dxP"],
        *[b"\x1b\x07\x00\x00", b"\x1bK\xff\xff", b"\x1b\x1dt\x00\xb0"],
    ],
    ids=lambda garbled: garbled.hex(" "),
)
async def test_printer_notes_what_a_real_one_would_garble(garbled: bytes) -> None:
    assert (await printed(b"\x1b@" + garbled + b"\n")).errors


async def test_sizes_tabs_and_pages_of_line_mode_are_on_paper() -> None:
    machine = await whole(b"\x0eA\x14B\x1b\x0eC\x1b\x14D\n\x1bD\x04\x00\tE\n\x1b\x1dA\x18\x00F\n")
    sizes = [(glyph.character, glyph.style.width, glyph.style.height) for glyph in machine.paper.hanging.glyphs[:4]]
    assert sizes == [("A", 2, 1), ("B", 1, 1), ("C", 1, 2), ("D", 1, 1)]
    assert machine.paper.hanging.lines[1:] == ["    E", "  F"]
    thai = await whole(b"\x1b\x1dt\x15" + "กำ".encode("tis-620") + b"\n\x1b\x1dt\x02\xb1\n")
    assert thai.paper.hanging.lines == ["กำ", "ｱ"]
