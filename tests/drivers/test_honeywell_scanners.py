"""Honeywell and HID POS drivers against simulated scanners: identity, commands, replies that are no scans, faults."""

from __future__ import annotations

import random
from typing import Any

import pytest
from pydantic import ValidationError

from drivers import honeywell_commands
from drivers.barcode_scanner import INCOMPLETE_GAP_S, RESUME_S
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.contracts.hid_report_descriptor import parse_report_descriptor
from protocols.scanners.hid_pos import HidPosLayout
from simulators.hid_pos import HidPosScanner
from simulators.honeywell_serial import HoneywellSerialScanner
from tests.support.clock import FakeClock
from tests.support.scanner_bench import ReportLoopback, scanner_bench
from tests.support.waiting import wait_until

SERIAL = ("honeywell-serial-scanner", HoneywellSerialScanner)
HID = ("honeywell-hid-pos-scanner", HidPosScanner)
INFO = {
    "model": "Voyager 1602g",
    "firmware": "16345",
    "software_part_number": "CW000082BBA",
    "serial_number": "00000B1F0C",
}
both = pytest.mark.parametrize(("profile", "simulator"), [SERIAL, HID], ids=["serial", "hid"])

DESCRIPTOR = bytes.fromhex(
    # Bar code scanner, report 2: count, AIM identifier, 56 bytes of data, 2 bytes, continued (USB HID POS tables 1.02)
    "058c0902a1018502" + "0912a102" + "0501150026ff0075089501093b8102" + "058c" + "09fb8102" + "09fc8102" + "09fd8102"
    "953809fe820201" + "95028101" + "950109ff8102" + "c0c0"
)


def transport_of(profile: str) -> ReportLoopback | None:
    return ReportLoopback(DESCRIPTOR) if profile == HID[0] else None


@both
async def test_honeywell_says_who_it_is(profile: str, simulator: Any) -> None:
    async with scanner_bench(profile, simulator, transport=transport_of(profile)) as it:
        await wait_until(lambda: it.session.info, what="the identity")
        assert it.session.info == INFO
        assert it.texts() == []
        it.scanner.scan("4006381333931")
        await it.until_texts("4006381333931")
        assert it.session.rejected == []


@both
async def test_honeywell_scan_between_question_and_answer_is_told(profile: str, simulator: Any) -> None:
    async with scanner_bench(profile, simulator, transport=transport_of(profile)) as it:
        it.scanner.scan("4006381333931")
        await wait_until(lambda: it.session.info, what="the identity")
        await it.until_texts("4006381333931")


@both
async def test_honeywell_commands_are_carried_out(profile: str, simulator: Any) -> None:
    async with scanner_bench(profile, simulator, transport=transport_of(profile)) as it:
        await it.execute("trigger")
        await wait_until(lambda: it.scanner.is_triggered, what="the trigger")
        await it.execute("untrigger")
        await wait_until(lambda: not it.scanner.is_triggered, what="the end of it")
        await it.execute("beep", pattern="two_short_high")
        await it.execute("good_read")
        await wait_until(lambda: it.scanner.counters["beeps"] == 3, what="three beeps")
        assert await it.execute("set_parameter", parameter="BEPLVL", value=1) == {
            "parameter": "BEPLVL",
            "value": 1,
            "permanent": False,
        }
        assert it.scanner.settings["BEPLVL"] == "1"
        assert it.texts() == []


@both
@pytest.mark.parametrize(
    ("parameter", "value", "words"),
    [("XYZABC", 1, r"ENQ \(invalid tag/subtag\)"), ("BEPLVL", 99, r"NAK \(invalid data\)")],
)
async def test_honeywell_refusal_is_told(profile: str, simulator: Any, parameter: str, value: int, words: str) -> None:
    async with scanner_bench(profile, simulator, transport=transport_of(profile)) as it:
        with pytest.raises(DeviceError, match=words) as refused:
            await it.execute("set_parameter", parameter=parameter, value=value)
        assert refused.value.code is ErrorCode.DEVICE_ERROR


