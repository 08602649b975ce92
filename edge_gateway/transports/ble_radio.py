"""One Bluetooth adapter: finds devices for all who wait for one, with one scan at a time, and connects one at a time.

BlueZ answers a second discovery of the same program with InProgress, and many adapters fail to connect while they scan.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakKeyDictionary

from edge_gateway.contracts.errors import TransportError
from edge_gateway.transports.ble_words import explained, import_bleak

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

FIND_S_MAX = 10.0
"""A device that did not advertise for so long is away; devices at rest advertise every 0.02 to 10.24 s (Core 5.4)."""

ANSWER_S_MAX = 5.0
"""D-Bus and BlueZ answer at once or, where a policy swallows the answer, never."""

NAMESAKES_S = 0.5
"""After the first device of a name: long enough to see another one beside it, which would make the name no identity."""

# At debug level they write what was received to their logs; personal data must never get there.
for _name in ("bleak", "dbus_fast"):
    logging.getLogger(_name).setLevel(logging.WARNING)


Answer = TypeVar("Answer")
Hear = Callable[["BLEDevice", "AdvertisementData"], None]


@dataclass(slots=True)
class _Wanted:
    """Somebody waits for a device, or listens to all. ``seen``: all that fit, by address."""

    fits: Callable[[str, str | None], bool]
    hear: Hear | None = None
    seen: dict[str, BLEDevice] = field(default_factory=dict)
    found: asyncio.Event = field(default_factory=asyncio.Event)
    problem: TransportError | None = None


class Questions:
    """To D-Bus. Never cancelled: dbus-fast's socket closed in the middle of a call makes uvloop abort the process.

    So one question at a time, and one that is never answered is waited for by all who come after.
    """

    def __init__(self) -> None:
        self._one_at_a_time = asyncio.Lock()
        self._question: asyncio.Task[Any] | None = None

    async def ask(self, question: Callable[[], Coroutine[Any, Any, Answer]]) -> Answer:
        """Raises TransportError, also where the answer does not come."""
        with explained("asking BlueZ", "see systemctl status dbus bluetooth"):
            async with asyncio.timeout(ANSWER_S_MAX), self._one_at_a_time:
                if self._question is not None:
                    await asyncio.wait({self._question})
                asking = asyncio.create_task(question(), name="bluetooth question")
                self._question = asking
                asking.add_done_callback(take_result)
                await asyncio.wait({asking})  # which, unlike await, is not cancelled with us
                self._question = None
                return asking.result()


class BleRadio:
    """``adapter``: such as hci0. Nothing is done before something is asked."""

    def __init__(self, adapter: str, questions: Questions) -> None:
        self._adapter = adapter
        self._wanted: list[_Wanted] = []
        self._scanning: asyncio.Task[None] | None = None
        self._hardware = asyncio.Lock()
        self._give_way = asyncio.Event()
        self._connecting = 0
        self._questions = questions

    @property
    def options(self) -> dict[str, Any]:
        """For bleak's ``bluez`` arguments: what its two typed dicts share."""
        return {"adapter": self._adapter}

    async def by_address(self, address: str, service: str) -> BLEDevice:
        """Raises TransportError where it is not found in time, or there is no Bluetooth."""
        return await self._find(lambda found, _: found == address, service, address, 0.0)

    async def by_name(self, name: str, service: str) -> BLEDevice:
        """Raises TransportError also where two devices have the name."""
        return await self._find(lambda _, found: found == name, service, f"named {name!r}", NAMESAKES_S)

    async def listen(self, hear: Hear, seconds: float) -> None:
        """Hear every advertisement for so long, between what else the radio does. Raises TransportError."""
        wanted = _Wanted(lambda *_: False, hear)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wait(wanted)
        if wanted.problem is not None:
            raise wanted.problem

    @contextlib.asynccontextmanager
    async def connecting(self) -> AsyncIterator[None]:
        """The adapter for one connection attempt: no scan meanwhile, and no other attempt."""
        self._connecting += 1
        self._give_way.set()
        try:
            async with self._hardware:
                yield
        finally:
            self._connecting -= 1

    async def _find(
        self, fits: Callable[[str, str | None], bool], service: str, what: str, namesakes_s: float
    ) -> BLEDevice:
        wanted = _Wanted(fits)
        for device in await self._questions.ask(partial(self._connected, service)):
            self._see(wanted, device)
        if not wanted.seen:
            await self._scan_for(wanted, what, namesakes_s)
        if wanted.problem is not None:
            raise wanted.problem
        if len(wanted.seen) > 1:
            raise TransportError(f"two devices are {what}: {', '.join(sorted(wanted.seen))}; set address instead")
        return next(iter(wanted.seen.values()))

    async def _scan_for(self, wanted: _Wanted, what: str, namesakes_s: float) -> None:
        try:
            async with asyncio.timeout(FIND_S_MAX):
                await self._wait(wanted, namesakes_s)
        except TimeoutError:
            if not wanted.seen:
                raise TransportError(
                    f"no device {what} was seen in {FIND_S_MAX:.0f} s; "
                    "see that it is on, near, and not connected elsewhere"
                ) from None

    async def _wait(self, wanted: _Wanted, longer_s: float = 0.0) -> None:
        self._wanted.append(wanted)
        if self._scanning is None or self._scanning.done():
            self._scanning = asyncio.create_task(self._scan(), name=f"bluetooth scan {self._adapter}")
        try:
            await wanted.found.wait()
            if wanted.problem is None:
                await asyncio.sleep(longer_s)
        finally:
            self._wanted.remove(wanted)
            if not self._wanted:
                self._give_way.set()

    async def _scan(self) -> None:
        """While somebody waits; ends by itself."""
        from bleak import BleakScanner

        while self._wanted:
            await asyncio.sleep(0)
            async with self._hardware:
                if self._connecting or not self._wanted:
                    continue  # who waits to connect comes first
                self._give_way.clear()
                try:
                    with explained("scanning"):
                        async with BleakScanner(self._seen, bluez=self.options):  # type: ignore[arg-type]  # see options
                            await self._give_way.wait()
                except TransportError as error:
                    for wanted in self._wanted:
                        wanted.problem = error
                        wanted.found.set()
                    return

    async def _connected(self, service: str) -> list[BLEDevice]:
        """Devices that the system holds a connection to do not advertise."""
        from bleak import BleakAdapter

        adapter = await BleakAdapter.get(bluez=self.options)  # type: ignore[arg-type]  # see options
        return await adapter.get_connected_devices([service])

    def _seen(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        for wanted in self._wanted:
            self._see(wanted, device)
            if wanted.hear is not None:
                wanted.hear(device, advertisement)

    def _see(self, wanted: _Wanted, device: BLEDevice) -> None:
        if wanted.fits(device.address.upper(), device.name):
            wanted.seen[device.address] = device
            wanted.found.set()


class _Radios:
    """Of one event loop: an adapter is one of the box, whoever asks and however it is named."""

    def __init__(self) -> None:
        self._by_adapter: dict[str, BleRadio] = {}
        self._questions = Questions()

    async def of(self, adapter: str | None) -> BleRadio:
        name = await self._questions.ask(_default_adapter) if adapter is None else adapter
        return self._by_adapter.setdefault(name, BleRadio(name, self._questions))


_RADIOS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Radios] = WeakKeyDictionary()


async def radio_of(adapter: str | None) -> BleRadio:
    """The one radio of an adapter, for everything on the running event loop: BlueZ refuses a second scan of it by the
    same program. None: the first that is on now, which another may name. Raises TransportError where there is none."""
    await import_bleak()
    return await _RADIOS.setdefault(asyncio.get_running_loop(), _Radios()).of(adapter)


async def listen(hear: Hear, seconds: float) -> None:
    """Hear what advertises, with the first adapter that is on. Raises TransportError."""
    radio = await radio_of(None)
    await radio.listen(hear, seconds)


async def _default_adapter() -> str:
    """As bleak chooses it where it is given none."""
    from bleak.backends.bluezdbus.manager import get_global_bluez_manager

    manager = await get_global_bluez_manager()
    return manager.get_default_adapter().rpartition("/")[2]


def take_result(task: asyncio.Task[Any]) -> None:
    """Of a task that perhaps nobody waits for any more: asyncio would complain about its error at the end."""
    if not task.cancelled():
        task.exception()
