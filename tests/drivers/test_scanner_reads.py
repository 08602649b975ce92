"""What tills are told of a read: no licence, no duplicate; prices by the store's rule; a warning if GS is missing."""

from __future__ import annotations

import asyncio
import fcntl
import json
import termios
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drivers.declarative_scanner import DeclarativeScanner
from drivers.scanner_reads import LICENCE_REMAINS_S
from drivers.serial_scanner import SerialScanner, SerialScannerSettings
from drivers.single_cable_scanner import SingleCableScanner
from drivers.wedge_scanner import WedgeScanner, WedgeScannerSettings
from edge_gateway.recordings.recorder import write_recording
from edge_gateway.settings import DeviceSettings
from edge_gateway.transports.recording import parse
from simulators.link import PtyLink
from simulators.wedge_scanner import WedgeScanner as WedgeSimulator
from tests.drivers.test_scanners import Bench, running
from tests.support.clock import FakeClock
from tests.support.waiting import wait_until
from tests.support.wires import CollectingLink

BORN, EXPIRES = "07041990", "07042030"
PERSONAL = ("X1234567", "EXAMPLE", "INVENTED", "NO STREET", "TOWNE", "636000", BORN, EXPIRES, "1990", "2030", "ZVFIELD")
LICENCE = (
    "@\n\x1e\rANSI 636000090002DL00410278ZV03190008DLDAQX1234567\nDCSEXAMPLE\nDACINVENTED\nDAG1 NO STREET\nDAITOWNE\n"
    f"DBB{BORN}\nDBA{EXPIRES}\nDBC1\nDCGUSA\n\rZVZVAZVFIELD\n\r"
)
CHECKED = ("age_checked", {"is_of_age": {"18": True, "21": True}, "is_expired": False})


def clock_at(year: int, month: int, day: int, hour: int = 12) -> FakeClock:
    return FakeClock(datetime(year, month, day, hour, tzinfo=UTC))


def everything_said(bench: Bench) -> str:
    session = bench.session
    return repr((session.events, session.rejected, session.counters, session.details, session.info, session.flags))


def assert_nothing_personal(text: str) -> None:
    assert not [part for part in PERSONAL if part in text]


async def typed(text: str, suffix: str = "enter") -> bytes:
    link = CollectingLink()
    await WedgeSimulator(link, "us", suffix).scan(text)
    return link.written


@pytest.mark.parametrize("suffix", ["auto", "cr", "crlf", "lf", "none", "etx"])
@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_serial_scanner_tells_of_a_licence_only_the_age_check(suffix: str, size: int) -> None:
    ending = {"cr": b"\r", "lf": b"\n", "none": b"", "etx": b"\x03"}.get(suffix, b"\r\n")
    settings = SerialScannerSettings.model_validate({"suffix": suffix})
    async with running(SerialScanner, settings, clock_at(2026, 11, 22)) as bench:
        stream = b"]L0" + LICENCE.encode() + ending
        for start in range(0, len(stream), size):
            bench.driver.data_received(stream[start : start + size])
        await bench.clock.advance(1.5)
        assert bench.session.events == [CHECKED]
        assert bench.session.raw_forgotten
        bench.driver.data_received(b"96385074" + ending)
        await bench.clock.advance(1.5)
        assert [data["text"] for _, data in bench.session.events[1:]] == ["96385074"]
        assert_nothing_personal(everything_said(bench))


async def test_wedge_scanner_tells_of_a_licence_only_the_age_check() -> None:
    async with running(WedgeScanner, WedgeScannerSettings(), clock_at(2026, 11, 22)) as bench:
        bench.driver.data_received(await typed("96385074"))
        bench.driver.data_received(await typed(LICENCE))
        await bench.clock.advance(1.5)
        bench.driver.data_received(await typed("4006381333931"))
        assert bench.session.events[1] == CHECKED
        assert [data["text"] for name, data in bench.session.events if name == "barcode_scanned"] == [
            "96385074", "4006381333931",
        ]  # fmt: skip
        assert_nothing_personal(everything_said(bench))


