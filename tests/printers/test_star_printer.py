"""The driver of Star printers against a simulated one that parses for itself: confirmed, waited for, unknown."""

from __future__ import annotations

import asyncio
import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, UnknownOutcomeError
from edge_gateway.contracts.printing import PaperPolicy
from simulators.printer_faults import Fault
from simulators.star_machine import ANSWERS
from simulators.star_printer import StarPrinter
from tests.support.print_bench import Way, print_bench
from tests.support.print_watch import Watch
from tests.support.waiting import wait_until

LINES = [f"line {number:02d} of a receipt" for number in range(12)]
RECEIPT: list[dict[str, Any]] = [*({"type": "text", "text": line} for line in LINES), {"type": "cut"}]
CONFIRMATIONS = ("print_end_counter", "etb")
every_confirmation = pytest.mark.parametrize("confirm", CONFIRMATIONS)
every_way = pytest.mark.parametrize("way", ["loopback", "tcp", "serial"])
PROFILE = "generic-star"
EVERYTHING: list[dict[str, Any]] = [
    {"type": "text", "text": "Grüße aus Köln", "align": "center", "bold": True, "size": [2, 2]},
    {"type": "rule"},
    {"type": "columns", "left": "Highlighter", "right": "2,50 €"},
    {"type": "text", "text": "underlined", "underline": True},
    {"type": "text", "text": "Zażółć gęślą jaźń, Ελλάδα, Привет"},
    {"type": "text", "text": "漢字", "align": "right"},
    {"type": "qr", "data": "https://example.com/r/1"},
    {"type": "pdf417", "data": "S001-T3-20261121-000123"},
    {"type": "barcode", "symbology": "ean_13", "data": "4006381333931"},
    {"type": "barcode", "symbology": "code_128", "data": "A-100%"},
    {"type": "barcode", "symbology": "upc_e", "data": "0123456"},
    {"type": "barcode", "symbology": "itf", "data": "12345678"},
    {"type": "feed", "lines": 2},
    {"type": "drawer"},
    {"type": "cut"},
]


@every_way
@every_confirmation
async def test_print_is_on_paper_as_it_was_sent_and_confirmed(way: Way, confirm: str, tmp_path: Path) -> None:
    device = StarPrinter()
    settings = {"confirm": confirm}
    async with print_bench(device, way=way, profile=PROFILE, settings=settings, directory=tmp_path) as bench:
        watch = Watch()
        assert (await bench.print(EVERYTHING, watch))["confirmed_by"] == confirm
        (receipt,) = device.paper.receipts
        assert receipt.lines[0] == "Grüße aus Köln"
        assert receipt.lines[2].endswith("2,50 €")
        assert "Zażółć gęślą jaźń, Ελλάδα, Привет" in receipt.lines
        assert {symbol.kind for symbol in receipt.symbols} >= {"qr", "pdf417", "ean_13", "code_128", "upc_e", "itf"}
        assert "A-100%" in {symbol.data for symbol in receipt.symbols}
        assert device.errors == []
        assert device.counters["drawer_kicks"] == 1
        await bench.print(RECEIPT, watch)
        assert device.paper.receipts[-1].lines == LINES
        assert watch.told[-1][0] == watch.told[-1][1]


@every_way
@every_confirmation
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("paper_out", ErrorCode.PAPER_EMPTY),
        ("cover_open", ErrorCode.COVER_OPEN),
        ("offline", ErrorCode.OFFLINE),
        ("cutter_jam", ErrorCode.CUTTER_ERROR),
        ("overheated", ErrorCode.DEVICE_ERROR),
    ],
)
@pytest.mark.parametrize("policy", [PaperPolicy.CONTINUE, PaperPolicy.RESTART])
async def test_print_goes_on_when_it_was_mended(
    way: Way, confirm: str, fault: Fault, code: ErrorCode, policy: PaperPolicy, tmp_path: Path
) -> None:
    """No Star printer says that it cleared its buffer, so every policy but fail goes on with what it holds."""
    device, watch = StarPrinter(), Watch(policy)
    settings = {"confirm": confirm}
    async with print_bench(device, way=way, profile=PROFILE, settings=settings, directory=tmp_path) as bench:
        device.trip_at(150, fault)
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: watch.waiting_for is code, what=f"waiting for {code}")
        device.set_fault(fault, False)
        await task
        assert [receipt.lines for receipt in device.paper.receipts] == [LINES]


