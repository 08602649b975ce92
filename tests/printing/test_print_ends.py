"""How a job ends where two things happen to it at once, or where the disk does not take it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode, StoreError, UnknownOutcomeError
from edge_gateway.contracts.print_jobs import SpooledJob
from edge_gateway.contracts.printing import PrintFailedError, PrintWatch
from edge_gateway.services.printing import rendering
from edge_gateway.settings_printing import PrintingSettings
from tests.printing.bench import Bench, PaperPrinter, open_bench, take_writes

BACKED_UP = {"p1": PrintingSettings(backup="p2", backup_after_s=0.0)}


@pytest.mark.parametrize("is_still_ending", [False, True])
async def test_job_that_is_cancelled_while_it_moves_to_the_back_up_stays_cancelled(
    tmp_path: Path, is_still_ending: bool
) -> None:
    first, second = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE), PaperPrinter("p2")
    async with open_bench(tmp_path, first, second, printing=BACKED_UP, is_stopped_in_order=False) as bench:
        reads, writes = asyncio.Event(), asyncio.Event()
        read = bench.spool.content

        async def read_slowly(job: SpooledJob) -> bytes:
            await reads.wait()
            return await read(job)

        bench.spool.content = read_slowly  # type: ignore[method-assign] # a slow disk
        await bench.print("a")
        await bench.settle()

        async def at(point: str) -> None:
            if point == "write:after" and is_still_ending:
                await writes.wait()

        bench.spool.at = at
        cancelling = bench.begin("cancel_job", {"job_id": "a"})
        await bench.settle()
        assert cancelling.done() is not is_still_ending
        reads.set()
        await bench.settle()
        writes.set()
        await bench.settle()
        reply = await cancelling
        assert reply.result is not None
        assert reply.result["job"]["state"] == "cancelled"
    first.obstacle = None
    async with open_bench(tmp_path, first, second, printing=BACKED_UP) as bench:
        await bench.advance(5.0)
        assert await bench.state("a") == "cancelled"
        assert [bench.service.jobs_of(each).waiting for each in ("p1", "p2")] == [0, 0]
    assert (first.paper, second.paper) == ([], [])


async def test_job_whose_printer_is_claimed_meanwhile_expires_at_its_deadline(tmp_path: Path) -> None:
    printer, hold = PaperPrinter("p1"), asyncio.Event()

    async def look() -> None:
        await hold.wait()
        raise DeviceError(ErrorCode.OFFLINE, "p1: it does not answer; nothing was printed")

    printer.before = look
    async with open_bench(tmp_path, printer, PaperPrinter("p2")) as bench:
        asked = bench.begin("print", {"document": [{"type": "text", "text": "a"}]}, request_id="a")
        await bench.advance(1.0)  # its driver has it in hand
        await bench.ask("print", {"document": [{"type": "text", "text": "b"}], "answer": "accepted"}, to="p2")
        await bench.settle()
        bench.claimed["p1"] = "T2"
        hold.set()
        await bench.advance(70.0)
        assert asked.done()
        assert (await asked).error_code is ErrorCode.CLAIMED
        assert await bench.state("a") == "expired"


async def test_error_that_does_not_say_what_is_on_paper_leaves_a_begun_job_unknown(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise DeviceError(ErrorCode.TIMEOUT, "p1: no answer")

    printer.within = fail
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.settle()
        found = await bench.job("a")
        assert (found["state"], found["is_waiting_for_person"]) == ("unknown", True)
        assert found["error"] == {
            "code": "unknown_outcome",
            "message": "p1: no answer; it may be on paper: look at the printer",
            "retryable": False,
        }


async def test_cancelled_in_words_by_a_driver_that_was_not_asked_is_failed(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise PrintFailedError(ErrorCode.CANCELLED, "p1: cancelled at its panel", is_on_paper=True)

    printer.within = fail
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.settle()
        assert await bench.state("a") == "failed"


async def test_disk_that_takes_no_end_keeps_no_other_job_from_being_told(tmp_path: Path) -> None:
    printers = [PaperPrinter(name, obstacle=ErrorCode.OFFLINE) for name in ("p1", "p2")]
    async with open_bench(tmp_path, *printers) as bench:
        for printer in printers:
            bench.claimed[printer.device_id] = "T2"
        asked = [
            bench.begin("print", {"document": [{"type": "text", "text": to}]}, request_id=to, to=to)
            for to in ("p1", "p2")
        ]
        await bench.settle()
        await take_writes(bench, is_taken=False)
        await bench.advance(62.0)
        assert [task.done() for task in asked] == [True, True]
        await take_writes(bench, is_taken=True)
        await bench.advance(6.0)
    async with open_bench(tmp_path, *printers) as bench:
        assert [await bench.state(to, to) for to in ("p1", "p2")] == ["expired", "expired"]


async def test_cancel_that_the_disk_does_not_take_is_not_told_as_done(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    async with open_bench(tmp_path, printer, is_stopped_in_order=False) as bench:
        await bench.print("a", deadline_s=600)
        await bench.settle()
        await take_writes(bench, is_taken=False)
        cancelling = bench.begin("cancel_job", {"job_id": "a"})
        await bench.advance(30.0)
        assert cancelling.done()
        reply: Any = (await cancelling).to_json()
        # Killed now, it would be there again: so it is not called cancelled.
        assert (reply["status"], reply["error"]["code"]) == ("failed", "internal")
        assert await _state_on_disk(bench, "a") == "accepted"
        await take_writes(bench, is_taken=True)
        assert await bench.state("a") == "accepted"
        reply = (await bench.ask("cancel_job", {"job_id": "a"})).to_json()
        assert reply["result"]["job"]["state"] == "cancelled"


async def _state_on_disk(bench: Bench, job_id: str) -> str:
    statement = "SELECT state FROM print_job WHERE job_key = ?"
    row = await bench.database.read(lambda one: one.execute(statement, (f"p1/{job_id}",)).fetchone())
    return str(row[0])


async def test_back_up_waits_anew_for_a_printer_that_worked_meanwhile(tmp_path: Path) -> None:
    first, second = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE, power="off"), PaperPrinter("p2")
    printing = {"p1": PrintingSettings(backup="p2", backup_after_s=10.0)}
    async with open_bench(tmp_path, first, second, printing=printing) as bench:
        await bench.print("given up", deadline_s=5)
        await bench.advance(6.0)
        first.power = "online"
        bench.wake("p1")
        await bench.advance(600.0)
        first.obstacle = ErrorCode.BUSY  # for a moment
        await bench.print("a")
        await bench.advance(1.0)
        first.obstacle = None
        await bench.advance(3.0)
    assert (first.paper, second.paper) == (["a"], [])


async def test_unknown_job_of_a_printer_that_is_not_configured_any_more_rings_no_more(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise UnknownOutcomeError("no confirmation")

    printer.within = fail
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.settle()
        assert [job.job_id for job in bench.service.unknown()] == ["a"]
    async with open_bench(tmp_path, PaperPrinter("p2")) as bench:
        assert bench.service.unknown() == []
    async with open_bench(tmp_path, printer) as bench:
        assert [job.job_id for job in bench.service.unknown()] == ["a"]


async def test_job_that_was_accepted_by_a_store_that_could_not_say_so_is_printed_once_when_it_is_asked_again(
    tmp_path: Path,
) -> None:
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:

        async def fail(point: str) -> None:
            if point == "accept:after":
                raise StoreError("the store was closed before this was certain")

        bench.spool.at = fail
        document = [{"type": "text", "text": "a"}]
        assert (await bench.ask("print", {"document": document}, request_id="a")).error_code is ErrorCode.INTERNAL
        bench.spool.at = None
        asked = bench.begin("print", {"document": document}, request_id="a")
        await bench.settle()
        assert asked.done()
        assert (await asked).status.value == "completed"
    assert printer.paper == ["a"]


@pytest.mark.parametrize("moment", ["before", "within", "result"])
async def test_fault_over_one_job_ends_that_job_and_no_other(tmp_path: Path, moment: str) -> None:
    """Nothing of the gateway's own may stop for it: neither the printer's other jobs, nor the store's devices."""
    printer = PaperPrinter("p1")

    def fail(*_: Any) -> None:
        if "poison" in printer.halves[-1:] or moment == "before":
            raise ZeroDivisionError

    if moment == "result":
        printer.after = lambda: printer.results.update({"bytes": object()})
    else:
        setattr(printer, moment, fail)
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("poison")
        await bench.advance(10.0)
        found = await bench.job("poison")
        assert found["state"] == ("failed" if moment == "before" else "unknown")
        assert "a fault of the gateway" in found["error"]["message"]
        printer.before = printer.within = printer.after = None
        printer.results.clear()
        await bench.print("next")
        await bench.advance(1.0)
        assert await bench.state("next") == "completed"


