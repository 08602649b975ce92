"""Notices what is plugged in and pulled out, and looks again: the kernel says when, sysfs says what."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import Clock
from edge_gateway.devices.attached.inventory import Inventory
from edge_gateway.devices.attached.uevents import UeventSocket

SUBSYSTEMS = ("tty", "hidraw", "input", "usbmisc", "usb")

COALESCE_S = 0.05
"""One device brings a dozen events within some milliseconds: one look serves them all."""

LOOK_S = 1.0
"""Where no udev tells, names are compared so often: in a container the kernel's events may never come."""

FULL_LOOK_S = 30.0
"""Whatever was missed (a queue that ran over, a changed link) is seen by then."""

DOUBT_S = 1.0
"""Where a device seems to be in two sockets: a hub that tells late of a disconnect has told it by then."""

log = structlog.get_logger(__name__)


class _Monitor(Protocol):
    """What is used of pyudev's."""

    def fileno(self) -> int: ...

    def poll(self, timeout: float | None = None) -> Any: ...


class HotPlug:
    """Keeps an inventory true. ``on_change`` is called on the loop, after the inventory has what is new; and after the
    first look, also where nothing is attached."""

    def __init__(self, inventory: Inventory, clock: Clock, on_change: Callable[[], None]) -> None:
        self._inventory = inventory
        self._clock = clock
        self._on_change = on_change
        self._has_news = asyncio.Event()
        self._has_looked = False
        self.counters: Counter[str] = Counter()
        self.source = "none"
        """Who tells: udev, kernel, or none: then it is looked for."""

    async def run(self) -> None:
        """Until cancelled."""
        with self._listening():
            while True:
                self._has_news.clear()
                signature = self._inventory.sysfs.signature()  # before the look: what comes during it is news
                await self._look()
                await self._wait(signature)
                await self._clock.sleep(COALESCE_S)

    async def _look(self) -> None:
        try:
            found = await asyncio.get_running_loop().run_in_executor(None, self._inventory.sysfs.scan)
        except OSError:  # it went away in the middle, or may not be read: what is known stays until the next look
            self.counters["looks_failed"] += 1
            return
        self.counters["looks"] += 1
        is_first, self._has_looked = not self._has_looked, True
        if self._inventory.take_over(found) or is_first:
            self._on_change()

    async def _wait(self, signature: object) -> None:
        """Until something was told, or the names changed, or it is time for a full look anyhow."""
        told = asyncio.ensure_future(self._has_news.wait())
        left_s = DOUBT_S if self._inventory.is_in_doubt else FULL_LOOK_S
        try:
            while left_s > 0 and not told.done():
                pause_s = left_s if self.source == "udev" else min(left_s, LOOK_S)
                pause = asyncio.ensure_future(self._clock.sleep(pause_s))
                try:
                    await asyncio.wait({told, pause}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    pause.cancel()
                left_s -= pause_s
                if self.source != "udev" and self._inventory.sysfs.signature() != signature:
                    return
        finally:
            told.cancel()

    @contextmanager
    def _listening(self) -> Iterator[None]:
        monitor = self._monitor()
        if monitor is None:
            yield
            return
        loop = asyncio.get_running_loop()
        loop.add_reader(monitor.fileno(), self._hear, monitor)
        try:
            yield
        finally:
            loop.remove_reader(monitor.fileno())
            if isinstance(monitor, UeventSocket):
                monitor.close()

    def _hear(self, monitor: _Monitor) -> None:
        """What was told does not matter, and that events were lost neither: everything is looked at."""
        try:
            while monitor.poll(0) is not None:
                self._has_news.set()
        except OSError:  # its queue ran over
            self._has_news.set()

    def _monitor(self) -> _Monitor | None:
        """udev's events come when it has given a node its permissions and links; the kernel's before that."""
        source = "udev" if self._inventory.sysfs.has_udev else "kernel"
        monitor: _Monitor
        try:
            monitor = _pyudev_monitor(source)
        except Exception as error:  # noqa: BLE001 - the boundary of ctypes: a libudev that is missing, old, or another's
            reason = f"{type(error).__name__}: {error}"
            try:
                monitor = UeventSocket(SUBSYSTEMS, is_udev=source == "udev")
            except OSError as refusal:  # no netlink in this container
                reason = f"{reason}; netlink: {refusal}"
                log.warning(log_events.HOT_PLUG_NOT_TOLD, reason=reason, look_interval_s=LOOK_S)
                return None
            log.warning(log_events.HOT_PLUG_WITHOUT_LIBUDEV, reason=reason, source=f"netlink of {source}")
        self.source = source
        return monitor


def _pyudev_monitor(source: str) -> _Monitor:
    import pyudev

    monitor = pyudev.Monitor.from_netlink(pyudev.Context(), source=source)
    for subsystem in SUBSYSTEMS:
        monitor.filter_by(subsystem)
    monitor.start()
    found: _Monitor = monitor
    return found