@every_confirmation
async def test_power_cut_in_the_middle_is_unknown_at_any_byte(confirm: str) -> None:
    async def cut_power_at(count: int) -> None:
        device, watch = StarPrinter(), Watch()
        settings = {"confirm": confirm, "confirm_timeout_s": 0.2}
        async with print_bench(device, profile=PROFILE, settings=settings) as bench:
            await wait_until(lambda: device.is_idle)
            device.trip_at(count, "power_off")
            task = bench.begin_print(RECEIPT, watch)
            await wait_until(lambda: device.is_off or task.done(), what="the power cut")
            device.set_fault("power_off", False)
            try:
                await task
            except DeviceError:
                assert device.counters["receipts"] <= 1
            else:
                assert [receipt.lines for receipt in device.paper.receipts] == [LINES], count

    async with asyncio.TaskGroup() as group:
        for count in range(20, 300, 14):
            group.create_task(cut_power_at(count))


@every_way
@every_confirmation
async def test_line_cut_is_unknown_and_nothing_is_printed_twice(way: Way, confirm: str, tmp_path: Path) -> None:
    device = StarPrinter()
    settings = {"confirm": confirm}
    async with print_bench(device, way=way, profile=PROFILE, settings=settings, directory=tmp_path) as bench:
        device.cut_line_at(200)
        task = bench.begin_print(RECEIPT, Watch())
        await wait_until(lambda: task.done() or bench.is_lost, what="the loss")
        task.cancel()  # as the supervisor does, where the driver does not notice
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, UnknownOutcomeError | asyncio.CancelledError)
        assert device.counters["receipts"] == 0


@every_confirmation
async def test_late_confirmation_does_not_confirm_the_next_print(confirm: str) -> None:
    device = StarPrinter()
    settings = {"confirm": confirm, "confirm_timeout_s": 0.1}
    async with print_bench(device, profile=PROFILE, settings=settings) as bench:
        await bench.print(RECEIPT)
        device.set_fault("stall")
        # What is counted from 0 is not even begun: the printer does not work off that it is to count from 0.
        expected: type[DeviceError] = DeviceError if confirm == "etb" else UnknownOutcomeError
        with pytest.raises(expected, match="confirm"):
            await bench.print([{"type": "text", "text": "stalled"}])
        task = bench.begin_print(RECEIPT, Watch())
        device.set_fault("stall", False)
        [outcome] = await asyncio.gather(task, return_exceptions=True)
        if isinstance(outcome, DeviceError):
            assert outcome.is_retryable, "it was not begun"
            await bench.print(RECEIPT)
        assert device.paper.receipts[-1].lines[-len(LINES) :] == LINES
        assert device.counters["receipts"] == 2


async def test_printer_without_counters_prints_where_configuration_says_so() -> None:
    device = StarPrinter(answers=ANSWERS - {"etb", "print_end"})
    async with print_bench(device, profile=PROFILE, settings={"confirm": "none"}) as bench:
        assert (await bench.print(RECEIPT))["confirmed_by"] == "none"
    device = StarPrinter(answers=ANSWERS - {"etb", "print_end"})
    async with print_bench(device, profile=PROFILE) as bench:
        with pytest.raises(DeviceError) as refused:
            await bench.print(RECEIPT)
        assert refused.value.code is ErrorCode.TIMEOUT
        assert device.counters["receipts"] == 0


async def test_codes_that_the_printer_has_not_are_drawn() -> None:
    device = StarPrinter()
    codes: list[dict[str, Any]] = [
        {"type": "qr", "data": "https://example.com"},
        {"type": "barcode", "symbology": "ean_13", "data": "4006381333931"},
        {"type": "barcode", "symbology": "gs1_128", "data": "(01)04006381333931(10)A1"},
        {"type": "cut"},
    ]
    for raster in ("raster", "column_24"):
        settings = {"has_qr": False, "has_barcodes": False, "raster": raster}
        async with print_bench(StarPrinter(), profile=PROFILE, settings=settings) as bench:
            await bench.print(codes)
            (receipt,) = bench.printer.paper.receipts
            assert "4006381333931" in receipt.lines
            assert receipt.symbols == []
            assert bench.printer.errors == []
    async with print_bench(device, profile=PROFILE) as bench:
        await bench.print(codes)
        assert [symbol.kind for symbol in device.paper.receipts[0].symbols] == ["qr", "ean_13", "gs1_128"]
        assert "(01)04006381333931(10)A1" in device.paper.receipts[0].lines
        assert device.errors == []


async def test_drawer_switch_is_read_in_star_s_sense() -> None:
    device = StarPrinter()
    async with print_bench(device, profile=PROFILE, settings={"drawer_open_level": "high"}) as bench:
        assert (await bench.execute("open_drawer"))["drawer"] == "open"
        device.close_drawer()
        told = ["drawer_pulsed", "drawer_opened", "drawer_closed"]
        await wait_until(lambda: [name for name, _ in bench.session.events] == told, what="the drawer told")


