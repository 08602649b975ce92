"""Looks at the overview from time to time: publishes health when it changed, alarms a person where one is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from edge_gateway.bus.publisher import BusPublisher
from edge_gateway.contracts.clock import Clock
from edge_gateway.overview.devices import device_findings
from edge_gateway.overview.gathering import Overview
from edge_gateway.services.alerts import Alerts, Finding
from edge_gateway.status.notify import SystemdNotifier

LOOK_INTERVAL_S: Final = 2.0
"""How often the outbox is counted and health is looked at."""


class HealthWatch:
    """``run`` until cancelled."""

    def __init__(
        self,
        overview: Overview,
        publisher: BusPublisher,
        notifier: SystemdNotifier,
        alerts: Alerts,
        more_findings: Callable[[], Iterable[Finding]],
        clock: Clock,
    ) -> None:
        """``more_findings``: beside those of devices."""
        self._overview = overview
        self._publisher = publisher
        self._notifier = notifier
        self._alerts = alerts
        self._more_findings = more_findings
        self._clock = clock
        self._last_health: dict[str, Any] | None = None

    async def run(self) -> None:
        while True:
            await self._overview.store.refresh()
            self._look()
            await self._clock.sleep(LOOK_INTERVAL_S)

    def _look(self) -> None:
        snapshot = self._overview.snapshot()
        health = snapshot.health.model_dump(mode="json")
        if health != self._last_health:
            self._last_health = health
            self._publisher.gateway_health(health)
            self._notifier.status("; ".join([health["status"], *(each["text"] for each in health["reasons"])]))
        self._alerts.look(self._overview.store.look())
        of_devices = [finding for device in snapshot.devices for finding in device_findings(device)]
        self._alerts.look_at([*of_devices, *self._overview.losses(), *self._more_findings()])
