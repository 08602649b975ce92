"""Scanner drivers over a loopback: the contract's data, idle lines in virtual time, rejected frames."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.barcode_scanner import INCOMPLETE_GAP_S, BarcodeScanner
from drivers.serial_scanner import SerialScanner, SerialScannerSettings
from drivers.wedge_scanner import WedgeScanner, WedgeScannerSettings
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession


@dataclass
class Bench:
    """A driver that runs, and what it said."""

    driver: BarcodeScanner
    session: RecordingSession
    clock: FakeClock

    def texts(self) -> list[str | None]:
        return [data["text"] for _, data in self.session.events]


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
        assert [rejected.reason for rejected in bench.session.rejected] == ["incomplete"]
        bench.driver.data_received(b"96385074\r\n")
        assert bench.texts() == ["96385074"]
        assert bench.session.frames_seen == 1


async def test_wedge_scanner_reads_records_and_idle_keyboards() -> None:
    keys = b"".join(
        (1_795_000_000).to_bytes(8, "little") + bytes(8) + bytes((1, 0, key, 0, 1, 0, 0, 0)) for key in (5, 11, 11, 7)
    )
    async with running(WedgeScanner, WedgeScannerSettings()) as bench:
        bench.driver.data_received(keys)
        await bench.clock.advance(0.2)
        assert bench.texts() == ["4006"]


async def test_scanner_refuses_commands() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        with pytest.raises(DeviceError) as refused:
            await bench.driver.execute("beep", {})
        assert refused.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("wrong", [{"sufix": "cr"}, {"suffix": "enter"}, {"idle_gap_ms": 0}, {"encoding": "zip"}])
def test_scanner_settings_refuse_what_they_do_not_know(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        SerialScannerSettings.model_validate(wrong)