async def test_licence_in_pieces_reaches_nobody() -> None:
    """A scanner whose framing cuts at each line, and a link that held the rest back."""
    settings = DeclarativeScanner.Settings.model_validate({"framing": {"kind": "end"}})
    async with running(DeclarativeScanner, settings, clock_at(2026, 11, 22)) as bench:
        bench.driver.data_received(LICENCE.encode())
        await bench.clock.advance(1.5)
        assert_nothing_personal(everything_said(bench).replace("'@'", ""))
        await bench.clock.advance(LICENCE_REMAINS_S)
        bench.driver.data_received(b"DAB-4711\r\n")
        assert bench.session.events[-1][1]["text"] == "DAB-4711"


@pytest.mark.parametrize(
    ("driver_class", "settings", "before", "end"),
    [
        (SerialScanner, {}, "", ""),
        (SingleCableScanner, {}, "S08", "\r"),
        (DeclarativeScanner, {"framing": {"kind": "end"}}, "", "\r\n"),
    ],
)
@pytest.mark.parametrize("chunk", [1, 7, 1000])
async def test_half_a_licence_is_known_to_be_one(
    driver_class: Any, settings: dict[str, Any], before: str, end: str, chunk: int
) -> None:
    model = driver_class.Settings.model_validate(settings)
    async with running(driver_class, model, clock_at(2026, 11, 22)) as bench:
        licence = f"{before}{LICENCE.strip()}".encode()
        half = licence[: licence.index(b"DAQ") + 6]
        for start in range(0, len(half), chunk):
            bench.driver.data_received(half[start : start + chunk])
        assert bench.driver.holds_personal_data
        bench.driver.data_received(licence[len(half) :] + end.encode())
        await bench.clock.advance(3)
        assert not bench.driver.holds_personal_data
        assert bench.session.raw_forgotten


async def test_damaged_licence_is_rejected_without_its_bytes() -> None:
    async with running(SerialScanner, SerialScannerSettings(), clock_at(2026, 11, 22)) as bench:
        bench.driver.data_received(b"96385074\r\n")
        bench.driver.data_received(LICENCE.encode()[4:])
        await bench.clock.advance(5)
        assert_nothing_personal(everything_said(bench))


@pytest.mark.parametrize(
    ("born", "expires", "settings", "expected"),
    [
        ("11232008", "01012030", {}, ({"18": False, "21": False}, False)),
        ("11222008", "01012030", {}, ({"18": True, "21": False}, False)),
        ("11222005", "11212026", {"ages": [16, 21]}, ({"16": True, "21": True}, True)),
        ("UNKNOWN!", "NONE", {}, ({"18": None, "21": None}, None)),
    ],
)
async def test_age_is_that_of_today(born: str, expires: str, settings: dict[str, Any], expected: Any) -> None:
    model = SerialScannerSettings.model_validate({"suffix": "none", **settings})
    async with running(SerialScanner, model, clock_at(2026, 11, 22)) as bench:
        bench.driver.data_received(LICENCE.replace(BORN, born).replace(EXPIRES, expires).encode())
        await bench.clock.advance(1.5)
        assert bench.session.events == [("age_checked", {"is_of_age": expected[0], "is_expired": expected[1]})]


async def test_today_begins_in_the_stores_own_time_zone() -> None:
    born = LICENCE.replace(BORN, "11232008").encode()
    for zone, is_18 in (("UTC", False), ("Pacific/Auckland", True)):
        settings = SerialScannerSettings(suffix="none", timezone=zone)
        async with running(SerialScanner, settings, clock_at(2026, 11, 22, 20)) as bench:
            bench.driver.data_received(born)
            await bench.clock.advance(1.5)
            assert bench.session.events[0][1]["is_of_age"]["18"] is is_18


def is_heard(link: PtyLink, told: list[dict[str, Any]]) -> bool:
    """Scans until somebody hears it: what was sent before the port was opened is dropped."""
    link.write(b"96385074\r\n")
    return bool(told)


def unread_bytes(link: PtyLink) -> int:
    with link.path.open("rb", buffering=0) as slave:
        return int.from_bytes(fcntl.ioctl(slave, termios.FIONREAD, bytes(4)), "little")


