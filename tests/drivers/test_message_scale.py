"""Scales whose transport brings messages: HID reports by descriptor, Bluetooth values; sleeping, zeroing, persons."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Any

import pytest

from drivers.message_scale import MessageScale, MessageScaleSettings
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.transports.loopback import LoopbackTransport
from protocols.scales.hid_8d import HidScaleCodec
from protocols.scales.hid_8d_layout import Layout
from simulators.ble_181d import Ble181dScale
from simulators.hid_8d import Hid8dScale
from simulators.weighing_plate import WeighingPlate
from tests.drivers.price_bench import in_virtual_time
from tests.sim.virtual_time import VirtualClock
from tests.support.waiting import wait_until

DESCRIPTOR = bytes.fromhex(
    "058d 0920 a101"  # page of scales, scale device, application
    "8503 0932 a102"  # report 3: scale data
    "1501 2508 7508 9501 1971 2978 8100"  # status, one of 0x71 to 0x78
    "1501 250c 1951 295c 8100"  # unit, one of 0x51 to 0x5C
    "1581 257f 0941 8102"  # scaling
    "1500 27ffff0000 7510 0940 8102"  # weight
    "c0 8502 0931 a102"  # report 2: scale control
    "0981 0980 1500 2501 7501 9502 b102 9506 b101"  # two bits, six of padding
    "c0 c0"
)
"""As Dymo scales have it: report 3 with status, unit, scaling and weight; report 2 as feature, to set it to zero."""


class ReportLoopback(LoopbackTransport):
    """A loopback that brings reports."""

    report_descriptor = DESCRIPTOR

    def __init__(self) -> None:
        super().__init__()
        self.features: list[bytes] = []

    async def send_feature(self, report: bytes) -> None:
        self.features.append(report)
        if self.far_end.on_bytes is not None:
            self.far_end.on_bytes(report)

    async def get_feature(self, report_id: int, length: int) -> bytes:
        return bytes((report_id,)) + bytes(length - 1)


class Bench:
    """A running driver and everything it said."""

    def __init__(self, scale: Any, transport: LoopbackTransport, driver: MessageScale, lines: list[Line]) -> None:
        self.scale = scale
        self.transport = transport
        self.driver = driver
        self.lines = lines

    @property
    def readings(self) -> list[dict[str, Any]]:
        return [line["data"] for line in self.lines if line.get("event") == "weight_changed"]

    async def until_told(self, status: str, weight: str | None = None) -> None:
        def is_told() -> bool:
            last = self.readings[-1] if self.readings else {"status": None, "weight": None}
            return (last["status"], last["weight"]) == (status, weight)

        await wait_until(is_told, what=f"{status} {weight}; told {self.readings[-3:]}")


@asynccontextmanager
async def bench(
    protocol: str, make: type[WeighingPlate], transport: LoopbackTransport, **settings: Any
) -> AsyncIterator[Bench]:
    lines: list[Line] = []
    session = TellingSession("lane-1-scale", transport, VirtualClock(), lines.append)
    driver = MessageScale(
        session, MessageScaleSettings.model_validate({"protocol": protocol, "sends": "on_change", **settings})
    )
    scale = make(transport.far_end, rng=Random(7))
    async with DriverRun(session, driver):
        await scale.start()
        try:
            yield Bench(scale, transport, driver, lines)
        finally:
            await scale.stop()


TROUBLES = {"motion": "weight_unstable", "over": "weight_overweight", "under": "weight_under_zero"}


@in_virtual_time
async def test_hid_scale_tells_every_state_and_only_stable_ones_have_a_weight() -> None:
    async with bench("scale/hid-8d", Hid8dScale, ReportLoopback(), first_dropped=1) as hid:
        await hid.until_told("weight_zero", "0.000")
        assert hid.driver.counters["first_dropped"] == 1
        hid.scale.put("1.235")
        await hid.until_told("stable_weight", "1.235")
        for trouble, status in TROUBLES.items():
            hid.scale.status = trouble
            await hid.until_told(status)
            hid.scale.status = "stable"
            await hid.until_told("stable_weight", "1.235")


@in_virtual_time
async def test_hid_scale_that_sleeps_is_there_without_a_weight() -> None:
    async with bench("scale/hid-8d", Hid8dScale, ReportLoopback(), hold_s=2.0) as hid:
        hid.scale.sleeps_after_s = 5.0
        hid.scale.put("1.235")
        await hid.until_told("stable_weight", "1.235")
        await hid.until_told("not_ready")
        answer = await hid.driver.execute("read_weight", {})
        assert (answer["status"], answer["weight"]) == ("not_ready", None)
        assert not any(line.get("answering") is False for line in hid.lines)
        hid.scale.put("0.500")
        await hid.until_told("stable_weight", "0.500")


@pytest.mark.parametrize("trouble", ["garbage", "half", "silent"])
@in_virtual_time
async def test_hid_scale_whose_reports_make_no_sense_shows_nothing(trouble: str) -> None:
    async with bench("scale/hid-8d", Hid8dScale, ReportLoopback()) as hid:
        hid.scale.put("1.235")
        await hid.until_told("stable_weight", "1.235")
        hid.scale.status = trouble
        await hid.until_told("not_ready")
        assert all(reading["weight"] in (None, "1.235", "0.000") for reading in hid.readings)


@in_virtual_time
async def test_hid_scale_is_set_to_zero_by_the_report_that_its_descriptor_has() -> None:
    transport = ReportLoopback()
    async with bench("scale/hid-8d", Hid8dScale, transport) as hid:
        hid.scale.put("0.100")
        await hid.until_told("stable_weight", "0.100")
        assert (await hid.driver.execute("zero", {}))["status"] == "weight_zero"
    assert transport.features == [b"\x02\x02"]


def test_hid_layout_is_read_from_the_descriptor_wherever_the_values_stand() -> None:
    layout = Layout.of(DESCRIPTOR)
    assert layout is not None
    assert (layout.report_id, layout.report_bytes) == (3, 6)
    codec = HidScaleCodec(layout=layout)
    assert codec.feed(bytes.fromhex("03040cfed700")) == HidScaleCodec().feed(bytes.fromhex("03040cfed700"))
    assert Layout.of(b"\x05\x01\x09\x06\xa1\x01\xc0") is None
    assert Layout.of(b"\xff" * 40) is None


@in_virtual_time
async def test_bluetooth_scale_tells_weights_and_nothing_of_the_person() -> None:
    async with bench("scale/ble-181d", Ble181dScale, LoopbackTransport(), hold_s=2.0) as ble:
        ble.scale.has_person = True
        ble.scale.put("70.005")
        ble.scale.capacity = ble.scale.gross * 2
        await ble.until_told("stable_weight", "70.005")
        await ble.until_told("not_ready")
        ble.scale.fails = True
        ble.scale.put("60.000")
        await ble.until_told("not_ready")
    told = str(ble.lines)
    assert not {"bmi", "height", "user", "22.3", "1.75"} & set(told.replace("'", " ").replace(":", " ").split())
