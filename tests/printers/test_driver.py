"""The driver of ESC/POS printers against a simulated printer, over a loopback and over TCP."""

from __future__ import annotations

import asyncio

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode, RequestError, UnknownOutcomeError
from simulators.escpos_machine import ANSWERS, Fault
from simulators.escpos_printer import EscposPrinter
from simulators.star_printer import StarPrinter
from tests.support.clock import FakeClock
from tests.support.print_bench import print_bench
from tests.support.printing import RECEIPT, Way, driven_printer
from tests.support.waiting import wait_until

USUAL = {"status_interval_s": 2.0, "status_timeout_s": 1.0}
both_ways = pytest.mark.parametrize("way", ["loopback", "tcp"])
CUTS_AT_ONCE = 25
"""Printers driven at the same time."""
SMALL = [{"type": "text", "text": "small"}, {"type": "qr", "data": "s-1"}, {"type": "cut"}]

every_confirmation = pytest.mark.parametrize("confirm", ["process_id", "gs_r"])


@both_ways
@every_confirmation
async def test_print_completes_when_the_printer_confirms(way: Way, confirm: str) -> None:
    async with driven_printer(EscposPrinter(columns=48), way=way, settings={"confirm": confirm}) as lane:
        result = await lane.print(RECEIPT)
        assert result["confirmed_by"] == confirm
        assert result["replaced_characters"] == 0
        (receipt,) = lane.printer.paper.receipts
        assert receipt.lines[0] == "Grüße aus Köln"
        assert receipt.lines[2].startswith("Highlighter")
        assert receipt.lines[2].endswith("2,50 €")
        assert lane.printer.errors == []
        await lane.print(RECEIPT)
        assert len(lane.printer.paper.receipts) == 2


@both_ways
async def test_printer_is_not_online_before_it_has_answered(way: Way) -> None:
    printer = EscposPrinter(columns=48)
    printer.set_fault("mute")
    async with driven_printer(printer, way=way, is_online_expected=False) as lane:
        await wait_until(lambda: "no answer" in (lane.supervisor.state.reason or ""), what="the silence noticed")
        assert "online" not in lane.powers
        printer.set_fault("mute", False)
        await wait_until(lambda: lane.supervisor.state.power == "online", what="online")
        assert lane.powers == ["offline", "online"]


async def test_print_counts_what_it_cannot_show() -> None:
    async with driven_printer(EscposPrinter(columns=48)) as lane:
        result = await lane.print([{"type": "text", "text": "\ue000\ue001 ok 漢字"}, {"type": "cut"}])
        assert result["replaced_characters"] == 2
        assert lane.printer.paper.receipts[-1].lines == ["[picture 120x30]"]


async def test_print_byte_by_byte_answers_completes() -> None:
    def byte_by_byte(data: bytes) -> list[bytes]:
        return [data[index : index + 1] for index in range(len(data))]

    async with driven_printer(EscposPrinter(columns=48), chunker=byte_by_byte) as lane:
        assert (await lane.print(RECEIPT))["confirmed_by"] == "process_id"


@both_ways
@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("cover_open", ErrorCode.COVER_OPEN),
        ("paper_out", ErrorCode.PAPER_EMPTY),
        ("cutter_jam", ErrorCode.CUTTER_ERROR),
        ("offline", ErrorCode.OFFLINE),
        ("mute", ErrorCode.TIMEOUT),
    ],
)
async def test_print_is_refused_with_the_cause_and_nothing_is_sent(way: Way, fault: Fault, code: ErrorCode) -> None:
    async with driven_printer(EscposPrinter(columns=48), way=way) as lane:
        await wait_until(lambda: "serial_number" in lane.supervisor.info)
        printed = lane.printer.counters["bytes_received"]
        lane.printer.set_fault(fault)
        with pytest.raises(RequestError) as refused:
            await lane.print(RECEIPT)
        assert refused.value.code is code
        assert not isinstance(refused.value, UnknownOutcomeError)
        assert lane.printer.counters["bytes_received"] == printed
        lane.printer.set_fault(fault, False)
        await lane.print(RECEIPT)
        assert len(lane.printer.paper.receipts) == 1