@pytest.mark.parametrize("is_whole", [True, False])
async def test_recording_keeps_nothing_of_a_licence(tmp_path: Path, is_whole: bool) -> None:
    """Nor where it ends while one is being read."""
    link = PtyLink(tmp_path / "scanner")
    link.plug()
    place = {"kind": "serial", "path": str(link.path)}
    device = DeviceSettings(id="s", lane="lane-1", profile="generic-serial-scanner", transport=place)
    told: list[dict[str, Any]] = []
    output = tmp_path / "scanner.rec"
    recording = asyncio.create_task(write_recording(device, output, 60, "", "simulator", told.append))
    await wait_until(lambda: is_heard(link, told), what="the recorder listening")
    link.write(LICENCE.encode() if is_whole else LICENCE.encode()[:150])
    if is_whole:
        await wait_until(lambda: any(line.get("event") == "age_checked" for line in told))
    else:
        await wait_until(lambda: not unread_bytes(link), what="the licence in the driver, which says nothing of it")
    recording.cancel()
    await recording
    received = b"".join(chunk.data for chunk in parse(output.read_text()).chunks)
    assert_nothing_personal(received.decode())
    assert b"ANSI" not in received
    assert_nothing_personal(repr(told))
    link.unplug()


def texts_after(bench: Bench, codes: Sequence[bytes]) -> list[str | None]:
    for code in codes:
        bench.driver.data_received(code + b"\r\n")
    return bench.texts()


async def test_duplicate_within_its_window_is_dropped_and_counted() -> None:
    settings = SerialScannerSettings(duplicate_window_ms=800)
    async with running(SerialScanner, settings) as bench:
        assert texts_after(bench, [b"1", b"1", b"2", b"1"]) == ["1", "2", "1"]
        for _ in range(5):  # it lies before the scanner: each sight begins the window anew
            await bench.clock.advance(0.7)
            texts_after(bench, [b"1"])
        assert bench.texts() == ["1", "2", "1"]
        await bench.clock.advance(0.81)
        assert texts_after(bench, [b"1"]) == ["1", "2", "1", "1"]
        assert bench.session.counters["duplicates_dropped"] == 6


async def test_duplicates_are_two_sales_unless_a_window_is_set() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        assert texts_after(bench, [b"1", b"1"]) == ["1", "1"]
        assert not bench.session.counters


OWN_RULE = {"template": "20IIIIIPPPPPC", "currency": "EUR"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"country": "se"}, {"price": "12.34", "currency": "SEK"}),
        ({"country": "DK"}, None),
        ({}, None),
        ({"country": "SE", "variable_measure": [OWN_RULE]}, {"price": "112.34", "currency": "EUR"}),
    ],
)
async def test_price_in_a_number_is_read_by_the_stores_rule(settings: dict[str, Any], expected: Any) -> None:
    async with running(SerialScanner, SerialScannerSettings.model_validate(settings)) as bench:
        bench.driver.data_received(b"]E02088060112343\r\n")
        data = bench.session.events[0][1]
        measure = data.get("variable_measure")
        assert data["restricted_circulation"] is True
        assert (measure and {name: measure[name] for name in ("price", "currency")}) == expected
        json.dumps(data)


async def test_missing_separators_are_warned_of_once() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        for _ in range(3):
            bench.driver.data_received(b"]C1010400638133393110ABC17261231\r\n")
        assert bench.session.flags == {"separators_missing"}
        assert bench.session.counters["separators_missing"] == 3
        assert all(data["may_lack_separators"] for _, data in bench.session.events)


async def test_lot_number_that_looks_like_a_lost_separator_is_believed_of_a_scanner_that_sends_them() -> None:
    async with running(SerialScanner, SerialScannerSettings()) as bench:
        bench.driver.data_received(b"]C1010400638133393110ABC\x1d17261231\r\n]C1010400638133393110ABC17261231\r\n")
        assert not bench.session.flags
        assert not bench.session.counters
        assert not any("may_lack_separators" in data for _, data in bench.session.events)
