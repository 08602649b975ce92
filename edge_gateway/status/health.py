"""Rolls the parts up into one health with reasons. Pure: the same facts give the same report."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from edge_gateway.contracts.firmware import FirmwareStatus
from edge_gateway.contracts.states import FLAGS_IN_WAY, Health, PowerState, flag_words
from edge_gateway.status.source import (
    BusStatus,
    DeviceStatus,
    GatewayStatus,
    HealthReport,
    OutboxStatus,
    Reason,
    UplinkStatus,
)

_SEVERITY = {Health.HEALTHY: 0, Health.INACTIVE: 0, Health.DEGRADED: 1, Health.UNHEALTHY: 2}
"""Inactive parts (no cloud configured, a device not looked for yet) do not make the gateway any worse."""


def roll_up(
    gateway: GatewayStatus,
    outbox: OutboxStatus,
    bus: BusStatus,
    uplinks: Sequence[UplinkStatus],
    devices: Sequence[DeviceStatus],
) -> HealthReport:
    """Unhealthy: a sale cannot be taken. Degraded: something a person should look at; selling goes on."""
    reasons = [
        *_gateway_reasons(gateway),
        *_outbox_reasons(outbox),
        *_bus_reasons(bus),
        *_uplink_reasons(uplinks),
        *_device_reasons(devices),
    ]
    return HealthReport(status=worst(reason.health for reason in reasons), reasons=tuple(reasons))


def worst(healths: Iterable[Health]) -> Health:
    """The most severe; healthy where there is nothing to say. Inactive counts as healthy here."""
    found = max(healths, key=_SEVERITY.__getitem__, default=Health.HEALTHY)
    return Health.HEALTHY if found is Health.INACTIVE else found


def firmware_words(device: DeviceStatus) -> str:
    """What is wrong with a device's firmware."""
    match device.firmware_status:
        case FirmwareStatus.BELOW_MINIMUM:
            wrong = "is older than allowed"
        case FirmwareStatus.NOT_APPROVED:
            wrong = "is not approved"
        case FirmwareStatus.OTHER_PROFILE:
            return f"firmware {device.firmware}: profile {device.profile} is for other versions"
        case _:
            wrong = "cannot be compared with the policy"
    return f"firmware {device.firmware} {wrong} ({device.firmware_policy})"


def _gateway_reasons(gateway: GatewayStatus) -> Iterator[Reason]:
    if gateway.state != "running":
        yield Reason(part="gateway", health=Health.UNHEALTHY, text=f"the gateway is {gateway.state}")


def _outbox_reasons(outbox: OutboxStatus) -> Iterator[Reason]:
    if not outbox.is_open:
        text = outbox.reason or "the store is not open"
        yield Reason(part="store", health=Health.UNHEALTHY, text=f"transactions are refused: {text}")
    elif outbox.health not in {Health.HEALTHY, Health.INACTIVE}:
        yield Reason(part="store", health=outbox.health, text=outbox.reason or "the store has a problem")
    for name, stream in outbox.streams.items():
        if stream.dead:
            text = f"{stream.dead} of {name} refused by the cloud for good; see: edge-gateway outbox list"
            yield Reason(part="store", health=Health.DEGRADED, text=text)


def _bus_reasons(bus: BusStatus) -> Iterator[Reason]:
    if not bus.is_connected:
        text = f"no connection to the broker at {bus.address}" + (f": {bus.reason}" if bus.reason else "")
        yield Reason(part="bus", health=Health.DEGRADED, text=text)
    elif bus.reason:
        yield Reason(part="bus", health=Health.DEGRADED, text=bus.reason)


def _uplink_reasons(uplinks: Sequence[UplinkStatus]) -> Iterator[Reason]:
    for uplink in uplinks:
        if uplink.health is not Health.HEALTHY:
            # A cloud that is away never makes the store unhealthy: what is accepted is kept.
            health = Health.INACTIVE if uplink.health is Health.INACTIVE else Health.DEGRADED
            text = uplink.reason or ("not configured" if health is Health.INACTIVE else "the cloud does not answer")
            yield Reason(part=f"uplink/{uplink.name}", health=health, text=text)


def _device_reasons(devices: Sequence[DeviceStatus]) -> Iterator[Reason]:
    for device in devices:
        part = f"device/{device.id}"
        if device.power is PowerState.UNKNOWN and not FLAGS_IN_WAY.intersection(device.flags):
            yield Reason(part=part, health=Health.INACTIVE, text=device.reason or "not looked for yet")
        elif device.power is not PowerState.ONLINE:
            text = device.reason or "it does not answer"
            yield Reason(part=part, health=Health.DEGRADED, text=f"{device.power.value}: {text}")
        elif in_way := FLAGS_IN_WAY.intersection(device.flags):
            yield Reason(part=part, health=Health.DEGRADED, text=flag_words(in_way))
        if device.jobs is not None and device.jobs.unknown:
            count = device.jobs.unknown
            jobs = "1 print job waits" if count == 1 else f"{count} print jobs wait"
            text = f"{jobs} for somebody to look at the paper; see: edge-gateway print jobs {device.id}"
            yield Reason(part=part, health=Health.DEGRADED, text=text)
        if device.profile_problems:
            text = (
                f"profile {device.profile} was changed and refused, and goes on as it was: {device.profile_problems[0]}"
            )
            yield Reason(part=part, health=Health.DEGRADED, text=text)
        if device.firmware_status is not None and device.firmware_status.is_drift:
            yield Reason(part=part, health=Health.DEGRADED, text=firmware_words(device))
