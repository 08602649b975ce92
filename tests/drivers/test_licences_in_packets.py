"""A driving licence in packets, reports or frames reaches the tills as an age check, and nothing else of it does."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from simulators.hid_pos import HidPosScanner
from simulators.honeywell_serial import HoneywellSerialScanner
from simulators.zebra_ssi import ZebraSsiScanner
from tests.drivers.test_scanner_reads import CHECKED, LICENCE, assert_nothing_personal
from tests.support.clock import FakeClock
from tests.support.scanner_bench import ReportLoopback, ScannerBench, scanner_bench

LONG = LICENCE.replace("\rZVZVA", "DCU" + "JR" * 60 + "\n\rZVZVA")
"""Two packets of 240 bytes."""


def assert_only_the_age_is_told(it: ScannerBench[Any]) -> None:
    session = it.session
    assert session.events == [CHECKED]
    assert session.raw_forgotten
    assert_nothing_personal(repr((session.events, session.rejected, session.details, session.info)))
    assert not it.driver.holds_personal_data


def clock() -> FakeClock:
    return FakeClock(datetime(2026, 11, 21, 12, tzinfo=UTC))


@pytest.mark.parametrize("uses_segments", [False, True])
@pytest.mark.parametrize("text", [LICENCE, LONG])
async def test_ssi_licence_is_an_age_check(uses_segments: bool, text: str) -> None:
    now = clock()
    async with scanner_bench("zebra-ssi-scanner", ZebraSsiScanner, clock=now) as it:
        await now.settle()
        it.scanner.uses_segments = uses_segments
        it.scanner.scan(text, 0x11)
        await now.advance(1)
        assert_only_the_age_is_told(it)


async def test_ssi_licence_that_is_cut_short_is_nowhere() -> None:
    now = clock()
    async with scanner_bench("zebra-ssi-scanner", ZebraSsiScanner, clock=now) as it:
        await now.settle()
        it.scanner.fault, it.scanner.fault_count = "wrong_checksum", 2
        it.scanner.scan(LICENCE, 0x11)
        await now.advance(1)
        assert_only_the_age_is_told(it)
        it.driver.data_received(b"\xf0\xf3\x00\x00\x11]L0" + LICENCE.encode()[:60])
        assert it.driver.holds_personal_data
        await now.advance(1)
        assert it.session.rejected
        assert_only_the_age_is_told(it)


async def test_hid_pos_licence_is_an_age_check() -> None:
    now = clock()
    transport = ReportLoopback()
    async with scanner_bench("generic-hid-pos-scanner", HidPosScanner, clock=now, transport=transport) as it:
        it.scanner.scan(LICENCE, "]L0")
        await now.settle()
        assert_only_the_age_is_told(it)
        it.scanner.fault = "lost_last"
        it.scanner.scan(LICENCE, "]L0")
        await now.settle()
        assert it.driver.holds_personal_data
        await now.advance(30)
        assert it.session.rejected
        assert_only_the_age_is_told(it)


@pytest.mark.parametrize("is_framed", [False, True])
async def test_honeywell_licence_is_an_age_check(is_framed: bool) -> None:
    now = clock()

    def scanner(link: Any) -> HoneywellSerialScanner:
        return HoneywellSerialScanner(link, is_framed=is_framed)

    async with scanner_bench("honeywell-serial-scanner", scanner, clock=now, identify=False) as it:
        it.scanner.scan(LICENCE, "L0", "r")
        await now.advance(5)
        assert_only_the_age_is_told(it)