async def test_state_follows_the_printer_without_being_asked() -> None:
    async with driven_printer(EscposPrinter(columns=48), settings={"status_interval_s": 30.0}) as lane:
        await lane.until_flags()
        lane.printer.set_fault("paper_near_end")
        await lane.until_flags("paper_near_end")
        lane.printer.set_fault("paper_near_end", False)
        lane.printer.set_fault("cover_open")
        await lane.until_flags("cover_open", "offline")
        lane.printer.set_fault("cover_open", False)
        await lane.until_flags()


async def test_printer_with_dle_eot_alone_is_watched_and_prints() -> None:
    cheap = EscposPrinter(answers={"dle_eot", "gs_r"})
    async with driven_printer(cheap, profile="generic-escpos") as lane:
        assert (await lane.print(RECEIPT))["confirmed_by"] == "gs_r"
        cheap.set_fault("paper_out")
        await lane.until_flags("paper_empty", "offline")
        cheap.set_fault("paper_out", False)
        await lane.until_flags()


async def test_printer_that_never_answers_prints_only_where_configuration_says_so() -> None:
    deaf = {"is_status_required": False, "confirm": "none"}
    async with driven_printer(EscposPrinter(answers=()), profile="generic-escpos", is_online_expected=False) as lane:
        await wait_until(lambda: lane.supervisor.counters["connects"] == 1)
        with pytest.raises(RequestError) as refused:
            await lane.print(RECEIPT)
        assert refused.value.code is ErrorCode.TIMEOUT
        assert lane.supervisor.state.power == "offline"
    mute = EscposPrinter(answers=())
    async with driven_printer(mute, profile="generic-escpos", settings=deaf, is_online_expected=False) as lane:
        await wait_until(lambda: lane.supervisor.counters["connects"] == 1)
        assert (await lane.print(RECEIPT))["confirmed_by"] == "none"
        await wait_until(lambda: mute.counters["receipts"] == 1)


async def test_printer_that_does_not_confirm_leaves_the_outcome_unknown() -> None:
    printer = EscposPrinter(columns=48, answers=ANSWERS - {"process_id"})
    async with driven_printer(printer, settings={"confirm_timeout_s": 0.1}) as lane:
        with pytest.raises(UnknownOutcomeError, match="did not confirm"):
            await lane.print(RECEIPT)
        assert printer.counters["receipts"] == 1
        assert printer.counters["buffer_clears"] == 0


@both_ways
async def test_slow_printer_is_waited_for(way: Way) -> None:
    printer = EscposPrinter(columns=48, bytes_per_s=400.0)
    async with driven_printer(printer, way=way) as lane:
        result = await lane.print(RECEIPT)
        assert result["confirmed_by"] == "process_id"
        assert len(printer.paper.receipts) == 1


async def test_document_larger_than_the_printer_s_buffer_is_printed() -> None:
    printer = EscposPrinter(columns=48, bytes_per_s=40_000.0)
    lines = [f"line {number:03d} of a long journal print" for number in range(400)]
    document = [{"type": "text", "text": line} for line in lines]
    async with driven_printer(printer, way="tcp") as lane:
        await lane.print([*document, {"type": "cut"}])
        assert printer.paper.receipts[-1].lines == lines


@both_ways
async def test_paper_added_during_the_print_completes_it(way: Way) -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer, way=way) as lane:
        printer.trip_at(60, "paper_out")
        task = asyncio.create_task(lane.print(RECEIPT))
        await lane.until_flags("paper_empty", "offline")
        assert not task.done()
        printer.set_fault("paper_out", False)
        assert (await task)["confirmed_by"] == "process_id"
        assert len(printer.paper.receipts) == 1


