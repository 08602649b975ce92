"""Devices that announce themselves, on the network or over Bluetooth: listed with the profiles that fit, never used
but by configuration."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Protocol

import structlog

from edge_gateway.contracts import log_events
from edge_gateway.contracts.attached_report import Claim, SeenDevice
from edge_gateway.devices.profile_model import Profile
from edge_gateway.settings_transports import BleTransportSettings, TcpTransportSettings, TransportSettings

ANNOUNCED_MAX: Final = 128
"""More than a store has printers and scanners; on a network with more (an office, a mall), the first are listed."""
_BLUETOOTH_BASE: Final = "-0000-1000-8000-00805f9b34fb"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Announced:
    """``names``: what a profile's patterns are compared with; ``services``: UUIDs, of Bluetooth devices; ``places``:
    addresses and host names that a configuration may have."""

    identity: str
    bus: str
    names: tuple[str, ...]
    places: tuple[str, ...]
    address: str
    services: tuple[str, ...] = ()
    manufacturer: str | None = None
    product: str | None = None


class Announcer(Protocol):
    """Listens for announcements."""

    @property
    def announced(self) -> Mapping[str, Announced]: ...

    def use(self, profiles: Sequence[Profile]) -> None:
        """Listen for what these name, too."""
        ...

    async def run(self) -> None:
        """Until cancelled, or at once where what it needs is not installed."""
        ...


def tell(each: Announced, configured: Mapping[str, TransportSettings], profiles: Sequence[Profile]) -> SeenDevice:
    """With its profiles, and whether a configured device is at its place."""
    ids = tuple(device_id for device_id, place in configured.items() if _is_at(place, each))
    fitting = tuple(profile.name for profile in profiles if _fits(profile, each))
    if ids:
        claim, why = Claim.CONFIGURED, f"configured as {' and '.join(ids)}"
    elif fitting:
        claim, why = Claim.POSSIBLE, f"profile {' or '.join(fitting)} may fit; used only by configuration"
    else:
        claim, why = Claim.UNKNOWN, "no profile names it; used only by configuration"
    return SeenDevice(
        identity=each.identity,
        bus=each.bus,
        manufacturer=each.manufacturer,
        product=each.product or next(iter(each.names), None),
        address=each.address,
        claim=claim,
        device_ids=ids,
        profiles=fitting,
        why=why,
    )


def log_not_possible(what: str, reason: str) -> None:
    """The operator asked for it, and it cannot be done."""
    log.warning(log_events.DISCOVERY_NOT_POSSIBLE, what=what, reason=reason)


def short_uuid(uuid: str) -> str:
    """16 bits where it is one of Bluetooth's own."""
    uuid = uuid.lower()
    is_own = uuid.startswith("0000") and uuid.endswith(_BLUETOOTH_BASE)
    return uuid[4:8] if is_own else uuid


def _fits(profile: Profile, each: Announced) -> bool:
    match = profile.match
    if each.bus == "network":
        return _one_fits(match.mdns, each.names)
    by_name, by_service = _one_fits(match.ble_names, each.names), set(match.ble_services) & set(each.services)
    if match.ble_names and match.ble_services:
        return by_name and bool(by_service)
    return by_name or bool(by_service)


def _one_fits(patterns: Sequence[str], names: Sequence[str]) -> bool:
    return any(fnmatchcase(name.casefold(), pattern.casefold()) for pattern in patterns for name in names)


def _is_at(place: TransportSettings, each: Announced) -> bool:
    if isinstance(place, TcpTransportSettings):
        return each.bus == "network" and (place.host or "").rstrip(".").casefold() in each.places
    if isinstance(place, BleTransportSettings) and each.bus == "bluetooth":
        return (place.address or "").casefold() in each.places or (place.name is not None and place.name in each.names)
    return False
