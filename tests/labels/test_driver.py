"""Drivers of label printers against simulated ones: what is printed is known, what is not known is not said."""

from __future__ import annotations

import asyncio

import pytest

from drivers import label_count, label_job
from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, UnknownOutcomeError
from edge_gateway.contracts.printing import PaperPolicy, PrintFailedError
from simulators.label_machine import Fault
from tests.labels.driving import Way, driven
from tests.labels.support import DRIVERS, label, text
from tests.support.print_watch import Watch
from tests.support.waiting import wait_until

every_language = pytest.mark.parametrize("language", sorted(DRIVERS))
counting = pytest.mark.parametrize("language", ["epl", "tspl", "zpl"])
both_ways = pytest.mark.parametrize("way", ["loopback", "tcp"])
ONE = label(text("one"))
THREE = label(text("{copy}"), quantity=3, is_numbered=True)


@both_ways
@every_language
async def test_labels_come_out_and_are_confirmed(language: str, way: Way) -> None:
    async with driven(language, way=way) as bench:
        watch = Watch()
        result = await bench.print(label(text("Äpfel"), quantity=2), watch)
        assert watch.begun
        assert result["labels"] == 2
        assert result["confirmed_by"] == ("none" if language == "slcs" else "printer")
        await wait_until(lambda: len(bench.printer.labels) == 2, what="two labels")
        assert bench.printer.errors == []
        await bench.print(ONE)
        await wait_until(lambda: len(bench.printer.labels) == 3, what="one more")


@counting
async def test_label_is_not_confirmed_before_it_is_out(language: str) -> None:
    async with driven(language, seconds_per_label=0.2) as bench:
        await bench.print(label(text("x"), quantity=3))
        assert len(bench.printer.labels) == 3


@counting
async def test_each_numbered_label_is_confirmed_by_itself(language: str) -> None:
    async with driven(language, seconds_per_label=0.05) as bench:
        watch = Watch()
        cuts = bench.render(THREE).cuts
        await bench.print(THREE, watch)
        confirmed = list(dict.fromkeys(confirmed for _, confirmed, _ in watch.told))
        assert confirmed == [0, *cuts]


@every_language
@pytest.mark.parametrize(
    ("fault", "code", "flag"),
    [
        ("head_open", ErrorCode.COVER_OPEN, "cover_open"),
        ("media_out", ErrorCode.PAPER_EMPTY, "paper_empty"),
        ("ribbon_out", ErrorCode.DEVICE_ERROR, "ribbon_empty"),
        ("paused", ErrorCode.BUSY, "paused"),
    ],
)
async def test_print_is_refused_with_the_cause_and_nothing_is_sent(
    language: str, fault: Fault, code: ErrorCode, flag: str
) -> None:
    if (language, fault) == ("slcs", "paused"):
        return  # its status has no word for it
    async with driven(language) as bench:
        bench.printer.set_fault(fault, True)
        await bench.until_flags(flag)
        watch = Watch()
        with pytest.raises(DeviceError, match="nothing was printed") as refused:
            await bench.print(ONE, watch)
        assert refused.value.code is code
        assert not watch.begun
        bench.printer.set_fault(fault, False)
        await bench.until_flags()
        await bench.print(ONE)
        await wait_until(lambda: len(bench.printer.labels) == 1, what="one label")


async def test_zebra_without_labels_that_is_silent_is_unknown_and_not_offline() -> None:
    async with driven("zpl") as bench:
        bench.printer.set_fault("media_out", True)
        bench.printer.set_fault("silent", True)
        await bench.until_flags("silent")
        assert bench.session.answering[-1][0] is None
        assert "no labels or no ribbon" in (bench.session.answering[-1][1] or "")
        assert bench.session.details["media_out"] is None  # nothing old is shown as valid
        with pytest.raises(DeviceError, match="nothing was printed") as refused:
            await bench.print(ONE)
        assert refused.value.code is ErrorCode.TIMEOUT
        bench.printer.set_fault("silent", False)
        await bench.until_flags("paper_empty")
        assert bench.session.answering[-1][0] is True


