"""One device as the overview shows it, and what of it a person should look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from edge_gateway.contracts.claims import ClaimView
from edge_gateway.contracts.states import PowerState
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.services.alerts import Finding
from edge_gateway.status.health import firmware_words
from edge_gateway.status.source import ClaimStatus, DeviceStatus, DisconnectStatus, JobsStatus

PROBLEMS_TOLD = 10
"""Of a profile, in one alert: a file that is something else has hundreds."""


def device_status(supervisor: Supervisor, claim: ClaimView | None) -> DeviceStatus:
    state = supervisor.state
    return DeviceStatus(
        id=supervisor.device_id,
        lane=supervisor.lane,
        device_class=supervisor.device_class,
        profile=supervisor.profile.name,
        power=PowerState(state.power),
        since=state.since,
        reason=state.reason,
        flags=state.flags,
        last_frame_age_s=state.last_frame_age_s,
        reconnect_count=state.reconnect_count,
        disconnects=tuple(
            DisconnectStatus(
                time=each.time,
                power=PowerState(each.power),
                reason=each.reason,
                connected_s=each.connected_s,
                away_s=each.away_s,
            )
            for each in supervisor.disconnects.newest
        ),
        disconnects_total=supervisor.disconnects.total,
        statistics=supervisor.statistics.values(),
        claim=None if claim is None else ClaimStatus(**asdict(claim)),
        jobs=None if (jobs := state.details.get("jobs")) is None else JobsStatus(**jobs),
        details={key: value for key, value in state.details.items() if key != "jobs"},
        info=(info := supervisor.info),
        firmware=None if (firmware := info.get("firmware")) is None else str(firmware),
        firmware_status=supervisor.firmware_status,
        firmware_policy=str(supervisor.profile.firmware),
        profile_problems=supervisor.profile_problems,
    )


def device_findings(device: DeviceStatus) -> Iterator[Finding]:
    """Firmware that is not allowed, a changed profile that was refused."""
    place: dict[str, object] = {"device_id": device.id, "lane": device.lane, "profile": device.profile}
    if device.firmware_status is not None and device.firmware_status.is_drift:
        data = {
            "text": f"{device.id}: {firmware_words(device)}; update it, or change the policy",
            **place,
            "firmware": device.firmware,
            "status": device.firmware_status.value,
            "policy": device.firmware_policy,
        }
        yield Finding("warning", "firmware_drift", f"{device.id} {device.firmware}", data)
    if problems := device.profile_problems:
        count = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        data = {
            "text": f"{device.id} goes on as it was: profile {device.profile} was changed and has {count}",
            **place,
            "problems": list(problems[:PROBLEMS_TOLD]),
        }
        yield Finding("warning", "profile_refused", f"{device.id} {problems}", data)


def loss_finding(device: Supervisor, waited_for: str, total: int) -> Finding:
    text = (
        f"{device.device_id}: {total} of its events were lost since the start, since too many waited for the "
        f"{waited_for}; see whether the device sends without end, and that the {waited_for} takes what comes; no other "
        "device lost anything to it"
    )
    data = {
        "text": text,
        "device_id": device.device_id,
        "lane": device.lane,
        "waited_for": waited_for,
        "count": total,
    }
    return Finding("warning", "device_events_dropped", f"{device.device_id} {waited_for}", data)
