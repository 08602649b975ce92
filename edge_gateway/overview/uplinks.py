"""One uplink as the overview shows it."""

from __future__ import annotations

from edge_gateway.settings_uplinks import UplinkSettings
from edge_gateway.status.source import UplinkStatus, UplinkStreamStatus
from edge_gateway.uplinks.couriers.courier import Courier


def uplink_status(settings: UplinkSettings, courier: Courier) -> UplinkStatus:
    syncs = courier.syncs()
    return UplinkStatus(
        name=settings.name,
        kind=settings.kind,
        health=courier.health,
        reason=courier.reason,
        last_sync=courier.last_sync,
        lag_events=sum(sync.lag_events for sync in syncs.values()),
        lag_s=max((sync.lag_s for sync in syncs.values()), default=0.0),
        breaker=courier.breaker_state.value,
        streams={
            stream: UplinkStreamStatus(
                lag_events=sync.lag_events,
                lag_s=sync.lag_s,
                last_sync=sync.last_sync,
                next_sync=sync.next_sync,
                reason=sync.reason,
            )
            for stream, sync in syncs.items()
        },
    )
