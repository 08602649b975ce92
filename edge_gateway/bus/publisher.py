"""What the gateway says by itself: events, retained states and infos, in the topics and shapes of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_gateway.bus import states
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.attached_report import AttachedReport
from edge_gateway.contracts.bus import Bus, Urgency
from edge_gateway.contracts.cloudevents import CONTENT_TYPE
from edge_gateway.contracts.events import DeviceState, StampedEvent


class BusPublisher:
    """None of its methods blocks or waits; the bus keeps what the broker has not taken yet."""

    def __init__(self, bus: Bus, topics: Topics) -> None:
        self._bus = bus
        self._topics = topics

    def event(self, stamped: StampedEvent, cloud_event: bytes) -> None:
        """An event of a device. ``cloud_event``: the whole CloudEvent."""
        topic = self._topics.device_event(stamped.lane, stamped.device_class, stamped.device_id, stamped.event.name)
        self._bus.publish(
            topic, cloud_event, urgency=Urgency.EVENT, content_type=CONTENT_TYPE, source=stamped.device_id
        )

    def alert(self, severity: str, cloud_event: bytes) -> None:
        """Something for a person. ``severity``: warning or critical."""
        self._bus.publish(self._topics.alert(severity), cloud_event, content_type=CONTENT_TYPE)

    def device_state(self, lane: str, device_class: str, device_id: str, state: DeviceState) -> None:
        self._bus.retain(self._topics.device_state(lane, device_class, device_id), states.device_state(state))

    def device_info(self, lane: str, device_class: str, device_id: str, info: Mapping[str, Any]) -> None:
        self._bus.retain(self._topics.device_info(lane, device_class, device_id), states.compact(info))

    def device_gone(self, lane: str, device_class: str, device_id: str) -> None:
        """A device is none any more: nothing of it stays at the broker."""
        self._bus.retain(self._topics.device_state(lane, device_class, device_id), b"")
        self._bus.retain(self._topics.device_info(lane, device_class, device_id), b"")

    def gateway_attached(self, report: AttachedReport) -> None:
        """What is plugged in, and why it is used or not."""
        self._bus.retain(self._topics.gateway_attached, states.compact(report.model_dump(mode="json")))

    def gateway_health(self, health: Mapping[str, Any]) -> None:
        """The roll-up with its reasons."""
        self._bus.retain(self._topics.gateway_health, states.compact(health))