async def _cut_and_print_again(way: Way, confirm: str, count: int, whole: int) -> None:
    """Break the line after ``count`` bytes of a print, then print again as a person would."""
    printer = EscposPrinter(columns=48)
    settings = {"confirm": confirm, "status_timeout_s": 0.1}
    async with driven_printer(printer, way=way, settings=settings) as lane:
        await wait_until(lambda: "serial_number" in lane.supervisor.info)
        printer.cut_line_at(count)
        with pytest.raises(UnknownOutcomeError):
            await lane.print(SMALL)
        await wait_until(lambda: printer.is_idle)
        first = printer.paper.text.count("[qr s-1]")
        assert first == 1 or count < whole
        await lane.plug_in()
        await wait_until(lambda: lane.supervisor.counters["connects"] == 2)
        assert (await lane.print(SMALL))["confirmed_by"] == confirm
        assert printer.paper.text.count("[qr s-1]") == first + 1
        assert printer.paper.receipts[-1].lines[-2:] == ["small", "[qr s-1]"]


@both_ways
@every_confirmation
async def test_line_cut_at_any_byte_is_unknown_and_the_next_print_is_whole(way: Way, confirm: str) -> None:
    async with driven_printer(EscposPrinter(columns=48), way=way, settings={"confirm": confirm}) as lane:
        await wait_until(lambda: "serial_number" in lane.supervisor.info)
        barrier = 3 if confirm == "gs_r" else 0
        before = lane.printer.counters["bytes_received"]
        await lane.print(SMALL)
        whole = lane.printer.counters["bytes_received"] - before
    # The first bytes of a GS r printer are the barrier: a line that breaks there breaks before the print.
    for start in range(barrier + 1, whole + 1, CUTS_AT_ONCE):
        counts = range(start, min(start + CUTS_AT_ONCE, whole + 1))
        async with asyncio.TaskGroup() as group:
            for count in counts:
                group.create_task(_cut_and_print_again(way, confirm, count, whole))


async def test_drawer_opens_on_the_configured_pin_and_is_sensed() -> None:
    printer = EscposPrinter(columns=48, drawer_pin=5)
    async with driven_printer(printer, settings={"drawer_pin": 5, "drawer_open_level": "low"}) as lane:
        result = await lane.execute("open_drawer")
        assert result == {"drawer": "open", "confirmed_by": "process_id"}
        await lane.until_flags("drawer_open")
        printer.close_drawer()
        await lane.until_flags()
        assert lane.event_names == ["drawer_pulsed", "drawer_opened", "drawer_closed"]
        assert printer.counters["drawer_kicks"] == 1


async def test_drawer_wired_to_another_pin_is_told_to_be_closed() -> None:
    printer = EscposPrinter(columns=48, drawer_pin=5, drawer_open_level="high")
    async with driven_printer(printer, settings={"drawer_pin": 2, "drawer_open_level": "high"}) as lane:
        assert (await lane.execute("open_drawer"))["drawer"] == "closed"
        assert printer.counters["drawer_kicks"] == 1


@pytest.mark.parametrize("fault", ["paper_out", "cover_open"])
@pytest.mark.parametrize("pin", [None, 2])
async def test_drawer_opens_while_nothing_can_be_printed(fault: Fault, pin: int | None) -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer, settings={"drawer_open_level": "low"}) as lane:
        await wait_until(lambda: "serial_number" in lane.supervisor.info)
        printer.set_fault(fault)
        result = await lane.execute("open_drawer", {} if pin is None else {"pin": pin})
        assert result == {"drawer": "open", "confirmed_by": "none"}
        assert lane.event_names == ["drawer_pulsed", "drawer_opened"]
        printer.set_fault(fault, False)
        await lane.print(RECEIPT)
        assert printer.counters["drawer_kicks"] == 1


async def test_drawer_is_not_kicked_later_when_the_printer_cannot_do_it_now() -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer, settings={"can_pulse_real_time": False}) as lane:
        await wait_until(lambda: "serial_number" in lane.supervisor.info)
        printer.set_fault("cover_open")
        with pytest.raises(DeviceError, match="the drawer was not opened") as refused:
            await lane.execute("open_drawer")
        assert refused.value.code is ErrorCode.COVER_OPEN
        printer.set_fault("cover_open", False)
        await lane.until_flags()
        await lane.print(RECEIPT)
        assert printer.counters["drawer_kicks"] == 0