async def test_copy_comes_where_the_disk_does_not_take_that_its_original_is_settled(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise UnknownOutcomeError("no confirmation")

    printer.within = fail
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.settle()
        printer.within = None

        async def take_no_settling(point: str) -> None:
            if point == "write:before":
                bench.spool.at = None
                raise StoreError("the disk took nothing")

        bench.spool.at = take_no_settling
        asked = bench.begin("reprint", {"job_id": "a"}, request_id="copy")
        await bench.settle()
        assert (await asked).status.value == "completed"
        assert [job.job_id for job in bench.service.unknown()] == ["a"]
    assert printer.paper == ["COPY a"]


async def test_large_job_that_waits_for_paper_is_not_rendered_at_each_attempt(tmp_path: Path) -> None:
    """A picture for every two seconds of a night without paper."""
    printer = PaperPrinter("p1", obstacle=ErrorCode.PAPER_EMPTY)
    async with open_bench(tmp_path, printer) as bench:
        text = "x" * (rendering.REMEMBERED_BYTES_MAX + 1)
        await bench.print(text, "large")
        await bench.advance(60.0)
        assert printer.attempts > 20
        assert printer.rendered == 2, "when it was accepted, and for its first attempt"
        await bench.print(text, "urgent", priority="high")
        await bench.advance(60.0)
        assert printer.rendered == 4
        printer.obstacle = None
        await bench.advance(5.0)
    assert printer.paper == [text, text]
