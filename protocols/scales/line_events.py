"""What scales with lines say, as codec events, and how ``decode`` tells it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import JsonEvent, event_json
from protocols.scales.polled import CommandAnswered, IdentityRead

TRADE_UNITS: Final = frozenset({"kg", "g", "lb", "oz"})
"""What a shop weighs in. Other units (carat, newton, pieces, per cent) are told as sent."""
MASS_UNITS: Final = TRADE_UNITS | {
    *("mg", "t", "lbs", "ton", "lb:oz", "lb-oz", "ct", "cm", "gn", "gr", "dwt", "ozt", "oz t", "mom", "mo", "m", "tl"),
    *("tlh", "tls", "tlt", "tlc", "tola", "tol", "to", "tical", "tic", "tael", "msg", "ms", "mes", "bat", "baht", "st"),
}
"""Units of mass that makers of scales name; a number with any other is no weight: a count, a share, a force, or a unit
that lost a byte."""


@dataclass(frozen=True, slots=True)
class LineRead(WeightRead):
    """An answer with its weight, or why there is none. ``is_stable``: as sent; ``told``: what else ``decode`` shows."""

    is_stable: bool | None = None
    told: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HostCommandRead(CodecEvent):
    """What a host asked of a scale."""

    command: str
    told: Mapping[str, Any] = field(default_factory=dict)


def weight_read(
    weight: str,
    unit: str | None,
    *,
    is_stable: bool | None,
    is_net: bool | None = None,
    gross: str | None = None,
    tare: str | None = None,
    resolution: str | None = None,
    is_width_known: bool = True,
    told: Mapping[str, Any] | None = None,
) -> LineRead:
    """An answer with a number. ``is_stable`` None: the scale does not say. ``is_width_known`` False: a number of any
    width may have lost a digit, so that one answer alone proves too little."""
    if unit is not None and unit.lower() not in MASS_UNITS:
        status = ScaleStatus.NOT_READY
    elif is_stable is False:
        status = ScaleStatus.WEIGHT_UNSTABLE
    elif not weight.strip("-0."):
        status = ScaleStatus.WEIGHT_ZERO
    else:
        status = ScaleStatus.WEIGHT_UNDER_ZERO if weight.startswith("-") else ScaleStatus.STABLE_WEIGHT
    return LineRead(
        status,
        weight,
        unit,
        is_net,
        gross=gross,
        tare=tare,
        resolution=resolution,
        is_stability_sent=is_stable is not None and is_width_known,
        is_stable=is_stable,
        told=told or {},
    )


def overload(unit: str | None = None, *, is_net: bool | None = None, **told: Any) -> LineRead:
    """More than the scale can weigh."""
    return LineRead(ScaleStatus.WEIGHT_OVERWEIGHT, None, unit, is_net, told={"overload": True, **told})


def underload(unit: str | None = None, *, is_net: bool | None = None, **told: Any) -> LineRead:
    """Less than the scale can weigh: the plate is lifted or missing."""
    return LineRead(ScaleStatus.WEIGHT_UNDER_ZERO, None, unit, is_net, told={"underload": True, **told})


def no_weight(*, is_stable: bool | None = None, **told: Any) -> LineRead:
    """An answer, and no weight that could be sold: counting, an error, a menu."""
    return LineRead(ScaleStatus.NOT_READY, None, is_stable=is_stable, is_net=None, told=told)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools. What is not sent is left out; a weight that is not there is null."""
    match event:
        case LineRead():
            return _described(event)
        case CommandAnswered(command=command, is_done=is_done, reason=reason, told=told):
            said = {"event": "command_answered", "command": command, "done": is_done, "reason": reason}
            return {name: value for name, value in said.items() if value is not None} | dict(told)
        case IdentityRead(told=told):
            said = {"model": event.model, "serial": event.serial, "firmware": event.firmware}
            return {"event": "identity_read", **{name: text for name, text in said.items() if text}, **told}
        case HostCommandRead(command=command, told=told):
            return {"event": "command_read", "command": command, **told}
        case FrameRejected():
            discarded = event.data.decode("latin-1").encode("unicode_escape").decode("ascii")
            return {**event_json(event), "discard": discarded, "valid": False}
    return event_json(event)


def _described(read: LineRead) -> JsonEvent:
    described: JsonEvent = {"event": "weight_read", "status": read.status.value, "weight": read.weight}
    if read.unit is not None or read.weight is not None:
        described["unit"] = read.unit
    if read.is_stable is not None:
        described["stable"] = read.is_stable
    if read.is_net is not None:
        described |= {"net": read.is_net, "gross": not read.is_net}
    if read.gross is not None:
        described["gross_weight"] = read.gross
    if read.tare is not None:
        described["tare"] = read.tare
    if read.resolution is not None:
        described["resolution"] = read.resolution
    if "status" in read.told:
        described["scale_status"] = read.status.value  # the protocol's own word stands in its place
    return described | dict(read.told)