def picture_of_pulses() -> str:
    """An image whose columns are the byte FS."""
    drawn = Image.new("1", (48, 24), 1)
    ImageDraw.Draw(drawn).rectangle((0, 3, 47, 5), fill=0)
    drawn.save(file := io.BytesIO(), "PNG")
    return base64.b64encode(file.getvalue()).decode()


@every_way
async def test_first_drawer_opens_without_paper_and_past_a_job_that_waits_for_it(way: Way, tmp_path: Path) -> None:
    device, watch = StarPrinter(), Watch()
    settings = {"drawer_open_level": "high"}
    async with print_bench(device, way=way, profile=PROFILE, settings=settings, directory=tmp_path) as bench:
        device.set_fault("paper_out")
        assert await bench.execute("open_drawer") == {"drawer": "open", "confirmed_by": "none"}
        device.close_drawer()
        device.set_fault("paper_out", False)
        device.trip_at(100, "paper_out")
        task = bench.begin_print(
            [{"type": "image", "data": picture_of_pulses(), "dither": "threshold"}, *RECEIPT], watch
        )
        await wait_until(lambda: watch.waiting_for is ErrorCode.PAPER_EMPTY, what="the job waiting")
        assert device.counters["drawer_kicks"] == 1
        assert await bench.execute("open_drawer") == {"drawer": "open", "confirmed_by": "none"}
        device.set_fault("paper_out", False)
        await task
        assert device.counters["drawer_kicks"] == 2
        assert device.errors == []


async def test_second_drawer_is_refused_without_paper_and_does_not_open_later() -> None:
    device = StarPrinter(drawer_pin=5)
    async with print_bench(device, profile=PROFILE, settings={"drawer_pin": 5}) as bench:
        device.set_fault("paper_out")
        with pytest.raises(DeviceError, match="the drawer was not opened") as refused:
            await bench.execute("open_drawer")
        assert refused.value.code is ErrorCode.PAPER_EMPTY
        device.set_fault("paper_out", False)
        await bench.print(RECEIPT)
        assert device.counters["drawer_kicks"] == 0


async def test_second_drawer_has_a_command_of_its_own() -> None:
    device = StarPrinter(drawer_pin=5)
    async with print_bench(device, profile=PROFILE, settings={"drawer_pin": 5, "drawer_open_level": "high"}) as bench:
        assert (await bench.execute("open_drawer"))["drawer"] == "open"


async def test_impact_printer_prints_red_and_double_and_nothing_that_it_cannot() -> None:
    device = StarPrinter(is_impact=True, language="star-line", columns=42)
    settings = {"columns": 42, "is_impact": True, "colours": 2, "raster": "none", "has_qr": False}
    order: list[dict[str, Any]] = [
        {"type": "text", "text": "TABLE 7", "size": [4, 4]},
        {"type": "text", "text": "NO NUTS", "colour": "red"},
        {"type": "text", "text": "漢字"},
        {"type": "cut"},
    ]
    async with print_bench(device, profile=PROFILE, settings=settings) as bench:
        result = await bench.print(order)
        assert result["replaced_characters"] == 2
        (receipt,) = device.paper.receipts
        assert receipt.glyphs[0].style.width == 2
        assert {glyph.style.is_red for glyph in receipt.glyphs if glyph.character == "N"} == {True}
        assert device.errors == []
        with pytest.raises(RequestError) as refused:
            await bench.print([{"type": "qr", "data": "x"}])
        assert refused.value.code is ErrorCode.UNSUPPORTED


async def test_printer_says_who_it_is() -> None:
    device = StarPrinter(model="mC-Print3")
    settings = {"can_identify": True, "confirm": "print_end_counter"}
    async with print_bench(device, profile=PROFILE, settings=settings) as bench:
        await wait_until(lambda: bench.session.info.get("serial_number") == "2550000000000001")
        assert bench.session.info["model"] == "mC-Print3"


async def test_picture_larger_than_the_buffer_is_taken_to_its_end() -> None:
    device = StarPrinter()
    _, writer = await asyncio.open_connection("127.0.0.1", await device.listen_tcp())
    picture = b"\x1b\x1dS\x01" + bytes((72, 0, 200, 0, 0)) + bytes(72 * 200)
    writer.write(picture[:8000])
    await wait_until(lambda: device.counters["bytes_received"] == 8000, what="half of the picture")
    writer.write(picture[8000:])
    await wait_until(lambda: bool(device.paper.hanging.pictures), what="the picture on paper")
    assert device.unprinted_bytes == 0
    writer.close()
    await device.stop()