@both
async def test_honeywell_change_without_an_answer_is_of_unknown_outcome(
    profile: str, simulator: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(honeywell_commands, "REPLY_S", 0.05)
    async with scanner_bench(profile, simulator, transport=transport_of(profile), identify=False) as it:
        it.scanner.fault = "silent"
        with pytest.raises(UnknownOutcomeError):
            await it.execute("set_parameter", parameter="BEPLVL", value=1)
        it.scanner.fault = "none"
        it.scanner.scan("4006381333931")
        await it.until_texts("4006381333931")


@both
@pytest.mark.parametrize(
    ("name", "params", "error"),
    [
        ("led", {"on": True}, DeviceError),
        ("enable", {}, DeviceError),
        ("trigger", {"for_s": 1}, DeviceError),
        ("beep", {"pattern": "loud"}, ValidationError),
        ("set_parameter", {"parameter": 5, "value": 1}, DeviceError),
        ("set_parameter", {"parameter": "BEPLVL!", "value": 1}, DeviceError),
    ],
)
async def test_honeywell_command_that_makes_no_sense_is_refused(
    profile: str, simulator: Any, name: str, params: dict[str, Any], error: type[Exception]
) -> None:
    async with scanner_bench(profile, simulator, transport=transport_of(profile), identify=False) as it:
        with pytest.raises(error):
            await it.execute(name, **params)
        assert it.scanner.counters["menu"] == 0


async def test_honeywell_framed_results_have_their_symbology() -> None:
    async with scanner_bench(
        "honeywell-serial-scanner", lambda link: HoneywellSerialScanner(link, is_framed=True)
    ) as it:
        it.scanner.scan("two\rlines", "Q1", "s")
        await it.until_texts("two\rlines")
        assert it.session.events[0][1]["symbology"] == "qr_code"


async def test_honeywell_text_that_was_no_reply_is_a_scan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(honeywell_commands, "REPLY_S", 0.05)
    async with scanner_bench(HID[0], HID[1], transport=ReportLoopback(DESCRIPTOR)) as it:
        it.scanner.answers = False
        it.scanner.scan("postal code", "]X0")
        await it.until_texts("postal code")


def test_hid_pos_layout_is_that_of_the_descriptor() -> None:
    descriptor = parse_report_descriptor(DESCRIPTOR)
    assert descriptor.problem is None
    assert HidPosLayout.of(descriptor) == HidPosLayout()
    assert HidPosLayout.of(parse_report_descriptor(b"")) == HidPosLayout()
    smaller = DESCRIPTOR.replace(bytes.fromhex("953809fe"), bytes.fromhex("951809fe"))
    layout = HidPosLayout.of(parse_report_descriptor(smaller))
    assert (layout.data_bytes, layout.more_at, layout.report_bytes) == (24, 31, 32)


async def test_hid_pos_long_codes_are_joined() -> None:
    text = "".join(random.Random(3).choices("0123456789ABCDEF", k=700))
    async with scanner_bench("generic-hid-pos-scanner", HidPosScanner, transport=ReportLoopback(DESCRIPTOR)) as it:
        it.scanner.scan(text, "]Q1")
        it.scanner.has_extra_byte = True
        it.scanner.scan("4006381333931", "]E0")
        await it.until_texts(text, "4006381333931")
        data = it.session.events[1][1]
        assert (data["symbology"], data["gtin"]) == ("ean_13", "04006381333931")
        assert "code_id" not in data


async def test_hid_pos_scanner_is_put_into_its_mode() -> None:
    transport = ReportLoopback(DESCRIPTOR)
    async with scanner_bench("generic-hid-pos-scanner", HidPosScanner, transport=transport, enter_hid_mode=True):
        await wait_until(lambda: transport.features == [b"\xfe\x01"], what="the feature report")


async def test_hid_pos_read_whose_end_was_lost_is_given_up() -> None:
    clock = FakeClock()
    transport = ReportLoopback(DESCRIPTOR)
    async with scanner_bench("generic-hid-pos-scanner", HidPosScanner, clock=clock, transport=transport) as it:
        it.scanner.fault = "lost_last"
        it.scanner.scan("Z" * 100, "]Q1")
        await clock.advance(INCOMPLETE_GAP_S + 0.1)
        assert [rejected.reason for rejected in it.session.rejected] == ["incomplete"]
        it.scanner.fault = "none"
        await clock.advance(RESUME_S)
        it.scanner.scan("4006381333931")
        await clock.settle()
        assert it.texts() == ["4006381333931"]


@pytest.mark.parametrize("fault", ["garbage", "half"])
async def test_hid_pos_spoilt_reports_are_rejected_and_the_next_is_read(fault: Any) -> None:
    transport = ReportLoopback(DESCRIPTOR)
    async with scanner_bench("generic-hid-pos-scanner", HidPosScanner, transport=transport) as it:
        it.scanner.fault = fault
        for _ in range(20):
            it.scanner.scan("4006381333931")
        it.scanner.fault = "none"
        it.scanner.scan("96385074", "]E4")
        await wait_until(lambda: it.texts()[-1:] == ["96385074"], what="the good one")
        assert it.session.rejected
