"""A line that breaks in the middle of a picture: the printer still waits for its rest, and takes what comes for that.

What follows must neither be swallowed nor come out as rubbish, and the printer must not stay stuck.
"""

from __future__ import annotations

import asyncio
import base64
import io
from typing import Any

import pytest

from edge_gateway.contracts.errors import UnknownOutcomeError
from simulators.escpos_printer import EscposPrinter
from simulators.star_printer import StarPrinter
from tests.support.noise import noise
from tests.support.printing import Way, driven_printer
from tests.support.waiting import wait_until

WIDTH_DOTS, HEIGHT_DOTS = 512, 300
LINES = [f"line {number}" for number in range(5)]
RECEIPT: list[dict[str, Any]] = [*({"type": "text", "text": line} for line in LINES), {"type": "cut"}]
AT_BYTES = (40, 700, 9000)
ESCPOS_WAYS = [
    ("process_id", "gs_paren_l"),
    ("gs_r", "gs_paren_l"),
    ("gs_r", "gs_v_0"),
    ("gs_r", "column_24"),
]
STAR_WAYS = [("etb", "column_24"), ("etb", "raster"), ("print_end_counter", "raster")]


def _picture() -> list[dict[str, Any]]:
    file = io.BytesIO()
    noise(WIDTH_DOTS, HEIGHT_DOTS, seed=1).save(file, "PNG")
    image = {"type": "image", "data": base64.b64encode(file.getvalue()).decode(), "dither": "threshold"}
    return [{"type": "text", "text": "picture"}, image, {"type": "cut"}]


@pytest.mark.parametrize("way", ["loopback", "tcp"])
@pytest.mark.parametrize(("profile", "ways"), [("epson-tm-t20", ESCPOS_WAYS), ("generic-star", STAR_WAYS)])
async def test_print_after_a_broken_picture_is_whole(profile: str, ways: list[tuple[str, str]], way: Way) -> None:
    async def break_at(count: int, confirm: str, raster: str) -> None:
        printer: Any = EscposPrinter(columns=48) if profile.startswith("epson") else StarPrinter()
        settings = {"confirm": confirm, "raster": raster}
        async with driven_printer(printer, way=way, profile=profile, settings=settings) as lane:
            await wait_until(lambda: printer.is_idle)
            printer.cut_line_at(count)
            with pytest.raises(UnknownOutcomeError):
                await lane.print(_picture())
            await lane.plug_in()
            await wait_until(lambda: lane.supervisor.counters["connects"] == 2)
            await wait_until(lambda: lane.supervisor.state.power == "online")
            assert (await lane.print(RECEIPT))["confirmed_by"] == confirm
            assert printer.paper.receipts[-1].lines[-len(LINES) :] == LINES
            lines = {line for receipt in printer.paper.receipts for line in receipt.lines if not line.startswith("[")}
            assert lines <= {"picture", "", *LINES}, "bytes of the picture came out as text"

    async with asyncio.TaskGroup() as group:
        for confirm, raster in ways:
            for count in AT_BYTES:
                group.create_task(break_at(count, confirm, raster))
