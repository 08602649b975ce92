"""The SSI driver against a simulated scanner: acknowledgements, repeats, set-up, commands, every fault."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.ssi_line import CHARACTER_GAP_S, RESPONSE_S, RETRIES
from drivers.ssi_scanner import RETRY_S, SsiScanner
from drivers.ssi_settings import SsiScannerSettings
from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.errors import DeviceError, ErrorCode, TransportError, UnknownOutcomeError
from edge_gateway.devices.profiles import load_profile
from edge_gateway.transports.loopback import LoopbackTransport
from simulators.zebra_ssi import ZebraSsiScanner
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession
from tests.support.waiting import wait_until

GIVEN_UP_S = (RETRIES + 1) * RESPONSE_S


@dataclass
class Bench:
    """A driver that runs, the scanner it talks to, and what it said."""

    driver: SsiScanner
    session: RecordingSession
    scanner: ZebraSsiScanner

    def texts(self) -> list[str | None]:
        return [data["text"] for name, data in self.session.events if name == "barcode_scanned"]

    async def until_texts(self, *expected: str) -> None:
        await wait_until(lambda: self.scanner.is_idle and self.texts() == list(expected), what=f"scans {expected}")


class Sink:
    """Hands bytes to the driver as the supervisor does."""

    driver: SsiScanner

    def data_received(self, data: bytes) -> None:
        self.driver.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        raise AssertionError("the loopback was not to end")


@contextlib.asynccontextmanager
async def bench(
    clock: Clock | None = None, *, is_ready: bool = True, chunker: Any = None, fault: Any = "none", **settings: Any
) -> AsyncIterator[Bench]:
    clock = clock or SystemClock()
    transport = LoopbackTransport(chunker=chunker)
    is_att = settings.get("framing") == "att"
    scanner = ZebraSsiScanner(transport.far_end, random.Random(1), is_att=is_att)
    scanner.ack_wait_s, scanner.fault = 0.02, fault
    session = RecordingSession(clock, transport)
    profile = load_profile("zebra-ssi-scanner")
    driver = SsiScanner(session, SsiScannerSettings.model_validate({**profile.settings, **settings}))
    sink = Sink()
    sink.driver = driver
    await scanner.start()
    await transport.open(sink)
    task = asyncio.create_task(driver.run())
    try:
        if is_ready:
            await wait_until(lambda: scanner.counters["heard:e9"] or not settings.get("setup", True), what="set-up")
        yield Bench(driver, session, scanner)
        assert not task.done()
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        await transport.close()
        await scanner.stop()


async def test_ssi_scanner_says_who_it_is_and_is_set_up() -> None:
    async with bench(parameters={0x8A: 7}) as it:
        assert it.session.answering[0][0] is False
        await wait_until(lambda: "serial_number" in it.session.info, what="the serial number")
        assert it.session.info == {
            "firmware": "SIMAAC00-001-R00",
            "board_type": "F",
            "engine_code": "SIM46",
            "model": "SIM4608-SR00007",
            "serial_number": "S20000000000001",
        }
        assert {number: it.scanner.parameters[number] for number in (0x9F, 0xEE, 0x2D, 0x5E, 0x8A)} == {
            0x9F: 1,
            0xEE: 1,
            0x2D: 1,
            0x5E: 1,
            0x8A: 7,
        }
        assert it.scanner.permanent == {}


async def test_ssi_scanner_that_shall_not_be_set_up_is_only_asked() -> None:
    async with bench(setup=False) as it:
        await wait_until(lambda: "model" in it.session.info, what="the model")
        assert it.scanner.counters["heard:c6"] == it.scanner.counters["heard:e9"] == 0


async def test_ssi_scan_is_told_and_acknowledged() -> None:
    async with bench() as it:
        it.scanner.scan("4006381333931", 0x0B)
        await it.until_texts("4006381333931")
        ((_, data),) = it.session.events
        assert (data["aim"], data["symbology"], data["gtin"]) == ("]E0", "ean_13", "04006381333931")
        assert it.scanner.counters["retransmissions"] == 0


@pytest.mark.parametrize(
    ("code_type", "text", "expected"),
    [
        (0x0B, "4006381333931", {"symbology": "ean_13", "gtin": "04006381333931"}),
        (0x08, "012345678905", {"symbology": "upc_a", "gtin": "00012345678905"}),
        (0x0A, "96385074", {"symbology": "ean_8"}),
        (0x8B, "978014300723451299", {"gtin": "09780143007234", "addon": "51299", "code_id": "0x8B"}),
        (0x48, "01234567890512", {"gtin": "00012345678905", "addon": "12"}),
        (
            0x0F,
            "010400638133393110AB",
            {"symbology": "gs1_128", "application_identifiers": {"01": "04006381333931", "10": "AB"}},
        ),
        (0x1C, "https://example.com", {"symbology": "qr_code", "code_id": "0x1C"}),
    ],
)
async def test_ssi_code_type_names_the_symbology_without_aim(
    code_type: int, text: str, expected: dict[str, Any]
) -> None:
    async with bench(setup=False) as it:
        it.scanner.scan(text, code_type)
        await wait_until(lambda: it.session.events, what="the scan")
        ((_, data),) = it.session.events
        assert {name: data[name] for name in expected} == expected


@pytest.mark.parametrize("uses_segments", [False, True])
@pytest.mark.parametrize("framing", ["serial", "att"])
async def test_ssi_long_code_is_joined(uses_segments: bool, framing: str) -> None:
    text = "".join(random.Random(7).choices("0123456789ABCDEF", k=1500))
    async with bench(framing=framing) as it:
        it.scanner.uses_segments = uses_segments
        it.scanner.scan(text, 0x1C)
        it.scanner.scan("4006381333931")
        await it.until_texts(text, "4006381333931")


def in_pieces(data: bytes) -> Iterator[bytes]:
    source = random.Random(len(data))
    at = 0
    while at < len(data):
        size = source.randint(1, 4)
        yield data[at : at + size]
        at += size


async def test_ssi_scans_are_all_told_however_their_bytes_come() -> None:
    codes = [f"{number:013d}" for number in range(200)]
    async with bench(chunker=in_pieces) as it:
        for code in codes:
            it.scanner.scan(code, 0x03)
        await it.until_texts(*codes)


async def test_ssi_packet_with_a_wrong_checksum_is_asked_for_again() -> None:
    async with bench() as it:
        it.scanner.ack_wait_s = 5.0  # only a NAK makes it send again so soon
        it.scanner.fault, it.scanner.fault_count = "wrong_checksum", 1
        it.scanner.scan("4006381333931")
        await it.until_texts("4006381333931")
        assert [rejected.reason for rejected in it.session.rejected] == ["checksum"]
        assert it.scanner.counters["heard:d1"] == 1


async def test_ssi_scan_whose_acknowledgement_was_lost_is_told_once() -> None:
    async with bench() as it:
        it.scanner.fault, it.scanner.fault_count = "deaf", 1
        it.scanner.scan("4006381333931")
        it.scanner.scan("4006381333931")
        await it.until_texts("4006381333931", "4006381333931")
        assert it.scanner.counters["retransmissions"] == 1


@pytest.mark.parametrize("fault", ["half", "garbage", "silent"])
async def test_ssi_scan_survives_a_packet_that_was_spoilt(fault: Any) -> None:
    async with bench() as it:
        it.scanner.ack_wait_s = 2 * CHARACTER_GAP_S
        it.scanner.fault, it.scanner.fault_count = fault, 1
        it.scanner.scan("4006381333931")
        await it.until_texts("4006381333931")


async def test_ssi_piece_that_was_given_up_gives_no_code() -> None:
    async with bench() as it:
        it.scanner.scan("Z" * 500, 0x1C)
        it.scanner.fault, it.scanner.fault_count = "wrong_checksum", 3
        it.scanner.scan("4006381333931")
        await wait_until(lambda: it.scanner.is_idle, what="the scanner to be done")
        assert [text for text in it.texts() if text != "4006381333931"] in ([], ["Z" * 500])


async def test_ssi_session_without_a_read_is_told() -> None:
    async with bench() as it:
        it.scanner.end_session()
        await wait_until(lambda: it.session.events, what="the event")
        assert it.session.events == [("scan_failed", {"reason": "no_read"})]


async def test_ssi_scanner_is_set_up_again_after_its_power_came_back() -> None:
    async with bench() as it:
        await wait_until(lambda: "model" in it.session.info, what="the model")
        it.scanner.reboot()
        await wait_until(lambda: it.scanner.parameters[0x2D] == 1, what="the second set-up")


async def test_ssi_commands_are_carried_out() -> None:
    async with bench() as it:
        await it.driver.execute("beep", {"pattern": "two_short_high"})
        await it.driver.execute("led", {"on": True, "color": "red"})
        assert (it.scanner.beeps, it.scanner.led) == ([0x01], 0x02)
        await it.driver.execute("led", {"on": False, "color": "red"})
        await it.driver.execute("trigger", {})
        assert (it.scanner.led, it.scanner.is_in_session) == (0, True)
        await it.driver.execute("untrigger", {})
        await it.driver.execute("disable", {})
        assert (it.scanner.is_in_session, it.scanner.is_enabled) == (False, False)
        await it.driver.execute("enable", {})
        assert it.scanner.is_enabled
        assert await it.driver.execute("set_parameter", {"parameter": 318, "value": 5, "permanent": True}) == {
            "parameter": 318,
            "value": 5,
            "permanent": True,
        }
        assert it.scanner.permanent == {318: 5}


async def test_ssi_feedback_sounds_and_shows_what_was_configured() -> None:
    feedback = {"good_read": {"beep": "low_high"}, "not_on_file": {"beep": "fast_warble", "led": "red"}, "led_s": 0.1}
    async with bench(feedback=feedback) as it:
        await it.driver.execute("good_read", {})
        await it.driver.execute("not_on_file", {})
        assert it.scanner.beeps == [0x17, 0x14]
        assert (it.scanner.counters["heard:e7"], it.scanner.counters["heard:e8"], it.scanner.led) == (1, 1, 0)


async def test_ssi_command_that_the_scanner_refuses_says_why() -> None:
    async with bench() as it:
        it.scanner.refuses.add(0xE4)
        with pytest.raises(DeviceError, match=r"NAK 6 \(denied\)") as refused:
            await it.driver.execute("trigger", {})
        assert refused.value.code is ErrorCode.DEVICE_ERROR


@pytest.mark.parametrize(
    ("name", "params", "error"),
    [
        ("beep", {"pattern": "loud"}, ValidationError),
        ("led", {}, ValidationError),
        ("trigger", {"for_s": 1}, DeviceError),
        ("dance", {}, DeviceError),
        ("set_parameter", {"parameter": "BEPLVL", "value": 1}, DeviceError),
        ("set_parameter", {"parameter": 250, "value": 1}, DeviceError),
        ("set_parameter", {"parameter": 1, "value": 256}, DeviceError),
    ],
)
async def test_ssi_command_that_makes_no_sense_is_refused(
    name: str, params: dict[str, Any], error: type[Exception]
) -> None:
    async with bench() as it:
        heard = it.scanner.counters.total()
        with pytest.raises(error):
            await it.driver.execute(name, params)
        assert it.scanner.beeps == []
        assert it.scanner.counters.total() - heard <= 4  # what the set-up still says


async def test_ssi_command_without_an_answer_is_repeated_with_its_bit_and_given_up() -> None:
    clock = FakeClock()
    async with bench(clock, is_ready=False, setup=False) as it:
        await clock.settle()
        it.scanner.fault = "silent"
        beep = asyncio.create_task(it.driver.execute("beep", {}))
        change = asyncio.create_task(it.driver.execute("set_parameter", {"parameter": 1, "value": 1}))
        for _ in range(20):
            await clock.advance(1.0)
        with pytest.raises(DeviceError) as late:
            await beep
        assert late.value.code is ErrorCode.TIMEOUT
        with pytest.raises(UnknownOutcomeError):
            await change
        assert it.scanner.counters["heard:e6"] == RETRIES + 1


async def test_ssi_scanner_that_is_switched_off_is_said_to_be_silent_and_comes_back() -> None:
    clock = FakeClock()
    async with bench(clock, is_ready=False, fault="silent") as it:
        await clock.advance(GIVEN_UP_S + 0.1)
        assert it.session.answering[-1][0] is False
        assert "SSI host" in str(it.session.answering[-1][1])
        it.scanner.fault = "none"
        await clock.advance(RETRY_S)
        await wait_until(lambda: it.session.info, what="an answer")
        seen = it.session.frames_seen
        it.scanner.fault = "silent"
        await clock.advance(60.0)
        await clock.advance(GIVEN_UP_S + 0.1)
        assert it.session.frames_seen >= seen
        assert len([told for told, _ in it.session.answering if not told]) == 3


async def test_ssi_driver_ends_with_the_error_of_its_transport() -> None:
    session = RecordingSession(SystemClock())  # its transport is not open
    driver = SsiScanner(session, SsiScannerSettings())
    with pytest.raises(TransportError):
        await driver.run()


async def test_ssi_read_in_parts_survives_a_byte_of_noise_between_them() -> None:
    async with bench() as it:
        it.driver.data_received(decode_data(b"http", is_continued=True))
        it.driver.data_received(b"\xff")
        it.driver.data_received(decode_data(b"://example.com/abc"))
        await wait_until(lambda: it.texts() == ["http://example.com/abc"], what="the whole read")


def decode_data(data: bytes, *, is_continued: bool = False) -> bytes:
    """A packet as the guide has it: length, opcode, source, status, code type, data, checksum."""
    body = bytes((len(data) + 5, 0xF3, 0, 2 if is_continued else 0, 0x1C)) + data
    return body + (-sum(body) & 0xFFFF).to_bytes(2, "big")
