"""What becomes of the news of a device: what it said, how it is now, that it or its claim is gone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from edge_gateway.bus.publisher import BusPublisher
from edge_gateway.contracts.claims import LostClaim
from edge_gateway.contracts.events import StampedEvent
from edge_gateway.contracts.states import PowerState
from edge_gateway.devices.behind_printers import BehindPrinters
from edge_gateway.devices.claims import Claims
from edge_gateway.devices.registry import Registry
from edge_gateway.devices.supervisor import Supervisor
from edge_gateway.services.drawers import Drawers
from edge_gateway.services.event_router import EventRouter
from edge_gateway.services.printing.service import PrintService
from edge_gateway.services.weighings import Weighings


class DeviceNews:
    """Told of each; tells whoever has to know."""

    def __init__(
        self,
        registry: Registry,
        claims: Claims,
        *,
        publisher: BusPublisher,
        router: EventRouter,
        weighings: Weighings,
        drawers: Drawers,
        printing: PrintService,
        behind_printers: BehindPrinters,
    ) -> None:
        self._registry = registry
        self._claims = claims
        self._publisher = publisher
        self._router = router
        self._weighings = weighings
        self._drawers = drawers
        self._printing = printing
        self._behind_printers = behind_printers
        self._last_info: dict[str, dict[str, Any]] = {}

    def tell_all(self) -> None:
        """How each device is."""
        for device in self._registry:
            self.changed(device)

    def said(self, stamped: StampedEvent) -> None:
        self._router.route(stamped)
        self._weighings.note(stamped)
        self._drawers.note(stamped)
        self._behind_printers.said(stamped)

    def changed(self, device: Supervisor) -> None:
        """Retain the device's state, and its info where that changed as well."""
        self._behind_printers.changed(device)
        place = (device.lane, device.device_class, device.device_id)
        if device.state.power != PowerState.ONLINE:
            self._weighings.gone(device.device_id)
        claim = self._claims.view(device.device_id)
        self._publisher.device_state(*place, replace(device.state, claim=claim))
        self._printing.device_changed(device, claim)
        if self._last_info.get(device.device_id) != (info := device.info):
            self._last_info[device.device_id] = info
            self._publisher.device_info(*place, info)

    def gone(self, lane: str, device_class: str, device_id: str) -> None:
        """Nothing stays retained; should it come back, its info is told again. It may be there already: configured
        under the id that it was taken as."""
        self._last_info.pop(device_id, None)
        self._publisher.device_gone(lane, device_class, device_id)
        if (device := self._registry.get(device_id)) is not None:
            self.changed(device)

    def claim_changed(self, device_id: str) -> None:
        if (device := self._registry.get(device_id)) is not None:
            self.changed(device)

    def claim_lost(self, device_id: str, lost: LostClaim) -> None:
        if (device := self._registry.get(device_id)) is not None:
            former = {"owner": lost.view.owner, "owner_lane": lost.view.owner_lane}
            device.emit("claim_lost", {**former, "why": lost.why.value, "new_owner": lost.new_owner})
