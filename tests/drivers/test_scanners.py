"""Scanner drivers over a loopback: the contract's data, idle lines in virtual time, rejected frames."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pytest
from pydantic import ValidationError

from drivers.barcode_scanner import INCOMPLETE_GAP_S, RESUME_S, SUFFIX_UNSEEN_GAP_S, BarcodeScanner
from drivers.serial_scanner import SerialScanner, SerialScannerSettings
from drivers.wedge_scanner import WedgeScanner
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.devices.profiles import load_profile
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession

KEYS = dict(zip("1234567890", range(2, 12), strict=True))
ENTER = 28


@dataclass
class Bench:
    """A driver that runs, and what it said."""

    driver: BarcodeScanner
    session: RecordingSession
    clock: FakeClock

    def texts(self) -> list[str | None]:
        return [data["text"] for _, data in self.session.events]

    def reasons(self) -> list[str]:
        return [rejected.reason for rejected in self.session.rejected]


class StallingClock(FakeClock):
    """The loop stood still over the end of a sleep: what was in the kernel is read after the timer, as on uvloop."""

    after_stall: Callable[[], None] | None = None

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        if seconds > 0 and self.after_stall is not None:
            asyncio.get_running_loop().call_soon(self.after_stall)
            self.after_stall = None


@contextlib.asynccontextmanager
async def running(driver_class: type[Any], settings: Any, clock: FakeClock | None = None) -> AsyncIterator[Bench]:
    clock = clock or FakeClock()
    session = RecordingSession(clock)
    driver = driver_class(session, settings)
    task = asyncio.create_task(driver.run())
    await clock.settle()
    try:
        yield Bench(driver, session, clock)
    finally:
        assert not task.done()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def record(kind: int, code: int, value: int) -> bytes:
    return struct.pack("<qqHHi", 1_795_000_000, 123_456, kind, code, value)


class Send(Protocol):
    """Sends what was scanned, with or without its suffix."""

    def __call__(self, text: str, has_suffix: bool = False) -> None: ...


@contextlib.asynccontextmanager
async def scanner(kind: str, **settings: Any) -> AsyncIterator[tuple[Bench, Send]]:
    """A scanner of either kind, with the defaults of its generic profile."""
    is_serial = kind == "serial"
    driver_class = SerialScanner if is_serial else WedgeScanner
    profile = load_profile(f"generic-{kind}-scanner")
    async with running(driver_class, driver_class.Settings.model_validate({**profile.settings, **settings})) as bench:

        def send(text: str, has_suffix: bool = False) -> None:
            if is_serial:
                bench.driver.data_received(text.encode() + (b"\r\n" if has_suffix else b""))
                return
            for key in [*(KEYS[character] for character in text), *([ENTER] if has_suffix else [])]:
                bench.driver.data_received(record(1, key, 1) + record(0, 0, 0) + record(1, key, 0) + record(0, 0, 0))

        yield bench, send


async def test_serial_scanner_says_what_the_contract_says() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        bench.driver.data_received(b"]E04006381333931\r\n")
        assert bench.session.events == [
            (
                "barcode_scanned",
                {
                    "text": "4006381333931",
                    "raw_base64": base64.b64encode(b"]E04006381333931").decode(),
                    "aim": "]E0",
                    "symbology": "ean_13",
                    "gtin": "04006381333931",
                    "application_identifiers": None,
                },
            )
        ]
        assert bench.session.frames_seen == 1


@pytest.mark.parametrize(
    ("code_ids", "sent", "expected"),
    [
        ("none", b"4006381333931", {"aim": None, "symbology": "unknown", "gtin": "04006381333931"}),
        ("zebra", b"A4006381333931", {"code_id": "A", "symbology": "ean_13", "text": "4006381333931"}),
        ("zebra", b"A04252614", {"symbology": "upc_e", "gtin": "00042100005264"}),
        (
            "zebra",
            b"K010400638133393110AB",
            {"symbology": "gs1_128", "application_identifiers": {"01": "04006381333931", "10": "AB"}},
        ),
        ("honeywell", b"I010400638133393110AB", {"symbology": "gs1_128", "gtin": "04006381333931"}),
        ("none", b"]Q1\xff\xfe", {"text": None, "symbology": "qr_code", "raw_base64": "XVEx//4="}),
    ],
)
async def test_serial_scanner_tells_the_symbology(code_ids: str, sent: bytes, expected: Mapping[str, Any]) -> None:
    settings = SerialScannerSettings.model_validate({"code_ids": code_ids})
    async with running(SerialScanner, settings) as bench:
        bench.driver.data_received(sent + b"\r")
        ((_, data),) = bench.session.events
        assert {name: data[name] for name in expected} == expected


async def test_serial_scanner_without_suffix_is_ended_by_the_idle_gap_and_not_sooner() -> None:
    async with running(SerialScanner, SerialScannerSettings(suffix="none", idle_gap_ms=50)) as bench:
        for byte in b"40063":
            bench.driver.data_received(bytes([byte]))
            await bench.clock.advance(0.049)
        assert bench.texts() == []
        await bench.clock.advance(0.002)
        assert bench.texts() == ["40063"]
        bench.driver.data_received(b"81333931")
        await bench.clock.advance(1)
        assert bench.texts() == ["40063", "81333931"]


async def test_serial_scanner_does_not_take_a_stalled_loop_for_an_idle_line() -> None:
    clock = StallingClock()
    async with running(SerialScanner, SerialScannerSettings(suffix="none"), clock) as bench:
        bench.driver.data_received(b"40063")
        clock.after_stall = lambda: bench.driver.data_received(b"81333931")
        await bench.clock.advance(0.05)
        assert bench.texts() == []
        await bench.clock.advance(0.05)
        assert bench.texts() == ["4006381333931"]


async def test_serial_scanner_gives_up_a_read_whose_suffix_was_lost() -> None:
    async with running(SerialScanner, SerialScannerSettings(suffix="crlf")) as bench:
        bench.driver.data_received(b"40063")
        await bench.clock.advance(INCOMPLETE_GAP_S - 0.1)
        assert bench.session.rejected == []
        await bench.clock.advance(0.2)
        assert bench.reasons() == ["incomplete"]
        await bench.clock.advance(RESUME_S)
        bench.driver.data_received(b"96385074\r\n")
        assert bench.texts() == ["96385074"]
        assert bench.session.frames_seen == 1


@pytest.mark.parametrize("kind", ["serial", "wedge"])
@pytest.mark.parametrize("pause_s", [0.06, 0.2, 0.9])
async def test_scanner_reads_a_first_code_whole_whatever_pause_is_in_it(kind: str, pause_s: float) -> None:
    async with scanner(kind) as (bench, send):
        send("4006381")
        await bench.clock.advance(pause_s)
        assert bench.texts() == []
        send("333931", True)
        await bench.clock.advance(10)
        assert bench.texts() == ["4006381333931"]
        assert bench.session.rejected == []


@pytest.mark.parametrize("kind", ["serial", "wedge"])
async def test_scanner_without_suffix_and_unconfigured_is_read_after_the_long_gap(kind: str) -> None:
    async with scanner(kind) as (bench, send):
        for code in ("4006381333931", "96385074"):
            send(code)
            await bench.clock.advance(SUFFIX_UNSEEN_GAP_S - 0.01)
            assert code not in bench.texts()
            await bench.clock.advance(0.02)
            assert bench.texts()[-1] == code
        assert len(bench.texts()) == 2


@pytest.mark.parametrize("kind", ["serial", "wedge"])
async def test_scanner_without_suffix_and_unconfigured_never_glues_two_reads(kind: str) -> None:
    async with scanner(kind) as (bench, send):
        send("40063813")
        await bench.clock.advance(0.4)
        send("96385074")
        await bench.clock.advance(5)
        assert bench.texts() == []
        assert bench.reasons() == ["pause_inside"]
        send("96385074")
        await bench.clock.advance(5)
        assert bench.texts() == ["96385074"]


@pytest.mark.parametrize("kind", ["serial", "wedge"])
@pytest.mark.parametrize("pause_s", [INCOMPLETE_GAP_S + 0.1, RESUME_S])
async def test_scanner_publishes_neither_end_of_a_read_that_was_broken_off(kind: str, pause_s: float) -> None:
    async with scanner(kind) as (bench, send):
        send("96385074", True)
        send("4006381")
        await bench.clock.advance(pause_s)
        send("333931", True)
        assert bench.texts() == ["96385074"]
        assert bench.reasons() == ["incomplete", "after_incomplete"]
        send("4006381333931", True)
        assert bench.texts() == ["96385074", "4006381333931"]


@pytest.mark.parametrize("kind", ["serial", "wedge"])
async def test_scanner_does_not_publish_the_rest_of_a_first_read_that_idle_ended(kind: str) -> None:
    async with scanner(kind) as (bench, send):
        send("4006381")
        await bench.clock.advance(SUFFIX_UNSEEN_GAP_S + 0.1)
        send("333931", True)
        assert "333931" not in bench.texts()
        assert bench.reasons() == ["after_incomplete"]


async def test_serial_scanner_loses_no_read_to_the_noise_of_plugging_in() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        bench.driver.data_received(b"\x00\xf8\xff")
        await bench.clock.advance(5)
        bench.session.events.clear()
        bench.driver.data_received(b"96385074\r\n")
        assert bench.texts() == ["96385074"]


async def test_wedge_scanner_without_suffix_is_ended_by_the_short_gap() -> None:
    async with scanner("wedge", suffix="none") as (bench, send):
        send("4006")
        await bench.clock.advance(0.11)
        assert bench.texts() == ["4006"]


async def test_wedge_scanner_rejects_up_to_the_suffix_what_the_kernel_dropped() -> None:
    async with scanner("wedge") as (bench, send):
        send("40063")
        bench.driver.data_received(record(0, 3, 0))
        send("931")
        await bench.clock.advance(SUFFIX_UNSEEN_GAP_S + 0.1)
        send("81", True)
        assert bench.texts() == []
        assert bench.reasons() == ["keys_lost", "after_incomplete"]
        send("96385074", True)
        assert bench.texts() == ["96385074"]


async def test_scanner_refuses_commands() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        with pytest.raises(DeviceError) as refused:
            await bench.driver.execute("beep", {})
        assert refused.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("wrong", [{"sufix": "cr"}, {"suffix": "enter"}, {"idle_gap_ms": 0}, {"encoding": "zip"}])
def test_scanner_settings_refuse_what_they_do_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SerialScannerSettings.model_validate(wrong)
