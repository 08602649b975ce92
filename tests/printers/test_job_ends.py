"""How a print ends where the printer's word is missing, or where only its last bytes are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edge_gateway.contracts.errors import ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.printing import PaperPolicy, PrintFailedError
from simulators.escpos_machine import ANSWERS
from simulators.escpos_printer import EscposPrinter
from tests.support.print_bench import print_bench
from tests.support.print_watch import Watch
from tests.support.waiting import wait_until

RECEIPT: list[dict[str, Any]] = [
    *({"type": "text", "text": f"line {number:02d} of a receipt"} for number in range(12)),
    {"type": "cut"},
]


async def test_printer_that_cannot_confirm_and_went_off_in_the_middle_leaves_the_job_unknown() -> None:
    """It told how it was before; silence behind the last byte is not its word that it is well."""
    device, watch = EscposPrinter(columns=48, answers=ANSWERS - {"process_id", "gs_r"}), Watch()
    async with print_bench(device, settings={"confirm": "none"}) as bench:
        device.trip_at(60, "power_off", when="received")
        with pytest.raises(UnknownOutcomeError, match="does not answer any more"):
            await bench.print(RECEIPT, watch)
        assert watch.waiting_for is ErrorCode.TIMEOUT


async def test_printer_that_cannot_confirm_and_is_silent_for_a_moment_is_asked_again() -> None:
    device, watch = EscposPrinter(columns=48, answers=ANSWERS - {"process_id", "gs_r"}), Watch()
    async with print_bench(device, settings={"confirm": "none", "confirm_timeout_s": 30.0}) as bench:
        device.trip_at(60, "mute", when="received")
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: watch.waiting_for is ErrorCode.TIMEOUT, what="the silence told")
        device.set_fault("mute", False)
        assert (await task)["confirmed_by"] == "none"


async def test_job_that_is_cancelled_before_it_begins_again_may_be_on_paper() -> None:
    device, watch = EscposPrinter(columns=48, answers=ANSWERS - {"asb"}), Watch(PaperPolicy.RESTART)
    async with print_bench(device) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: device.counters["buffer_clears"] == 1, what="the rest cleared")
        tell = bench.session.set_condition

        def tell_and_cancel(flags: frozenset[str], details: Mapping[str, Any]) -> None:
            tell(flags, details)
            watch.cancelled.set()

        bench.session.set_condition = tell_and_cancel  # type: ignore[method-assign] # just as it says that it can go on
        device.set_fault("paper_out", False)
        with pytest.raises(PrintFailedError) as failed:
            await task
        assert (failed.value.is_on_paper, failed.value.is_retryable) == (True, False)
        assert device.paper.text.count("line 00") == 1


class BusyWhenOffline(EscposPrinter):
    """Takes nothing but real-time commands while it is offline, as Epson's printers are delivered."""

    def _flow(self) -> None:
        super()._flow()
        if self.condition.is_offline != self.is_stopping:
            self.is_stopping = self.condition.is_offline
            self.send(b"\x13" if self.is_stopping else b"\x11")

    is_stopping = False


async def test_job_of_which_only_the_cut_is_missing_is_not_printed_again() -> None:
    """All that can be seen of it is on paper: cleared now and sent again it would be there twice."""
    picture = {"type": "qr", "data": "x" * 20, "module_dots": 3}  # in one slice
    document = [{"type": "text", "text": "one line"}, picture, {"type": "cut"}]
    settings = {"has_qr": False}
    async with print_bench(EscposPrinter(columns=48), settings=settings) as bench:
        total = len(bench.driver.render(bench.settings, {"document": document}).data)
    stopped_whole = [await _paper_out_at(count, document, settings) for count in range(total - 50, total + 20, 5)]
    assert any(stopped_whole)


async def _paper_out_at(count: int, document: list[dict[str, Any]], settings: dict[str, Any]) -> bool:
    """Whether it stopped with the picture on paper and something to come."""
    device, watch = BusyWhenOffline(columns=48), Watch(PaperPolicy.RESTART)
    async with print_bench(device, settings=settings) as bench:
        await wait_until(lambda: "serial_number" in bench.session.info and device.is_idle, what="the setup")
        device.trip_at(count, "paper_out")
        task = bench.begin_print(document, watch)
        await wait_until(lambda: task.done() or watch.waiting_for is not None, what="the stop")
        is_stopped_whole = not task.done() and bool(device.paper.hanging.pictures)
        device.set_fault("paper_out", False)
        await task
        assert [len(receipt.pictures) for receipt in device.paper.receipts] == [1], count
        return is_stopped_whole
