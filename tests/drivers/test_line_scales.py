"""Every protocol of scales that are asked or send lines: its packaged profile against its simulated far end."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from random import Random

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from simulators.line_scale import Fault
from simulators.scale_wires import find_wires
from simulators.scale_wires.indicators import AdamAzextraWire
from tests.drivers.line_scale_bench import on_pty
from tests.support.waiting import wait_until

PROFILES = {
    "toledo-continuous": "generic-toledo-continuous",
    "nci-ecr": "generic-nci-ecr",
    "sasi": "generic-sasi",
    "datalogic-single-cable": "generic-datalogic-single-cable",
    "mt-sics": "generic-mt-sics",
    "st-gs-line": "generic-st-gs-line",
    "and": "generic-and",
    "ohaus": "generic-ohaus",
    "sartorius-sbi": "generic-sartorius-sbi",
    "kern-de": "generic-kern-de",
    "kern-eoc": "generic-kern-eoc",
    "dini-argeo": "generic-dini-argeo",
    "radwag": "generic-radwag",
}
STATES = {
    "motion": "weight_unstable",
    "under": "weight_under_zero",
    "over": "weight_overweight",
    "not_ready": "not_ready",
}
OWN_STATES = {
    ("ohaus", "under"): "not_ready",
    ("ohaus", "over"): "not_ready",
    ("kern-de", "under"): "not_ready",
    ("kern-de", "over"): "not_ready",
    ("st-gs-line", "not_ready"): "weight_unstable",
    ("kern-eoc", "not_ready"): "weight_unstable",
}
"""What a protocol cannot say apart from another state: an error without its kind, or an unstable weight."""
HAS_NO_ZERO_WEIGHT = {"datalogic-single-cable"}
"""Says stable zero by a code, without digits."""

every_protocol = pytest.mark.parametrize("protocol", sorted(PROFILES))


def test_every_simulated_protocol_has_its_test() -> None:
    assert set(find_wires()) == {*PROFILES, "adam"}


@every_protocol
async def test_scale_shows_each_state_and_only_stable_ones_have_a_weight(protocol: str, tmp_path: Path) -> None:
    async with on_pty(tmp_path / "scale", protocol, PROFILES[protocol], Random(1)) as (bench, scale, _):
        await wait_until(partial(bench.shows, "weight_zero"), what="zero")
        assert bench.readings[-1]["weight"] == (None if protocol in HAS_NO_ZERO_WEIGHT else "0.000")
        for condition, status in STATES.items():
            scale.set("stable")
            scale.load.put("1.235")
            await wait_until(partial(bench.shows, "stable_weight", "1.235"), what=f"1.235 before {condition}")
            assert bench.readings[-1]["unit"] == "kg"
            scale.set(condition)
            expected = OWN_STATES.get((protocol, condition), status)
            await wait_until(partial(bench.shows, expected), what=f"{expected} of {condition}")
            assert bench.readings[-1]["weight"] is None
    assert {reading["weight"] for reading in bench.readings} <= {None, "0.000", "1.235"}


@every_protocol
@pytest.mark.parametrize("fault", ["silent", "garbage", "half"])
async def test_scale_that_says_nothing_sensible_has_no_answer(protocol: str, fault: Fault, tmp_path: Path) -> None:
    async with on_pty(tmp_path / "scale", protocol, PROFILES[protocol], Random(2)) as (bench, scale, _):
        scale.load.put("1.235")
        await wait_until(partial(bench.shows, "stable_weight", "1.235"), what="1.235")
        scale.fault = fault
        await wait_until(partial(bench.shows, "no_answer"), what=f"no_answer of {fault}")
        scale.load.put("0.500")
        scale.fault = "none"
        await wait_until(partial(bench.shows, "stable_weight", "0.500"), what="0.500 after the fault")
    assert {reading["weight"] for reading in bench.readings} <= {None, "0.000", "1.235", "0.500"}


@every_protocol
async def test_lost_bytes_are_never_another_stable_weight(protocol: str, tmp_path: Path) -> None:
    own = {"field_chars": 7} if protocol == "nci-ecr" else {}  # models differ, so the generic profile leaves it open
    async with on_pty(tmp_path / "scale", protocol, PROFILES[protocol], Random(3), **own) as (bench, scale, _):
        scale.load.put("12.345")
        await wait_until(partial(bench.shows, "stable_weight", "12.345"), what="12.345")
        scale.fault = "wrong"
        answers = scale.counters["answers"]
        await wait_until(lambda: scale.counters["answers"] >= answers + 30, what="30 damaged answers")
        scale.fault = "none"
        await wait_until(partial(bench.shows, "stable_weight", "12.345"), what="12.345 again")
    assert {reading["weight"] for reading in bench.readings} <= {None, "0.000", "12.345"}


@pytest.mark.parametrize("protocol", sorted({*PROFILES} - {"datalogic-single-cable", "kern-de"}))
async def test_zero_is_done_and_shown(protocol: str, tmp_path: Path) -> None:
    async with on_pty(tmp_path / "scale", protocol, PROFILES[protocol], Random(4)) as (bench, scale, _):
        scale.load.put("0.004")
        await wait_until(partial(bench.shows, "stable_weight", "0.004"), what="0.004")
        result = await bench.driver.execute("zero", {})
        assert (result["status"], result["weight"]) == ("weight_zero", "0.000")


TARED = sorted({*PROFILES} - {"datalogic-single-cable", "nci-ecr", "sasi"})


@pytest.mark.parametrize("protocol", TARED)
async def test_tare_is_done_and_shown(protocol: str, tmp_path: Path) -> None:
    async with on_pty(tmp_path / "scale", protocol, PROFILES[protocol], Random(5)) as (bench, scale, _):
        scale.load.put("0.120")
        await wait_until(partial(bench.shows, "stable_weight", "0.120"), what="0.120")
        assert (await bench.driver.execute("tare", {}))["weight"] == "0.000"
        scale.load.put("0.620")
        await wait_until(partial(bench.shows, "stable_weight", "0.500"), what="net 0.500")
        says_net = protocol in {"toledo-continuous", "st-gs-line", "kern-eoc", "dini-argeo", "ohaus"}
        assert bench.readings[-1]["net"] is (True if says_net else None)
        assert bench.readings[-1]["tare"] == ("0.120" if protocol in {"toledo-continuous", "dini-argeo"} else None)


async def test_refusal_of_the_scale_is_told_with_its_reason(tmp_path: Path) -> None:
    async with on_pty(tmp_path / "scale", "mt-sics", "generic-mt-sics", Random(6)) as (bench, scale, _):
        scale.load.put("5.000")
        await wait_until(partial(bench.shows, "stable_weight", "5.000"), what="5.000")
        with pytest.raises(DeviceError, match="refused zero: not_executable") as caught:
            await bench.driver.execute("zero", {})
    assert caught.value.code is ErrorCode.DEVICE_ERROR


async def test_command_that_the_protocol_lacks_is_unsupported(tmp_path: Path) -> None:
    profile = "generic-datalogic-single-cable"
    async with on_pty(tmp_path / "scale", "datalogic-single-cable", profile, Random(7)) as (bench, _, _):
        await wait_until(partial(bench.shows, "weight_zero"), what="zero")
        for command in ("tare", "zero", "read_high_resolution"):
            with pytest.raises(DeviceError) as caught:
                await bench.driver.execute(command, {})
            assert caught.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize("profile", ["generic-mt-sics", "generic-mt-sics-repeat"])
async def test_scale_says_who_it_is(profile: str, tmp_path: Path) -> None:
    async with on_pty(tmp_path / "scale", "mt-sics", profile, Random(8)) as (bench, scale, _):
        scale.load.put("1.235")
        await wait_until(partial(bench.shows, "stable_weight", "1.235"), what="1.235")
        expected = {"model": "ICS469 OU 60.18 kg", "serial": "1234567", "firmware": "1.04 12.3.45.678.9"}
        await wait_until(lambda: {"info": expected} in bench.lines, what="model, serial and firmware")


async def test_scans_on_the_shared_cable_are_passed_over(tmp_path: Path) -> None:
    profile = "generic-datalogic-single-cable"
    async with on_pty(tmp_path / "scale", "datalogic-single-cable", profile, Random(9)) as (bench, scale, link):
        scale.load.put("1.235")
        for _ in range(20):
            link.write(b"S08F4006381333931\r")
            await wait_until(partial(bench.shows, "stable_weight", "1.235"), what="1.235 among scans")
        answers = scale.counters["answers"]
        await wait_until(lambda: scale.counters["answers"] >= answers + 3, what="three more answers")
    assert not any("frame_rejected" in line for line in bench.lines)


async def test_beeping_scale_is_left_alone_while_its_weight_is_known(tmp_path: Path) -> None:
    profile = "generic-adam-azextra"
    own = {"poll_interval_s": 0.1, "poll_interval_after_weight_s": 0.5}
    async with on_pty(tmp_path / "scale", "adam", profile, Random(10), **own) as (bench, scale, _):
        assert isinstance(scale.wire, AdamAzextraWire)
        scale.load.put("1.235")
        await wait_until(partial(bench.shows, "stable_weight", "1.235"), what="1.235")
        assert (await bench.driver.execute("read_weight", {}))["weight"] == "1.235"
        assert scale.wire.beeps == 0
        await wait_until(partial(bench.shows, "not_ready"), what="not_ready once it has nothing new to say")
        assert scale.wire.beeps <= 2, "asked once after half a second, and perhaps again meanwhile"
        scale.load.put("0")
        heard = scale.counters["bytes_heard"]
        await wait_until(lambda: scale.counters["bytes_heard"] >= heard + 6, what="two polls of the empty plate")
        scale.load.put("0.500")
        await wait_until(partial(bench.shows, "stable_weight", "0.500"), what="0.500")
    assert not any(line.get("answering") is False for line in bench.lines[1:])
