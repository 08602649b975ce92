"""What comes and goes is noticed: by the kernel's events, and by looking where there are none."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.devices.attached import hotplug
from edge_gateway.devices.attached.device import AttachedDevice
from edge_gateway.devices.attached.hotplug import HotPlug
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.sysfs import Sysfs
from edge_gateway.devices.attached.uevents import UeventSocket
from tests.support.descriptors import descriptor_count
from tests.support.sysfs import FakeBox, Part
from tests.support.waiting import wait_until

EVENT_FILE = Path("/sys/class/tty/tty0/uevent")
"""Written to, the kernel says that this terminal changed; it does not."""
NOTICED_S_MAX = 0.5


def kernel_tells() -> bool:
    try:
        EVENT_FILE.write_text("change")
    except OSError:
        return False
    return True


needs_events = pytest.mark.skipif(
    not kernel_tells(),
    reason=f"{EVENT_FILE} is not there, or not ours to write: only root makes the kernel tell of a change",
)


class CountingSysfs(Sysfs):
    """Counts the looks."""

    looks = 0

    def scan(self) -> list[AttachedDevice]:
        self.looks += 1
        return super().scan()


class Watched:
    def __init__(self, root: Path) -> None:
        self.box = FakeBox(root)
        self.sysfs = CountingSysfs(self.box.sys, self.box.dev, self.box.run)
        self.inventory = Inventory(self.sysfs)
        self.changes = 0
        self.hot_plug = HotPlug(self.inventory, SystemClock(), self._changed)

    def _changed(self) -> None:
        self.changes += 1

    @property
    def identities(self) -> list[str]:
        return [device.identity for device in self.inventory]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Callable[[], Watched]]:
    tasks: list[asyncio.Task[None]] = []

    def begin() -> Watched:
        watched = Watched(tmp_path)
        tasks.append(asyncio.create_task(watched.hot_plug.run()))
        return watched

    yield begin
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@needs_events
async def test_hot_plug_hears_the_kernel(start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hotplug, "LOOK_S", 60.0)
    watched = start()
    await wait_until(lambda: watched.changes == 1, what="the first look")
    assert watched.hot_plug.source == "kernel"
    for serial, port in (("A", "1-1"), ("B", "1-2")):
        watched.box.plug_usb(port, "0403:6001", [(Part("tty"), f"ttyUSB{port[-1]}")], serial=serial)
        EVENT_FILE.write_text("change")
        told_s = time.monotonic()
        await wait_until(lambda serial=serial: f"usb:0403:6001:{serial}" in watched.identities)
        assert time.monotonic() - told_s < NOTICED_S_MAX
    assert watched.changes == 3, "the first look is told too"


@needs_events
async def test_hot_plug_serves_a_storm_with_few_looks(start: Callable[[], Watched]) -> None:
    watched = start()
    await wait_until(lambda: watched.changes == 1, what="the first look")
    watched.box.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB1")], serial="A")
    for _ in range(200):
        EVENT_FILE.write_text("change")
    await wait_until(lambda: watched.changes == 2)
    assert watched.sysfs.looks <= 4


async def test_hot_plug_looks_where_nobody_tells(start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(HotPlug, "_monitor", lambda self: None)
    monkeypatch.setattr(hotplug, "LOOK_S", 0.01)
    watched = start()
    await wait_until(lambda: watched.changes == 1, what="the first look")
    assert watched.hot_plug.source == "none"
    watched.box.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB0")], serial="A")
    await wait_until(lambda: watched.identities == ["usb:0403:6001:A"])
    watched.box.pull("1-1")
    await wait_until(lambda: watched.identities == [])
    assert watched.sysfs.looks <= 5, "names are compared, and looked at only where they changed"


async def test_hot_plug_misses_nothing_that_comes_during_a_look(
    start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HotPlug, "_monitor", lambda self: None)
    monkeypatch.setattr(hotplug, "LOOK_S", 0.01)
    look = CountingSysfs.scan

    def scan_and_plug(self: CountingSysfs) -> list[AttachedDevice]:
        found = look(self)
        if self.looks == 1:
            watched.box.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB0")], serial="A")
        return found

    monkeypatch.setattr(CountingSysfs, "scan", scan_and_plug)
    watched = start()
    await wait_until(lambda: watched.identities == ["usb:0403:6001:A"])
    assert watched.sysfs.looks == 2, "what came during the first look was seen by the second"


async def test_hot_plug_looks_anew_now_and_then_in_any_case(
    start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HotPlug, "_monitor", lambda self: None)
    monkeypatch.setattr(hotplug, "LOOK_S", 0.01)
    monkeypatch.setattr(hotplug, "FULL_LOOK_S", 0.05)
    watched = start()
    await wait_until(lambda: watched.sysfs.looks >= 3)
    assert watched.changes == 1, "but for the first look, nothing is told where nothing changed"


LIBRARIES = {
    "missing": (None, "ImportError"),
    "not to be loaded": ("libedge-gateway-none.so.1", "OSError"),
    "another's": ("libc.so.6", "AttributeError"),
}


@needs_events
@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # pyudev's half-made context says goodbye
@pytest.mark.parametrize(("library", "reason"), LIBRARIES.values(), ids=LIBRARIES)
async def test_hot_plug_hears_the_kernel_where_libudev_is_missing(
    start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch, library: str | None, reason: str
) -> None:
    monkeypatch.setattr("pyudev._ctypeslib.utils.find_library", lambda name: library)
    monkeypatch.setattr(hotplug, "LOOK_S", 60.0)
    with capture_logs() as logs:
        watched = start()
        await wait_until(lambda: watched.changes == 1, what="the first look")
        watched.box.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB1")], serial="A")
        EVENT_FILE.write_text("change")
        told_s = time.monotonic()
        await wait_until(lambda: watched.identities == ["usb:0403:6001:A"])
        assert time.monotonic() - told_s < NOTICED_S_MAX
    assert watched.hot_plug.source == "kernel"
    assert [each["event"] for each in logs] == ["hot_plug_without_libudev"]
    assert logs[0]["reason"].startswith(reason)


async def test_hot_plug_looks_where_libudev_is_missing_and_nobody_tells(
    start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr("pyudev._ctypeslib.utils.find_library", lambda name: None)
    monkeypatch.setattr("edge_gateway.devices.attached.uevents.socket.socket", refuse)
    monkeypatch.setattr(hotplug, "LOOK_S", 0.01)
    with capture_logs() as logs:
        watched = start()
        await wait_until(lambda: watched.changes == 1, what="the first look")
        watched.box.plug_usb("1-1", "0403:6001", [(Part("tty"), "ttyUSB1")], serial="A")
        await wait_until(lambda: watched.identities == ["usb:0403:6001:A"])
    assert watched.hot_plug.source == "none"
    assert [each["event"] for each in logs] == ["hot_plug_not_told"]
    assert "Address family not supported" in logs[0]["reason"]


@needs_events
async def test_hot_plug_socket_leaves_out_other_subsystems_and_is_closed(tmp_path: Path) -> None:
    before = descriptor_count()
    for subsystems, is_heard in ((("hidraw",), False), (("hidraw", "tty"), True)):
        uevents = UeventSocket(subsystems, is_udev=False)
        EVENT_FILE.write_text("change")
        assert (uevents.poll() is not None) is is_heard
        assert uevents.poll() is None
        uevents.close()
    assert descriptor_count() == before


class FullQueue:
    """A monitor that lost events: the kernel's socket says ENOBUFS."""

    def fileno(self) -> int:
        return -1

    def poll(self, timeout: float | None = None) -> object:
        raise OSError(105, "No buffer space available")


async def test_hot_plug_that_lost_events_looks(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    watched.hot_plug._hear(FullQueue())
    assert watched.hot_plug._has_news.is_set()


async def test_hot_plug_goes_on_where_sysfs_cannot_be_read(
    start: Callable[[], Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HotPlug, "_monitor", lambda self: None)
    monkeypatch.setattr(hotplug, "LOOK_S", 0.01)
    monkeypatch.setattr(hotplug, "FULL_LOOK_S", 0.02)
    look = CountingSysfs.scan

    def fail_twice(self: CountingSysfs) -> list[AttachedDevice]:
        found = look(self)
        if self.looks <= 2:
            raise PermissionError(13, "Permission denied")
        return found

    monkeypatch.setattr(CountingSysfs, "scan", fail_twice)
    watched = start()
    await wait_until(lambda: watched.changes == 1)
    assert watched.hot_plug.counters["looks_failed"] == 2
