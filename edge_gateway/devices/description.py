"""What is told of a device: the ``info`` topic, and the head of a recording of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from edge_gateway.contracts.claims import CLAIM_COMMANDS
from edge_gateway.contracts.life import STATISTICS_COMMANDS
from edge_gateway.contracts.printing import JOB_COMMANDS, is_printer
from edge_gateway.contracts.transport import ReportTransport, Transport
from edge_gateway.devices.profiles import DriverClass, Profile
from edge_gateway.settings import DeviceSettings
from edge_gateway.settings_transports import PLACE_KEYS


def info_of(
    device: DeviceSettings,
    profile: Profile,
    transport: Transport,
    driver_class: DriverClass,
    commands: Iterable[str],
    reported: Mapping[str, Any],
) -> dict[str, Any]:
    """What the profile knows, over it what the device says of itself (``reported``), over it what is certain."""
    firmware = profile.judge_firmware(reported.get("firmware"))
    jobs = JOB_COMMANDS if is_printer(driver_class) else ()
    return {
        "vendor": profile.vendor,
        "model": profile.model,
        "capabilities": dict(profile.capabilities),
        **reported,
        **({} if firmware is None else {"firmware_status": firmware.value}),
        "device_id": device.id,
        "lane": device.lane,
        "device_class": driver_class.device_class.value,
        "profile": profile.name,
        "tier": profile.tier,
        "transport": transport.description,
        "commands": sorted({*commands, *STATISTICS_COMMANDS, *CLAIM_COMMANDS, *jobs}),
    }


def recording_header_of(device: DeviceSettings, profile: Profile, transport: Transport) -> Mapping[str, Any]:
    """Profile, how the device is attached and set. Not where: that is of this store."""
    attached = profile.transport.of(device.transport)
    return {
        "profile": profile.name,
        "transport": {key: value for key, value in attached.items() if key not in PLACE_KEYS},
        "settings": dict(device.settings),
        "report_descriptor": transport.report_descriptor.hex() if isinstance(transport, ReportTransport) else None,
    }
