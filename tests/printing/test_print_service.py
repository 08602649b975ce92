"""Print jobs from acceptance to their end: one copy, or an honest unknown."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from random import Random
from string import ascii_letters
from typing import Any

import pytest

from edge_gateway.contracts.errors import ErrorCode, RequestError, UnknownOutcomeError
from edge_gateway.contracts.printing import PrintFailedError, PrintWatch
from edge_gateway.services.printing import book
from edge_gateway.settings_printing import PrintingSettings
from tests.printing.bench import PaperPrinter, open_bench
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until

DOCUMENT = [{"type": "text", "text": "two coffees"}]


async def test_print_is_answered_at_its_end_by_default_and_its_repeats_from_what_is_known(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:
        reply = await bench.ask("print", {"document": DOCUMENT}, request_id="r1")
        assert reply.status.value == "completed"
        assert reply.result == {
            "bytes": 11,
            "replaced_characters": 0,
            "confirmed_by": "paper",
            "job_id": "r1",
            "printer": "p1",
        }
        assert await bench.ask("print", {"document": DOCUMENT}, request_id="r1") == reply
        other = await bench.ask("print", {"document": [{"type": "text", "text": "tea"}]}, request_id="r1")
        assert other.error_code is ErrorCode.CONFLICT
        # The id of the job is the client's, and need not be the request's.
        again = await bench.ask("print", {"document": DOCUMENT, "job_id": "r1"}, request_id="r2")
        assert again.result == reply.result
        assert printer.told("r1") == ["accepted", "printing", "completed"]
        assert printer.rendered == 1
    async with open_bench(tmp_path, printer) as bench:
        assert (await bench.ask("print", {"document": DOCUMENT}, request_id="r1")).result == reply.result
    assert printer.paper == ["two coffees"]


async def test_print_that_is_answered_when_accepted_is_printed_after_that(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.PAPER_EMPTY)
    async with open_bench(tmp_path, printer) as bench:
        reply = await bench.print("a")
        assert (reply.status.value, reply.result is not None and reply.result["state"]) == ("accepted", "accepted")
        await bench.settle()
        found = await bench.job("a")
        assert (found["state"], found["waiting_for"]) == ("accepted", "paper_empty")
        assert printer.jobs == {"waiting": 1, "printing": None, "waiting_for": "paper_empty", "unknown": 0}
        printer.obstacle = None
        await bench.advance(2.0)
        assert printer.paper == ["a"]
        assert await bench.state("a") == "completed"
        assert printer.jobs == {"waiting": 0, "printing": None, "waiting_for": None, "unknown": 0}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "one of document, template, label; got none"),
        ({"document": DOCUMENT, "label": {}}, "got document and label"),
        ({"document": DOCUMENT, "data": {}}, "data is for a template or a label"),
        ({"document": DOCUMENT, "copies": 2}, "copies: Extra inputs are not permitted"),
        ({"document": DOCUMENT, "deadline_s": 0.1, "priority": "top"}, "priority: Input should be"),
        ({"document": [{"type": "text", "text": "refused"}]}, "document[0].text: refused"),
        ({"template": 7}, "template is a name"),
    ],
)
async def test_print_with_wrong_params_is_refused_before_it_is_accepted(
    tmp_path: Path, params: dict[str, Any], words: str
) -> None:
    async with open_bench(tmp_path) as bench:
        reply = await bench.ask("print", params, request_id="wrong")
        assert reply.error_code is ErrorCode.INVALID_REQUEST
        assert words in (reply.error_message or "")
        assert (await bench.ask("read_job", {"job_id": "wrong"})).error_code is ErrorCode.NOT_FOUND


async def test_document_over_which_a_driver_breaks_costs_no_other_job(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:
        reply = await bench.print("broken")
        assert (reply.error_code, reply.is_retryable) == (ErrorCode.INTERNAL, False)
        await bench.print("fine")
        await bench.settle()
        assert printer.paper == ["fine"]


async def test_template_becomes_a_document_once(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "hello.jinja").write_text('{"type": "text", "text": {{ "hello " ~ name }}}')
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    async with open_bench(tmp_path, printer) as bench:
        params = {"template": "hello", "data": {"name": "Ada"}, "answer": "accepted"}
        assert (await bench.ask("print", params, request_id="t")).status.value == "accepted"
        (folder / "hello.jinja").write_text('{"type": "text", "text": "changed"}')
        assert (await bench.ask("print", params, request_id="t")).status.value == "accepted"
    printer.obstacle = None
    async with open_bench(tmp_path, printer) as bench:
        await bench.settle()
    assert printer.paper == ["hello Ada"]


async def test_jobs_are_printed_in_order_and_by_priority(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.COVER_OPEN)
    async with open_bench(tmp_path, printer) as bench:
        for text in ("one", "two"):
            await bench.print(text)
        await bench.print("journal", priority="low")
        await bench.print("urgent", priority="high")
        await bench.print("three")
        printer.obstacle = None
        await bench.advance(2.0)
    assert printer.paper == ["urgent", "one", "two", "three", "journal"]


@pytest.mark.parametrize(
    ("obstacle", "code"), [(ErrorCode.PAPER_EMPTY, ErrorCode.PAPER_EMPTY), (ErrorCode.OFFLINE, ErrorCode.OFFLINE)]
)
async def test_job_that_cannot_begin_waits_until_its_deadline_and_tells_why(
    tmp_path: Path, obstacle: ErrorCode, code: ErrorCode
) -> None:
    printer = PaperPrinter("p1", obstacle=obstacle)
    async with open_bench(tmp_path, printer) as bench:
        asked = bench.begin("print", {"document": DOCUMENT}, request_id="r")
        await bench.advance(59.0)
        assert not asked.done()
        await bench.advance(2.0)
        reply = await asked
        assert (reply.status.value, reply.error_code, reply.is_retryable) == ("failed", code, True)
        assert reply.error_message == (
            f"job 'r' was not begun before its deadline: p1: {obstacle.value}; nothing was printed"
        )
        assert await bench.state("r") == "expired"
        printer.obstacle = None
        await bench.advance(60.0)
    assert printer.paper == []
    assert printer.told("r") == ["accepted", "expired"]


async def test_deadline_and_expiry_hold_whatever_the_printer_is_busy_with(tmp_path: Path) -> None:
    printer, hold = PaperPrinter("p1"), asyncio.Event()
    printer.within = lambda watch: hold.wait()
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("long")
        await bench.print("soon", deadline_s=5.0)
        asked = bench.begin("print", {"document": DOCUMENT}, request_id="short", expires_in_s=3.0)
        await bench.advance(10.0)
        assert (await asked).error_code is ErrorCode.EXPIRED
        assert [await bench.state(job) for job in ("long", "soon", "short")] == ["printing", "expired", "expired"]
        hold.set()
        await bench.settle()
    assert printer.paper == ["long"]


async def test_deadline_goes_on_over_a_restart_and_a_clock_set_back_gives_no_time(tmp_path: Path) -> None:
    printer, clock = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE), FakeClock()
    async with open_bench(tmp_path, printer, clock=clock) as bench:
        await bench.print("a", deadline_s=100.0)
        await bench.print("b", deadline_s=1000.0)
        await bench.advance(60.0)
    clock.jump_wall_clock(timedelta(days=-3).total_seconds())
    async with open_bench(tmp_path, printer, clock=clock) as bench:
        await bench.advance(101.0)
        assert [await bench.state(job) for job in ("a", "b")] == ["expired", "accepted"]


async def test_kill_before_the_beginning_prints_after_the_start_and_after_it_is_unknown(tmp_path: Path) -> None:
    printer, hold = PaperPrinter("p1"), asyncio.Event()
    printer.within = lambda watch: hold.wait()
    async with open_bench(tmp_path, printer, is_stopped_in_order=False) as bench:
        await bench.print("begun")
        await bench.print("waiting")
        await bench.settle()
        assert await bench.state("begun") == "printing"
    printer.within = None
    async with open_bench(tmp_path, printer) as bench:
        await bench.settle()
        found = await bench.job("begun")
        assert (found["state"], found["is_waiting_for_person"]) == ("unknown", True)
        assert found["total_bytes"] == 5
        assert "look at the paper" in found["error"]["message"]
        assert await bench.state("waiting") == "completed"
        reply = await bench.print("begun")
        assert (reply.status.value, reply.error_code) == ("unknown", ErrorCode.UNKNOWN_OUTCOME)
        assert printer.jobs["unknown"] == 1
        assert [job.job_id for job in bench.service.unknown()] == ["begun"]
    assert printer.paper == ["waiting"]
    assert printer.told("begun")[-1] == "unknown"


@pytest.mark.parametrize("decision", ["reprint", "dismiss"])
async def test_kill_between_the_beginning_and_the_first_byte_says_so_and_a_person_decides(
    tmp_path: Path, decision: str
) -> None:
    printer = PaperPrinter("p1")

    async def kill(point: str) -> None:
        if point == "begin:after":
            await asyncio.Event().wait()

    async with open_bench(tmp_path, printer, is_stopped_in_order=False) as bench:
        bench.spool.at = kill
        await bench.print("receipt")
        await bench.settle()
    assert printer.halves == []
    async with open_bench(tmp_path, printer) as bench:
        await bench.settle()
        reply = await bench.print("receipt")
        assert (reply.status.value, reply.error_code) == ("unknown", ErrorCode.UNKNOWN_OUTCOME)
        assert reply.error_message is not None
        assert "nothing of it was seen to be sent" in reply.error_message
        assert reply.error_details is not None
        told = reply.error_details["job"]
        assert (told["sent_bytes"], told["total_bytes"], told["is_waiting_for_person"]) == (0, 7, True)
        assert (await bench.ask(decision, {"job_id": "receipt", "operator": "op-7"})).status.value == "completed"
        assert (await bench.job("receipt"))["settled_by"]["how"] == decision
        assert bench.service.unknown() == []
    assert printer.paper == (["COPY receipt"] if decision == "reprint" else [])


async def test_job_that_stops_in_the_middle_tells_what_for_in_words(tmp_path: Path) -> None:
    printer, mended = PaperPrinter("p1"), asyncio.Event()
    words = "it has no paper; put in a roll"

    async def stop(watch: PrintWatch) -> None:
        watch.progress(3, 0, ErrorCode.PAPER_EMPTY, words)
        await mended.wait()
        watch.progress(3, 0)

    printer.within = stop
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("receipt")
        await bench.settle()
        found = await bench.job("receipt")
        assert (found["state"], found["waiting_for"], found["waiting_reason"]) == ("printing", "paper_empty", words)
        mended.set()
        await bench.settle()
        found = await bench.job("receipt")
        assert (found["state"], found["waiting_for"], found["waiting_reason"]) == ("completed", None, None)


async def test_what_was_sent_of_a_long_job_is_known_after_a_kill(tmp_path: Path) -> None:
    printer, clock = PaperPrinter("p1"), FakeClock()

    async def slowly(watch: PrintWatch) -> None:
        for sent in range(1000):
            watch.progress(1000 + sent, 0)
            await clock.sleep(0.5)

    printer.within = slowly
    async with open_bench(tmp_path, printer, clock=clock, is_stopped_in_order=False) as bench:
        await bench.print("long")
        await bench.advance(10.2)
    async with open_bench(tmp_path, printer, clock=clock) as bench:
        assert 1000 + 17 <= (await bench.job("long"))["sent_bytes"] <= 1000 + 21


async def test_stop_lets_a_job_end_that_is_about_to_and_tells_the_others_how_they_stand(tmp_path: Path) -> None:
    printer, clock = PaperPrinter("p1"), FakeClock()
    printer.within = lambda watch: clock.sleep(0.6)
    async with open_bench(tmp_path, printer, clock=clock) as bench:
        ending = bench.begin("print", {"document": DOCUMENT}, request_id="ending")
        await bench.settle()
        waiting = bench.begin("print", {"document": DOCUMENT}, request_id="waiting")
        await bench.settle()
    assert (await ending).status.value == "completed"
    assert (await waiting).status.value == "accepted"
    printer.within = lambda watch: clock.sleep(60)
    async with open_bench(tmp_path, printer, clock=clock) as bench:
        repeated = bench.begin("print", {"document": DOCUMENT}, request_id="waiting")
        await bench.settle()
    assert (await repeated).status.value == "unknown"
    assert printer.paper == ["two coffees"]


@pytest.mark.parametrize(
    ("error", "state", "status", "code"),
    [
        (PrintFailedError(ErrorCode.COVER_OPEN, "cleared", is_on_paper=True), "failed", "failed", "cover_open"),
        (UnknownOutcomeError("no confirmation"), "unknown", "unknown", "unknown_outcome"),
    ],
)
async def test_job_that_breaks_off_is_not_printed_again(
    tmp_path: Path, error: RequestError, state: str, status: str, code: str
) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise error

    printer.within = fail
    async with open_bench(tmp_path, printer) as bench:
        reply = await bench.ask("print", {"document": DOCUMENT}, request_id="r")
        assert (reply.status.value, reply.error_code and reply.error_code.value) == (status, code)
        assert not reply.is_retryable
        assert reply.error_details is not None
        assert reply.error_details["job"]["sent_bytes"] == 5
        printer.within = None
        await bench.advance(30)
        assert await bench.state("r") == state
    assert printer.paper == []


async def test_driver_that_fails_before_the_beginning_again_and_again_holds_nobody_up(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.INTERNAL)
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("poison")
        await bench.advance(10)
        assert await bench.state("poison") == "failed"
        printer.obstacle = None
        await bench.print("next")
        await bench.settle()
    assert printer.paper == ["next"]


async def test_cancel_of_a_waiting_job_prints_nothing_and_of_a_begun_one_asks_the_driver(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.PAPER_EMPTY)

    async def until_cancelled(watch: PrintWatch) -> None:
        await watch.cancelled.wait()
        raise PrintFailedError(ErrorCode.CANCELLED, "half of it is on paper", is_on_paper=True)

    async with open_bench(tmp_path, printer) as bench:
        asked = bench.begin("print", {"document": DOCUMENT}, request_id="waiting")
        await bench.settle()
        reply = await bench.ask("cancel_job", {"job_id": "waiting"})
        assert reply.result is not None
        assert reply.result["job"]["state"] == "cancelled"
        assert (await asked).error_code is ErrorCode.CANCELLED
        printer.obstacle, printer.within = None, until_cancelled
        await bench.print("begun")
        await bench.advance(0.3)
        assert await bench.state("begun") == "printing"
        cancelling = bench.begin("cancel_job", {"job_id": "begun"})
        await bench.settle()
        reply = await cancelling
        assert reply.result is not None
        assert (reply.result["job"]["state"], reply.result["job"]["error"]["retryable"]) == ("cancelled", False)
        # What has ended stays as it ended.
        printer.within = None
        await bench.print("done")
        await bench.settle()
        reply = await bench.ask("cancel_job", {"job_id": "done"})
        assert reply.result is not None
        assert reply.result["job"]["state"] == "completed"
        assert (await bench.ask("cancel_job", {"job_id": "none"})).error_code is ErrorCode.NOT_FOUND
    assert printer.paper == ["done"]


async def test_cancel_that_follows_its_print_at_once_is_not_lost(tmp_path: Path) -> None:
    printer, accepting = PaperPrinter("p1"), asyncio.Event()

    async def slowly(point: str) -> None:
        if point == "accept:before":
            await accepting.wait()

    async with open_bench(tmp_path, printer) as bench:
        bench.spool.at = slowly
        printing = bench.begin("print", {"document": DOCUMENT}, request_id="a")
        await bench.settle()
        cancelling = bench.begin("cancel_job", {"job_id": "a"})
        await bench.settle()
        assert not cancelling.done()
        accepting.set()
        await bench.settle()
        reply = await cancelling
        assert reply.result is not None
        assert reply.result["job"]["state"] == (await bench.state("a"))
        assert (await printing).status.value in ("failed", "completed")
    assert len(printer.paper) == (reply.result["job"]["state"] == "completed")


async def test_cancel_that_comes_before_its_print_is_remembered_for_a_minute(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:
        for job_id in ("early", "later"):
            reply = await bench.ask("cancel_job", {"job_id": job_id})
            assert reply.error_code is ErrorCode.NOT_FOUND
            assert reply.error_message is not None
            assert "is cancelled" in reply.error_message
        reply = await bench.ask("print", {"document": DOCUMENT}, request_id="early")
        assert (reply.status.value, reply.error_code) == ("failed", ErrorCode.CANCELLED)
        assert (await bench.ask("print", {"document": DOCUMENT}, request_id="early")).error_code is ErrorCode.CANCELLED
        await bench.advance(61.0)
        assert (await bench.print("later")).status.value == "accepted"
        await bench.settle()
    assert printer.paper == ["later"]


async def test_cancels_of_jobs_that_never_come_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge_gateway.services.printing.early_cancels.EARLY_CANCELS_MAX", 2)
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:
        for job_id in ("one", "two", "three"):
            await bench.ask("cancel_job", {"job_id": job_id})
        for job_id in ("one", "two", "three"):
            await bench.print(job_id)
        await bench.settle()
        assert [await bench.state(job_id) for job_id in ("one", "two", "three")] == [
            "completed",
            "cancelled",
            "cancelled",
        ]


async def test_cancel_right_before_the_beginning_sends_nothing(tmp_path: Path) -> None:
    printer, hold = PaperPrinter("p1"), asyncio.Event()
    printer.before = hold.wait
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.settle()
        cancelling = bench.begin("cancel_job", {"job_id": "a"})
        await bench.settle()
        hold.set()
        await bench.settle()
        assert (await cancelling).status.value == "completed"
        assert await bench.state("a") == "cancelled"
    assert (printer.paper, printer.halves) == ([], [])


async def test_reprint_is_a_new_job_marked_as_a_copy_and_settles_an_unknown_one(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise UnknownOutcomeError("no confirmation")

    async with open_bench(tmp_path, printer) as bench:
        printer.within = fail
        await bench.print("receipt")
        await bench.settle()
        printer.within = None
        params = {"job_id": "receipt", "operator": "op-7"}
        reply = await bench.ask("reprint", params, request_id="copy-1")
        assert reply.status.value == "completed"
        assert await bench.ask("reprint", params, request_id="copy-1") == reply
        original, copy = await bench.job("receipt"), await bench.job("copy-1")
        assert (original["state"], original["is_waiting_for_person"]) == ("unknown", False)
        assert original["settled_by"]["job_id"] == "copy-1"
        assert copy["copy_of"] == "receipt"
        await bench.settle()
        assert (await bench.ask("reprint", {"job_id": "none"})).error_code is ErrorCode.NOT_FOUND
        other = await bench.ask("reprint", {"job_id": "copy-1"}, request_id="copy-1")
        assert other.error_code is ErrorCode.CONFLICT
        rows = await bench.database.read(lambda one: one.execute("SELECT payload FROM pending").fetchall())
        (event,) = [json.loads(row[0]) for row in rows]
        assert event["type"] == "com.edge-gateway.pos_printer.print_job_reprinted.v1"
        assert (event["data"]["operator"], event["data"]["copy_job_id"]) == ("op-7", "copy-1")
    assert printer.paper == ["COPY receipt"]


async def test_copy_bears_its_mark_on_each_piece_of_paper(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    words = {kind: {"type": "text", "text": kind} for kind in ("customer", "merchant")}
    document = [
        {"type": "drawer"},
        words["customer"],
        {"type": "feed", "lines": 2},
        {"type": "cut"},
        {"type": "feed", "lines": 1},
        words["merchant"],
        {"type": "rule"},
        {"type": "cut"},
        {"type": "feed", "lines": 1},
    ]
    async with open_bench(tmp_path, printer) as bench:
        await bench.ask("print", {"document": document}, request_id="two")
        assert (await bench.ask("reprint", {"job_id": "two"}, request_id="c")).status.value == "completed"
    assert printer.paper == ["customer merchant", "COPY customer COPY merchant"]


async def test_dismiss_settles_an_unknown_job_once_and_nothing_else(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise UnknownOutcomeError("no confirmation")

    async with open_bench(tmp_path, printer) as bench:
        await bench.print("fine")
        await bench.settle()
        printer.within = fail
        await bench.print("doubtful")
        await bench.settle()
        assert (await bench.ask("dismiss", {"job_id": "fine"})).error_code is ErrorCode.INVALID_REQUEST
        for _ in range(2):
            assert (await bench.ask("dismiss", {"job_id": "doubtful", "reason": "whole"})).status.value == "completed"
        assert bench.service.unknown() == []
        assert printer.jobs["unknown"] == 0
        await bench.settle()
        rows = await bench.database.read(lambda one: one.execute("SELECT type FROM pending").fetchall())
        assert rows == [("com.edge-gateway.pos_printer.print_job_dismissed.v1",)]
    async with open_bench(tmp_path, printer) as bench:
        assert bench.service.unknown() == []
        assert (await bench.job("doubtful"))["settled_by"]["how"] == "dismiss"


async def test_back_up_takes_over_what_was_not_begun_and_nothing_else(tmp_path: Path) -> None:
    first, second = PaperPrinter("p1"), PaperPrinter("p2")
    hold = asyncio.Event()
    first.within = lambda watch: hold.wait()
    printing = {"p1": PrintingSettings(backup="p2", backup_after_s=10.0)}
    async with open_bench(tmp_path, first, second, printing=printing) as bench:
        await bench.print("begun")
        await bench.print("waiting")
        await bench.advance(60.0)
        assert second.paper == []  # it prints, however slowly
        first.within = None

        async def fail(watch: PrintWatch) -> None:
            raise UnknownOutcomeError("line cut")

        hold.set()
        first.obstacle = ErrorCode.PAPER_EMPTY
        await bench.advance(8.0)
        assert second.paper == []
        await bench.advance(4.0)
        assert (first.paper, second.paper) == (["begun"], ["waiting"])
        found = await bench.job("waiting")
        assert (found["state"], found["device_id"], found["printer"]) == ("completed", "p1", "p2")
        assert (await bench.ask("read_jobs", {}, to="p2")).result == {"jobs": [found]}
        assert (await bench.print("waiting")).result == {**found["result"], "job_id": "waiting", "printer": "p2"}


async def test_back_up_takes_over_those_behind_a_job_that_stands_in_the_middle(tmp_path: Path) -> None:
    first, second = PaperPrinter("p1"), PaperPrinter("p2")
    hold = asyncio.Event()

    async def without_paper(watch: PrintWatch) -> None:
        watch.progress(2, 0, ErrorCode.PAPER_EMPTY)
        await hold.wait()
        watch.progress(2, 0, None)

    first.within = without_paper
    printing = {"p1": PrintingSettings(backup="p2", backup_after_s=10.0)}
    async with open_bench(tmp_path, first, second, printing=printing) as bench:
        for text in ("begun", "one", "two"):
            await bench.print(text)
        await bench.advance(3.0)
        behind = await bench.job("one")
        assert behind["waiting_for"] == "paper_empty"
        assert behind["waiting_reason"].startswith("behind job 'begun'")
        await bench.advance(6.0)
        assert second.paper == []
        await bench.advance(5.0)
        assert second.paper == ["one", "two"]
        assert await bench.state("begun") == "printing"
        hold.set()
        await bench.settle()
        first.within = None
        await bench.print("three")
        await bench.settle()
    assert (first.paper, second.paper) == (["begun", "three"], ["one", "two"])


async def test_jobs_behind_one_that_goes_on_wait_for_nothing_but_their_turn(tmp_path: Path) -> None:
    printer, goes_on, hold = PaperPrinter("p1"), asyncio.Event(), asyncio.Event()

    async def with_new_paper(watch: PrintWatch) -> None:
        watch.progress(2, 0, ErrorCode.PAPER_EMPTY)
        await goes_on.wait()
        watch.progress(2, 0, None)
        await hold.wait()

    printer.within = with_new_paper
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("begun")
        reply = bench.begin("print", {"document": DOCUMENT}, request_id="behind")
        await bench.advance(3.0)
        assert (await bench.job("behind"))["waiting_for"] == "paper_empty"
        goes_on.set()
        await bench.advance(3.0)
        assert (await bench.job("behind"))["waiting_for"] is None
        await bench.advance(60.0)
        assert (await reply).error_code is ErrorCode.EXPIRED
        hold.set()
        await bench.settle()
    assert printer.paper == ["begun"]


async def test_job_behind_that_ends_while_another_is_moved_is_told_of_no_more(tmp_path: Path) -> None:
    first, second = PaperPrinter("p1"), PaperPrinter("p2")
    hold, cancelled = asyncio.Event(), asyncio.Event()

    async def without_paper(watch: PrintWatch) -> None:
        watch.progress(2, 0, ErrorCode.PAPER_EMPTY)
        await hold.wait()

    first.within = without_paper
    printing = {"p1": PrintingSettings(backup="p2", backup_after_s=0.0)}
    async with open_bench(tmp_path, first, second, printing=printing) as bench:
        for text in ("begun", "one", "two"):
            await bench.print(text)

        async def cancel(point: str) -> None:
            if point == "write:before" and not cancelled.is_set():
                cancelled.set()
                await bench.ask("cancel_job", {"job_id": "two"})

        bench.spool.at = cancel
        await bench.advance(3.0)
        assert cancelled.is_set()
        assert second.paper == ["one"]
        assert first.told("two") == ["accepted", "cancelled"]
        last = [data for _, data in first.events if data["job_id"] == "two"][-1]
        assert last["waiting_for"] is last["waiting_reason"] is None
        hold.set()
        await bench.settle()


async def test_back_up_takes_over_no_more_once_the_job_before_goes_on(tmp_path: Path) -> None:
    first, second, goes_on = PaperPrinter("p1"), PaperPrinter("p2"), asyncio.Event()

    async def with_new_paper(watch: PrintWatch) -> None:
        watch.progress(2, 0, ErrorCode.PAPER_EMPTY)
        await goes_on.wait()

    first.within = with_new_paper
    printing = {"p1": PrintingSettings(backup="p2", backup_after_s=0.0)}
    async with open_bench(tmp_path, first, second, printing=printing) as bench:
        for text in ("begun", "one", "two"):
            await bench.print(text)

        async def put_paper_in(point: str) -> None:
            if point == "write:after" and not goes_on.is_set():
                first.within = None
                goes_on.set()
                await wait_until(lambda: first.paper == ["begun"])

        bench.spool.at = put_paper_in
        await bench.advance(3.0)
    assert (first.paper, second.paper) == (["begun", "two"], ["one"])


async def test_back_up_that_cannot_print_either_is_left_alone(tmp_path: Path) -> None:
    first = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    second = PaperPrinter("p2", flags=("paper_empty",))
    printing = {"p1": PrintingSettings(backup="p2", backup_after_s=0.0)}
    async with open_bench(tmp_path, first, second, printing=printing) as bench:
        await bench.print("a")
        await bench.advance(20.0)
        assert (await bench.job("a"))["printer"] == "p1"
        first.obstacle = None
        await bench.advance(2.0)
    assert (first.paper, second.paper) == (["a"], [])


async def test_quota_refuses_what_is_too_much_and_takes_it_later(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.PAPER_EMPTY)
    printing = {"p1": PrintingSettings(waiting_jobs_max=2)}
    async with open_bench(tmp_path, printer, printing=printing) as bench:
        await bench.print("a")
        await bench.print("b")
        await bench.settle()
        refused = await bench.print("c")
        assert (refused.error_code, refused.is_retryable) == (ErrorCode.BUSY, True)
        assert "paper_empty" in (refused.error_message or "")
        assert (await bench.print("a")).status.value == "accepted"  # a repeat is no new job
        printer.obstacle = None
        await bench.advance(2.0)
        assert (await bench.print("c")).status.value == "accepted"
        await bench.settle()
    assert printer.paper == ["a", "b", "c"]


async def test_quota_of_bytes_refuses_what_is_too_much(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.PAPER_EMPTY)
    printing = {"p1": PrintingSettings(waiting_bytes_max=10_000)}
    async with open_bench(tmp_path, printer, printing=printing) as bench:
        first, second = (
            "".join(Random(seed).choices(ascii_letters, k=9_000)) for seed in (1, 2)
        )  # nothing to be packed
        assert (await bench.print(first, "a")).status.value == "accepted"
        refused = await bench.print(second, "b")
        assert (refused.error_code, refused.is_retryable) == (ErrorCode.BUSY, True)
        assert (await bench.print("c")).status.value == "accepted"


async def test_full_disk_refuses_new_jobs_with_clear_words_and_lets_the_others_end(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.PAPER_EMPTY)
    async with open_bench(tmp_path, printer, bytes_max=1_000_000) as bench:
        replies = [await bench.print(f"{number} " + "x" * 150_000) for number in range(8)]
        refused = [reply for reply in replies if reply.error_code is not None]
        assert {reply.error_code for reply in refused} == {ErrorCode.STORAGE_FULL}
        assert "the gateway's disk is full, the job was not accepted" in (refused[0].error_message or "")
        printer.obstacle = None
        await bench.advance(5.0)
    assert len(printer.paper) == len(replies) - len(refused) > 1


async def test_store_that_takes_nothing_prints_nothing_new_and_loses_nothing(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.settle()
        await bench.database.read(lambda one: one.execute("PRAGMA query_only = ON").fetchall())
        printer.obstacle = None
        await bench.advance(10.0)
        assert printer.halves == []
        await bench.database.read(lambda one: one.execute("PRAGMA query_only = OFF").fetchall())
        await bench.advance(3.0)
    assert printer.paper == ["a"]


async def test_end_that_the_disk_does_not_take_is_told_and_kept_later(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:

        async def fail_the_disk(watch: PrintWatch) -> None:
            await bench.database.read(lambda one: one.execute("PRAGMA query_only = ON").fetchall())

        printer.within = fail_the_disk
        reply = await bench.ask("print", {"document": DOCUMENT}, request_id="r")
        assert reply.status.value == "completed"
        printer.within = None
        await bench.database.read(lambda one: one.execute("PRAGMA query_only = OFF").fetchall())
        await bench.advance(6.0)
    async with open_bench(tmp_path, printer) as bench:
        assert await bench.state("r") == "completed"


async def test_claim_of_somebody_else_holds_up_a_job_and_nobody_behind_it(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("everybody")
        mine = {"document": [{"type": "text", "text": "mine"}], "answer": "accepted"}
        await bench.ask("print", mine, request_id="mine", objection=lambda: None)
        bench.claimed["p1"] = "T1"
        printer.obstacle = None
        await bench.advance(3.0)
        assert printer.paper == ["mine"]
        assert (await bench.job("everybody"))["waiting_for"] == "claimed"
        bench.claimed.clear()
        bench.wake("p1")
        await bench.settle()
    assert printer.paper == ["mine", "everybody"]


async def test_job_under_a_claim_that_is_lost_is_told_where_somebody_waits_and_goes_on_where_it_was_left(
    tmp_path: Path,
) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    lost = RequestError(ErrorCode.NOT_CLAIMED, "claim: this token is of no claim that lasts")
    async with open_bench(tmp_path, printer) as bench:
        waited = bench.begin("print", {"document": DOCUMENT}, request_id="waited", objection=lambda: lost)
        await bench.settle()
        left = {"document": [{"type": "text", "text": "left"}], "answer": "accepted"}
        await bench.ask("print", left, request_id="left", objection=lambda: lost)
        printer.obstacle = None
        await bench.advance(3.0)
        assert (await waited).error_code is ErrorCode.NOT_CLAIMED
    assert printer.paper == ["left"]


async def test_refusal_lets_nothing_new_in_and_answers_what_was_done(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    refusal = RequestError(ErrorCode.EXPIRED, "too late")
    async with open_bench(tmp_path, printer) as bench:
        done = await bench.ask("print", {"document": DOCUMENT}, request_id="r")
        assert await bench.ask("print", {"document": DOCUMENT}, request_id="r", refusal=refusal) == done
        for name, params in (
            ("print", {"document": DOCUMENT}),
            ("cancel_job", {"job_id": "r"}),
            ("reprint", {"job_id": "r"}),
            ("dismiss", {"job_id": "r"}),
        ):
            assert (await bench.ask(name, params, refusal=refusal)).error_code is ErrorCode.EXPIRED
    assert printer.paper == ["two coffees"]


async def test_print_that_an_older_version_did_is_answered_as_it_was(tmp_path: Path) -> None:
    printer = PaperPrinter("p1")
    async with open_bench(tmp_path, printer) as bench:
        params: dict[str, Any] = {"document": DOCUMENT}
        unknown = {"code": "unknown_outcome", "message": "look", "retryable": False}
        for request_id, body in (
            ("done", {"id": "done", "status": "completed", "result": {"bytes": 7}}),
            (
                "cut",
                {"id": "cut", "status": "unknown", "error": unknown},
            ),
        ):
            digest = _digest(params)
            assert await bench.command_log.claim(f"p1/{request_id}", digest) is None
            await bench.command_log.finish(f"p1/{request_id}", json.dumps(body).encode())
        assert (await bench.ask("print", params, request_id="done")).to_json() == {
            "id": "done",
            "status": "completed",
            "result": {"bytes": 7},
        }
        assert (await bench.ask("print", params, request_id="cut")).status.value == "unknown"
        other = await bench.ask("print", {"document": [{"type": "text", "text": "tea"}]}, request_id="done")
        assert other.error_code is ErrorCode.CONFLICT
    assert printer.paper == []


def _digest(params: dict[str, Any]) -> str:
    from edge_gateway.contracts.commands import Request

    return Request("x", "lane-1", "pos_printer", "p1", "print", params).digest()


async def test_printer_that_is_not_there_any_more_keeps_its_jobs(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE)
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
    async with open_bench(tmp_path, PaperPrinter("p2")) as bench:
        await bench.advance(5.0)
        assert bench.service.jobs_of("p1").waiting == 1
    printer.obstacle = None
    async with open_bench(tmp_path, printer) as bench:
        await bench.settle()
    assert printer.paper == ["a"]


async def test_new_state_of_a_printer_is_tried_at_once_and_the_same_one_is_not(tmp_path: Path) -> None:
    printer = PaperPrinter("p1", obstacle=ErrorCode.OFFLINE, power="off")
    async with open_bench(tmp_path, printer) as bench:
        await bench.print("a")
        await bench.advance(0.3)
        before = printer.attempts
        for _ in range(5):
            bench.wake("p1")
            await bench.settle()
        assert printer.attempts - before <= 1
        await bench.advance(0.3)
        printer.obstacle, printer.power = None, "online"
        bench.wake("p1")
        await bench.advance(0.3)
    assert printer.paper == ["a"]


async def test_unknown_jobs_that_nobody_looks_at_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "UNKNOWN_MAX", 3)
    printer = PaperPrinter("p1")

    def fail(watch: PrintWatch) -> None:
        raise UnknownOutcomeError("no confirmation")

    printer.within = fail
    async with open_bench(tmp_path, printer) as bench:
        for number in range(5):
            await bench.print(f"j{number}")
            await bench.settle()
        assert [job.job_id for job in bench.service.unknown()] == ["j2", "j3", "j4"]
        assert (await bench.job("j0"))["settled_by"]["how"] == "too many"
