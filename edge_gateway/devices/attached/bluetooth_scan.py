"""Bluetooth LE devices in range that could be a store's: listed, never connected to from here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from edge_gateway.contracts.clock import Clock
from edge_gateway.devices.attached.announced import ANNOUNCED_MAX, Announced, log_not_possible, short_uuid
from edge_gateway.devices.profiles import Profile

if TYPE_CHECKING:
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

SCAN_S: Final = 8.0
"""Devices that sleep advertise every few seconds."""
PAUSE_S: Final = 60.0
"""Between two scans the radio belongs to the devices that are connected."""
FORGET_S: Final = 300.0
"""Not heard for so long: it is gone, or in use elsewhere."""
DEVICE_SERVICES: Final = frozenset({"181d", "1812", "fff0", "ffe0", "6e400001-b5a3-f393-e0a9-e50e24dcca9e"})
"""Weight scale, HID, and what serial-like devices have. Phones and watches of customers advertise others, and a list of
those in range is nobody's business: what neither has one of these nor is named by a profile is not kept."""

Listen = Callable[[Callable[["BLEDevice", "AdvertisementData"], None], float], Awaitable[None]]
"""Hear advertisements for so many seconds with the radio that the connected devices use too: BlueZ lets a program scan
once at a time."""


class BluetoothScan:
    """Implements ``announced.Announcer``. ``listen``: None where no device uses the radio."""

    def __init__(
        self, profiles: Sequence[Profile], clock: Clock, on_change: Callable[[], None], listen: Listen | None = None
    ) -> None:
        self.announced: dict[str, Announced] = {}
        self._heard_s: dict[str, float] = {}
        self._clock = clock
        self._on_change = on_change
        self._listen = listen
        self.use(profiles)

    def use(self, profiles: Sequence[Profile]) -> None:
        """From the next advertisement on."""
        self._patterns = tuple(pattern.casefold() for profile in profiles for pattern in profile.match.ble_names)
        self._services = DEVICE_SERVICES | {uuid for profile in profiles for uuid in profile.match.ble_services}

    async def run(self) -> None:
        is_told = False
        while True:
            try:
                await self._scan()
                is_told = False
            except ImportError:
                reason = "pip install 'edge-gateway[bluetooth]'"
                log_not_possible("bluetooth", reason)
                return
            except Exception as error:  # noqa: BLE001 - the boundary of bleak: D-Bus and BlueZ raise what they like
                if not is_told:
                    log_not_possible("bluetooth", str(error))
                is_told = True
            self._forget()
            await self._clock.sleep(PAUSE_S)

    async def _scan(self) -> None:
        if self._listen is not None:
            await self._listen(self.hear, SCAN_S)
            return
        from bleak import BleakScanner

        async with BleakScanner(detection_callback=self.hear):
            await self._clock.sleep(SCAN_S)

    def hear(self, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """One advertisement."""
        services = tuple(sorted({short_uuid(uuid) for uuid in advertisement.service_uuids}))
        name = "".join(each if each.isprintable() else "?" for each in advertisement.local_name or "")[:126]
        if not self._services.intersection(services) and not self._is_named(name):
            return
        found = Announced(
            f"bt:{device.address.upper()}",
            "bluetooth",
            names=(name,) if name else (),
            places=(device.address.casefold(),),
            address=device.address.upper(),
            services=services,
        )
        if found.identity not in self.announced and len(self.announced) >= ANNOUNCED_MAX:
            return
        self._heard_s[found.identity] = self._clock.monotonic()
        if self.announced.get(found.identity) != found:
            self.announced[found.identity] = found
            self._on_change()

    def _is_named(self, name: str) -> bool:
        return bool(name) and any(fnmatchcase(name.casefold(), pattern) for pattern in self._patterns)

    def _forget(self) -> None:
        oldest = self._clock.monotonic() - FORGET_S
        gone = [identity for identity, heard_s in self._heard_s.items() if heard_s < oldest]
        for identity in gone:
            del self._heard_s[identity], self.announced[identity]
        if gone:
            self._on_change()