async def test_drawer_is_refused_where_none_is_configured() -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer, settings={"drawer_pin": 0}) as lane:
        for command in (lane.execute("open_drawer"), lane.print([*RECEIPT, {"type": "drawer"}])):
            with pytest.raises(RequestError) as refused:
                await command
            assert refused.value.code is ErrorCode.UNSUPPORTED
        assert printer.counters["drawer_kicks"] == 0
        assert printer.paper.text == ""


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("print", {}),
        ("print", {"document": []}),
        ("print", {"document": RECEIPT, "copies": 2}),
        ("print", {"document": [{"type": "text", "text": "\x1bp\x00\x19\xfa"}]}),
        ("print", {"document": [{"type": "barcode", "symbology": "ean_13", "data": "4006381333932"}]}),
        ("open_drawer", {"pin": 3}),
        ("read_status", {"all": True}),
    ],
)
async def test_wrong_params_are_refused_before_anything_is_sent(name: str, params: dict[str, object]) -> None:
    async with driven_printer(EscposPrinter(columns=48)) as lane:
        with pytest.raises(RequestError) as refused:
            await lane.execute(name, params)
        assert refused.value.code is ErrorCode.INVALID_REQUEST
        assert lane.printer.paper.text == ""
        assert lane.printer.counters["drawer_kicks"] == 0


async def test_read_status_tells_paper_cover_and_drawer() -> None:
    printer = EscposPrinter(columns=48)
    printer.set_fault("paper_near_end")
    async with driven_printer(printer, settings={"drawer_open_level": "low"}) as lane:
        assert await lane.execute("read_status") == {
            "answering": True,
            "online": True,
            "cover_open": False,
            "paper": "near_end",
            "drawer": "closed",
            "drawer_level": "high",
            "error_level": "none",
            "flags": ["paper_near_end"],
        }


async def test_real_time_drawer_pulse_is_disarmed_where_it_is_not_wanted() -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer, settings={"can_pulse_real_time": False}) as lane:
        await lane.print(RECEIPT)
        printer.data_received(b"\x10\x14\x01\x00\x05")
        assert printer.counters["drawer_kicks"] == 0


async def test_printer_says_who_it_is() -> None:
    async with driven_printer(EscposPrinter(columns=48, model="TM-T20III")) as lane:
        await wait_until(lambda: lane.supervisor.info.get("model") == "TM-T20III")
        assert lane.supervisor.info["firmware"] == "15.01 ESC/POS"


async def test_late_confirmation_of_an_earlier_print_does_not_confirm_the_next_one() -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer, settings={"confirm": "gs_r", "confirm_timeout_s": 0.1}) as lane:
        await lane.print(RECEIPT)
        printer.set_fault("stall")
        with pytest.raises(UnknownOutcomeError):
            await lane.print(RECEIPT)
        # Stalled still: the printer takes the bytes, says it is well, and prints nothing.
        with pytest.raises(DeviceError) as refused:
            await lane.print(RECEIPT)
        assert refused.value.code is ErrorCode.TIMEOUT
        printer.set_fault("stall", False)
        assert (await lane.print(RECEIPT))["confirmed_by"] == "gs_r"
        assert printer.counters["receipts"] == 3


@pytest.mark.parametrize("profile", ["epson-tm-t20", "generic-star"])
async def test_silence_of_a_printer_is_told_within_its_time(profile: str) -> None:
    clock, device = FakeClock(), StarPrinter() if profile == "generic-star" else EscposPrinter(columns=48)
    async with print_bench(device, profile=profile, settings=USUAL, clock=clock) as bench:
        await wait_until(lambda: bench.session.info or not bench.settings.can_identify, what="the questions at a start")
        await clock.settle()
        device.set_fault("mute")
        await clock.advance(4.9)
        assert bench.session.answering[-1] == (True, None), "one question may be missed"
        await clock.advance(1.1)
        assert bench.session.answering[-1][0] is False


async def test_silent_printer_is_told_to_be_offline_and_found_again() -> None:
    printer = EscposPrinter(columns=48)
    async with driven_printer(printer) as lane:
        printer.set_fault("mute")
        await wait_until(lambda: lane.supervisor.state.power == "offline")
        printer.set_fault("mute", False)
        await wait_until(lambda: lane.supervisor.state.power == "online")
