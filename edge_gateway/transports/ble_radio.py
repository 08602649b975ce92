"""One Bluetooth adapter: finds devices for all who wait for one, with one scan at a time, and connects one at a time.

BlueZ answers a second discovery of the same program with InProgress, and many adapters fail to connect while they scan.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from edge_gateway.contracts.errors import TransportError

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

FIND_S_MAX = 10.0
"""A device that did not advertise for so long is away; devices at rest advertise every 0.02 to 10.24 s (Core 5.4)."""

ANSWER_S_MAX = 5.0
"""D-Bus and BlueZ answer at once or, where a policy swallows the answer, never."""

NAMESAKES_S = 0.5
"""After the first device of a name: long enough to see another one beside it, which would make the name no identity."""

INSTALL = "install the package with its Bluetooth part: edge-gateway[bluetooth]"

# At debug level they write what was received to their logs; personal data must never get there.
for _name in ("bleak", "dbus_fast"):
    logging.getLogger(_name).setLevel(logging.WARNING)


Hear = Callable[["BLEDevice", "AdvertisementData"], None]


@dataclass(slots=True)
class _Wanted:
    """Somebody waits for a device, or listens to all. ``seen``: all that fit, by address."""

    fits: Callable[[str, str | None], bool]
    hear: Hear | None = None
    seen: dict[str, BLEDevice] = field(default_factory=dict)
    found: asyncio.Event = field(default_factory=asyncio.Event)
    problem: TransportError | None = None


class BleRadio:
    """``adapter``: such as hci0; None: the first that is powered. Nothing is done before something is asked."""

    def __init__(self, adapter: str | None = None) -> None:
        self._adapter = adapter
        self._wanted: list[_Wanted] = []
        self._scanning: asyncio.Task[None] | None = None
        self._hardware = asyncio.Lock()
        self._give_way = asyncio.Event()
        self._connecting = 0
        self._questions = asyncio.Lock()
        self._question: asyncio.Task[list[BLEDevice]] | None = None

    @property
    def options(self) -> dict[str, Any]:
        """For bleak's ``bluez`` arguments."""
        return {} if self._adapter is None else {"adapter": self._adapter}

    async def by_address(self, address: str, service: str) -> BLEDevice:
        """Raises TransportError where it is not found in time, or there is no Bluetooth."""
        return await self._find(lambda found, _: found == address, service, address, 0.0)

    async def by_name(self, name: str, service: str) -> BLEDevice:
        """Raises TransportError also where two devices have the name."""
        return await self._find(lambda _, found: found == name, service, f"named {name!r}", NAMESAKES_S)

    async def listen(self, hear: Hear, seconds: float) -> None:
        """Hear every advertisement for so long, between what else the radio does. Raises TransportError."""
        await import_bleak()
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
        await import_bleak()
        wanted = _Wanted(fits)
        with explained("asking BlueZ", "see systemctl status dbus bluetooth"):
            async with asyncio.timeout(ANSWER_S_MAX):
                for device in await self._ask(service):
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
            self._scanning = asyncio.create_task(self._scan(), name=f"bluetooth scan {self._adapter or ''}".strip())
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
                        async with BleakScanner(self._seen, bluez=self.options):  # type: ignore[arg-type]
                            await self._give_way.wait()
                except TransportError as error:
                    for wanted in self._wanted:
                        wanted.problem = error
                        wanted.found.set()
                    return

    async def _ask(self, service: str) -> list[BLEDevice]:
        """Never cancelled: dbus-fast's socket closed in the middle of a call makes uvloop abort the whole process.

        So one question at a time, and one that is never answered is waited for by all who come after.
        """
        async with self._questions:
            if self._question is not None:
                await asyncio.wait({self._question})
            self._question = asyncio.create_task(self._connected(service), name="bluetooth question")
            self._question.add_done_callback(take_result)
            await asyncio.wait({self._question})  # which, unlike await, is not cancelled with us
            question, self._question = self._question, None
            return question.result()

    async def _connected(self, service: str) -> list[BLEDevice]:
        """Devices that the system holds a connection to do not advertise."""
        from bleak import BleakAdapter

        adapter = await BleakAdapter.get(bluez=self.options)  # type: ignore[arg-type]
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