@pytest.mark.parametrize("language", ["epl", "tspl", "slcs"])
async def test_others_that_are_silent_are_offline(language: str) -> None:
    async with driven(language) as bench:
        bench.printer.set_fault("silent", True)
        await wait_until(lambda: bench.session.answering[-1][0] is False, what="the silence told")
        assert bench.session.flags == frozenset()


async def test_printer_that_never_answers_prints_where_configuration_says_so() -> None:
    async with driven("slcs", is_answering=False, is_status_required=False) as bench:
        assert (await bench.print(ONE))["confirmed_by"] == "none"
        await wait_until(lambda: len(bench.printer.labels) == 1, what="one label")


@counting
async def test_print_goes_on_when_labels_are_put_in(language: str) -> None:
    async with driven(language, seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 2
        watch = Watch()
        job = bench.print(label(text("x"), quantity=5), watch)
        await watch.until_waiting_for(ErrorCode.PAPER_EMPTY)
        assert watch.reasons[-1].startswith("it has no labels")
        assert len(bench.printer.labels) == 2
        bench.printer.set_fault("media_out", False)
        await job
        assert len(bench.printer.labels) == 5


async def test_zebra_that_falls_silent_in_the_middle_is_waited_for() -> None:
    async with driven("zpl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 1
        bench.printer.on_change = lambda: bench.printer.set_fault("silent", len(bench.printer.labels) == 1)
        watch = Watch()
        job = bench.print(label(text("x"), quantity=2), watch)
        await watch.until_waiting_for(ErrorCode.TIMEOUT)
        bench.printer.set_fault("silent", False)
        await watch.until_waiting_for(ErrorCode.PAPER_EMPTY)
        bench.printer.set_fault("media_out", False)
        await job
        assert len(bench.printer.labels) == 2


@counting
@pytest.mark.parametrize("forgets", [True, False])
async def test_printer_that_was_switched_off_and_on_in_the_middle_leaves_the_labels_unknown(
    language: str, forgets: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is well and holds nothing, as behind the last label; a serial line does not break with its power."""
    monkeypatch.setattr(label_count, "RESTART_S", 0.2)
    async with driven(language, seconds_per_label=0.05) as bench:
        watch = Watch()
        job = bench.print(label(text("x"), quantity=4), watch)
        await wait_until(lambda: len(bench.printer.labels) == 1, what="the first label")
        bench.printer.set_fault("head_open", True)
        bench.printer.set_fault("silent", True)
        await watch.until_waiting_for(ErrorCode.TIMEOUT)
        if forgets:
            bench.printer.cancel_all()
        clock = bench.session.clock
        begun_s = clock.monotonic()
        await wait_until(lambda: clock.monotonic() - begun_s > 0.3, what="a start of the printer")
        bench.printer.set_fault("head_open", False)
        bench.printer.set_fault("silent", False)
        if forgets:
            with pytest.raises(UnknownOutcomeError, match="switched off and on"):
                await job
        else:
            assert (await job)["confirmed_by"] == "printer"
        assert len(bench.printer.labels) == (1 if forgets else 4)


async def test_rest_is_cleared_where_the_policy_says_so() -> None:
    async with driven("zpl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 2
        with pytest.raises(PrintFailedError, match="the rest was cleared") as failed:
            await bench.print(label(text("x"), quantity=5), Watch(PaperPolicy.FAIL))
        assert failed.value.code is ErrorCode.PAPER_EMPTY
        assert failed.value.is_on_paper
        assert not failed.value.is_retryable
        bench.printer.set_fault("media_out", False)
        assert bench.printer.outstanding == 0
        assert len(bench.printer.labels) == 2


@pytest.mark.parametrize("policy", [PaperPolicy.CONTINUE, PaperPolicy.LAST_CUT, PaperPolicy.RESTART])
async def test_numbered_labels_go_on_with_the_next_one(policy: PaperPolicy) -> None:
    async with driven("zpl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 1
        watch = Watch(policy)
        job = bench.print(THREE, watch)
        await watch.until_waiting_for(ErrorCode.PAPER_EMPTY)
        assert bench.printer.outstanding == 0  # the second one is not even sent
        bench.printer.set_fault("media_out", False)
        await job
        assert [one.texts[0] for one in bench.printer.labels] == ["1", "2", "3"]


async def test_batch_begins_again_where_the_printer_forgot_the_rest() -> None:
    async with driven("zpl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 1
        watch = Watch(PaperPolicy.RESTART)
        job = bench.print(label(text("x"), quantity=3), watch)
        await wait_until(lambda: bench.printer.counters["cancelled"] == 2, what="the rest forgotten")
        bench.printer.set_fault("media_out", False)
        await job
        assert len(bench.printer.labels) == 1 + 3


async def test_batch_that_begins_again_waits_for_labels_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(label_job, "SILENCE_S_MAX", 0.2)
    async with driven("zpl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 1
        job = bench.print(label(text("x"), quantity=3), Watch(PaperPolicy.RESTART))
        await wait_until(lambda: bench.printer.counters["cancelled"] == 2, what="the rest forgotten")
        clock = bench.session.clock
        begun_s = clock.monotonic()
        await wait_until(lambda: job.done() or clock.monotonic() - begun_s > 0.5, what="a night without labels")
        bench.printer.set_fault("media_out", False)
        await job
        assert len(bench.printer.labels) == 1 + 3


async def test_cancelled_print_ends_failed_where_the_rest_was_cleared() -> None:
    async with driven("zpl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 1
        watch = Watch()
        job = bench.print(label(text("x"), quantity=3), watch)
        await watch.until_waiting_for(ErrorCode.PAPER_EMPTY)
        watch.cancelled.set()
        with pytest.raises(PrintFailedError) as failed:
            await job
        assert failed.value.code is ErrorCode.CANCELLED
        assert bench.printer.outstanding == 0


async def test_cancelled_print_that_cannot_be_cleared_is_unknown() -> None:
    async with driven("epl", seconds_per_label=0.01) as bench:
        bench.printer.labels_on_roll = 1
        watch = Watch()
        job = bench.print(label(text("x"), quantity=3), watch)
        await watch.until_waiting_for(ErrorCode.PAPER_EMPTY)
        watch.cancelled.set()
        with pytest.raises(UnknownOutcomeError, match="look at the labels"):
            await job


@both_ways
@counting
async def test_cut_line_leaves_at_most_one_label_and_says_what_is_certain(language: str, way: Way) -> None:
    async with driven(language, way=way) as bench:
        size = len(bench.render(ONE).data)
    outcomes = set()
    for cut in range(1, size + 20, max(1, size // 12)):
        async with driven(language, way=way, status_interval_s=30.0) as bench:
            job = bench.print(ONE)
            bench.printer.cut_line_at(cut)
            (ended,) = await asyncio.gather(job, return_exceptions=True)
            outcomes.add(type(ended))
            if isinstance(ended, UnknownOutcomeError):
                assert len(bench.printer.labels) <= 1
            elif isinstance(ended, DeviceError):
                assert bench.printer.labels == []
            else:
                assert len(bench.printer.labels) == 1
    assert UnknownOutcomeError in outcomes


async def test_status_is_read_on_command() -> None:
    async with driven("tspl") as bench:
        bench.printer.set_fault("media_out", True)
        status = await bench.driver.execute("read_status", {})
        assert status["answering"] is True
        assert status["media_out"] is True
        assert status["flags"] == ["paper_empty"]
        with pytest.raises(RequestError, match="takes no params"):
            await bench.driver.execute("read_status", {"x": 1})


async def test_printer_says_who_it_is() -> None:
    async with driven("zpl", can_identify=True) as bench:
        await wait_until(lambda: bool(bench.session.info), what="its identity")
        assert bench.session.info == {"model": "SIMULATED-203dpi", "firmware": "V0.1"}


async def test_labels_are_acknowledged_where_the_printer_is_set_so() -> None:
    async with driven("epl", seconds_per_label=0.05, confirm="acknowledge") as bench:
        await bench.print(THREE)
        assert len(bench.printer.labels) == 3
