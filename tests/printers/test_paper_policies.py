"""A printer that stops in the middle of a print: what each policy makes of it, and what passes a job that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, UnknownOutcomeError
from edge_gateway.contracts.printing import PaperPolicy, PrintFailedError
from simulators.escpos_machine import ANSWERS
from simulators.escpos_printer import EscposPrinter
from simulators.printer_faults import Fault
from tests.support.print_bench import Bench, Way, print_bench
from tests.support.print_watch import Watch
from tests.support.waiting import wait_until

LINES = [f"line {number:02d} of a receipt" for number in range(12)]
RECEIPT: list[dict[str, Any]] = [*({"type": "text", "text": line} for line in LINES), {"type": "cut"}]
LONG = [{"type": "text", "text": f"line {number:03d} of a print that fills the buffer"} for number in range(180)]
every_way = pytest.mark.parametrize("way", ["loopback", "tcp", "serial"])


def printer(**machine: Any) -> EscposPrinter:
    return EscposPrinter(columns=48, **machine)


def copies(device: EscposPrinter) -> int:
    """Whole receipts on paper."""
    return sum(receipt.lines[-len(LINES) :] == LINES for receipt in device.paper.receipts)


async def until_settled(bench: Bench) -> None:
    """It was set up, and has said who it is."""
    await wait_until(lambda: "serial_number" in bench.session.info and bench.printer.is_idle, what="the setup")


async def until_waiting(watch: Watch, code: ErrorCode) -> None:
    await wait_until(lambda: watch.waiting_for is code, what=f"waiting for {code}")


@every_way
@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        ("paper_out", ErrorCode.PAPER_EMPTY, "it has no paper; put in a roll"),
        ("cover_open", ErrorCode.COVER_OPEN, "its cover is open; close it"),
        ("offline", ErrorCode.OFFLINE, "it says it is offline; look at its panel"),
        ("cutter_jam", ErrorCode.CUTTER_ERROR, "its cutter is stuck; open the cover, free the knife, then clear_error"),
        ("overheated", ErrorCode.DEVICE_ERROR, "its head is too hot; it goes on by itself when it has cooled down"),
    ],
)
async def test_print_goes_on_when_it_was_mended(
    way: Way, fault: Fault, code: ErrorCode, words: str, tmp_path: Path
) -> None:
    device, watch = printer(), Watch()
    async with print_bench(device, way=way, directory=tmp_path) as bench:
        device.trip_at(150, fault)
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, code)
        assert watch.waiting_reason == words
        assert not task.done()
        device.set_fault(fault, False)
        assert (await task)["confirmed_by"] == "process_id"
        assert copies(device) == 1
        assert device.counters["receipts"] == 1
        assert watch.begun == 1
        assert (watch.waiting_for, watch.waiting_reason) == (None, "")
        sent, confirmed, _ = watch.told[-1]
        assert sent == confirmed


@every_way
async def test_print_is_longer_than_the_buffer_of_a_printer_without_paper(way: Way, tmp_path: Path) -> None:
    """The line stands still: no question gets through, and what the printer told by itself is what is known."""
    device, watch = printer(), Watch()
    async with print_bench(device, way=way, directory=tmp_path) as bench:
        device.trip_at(900, "paper_out")
        task = bench.begin_print([*LONG, {"type": "cut"}], watch)
        await until_waiting(watch, ErrorCode.PAPER_EMPTY)
        assert not task.done()
        device.set_fault("paper_out", False)
        assert (await task)["confirmed_by"] == "process_id"
        assert device.paper.receipts[-1].lines == [element["text"] for element in LONG]
        assert device.counters["receipts"] == 1


@pytest.mark.parametrize("policy", [PaperPolicy.RESTART, PaperPolicy.LAST_CUT])
async def test_restart_prints_again_from_the_start_once_the_rest_is_cleared(policy: PaperPolicy) -> None:
    device, watch = printer(), Watch(policy)
    async with print_bench(device) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: device.counters["buffer_clears"] == 1, what="the rest cleared")
        assert not task.done()
        device.set_fault("paper_out", False)
        assert (await task)["confirmed_by"] == "process_id"
        assert copies(device) == 1
        (receipt,) = device.paper.receipts
        assert receipt.lines[0] == LINES[0], "what came before the end of the paper hangs before it"
        assert len(receipt.lines) > len(LINES)
        assert device.errors == []


async def test_last_cut_takes_up_behind_what_is_on_paper() -> None:
    device, watch = printer(), Watch(PaperPolicy.LAST_CUT)
    first = [{"type": "text", "text": "kitchen"}, {"type": "text", "text": "one soup"}, {"type": "cut"}]
    async with print_bench(device) as bench:
        await bench.print([*first, *RECEIPT])
        whole = device.counters["bytes_printed"]
        device.trip_at(whole // 2, "paper_out")
        task = bench.begin_print([*first, *RECEIPT], watch)
        await wait_until(lambda: device.counters["buffer_clears"] == 1, what="the rest cleared")
        device.set_fault("paper_out", False)
        await task
        assert device.paper.text.count("one soup") == 2, "one for each print"
        assert copies(device) == 2
        assert device.errors == []


async def test_restart_of_a_printer_that_cannot_clear_goes_on() -> None:
    device, watch = printer(answers=ANSWERS - {"clear"}), Watch(PaperPolicy.RESTART)
    async with print_bench(device) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, ErrorCode.PAPER_EMPTY)
        device.set_fault("paper_out", False)
        await task
        assert copies(device) == 1
        assert len(device.paper.receipts[-1].lines) == len(LINES)


@pytest.mark.parametrize("seed", range(12))
async def test_restart_of_a_print_that_the_line_holds_back_is_whole(seed: int) -> None:
    """XOFF: what waits to be sent must not follow the clearing, which lets the line go on."""
    device, watch = printer(is_xonxoff=True), Watch(PaperPolicy.RESTART)
    async with print_bench(device) as bench:
        await until_settled(bench)
        device.trip_at(100 + 37 * seed, "cover_open")
        task = bench.begin_print([*LONG, {"type": "cut"}], watch)
        await wait_until(lambda: device.counters["buffer_clears"] == 1, what="the rest cleared")
        device.set_fault("cover_open", False)
        await task
        (receipt,) = device.paper.receipts
        wanted = [element["text"] for element in LONG]
        assert receipt.lines[-len(wanted) :] == wanted
        assert receipt.lines[: -len(wanted)] == wanted[: len(receipt.lines) - len(wanted)], "the beginning, and no more"
        assert device.errors == []


async def test_questions_and_pulses_do_not_fall_into_a_picture() -> None:
    """A printer that takes a long command in pieces: what is asked meanwhile waits for its end."""
    device, watch = printer(bytes_per_s=20_000.0), Watch()
    rows = [{"type": "text", "text": "漢字" * 10}] * 6
    # It answers when it has taken the picture, and on a busy machine a little later still.
    settings = {"can_pulse_real_time": True, "chunk_bytes": 64, "status_timeout_s": 2.0}
    async with print_bench(device, way="tcp", settings=settings) as bench:
        await until_settled(bench)
        task = bench.begin_print([*rows, {"type": "cut"}], watch)
        await wait_until(lambda: len(watch.told) > 3, what="pieces sent")
        status, pulse = await asyncio.gather(bench.execute("read_status"), bench.execute("open_drawer"))
        await task
        assert status["answering"]
        assert pulse["confirmed_by"] == "none"
        assert device.counters["drawer_kicks"] == 1
        assert device.errors == []


@pytest.mark.parametrize("policy", [PaperPolicy.RESTART, PaperPolicy.LAST_CUT, PaperPolicy.CONTINUE])
async def test_paper_that_ends_at_any_byte_gives_one_copy(policy: PaperPolicy) -> None:
    """Also with the last line printed, before the cut, and behind it."""
    async with print_bench(printer()) as bench:
        await until_settled(bench)
        before = bench.printer.counters["bytes_printed"]
        await bench.print(RECEIPT)
        whole = bench.printer.counters["bytes_printed"] - before

    async def end_paper_at(count: int) -> None:
        device, watch = printer(), Watch(policy)
        async with print_bench(device) as bench:
            await until_settled(bench)
            device.trip_at(count, "paper_out")
            task = bench.begin_print(RECEIPT, watch)
            await wait_until(lambda: task.done() or watch.waiting_for is not None, what=f"the stop at {count}")
            device.set_fault("paper_out", False)
            try:
                await task
            except UnknownOutcomeError:
                assert device.counters["receipts"] <= 1, count
            else:
                assert copies(device) == 1, (count, device.paper.text)
                assert device.counters["receipts"] == 1, count

    for start in range(10, whole, 60):
        async with asyncio.TaskGroup() as group:
            for count in range(start, min(start + 60, whole), 3):
                group.create_task(end_paper_at(count))


@pytest.mark.parametrize("can_clear", [True, False])
async def test_fail_ends_the_job_and_says_what_may_be_on_paper(can_clear: bool) -> None:
    device, watch = printer(), Watch(PaperPolicy.FAIL)
    async with print_bench(device, settings={"can_clear_buffer": can_clear}) as bench:
        device.trip_at(150, "cover_open")
        with pytest.raises(DeviceError) as failed:
            await bench.print(RECEIPT, watch)
        if can_clear:
            assert isinstance(failed.value, PrintFailedError)
            assert failed.value.code is ErrorCode.COVER_OPEN
            assert failed.value.is_on_paper
        else:
            assert isinstance(failed.value, UnknownOutcomeError)
        assert not failed.value.is_retryable
        device.set_fault("cover_open", False)
        await wait_until(lambda: device.is_idle)
        assert copies(device) == (0 if can_clear else 1)


async def test_cancelled_job_that_waits_for_paper_ends_and_comes_never() -> None:
    device, watch = printer(), Watch()
    async with print_bench(device) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, ErrorCode.PAPER_EMPTY)
        watch.cancelled.set()
        with pytest.raises(PrintFailedError) as cancelled:
            await task
        assert cancelled.value.code is ErrorCode.CANCELLED
        assert cancelled.value.is_on_paper
        device.set_fault("paper_out", False)
        await bench.print([{"type": "text", "text": "the next one"}, {"type": "cut"}])
        assert copies(device) == 0
        assert device.paper.receipts[-1].lines[-1] == "the next one"


async def test_job_cancelled_before_its_first_byte_has_done_nothing() -> None:
    device, watch = printer(), Watch()
    async with print_bench(device) as bench:
        await until_settled(bench)
        received = device.counters["bytes_received"]
        watch.cancelled.set()
        with pytest.raises(PrintFailedError) as cancelled:
            await bench.print(RECEIPT, watch)
        assert (cancelled.value.code, cancelled.value.is_on_paper) == (ErrorCode.CANCELLED, False)
        assert device.counters["bytes_received"] == received


async def test_refused_begin_sends_nothing() -> None:
    device, watch = printer(), Watch(refusal=RequestError(ErrorCode.EXPIRED, "too late"))
    async with print_bench(device) as bench:
        await until_settled(bench)
        received = device.counters["bytes_received"]
        with pytest.raises(RequestError) as refused:
            await bench.print(RECEIPT, watch)
        assert refused.value.code is ErrorCode.EXPIRED
        assert device.counters["bytes_received"] == received


@pytest.mark.parametrize("fault", ["paper_out", "cover_open", "offline", "cutter_jam", "blocked", "broken", "mute"])
async def test_begin_is_not_called_for_a_printer_that_cannot_print(fault: Fault) -> None:
    device, watch = printer(), Watch()
    async with print_bench(device) as bench:
        device.set_fault(fault)
        with pytest.raises(DeviceError):
            await bench.print(RECEIPT, watch)
        assert watch.begun == 0


def _pulses(bench: Bench) -> Callable[[], bool]:
    return lambda: bench.printer.counters["drawer_kicks"] == 1


async def test_drawer_opens_past_a_job_that_waits_where_the_printer_has_such_a_pulse() -> None:
    device, watch = printer(), Watch()
    settings = {"can_pulse_real_time": True, "drawer_open_level": "low"}
    async with print_bench(device, settings=settings) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, ErrorCode.PAPER_EMPTY)
        assert await bench.execute("open_drawer") == {"drawer": "open", "confirmed_by": "none"}
        assert (await bench.execute("read_status"))["paper"] == "empty"
        assert not task.done()
        device.set_fault("paper_out", False)
        await task
        assert copies(device) == 1
        assert device.counters["drawer_kicks"] == 1


async def test_each_opening_is_of_its_command_where_one_passes_a_job_with_a_drawer_of_its_own() -> None:
    device, watch = printer(), Watch()
    settings = {"can_pulse_real_time": True, "drawer_open_level": "low", "status_interval_s": 0.05}
    async with print_bench(device, settings=settings) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print([*RECEIPT, {"type": "drawer"}], watch)
        await until_waiting(watch, ErrorCode.PAPER_EMPTY)
        await bench.execute("open_drawer")
        device.close_drawer()
        await wait_until(lambda: "drawer_closed" in dict(bench.session.events), what="it closed")
        device.set_fault("paper_out", False)
        await task
        told = bench.session.events
        await wait_until(lambda: [name for name, _ in told].count("drawer_opened") == 2, what="it opened")
    commands = [(name, (data["command"] or {}).get("name")) for name, data in told if name != "drawer_closed"]
    assert commands == [
        ("drawer_pulsed", "open_drawer"),
        ("drawer_opened", "open_drawer"),
        ("drawer_pulsed", "print"),
        ("drawer_opened", "print"),
    ]


async def test_drawer_is_busy_behind_a_job_that_waits_and_does_not_open_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.printer_opening.DRAWER_TURN_S_MAX", 0.1)
    device, watch = printer(), Watch()
    async with print_bench(device, settings={"can_pulse_real_time": False}) as bench:
        device.trip_at(150, "paper_out")
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, ErrorCode.PAPER_EMPTY)
        words = r"which waits \(it has no paper; put in a roll\); the drawer was not opened"
        with pytest.raises(DeviceError, match=words) as busy:
            await bench.execute("open_drawer")
        assert busy.value.code is ErrorCode.BUSY
        device.set_fault("paper_out", False)
        await task
        assert device.counters["drawer_kicks"] == 0


async def test_clear_error_lets_a_jam_that_was_freed_go_on() -> None:
    device, watch = printer(latches_errors=True), Watch()
    async with print_bench(device) as bench:
        device.trip_at(150, "cutter_jam")
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, ErrorCode.CUTTER_ERROR)
        assert (await bench.execute("clear_error"))["error_level"] == "recoverable", "nobody has freed the knife yet"
        device.set_fault("cutter_jam", False)
        with pytest.raises(DeviceError, match="cancel it"):
            await bench.execute("clear_error", {"output": "clear"})
        assert (await bench.execute("clear_error", {"output": "keep"}))["error_level"] == "none"
        await task
        assert copies(device) == 1


async def test_clear_error_can_forget_what_the_printer_holds() -> None:
    device = printer(latches_errors=True)
    async with print_bench(device, settings={"can_clear_buffer": False}) as bench:
        device.trip_at(150, "cutter_jam")
        with pytest.raises(UnknownOutcomeError):
            await bench.print(RECEIPT, Watch(PaperPolicy.FAIL))
        device.set_fault("cutter_jam", False)
        assert (await bench.execute("clear_error", {"output": "clear"}))["flags"] == []
        assert device.counters["buffer_clears"] == 1
        assert copies(device) == 0


@pytest.mark.parametrize("params", [{"output": "both"}, {"what": 1}])
async def test_clear_error_refuses_other_params(params: dict[str, Any]) -> None:
    async with print_bench(printer()) as bench:
        with pytest.raises(RequestError) as refused:
            await bench.execute("clear_error", params)
        assert refused.value.code is ErrorCode.INVALID_REQUEST


@every_way
async def test_buffer_that_is_lost_at_power_off_is_no_second_copy(way: Way, tmp_path: Path) -> None:
    """It comes back, says that it is well, and knows nothing of the job: a person looks."""
    device, watch = printer(), Watch()
    async with print_bench(device, way=way, directory=tmp_path) as bench:
        device.trip_at(150, "power_off")
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: device.is_off, what="the power cut")
        device.set_fault("power_off", False)
        with pytest.raises(UnknownOutcomeError):
            await task
        assert copies(device) == 0


@pytest.mark.parametrize("fault", ["cover_open", "paper_out"])
async def test_clone_that_forgets_its_buffer_is_unknown(fault: Fault) -> None:
    device, watch = printer(forgets_at_stop=True, answers=ANSWERS - {"process_id", "asb", "clear"}), Watch()
    settings = {"confirm": "gs_r", "can_clear_buffer": False, "confirm_timeout_s": 0.1}
    async with print_bench(device, settings=settings) as bench:
        device.trip_at(150, fault)
        task = bench.begin_print(RECEIPT, watch)
        await wait_until(lambda: watch.waiting_for is not None, what="the stop")
        device.set_fault(fault, False)
        with pytest.raises(UnknownOutcomeError, match="did not confirm"):
            await task
        assert copies(device) == 0


@every_way
@pytest.mark.parametrize("fault", ["hold", "stall", "mute"])
async def test_printer_that_says_nothing_is_waited_for(way: Way, fault: Fault, tmp_path: Path) -> None:
    device, watch = printer(), Watch()
    async with print_bench(device, way=way, directory=tmp_path, settings={"confirm_timeout_s": 30.0}) as bench:
        device.trip_at(600, fault, when="received")
        task = bench.begin_print([*LONG, {"type": "cut"}], watch)
        if fault == "stall":  # it says that it is well
            await wait_until(lambda: device.counters["bytes_received"] >= 600, what="the stall")
        else:
            await until_waiting(watch, ErrorCode.TIMEOUT)
            await wait_until(lambda: "silent" in bench.session.flags, what="the printer told to be silent")
        assert not task.done()
        device.set_fault(fault, False)
        await wait_until(lambda: "silent" not in bench.session.flags, what="the printer heard again")
        if fault == "mute":
            task.cancel()  # its confirmation is lost
            return
        await task
        assert device.counters["receipts"] == 1


async def test_cancelled_job_of_a_printer_that_fell_mute_is_unknown_since_its_confirmation_may_be_lost() -> None:
    """Found by ``torture-print --seed 1``: whole on paper, and told as cancelled."""
    device, watch = printer(), Watch()
    async with print_bench(device, settings={"confirm_timeout_s": 30.0}) as bench:
        await until_settled(bench)
        device.trip_at(60, "mute", when="received")
        task = bench.begin_print(RECEIPT, watch)
        await until_waiting(watch, ErrorCode.TIMEOUT)
        await wait_until(lambda: copies(device) == 1)
        device.set_fault("mute", False)
        watch.cancelled.set()
        with pytest.raises(UnknownOutcomeError):
            await task