_RADIOS: WeakKeyDictionary[asyncio.AbstractEventLoop, dict[str | None, BleRadio]] = WeakKeyDictionary()
"""An adapter is one of the box, whoever asks: a second scan of it by the same program is refused by BlueZ."""


def radio_of(adapter: str | None) -> BleRadio:
    """The one radio of an adapter, for everything on the running event loop."""
    return _RADIOS.setdefault(asyncio.get_running_loop(), {}).setdefault(adapter, BleRadio(adapter))


async def listen(hear: Hear, seconds: float) -> None:
    """Hear what advertises, with the first adapter that is on. Raises TransportError."""
    await radio_of(None).listen(hear, seconds)


def take_result(task: asyncio.Task[Any]) -> None:
    """Of a task that perhaps nobody waits for any more: asyncio would complain about its error at the end."""
    if not task.cancelled():
        task.exception()


async def import_bleak() -> None:
    """In a thread: it takes a tenth of a second or more. Raises TransportError where it is not installed."""
    try:
        await asyncio.get_running_loop().run_in_executor(None, importlib.import_module, "bleak")
    except ImportError as error:
        raise TransportError(f"Bluetooth is not supported here ({error}); {INSTALL}") from error


@contextlib.contextmanager
def explained(doing: str, remedy: str = "see that the device is on and near") -> Iterator[None]:
    """What bleak, D-Bus and BlueZ raise, as TransportError with what to do."""
    from bleak.exc import BleakBluetoothNotAvailableError, BleakDBusError, BleakError
    from dbus_fast.errors import DBusFastError

    try:
        yield
    except BleakBluetoothNotAvailableError as error:
        raise TransportError(_unavailable(error.reason.name, str(error.args[0]))) from error
    except BleakDBusError as error:
        raise TransportError(f"{doing}: {_refused(error.dbus_error, error.dbus_error_details)}") from error
    except TimeoutError as error:
        raise TransportError(f"{doing}: no answer in time; {remedy}") from error
    except (OSError, DBusFastError, EOFError) as error:
        # dbus-fast lets through what its socket raised, and an address of the bus that makes no sense.
        raise TransportError(
            f"{doing}: no D-Bus system bus ({error}); install and start dbus, and see that its socket "
            "/run/dbus/system_bus_socket may be used"
        ) from error
    except BleakError as error:
        raise TransportError(f"{doing}: {error}") from error


def _unavailable(reason: str, words: str) -> str:
    match reason:
        case "NO_BLUETOOTH":
            return "no Bluetooth adapter; plug one in, and check that its driver is loaded (bluetoothctl list)"
        case "POWERED_OFF":
            return "the Bluetooth adapter is off; switch it on: bluetoothctl power on (rfkill unblock bluetooth)"
        case "NO_BLE_CENTRAL_ROLE":
            return "the Bluetooth adapter knows no Low Energy; use one of Bluetooth 4.0 or later"
        case "DENIED_BY_SYSTEM":
            return f"D-Bus refuses us ({words}); the user of this process must be in the group 'bluetooth'"
    return f"Bluetooth is not available: {words}"


def _refused(name: str, words: str | None) -> str:
    match name.rpartition(".")[2]:
        case "ServiceUnknown" | "NameHasNoOwner":
            return "BlueZ does not run; install and start it: apt install bluez, systemctl enable --now bluetooth"
        case "AccessDenied":
            return "D-Bus does not let us speak with BlueZ; the user of this process must be in the group 'bluetooth'"
        case "NotReady":
            return "the Bluetooth adapter is off; switch it on: bluetoothctl power on"
        case "UnknownObject" | "UnknownMethod":
            return "the device or the adapter is gone"
        case "NotPermitted" | "NotAuthorized":
            return f"the device refuses it ({words}); it may have to be paired once: bluetoothctl pair ADDRESS"
    return words or name
