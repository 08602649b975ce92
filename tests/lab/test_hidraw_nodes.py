"""The hidraw transport on the kernel's own nodes, made with uhid."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import TransportError
from edge_gateway.contracts.hid_report_descriptor import parse_report_descriptor, usage_text
from edge_gateway.settings_transports import HidrawTransportSettings
from edge_gateway.transports.hidraw import HidrawTransport
from tests.contracts.test_hid_report_descriptor import SCALE, SCANNER
from tests.support.descriptors import descriptor_count
from tests.support.uhid import UHID, UhidDevice
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink

pytestmark = pytest.mark.skipif(not os.access(UHID, os.W_OK), reason=f"{UHID} is not there, or not ours to write")

FEATURE = bytes.fromhex("05 8d 09 01 a1 01 85 fe 09 60 15 00 25 ff 75 08 95 01 b1 02 85 02 09 61 91 02 c0")
"""A scale with a feature report (0xFE) and an output report (2), of one byte each."""


@pytest.fixture
def devices() -> Iterator[list[UhidDevice]]:
    made: list[UhidDevice] = []
    yield made
    for device in made:
        device.unplug()


async def plug(devices: list[UhidDevice], descriptor: bytes, unique: str) -> tuple[UhidDevice, Path]:
    device = UhidDevice(descriptor, unique)
    devices.append(device)
    await wait_until(device.node, what="a hidraw node")
    node = device.node()
    assert node is not None
    await wait_until(node.exists, what=f"{node}")
    return device, node


def hidraw(node: Path) -> HidrawTransport:
    return HidrawTransport(HidrawTransportSettings(kind="hidraw", path=node))


async def test_node_gives_its_descriptor_and_each_report_by_itself(devices: list[UhidDevice]) -> None:
    scanner, node = await plug(devices, SCANNER, "lab-scanner")
    transport, sink = hidraw(node), RecordingSink()
    await transport.open(sink)
    assert transport.report_descriptor == SCANNER
    assert [usage_text(each) for each in parse_report_descriptor(SCANNER).applications] == ["8c:02"]
    assert (transport.vendor_id, transport.product_id) == (0x0922, 0x8003)
    reports = [bytes([2, 1, *b"]E0", number]) + bytes(58) for number in range(50)]
    for report in reports:
        scanner.report(report)
    await wait_until(lambda: len(sink.chunks) == len(reports))
    assert sink.chunks == reports
    await transport.close()


async def test_node_takes_output_and_feature_reports(devices: list[UhidDevice]) -> None:
    scale, node = await plug(devices, FEATURE, "lab-feature")
    transport = hidraw(node)
    await transport.open(RecordingSink())
    await transport.write(b"\x02\x02")
    await wait_until(lambda: scale.outputs == [b"\x02\x02"])
    await transport.send_feature(b"\xfe\x01")
    assert scale.features_set == [b"\xfe\x01"]
    scale.features[0xFE] = b"\xfe\x07"
    assert await transport.get_feature(0xFE, 2) == b"\xfe\x07"
    scale.features.clear()
    with pytest.raises(TransportError, match="feature report 254 was not given"):
        await transport.get_feature(0xFE, 2)
    await transport.close()


async def test_node_has_one_owner_and_is_lost_at_once(devices: list[UhidDevice]) -> None:
    scale, node = await plug(devices, SCALE, "lab-scale")
    first, second, sink = hidraw(node), hidraw(node), RecordingSink()
    await first.open(sink)
    with pytest.raises(TransportError, match="held by another process") as caught:
        await second.open(RecordingSink())
    assert caught.value.is_busy
    scale.unplug()
    assert await wait_until(lambda: sink.losses) < 2.0
    (error,) = sink.losses
    assert isinstance(error, OSError)
    assert error.errno in (errno.EIO, errno.ENODEV)
    await first.close()
    await wait_until(lambda: not first.is_there())
    with pytest.raises(TransportError, match="no such node"):
        await first.open(sink)


async def test_nodes_come_and_go_without_a_leak(devices: list[UhidDevice]) -> None:
    _, node = await plug(devices, SCALE, "lab-cycles")
    transport = hidraw(node)
    await transport.open(RecordingSink())
    await transport.close()
    before = descriptor_count()
    for _ in range(1000):
        await transport.open(RecordingSink())
        await transport.close()
    assert descriptor_count() == before
