"""The last raw bytes of a device: bounded by time and by room, wiped at a word, never of cards."""

from __future__ import annotations

import tracemalloc
from random import Random
from typing import Any

import pytest

from edge_gateway.contracts.states import CARD_DATA_CLASSES, DeviceClass
from edge_gateway.contracts.tap import tapped
from edge_gateway.contracts.transport import ModemTransport, ReportTransport, Transport
from edge_gateway.devices.kept_bytes import KeptBytes
from edge_gateway.devices.raw_ring import RING_BYTES_MAX, RING_S_MAX, RawRing
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import SerialTransportSettings
from edge_gateway.transports.loopback import LoopbackReportTransport, LoopbackTransport
from edge_gateway.transports.serial import SerialTransport
from edge_gateway.transports.shared import SharedPort, SharedTransport
from tests.devices.conftest import TALKER_PROFILE, Bench
from tests.devices.drivers import Talker, TalkerSettings
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession
from tests.support.waiting import wait_until
from tests.transports.sinks import RecordingSink


def kept(ring: RawRing | KeptBytes, after: int = 0, **limits: float) -> list[tuple[int, str, bytes]]:
    return [(each.sequence, each.direction, each.data) for each in ring.after(after, **limits)]


async def test_ring_keeps_both_directions_in_order_and_forgets_by_age(clock: FakeClock) -> None:
    ring = RawRing(clock)
    ring.add(">", b"W")
    await clock.advance(10)
    ring.add("<", b"\x02S\r")
    assert kept(ring) == [(1, ">", b"W"), (2, "<", b"\x02S\r")]
    assert kept(ring, after=1) == [(2, "<", b"\x02S\r")]
    assert kept(ring, age_s_min=5) == [(1, ">", b"W")], "the rest is still held back"
    await clock.advance(RING_S_MAX - 5)
    assert kept(ring) == [(2, "<", b"\x02S\r")]


def test_ring_has_room_for_so_much_and_the_oldest_gives_way(clock: FakeClock) -> None:
    for size in (1, 64, 4096, RING_BYTES_MAX * 2):
        tracemalloc.start()
        try:
            ring = RawRing(clock)
            for _ in range(3 * RING_BYTES_MAX // (size + 160) + 3):
                ring.add("<", bytes([7]) * size)
            used, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert used < 1.3 * RING_BYTES_MAX, f"{used} bytes for chunks of {size}"
        assert kept(ring)


async def test_driver_that_read_a_licence_leaves_nothing_of_it(bench: Bench) -> None:
    await bench.hear(b"ANSI 636000")
    assert bench.supervisor.raw is not None
    assert kept(bench.supervisor.raw) == [(1, "<", b"ANSI 636000")]
    bench.driver.session.forget_raw()
    assert kept(bench.supervisor.raw) == []
    await bench.hear(b"next")
    assert kept(bench.supervisor.raw) == [(2, "<", b"next")], "a reader that asks on sees that it went on"


@pytest.mark.parametrize("end", ["unplugged", "configured", "removed", "crashed"])
async def test_half_a_licence_is_told_to_nobody_and_does_not_outlive_its_connection(
    bench: Bench, clock: FakeClock, end: str
) -> None:
    raw = bench.supervisor.raw
    assert raw is not None
    await bench.hear(b"before")
    await bench.hear(b"half a licence")
    assert raw.is_held_back
    assert kept(raw) == []
    match end:
        case "unplugged":
            bench.far_end.hang_up()
            await clock.settle()
        case "configured":
            bench.supervisor.configure(bench.device, TALKER_PROFILE, bench.transport, Talker)
            await clock.settle()
        case "removed":
            await bench.stop()
        case "crashed":
            await bench.hear(b"crash in run")
    assert not raw.is_held_back
    assert kept(raw) == []


async def test_licence_is_wiped_from_all_devices_of_the_cable(clock: FakeClock) -> None:
    port = SharedPort(LoopbackTransport("magellan"))
    scanner, scale = SharedTransport(port), SharedTransport(port)
    rings = KeptBytes(clock), KeptBytes(clock)
    drivers = [Talker(RecordingSession(clock), TalkerSettings()) for _ in rings]
    for ring, member, driver in zip(rings, (scanner, scale), drivers, strict=True):
        ring.begin(member, driver)
        ring.add("<", b"S08ANSI 636000")
    drivers[0].holds_personal_data = True
    assert [kept(ring) for ring in rings] == [[], []], "nobody reads it meanwhile"
    rings[1].end()
    drivers[0].holds_personal_data = False
    assert [len(kept(ring)) for ring in rings] == [1, 1], "whose connection ends without one keeps its bytes"
    drivers[0].holds_personal_data = True
    rings[0].end()
    assert [kept(ring) for ring in rings] == [[], []], "also of who is not connected"
    Talker.instances.clear()


async def test_ring_hears_what_the_driver_writes_and_goes_on_over_a_reconnect(bench: Bench, clock: FakeClock) -> None:
    await bench.driver.session.transport.write(b"\x05")
    bench.far_end.hang_up()
    await clock.advance(2)
    await bench.hear(b"back")
    assert bench.supervisor.raw is not None
    assert [data for _, _, data in kept(bench.supervisor.raw)] == [b"\x05", b"back"]


@pytest.mark.parametrize("device_class", sorted(CARD_DATA_CLASSES))
def test_bytes_of_card_readers_are_never_kept(device_class: DeviceClass, clock: FakeClock) -> None:
    told: list[Any] = []
    reader = Supervisor(
        DeviceSettings(id="reader-1", lane="lane-1", profile="talker", transport={}),
        TALKER_PROFILE,
        LoopbackTransport(),
        type("CardReader", (Talker,), {"device_class": device_class}),
        clock,
        Random(1),
        told.append,
        told.append,
    )
    assert reader.raw is None


async def test_tap_leaves_what_a_transport_can_do(tmp_path: Any) -> None:
    told: list[tuple[str, bytes]] = []
    reports = LoopbackReportTransport(b"\x05\x8d")
    reports.far_end.features[0xFE] = b"\xfe\x01"
    tap = tapped(reports, lambda direction, data: told.append((direction, data)))
    assert isinstance(tap, ReportTransport)
    sink = RecordingSink()
    await tap.open(sink)
    await tap.send_feature(b"\xfe\x01")
    assert await tap.get_feature(0xFE, 2) == b"\xfe\x01"
    await tap.write(b"\x02\x02")
    reports.far_end.write(b"\x03\x04")
    await wait_until(lambda: sink.chunks == [b"\x03\x04"])
    assert told == [(">>", b"\xfe\x01"), ("<<", b"\xfe\x01"), (">", b"\x02\x02"), ("<", b"\x03\x04")]
    assert tap.report_descriptor == b"\x05\x8d"
    serial: Transport = SerialTransport(SerialTransportSettings(kind="serial", path=tmp_path / "tty"))
    assert isinstance(tapped(serial, lambda *_: None), ModemTransport)
