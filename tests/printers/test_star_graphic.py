"""Star printers that print pictures alone (TSP100), against a simulated one that takes nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from edge_gateway.contracts.errors import ErrorCode, UnknownOutcomeError
from protocols.printers.star_graphic import star_graphic_outline
from simulators.star_printer import StarPrinter
from tests.support.print_bench import Watch, Way, print_bench
from tests.support.waiting import wait_until

PROFILE = "star-tsp100"
every_way = pytest.mark.parametrize("way", ["loopback", "tcp", "serial"])
CODES = {"https://example.com/r/1", "4006381333931", "S001-T3-000123", "(01)04006381333931"}
RECEIPT: list[dict[str, Any]] = [
    {"type": "text", "text": "Grüße aus Köln, 漢字, Ελλάδα", "align": "center", "bold": True, "size": [2, 2]},
    {"type": "rule"},
    {"type": "columns", "left": "Highlighter", "right": "2,50 €"},
    {"type": "text", "text": "red on black", "colour": "red", "align": "right"},
    {"type": "qr", "data": "https://example.com/r/1"},
    {"type": "barcode", "symbology": "ean_13", "data": "4006381333931"},
    {"type": "pdf417", "data": "S001-T3-000123"},
    {"type": "barcode", "symbology": "gs1_databar", "data": "04006381333931"},
    {"type": "feed", "lines": 3},
    {"type": "drawer"},
    {"type": "cut"},
    {"type": "text", "text": "The store's copy"},
    {"type": "cut", "mode": "full"},
]


def graphic_printer(**machine: Any) -> StarPrinter:
    return StarPrinter(language="star-graphic", **machine)


def seen(device: StarPrinter) -> Image.Image:
    with Image.open(io.BytesIO(device.paper_png())) as picture:
        return picture.convert("L")


@every_way
async def test_whole_receipt_is_drawn_and_confirmed(way: Way, tmp_path: Path) -> None:
    device, watch = graphic_printer(), Watch()
    async with print_bench(device, way=way, profile=PROFILE, directory=tmp_path) as bench:
        result = await bench.print(RECEIPT, watch)
        assert (result["confirmed_by"], result["replaced_characters"]) == ("etb", 0)
        assert watch.confirmed_bytes == result["bytes"]
    assert device.errors == []
    assert len(device.paper.receipts) == 2
    assert device.counters["drawer_kicks"] == 1
    assert {found.text for found in zxingcpp.read_barcodes(seen(device))} == CODES


async def test_paper_that_ends_in_the_middle_is_waited_for_and_the_drawer_opens() -> None:
    device, watch = graphic_printer(), Watch()
    settings = {"drawer_open_level": "high"}
    async with print_bench(device, profile=PROFILE, settings=settings) as bench:
        device.trip_at(9_000, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: watch.waiting_for is ErrorCode.PAPER_EMPTY, what="the job waiting")
        assert (await bench.execute("open_drawer"))["drawer"] == "open"
        device.close_drawer()
        device.set_fault("paper_out", False)
        await task
    assert device.errors == []
    assert len(device.paper.receipts) == 2
    assert {found.text for found in zxingcpp.read_barcodes(seen(device))} == CODES


@pytest.mark.parametrize("at", range(100, 14_000, 1_700))
async def test_print_after_a_line_that_was_cut_in_a_row_of_dots_is_whole(at: int) -> None:
    device = graphic_printer()
    async with print_bench(device, way="tcp", profile=PROFILE) as bench:
        device.trip_at(at, "disconnect", when="received")
        with pytest.raises(UnknownOutcomeError):
            await bench.print(RECEIPT)
    before = device.counters["receipts"]
    async with print_bench(device, way="tcp", profile=PROFILE) as bench:
        await bench.print(RECEIPT)
    assert device.counters["receipts"] - before >= 2
    with Image.open(io.BytesIO(device.paper_png(-2))) as picture:
        found = {found.text for found in zxingcpp.read_barcodes(picture.convert("L"))}
    assert found >= CODES


def test_outline_ends_between_documents_and_nowhere_in_one() -> None:
    from drivers.star_printer import StarPrinter as Driver
    from edge_gateway.devices.profiles import load_profile

    settings = Driver.Settings.model_validate(load_profile(PROFILE).settings)
    data = Driver.render(settings, {"document": RECEIPT}).data
    ends = star_graphic_outline(data).ends
    assert ends[-1] == len(data)
    for end in ends:
        assert data.count(b"\x1b*rA", 0, end) == data.count(b"\x1b*rB", 0, end)
    assert star_graphic_outline(data[:-3]).ends[-1] == len(data) - 3
