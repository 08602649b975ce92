"""The Datalogic driver: scans as of any serial scanner, and host commands."""

from __future__ import annotations

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from simulators.datalogic_host import DatalogicScanner
from tests.support.scanner_bench import scanner_bench
from tests.support.waiting import wait_until

PROFILE = "datalogic-serial-scanner"


async def test_datalogic_reads_on_after_not_on_file() -> None:
    async with scanner_bench(PROFILE, DatalogicScanner) as it:
        it.scanner.scan("4006381333931")
        await it.execute("not_on_file")
        await wait_until(
            lambda: it.scanner.counters["not_on_file"] == 1 and it.scanner.is_enabled, what="both commands"
        )
        it.scanner.scan("96385074")
        await it.until_texts("4006381333931", "96385074")


async def test_datalogic_stays_disabled_where_a_till_disabled_it() -> None:
    async with scanner_bench(PROFILE, DatalogicScanner) as it:
        await it.execute("disable")
        await it.execute("not_on_file")
        await wait_until(lambda: it.scanner.counters["not_on_file"] == 1, what="the sound")
        assert not it.scanner.is_enabled
        await it.execute("enable")
        await wait_until(lambda: it.scanner.is_enabled, what="the enabled scanner")


async def test_datalogic_beeps_also_where_its_beeper_is_off() -> None:
    async with scanner_bench(PROFILE, DatalogicScanner) as it:
        it.scanner.is_beep_on = False
        await it.execute("good_read")
        await it.execute("beep", pattern="two_short_high")
        await wait_until(lambda: it.scanner.counters["beeps"] == 3, what="three beeps")
        await it.execute("reset")
        await wait_until(lambda: it.scanner.counters["resets"] == 1, what="the reset")
    async with scanner_bench(PROFILE, DatalogicScanner, force_beep=False) as it:
        it.scanner.is_beep_on = False
        await it.execute("good_read")
        await it.execute("disable")
        await wait_until(lambda: not it.scanner.is_enabled, what="the command after it")
        assert it.scanner.counters["beeps"] == 0


@pytest.mark.parametrize("name", ["led", "trigger", "set_parameter"])
async def test_datalogic_has_no_other_commands(name: str) -> None:
    async with scanner_bench(PROFILE, DatalogicScanner) as it:
        with pytest.raises(DeviceError) as refused:
            await it.execute(name)
        assert refused.value.code is ErrorCode.UNSUPPORTED
