"""What codecs, drivers and services say: codec events (bytes understood), device events (meaning), cloud events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from edge_gateway.contracts.claims import ClaimView
from edge_gateway.contracts.life import Disconnect
from edge_gateway.contracts.states import ScaleStatus


@dataclass(frozen=True, slots=True)
class CodecEvent:
    """Base of what a codec understood. Codecs add their own subclasses beside these."""


@dataclass(frozen=True, slots=True)
class FrameRejected(CodecEvent):
    """Bytes that were no frame. ``data`` holds at most the first 64 of ``length`` bytes."""

    reason: str
    data: bytes
    length: int

    @classmethod
    def of(cls, reason: str, data: bytes) -> FrameRejected:
        return cls(reason, bytes(data[:64]), len(data))


@dataclass(frozen=True, slots=True)
class BarcodeRead(CodecEvent):
    """One scan. ``raw``: without prefix and suffix, AIM identifier included. ``aim``: such as ``]E0``, if sent."""

    raw: bytes
    data: bytes
    aim: str | None = None
    code_id: str | None = None


@dataclass(frozen=True, slots=True)
class WeightRead(CodecEvent):
    """One answer of a scale. ``weight``: decimal text as the scale sent it; only where a number was sent.

    ``unit`` is None where the protocol leaves it to configuration; ``is_net`` where it does not say whether a tare is
    taken off. ``gross`` and ``tare``: as sent beside the weight. ``resolution``: one division, where it is sent.
    ``is_high_resolution``: with digits that are not for trade; only where it was asked for so.
    ``is_stability_sent`` False: one answer alone proves nothing (mostly because the scale does not say whether the
    plate is still), so a driver waits for a second one that is equal.
    """

    status: ScaleStatus
    weight: str | None = None
    unit: str | None = None
    is_net: bool | None = False
    is_center_of_zero: bool = False
    gross: str | None = None
    tare: str | None = None
    resolution: str | None = None
    is_stability_sent: bool = True
    is_high_resolution: bool = False


@dataclass(frozen=True, slots=True)
class DeviceEvent:
    """What a driver says happened. ``name`` is past tense and becomes ``.../event/{name}``; ``data`` is JSON-able."""

    name: str
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StampedEvent:
    """A device event after its supervisor stamped it: who, which one, when on both clocks."""

    device_id: str
    device_class: str
    lane: str
    sequence: int
    event: DeviceEvent
    time: datetime
    monotonic_s: float


@dataclass(frozen=True, slots=True)
class OutboxEvent:
    """A CloudEvent on its way to the cloud. ``payload``: the whole CloudEvent as JSON bytes, never changed again.

    ``stream``: which queue (``transactions``, ``device_events`` ...); ``source``: order is kept per source.
    """

    id: str
    stream: str
    source: str
    type: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is known of a device right now: the ``state`` topic. ``flags``: condition words such as ``cover_open``."""

    power: str
    since: datetime
    reason: str | None = None
    flags: tuple[str, ...] = ()
    last_frame_age_s: float | None = None
    reconnect_count: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    claim: ClaimView | None = None
    last_disconnect: Disconnect | None = None
