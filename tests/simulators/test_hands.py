"""Orders to the demo's printers by a person, and the paper that person sees."""

from __future__ import annotations

import json
from pathlib import Path

from simulators.escpos_printer import EscposPrinter
from simulators.label_printer import LabelPrinter
from simulators.store_in_a_box.hands import LINE_BYTES_MAX, Hands
from tests.support.waiting import wait_until


async def test_order_reaches_the_receipt_printer_and_its_receipt_is_kept(tmp_path: Path) -> None:
    printer, hands = EscposPrinter(columns=42), Hands(tmp_path, "kitchen")
    hands.take(printer)
    try:
        _order(tmp_path / "orders/kitchen", b"paper_", b"out on\n")
        await wait_until(lambda: printer.condition.is_paper_out)
        _order(tmp_path / "orders/kitchen", b"x" * 2 * LINE_BYTES_MAX + b"\npaper_out off\n")
        await wait_until(lambda: not printer.condition.is_paper_out)
        assert "no such order" in json.loads((tmp_path / "orders/kitchen.said").read_text())["error"]

        await printer.listen_tcp()
        printer.data_received(b"Hello\n\x1dV\x00")
        await wait_until((tmp_path / "paper/kitchen.txt").exists)
        assert (tmp_path / "paper/kitchen.txt").read_text() == "Hello\n"
    finally:
        await printer.stop()
        hands.release()
    assert not (tmp_path / "orders/kitchen").exists()


async def test_order_reaches_the_label_printer(tmp_path: Path) -> None:
    printer, hands = LabelPrinter("zpl"), Hands(tmp_path, "labels")
    hands.take(printer)
    try:
        _order(tmp_path / "orders/labels", b"media_out on\n")
        await wait_until(lambda: "media_out" in printer.faults)
        _order(tmp_path / "orders/labels", b"media_out perhaps\n")
        await wait_until((tmp_path / "orders/labels.said").exists)
    finally:
        hands.release()


def _order(fifo: Path, *pieces: bytes) -> None:
    with fifo.open("wb", buffering=0) as orders:
        for piece in pieces:
            orders.write(piece)
