"""What zero, tare and clear tare have in common, whether a scale is asked or sends by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from drivers.scale_reading import HAS_WEIGHT, Reading
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.states import ScaleStatus
from protocols.scales.polled import PolledScaleCodec, ScaleCommand

COMMANDS: Mapping[str, bool] = {
    "read_weight": False,
    "read_high_resolution": False,
    "zero": True,
    "tare": True,
    "clear_tare": True,
}
"""Of every scale; one whose protocol lacks a command answers ``unsupported``."""

COMMAND_REPLY_S = 0.5
"""A scale answers zero and tare after 150 ms, or not at all (tare not enabled)."""
COMMAND_SETTLE_S = 0.15
"""Zero and tare take effect with the next reading of the weighing cell."""
COMMAND_CONFIRM_S = 2.0
"""Time for the scale to show that zero or tare was done; the plate may still be moving."""


def _is_tared(reading: Reading) -> bool:
    """Where the scale does not say net, the display at zero after a tare is all there is to see."""
    return reading.status is ScaleStatus.WEIGHT_ZERO if reading.is_net is None else reading.is_net


IS_DONE: Mapping[ScaleCommand, Callable[[Reading], bool]] = {
    ScaleCommand.ZERO: lambda reading: reading.status is ScaleStatus.WEIGHT_ZERO,
    ScaleCommand.TARE: _is_tared,
    ScaleCommand.CLEAR_TARE: lambda reading: reading.status in HAS_WEIGHT and reading.is_net is False,
}


def encode(codec: PolledScaleCodec, protocol: str, command: ScaleCommand, weight: Decimal | None = None) -> bytes:
    """The bytes of a command. Raises DeviceError ``unsupported``, or ``invalid_request`` for a tare it cannot send."""
    try:
        request = codec.encode(command, weight)
    except ValueError as error:
        raise DeviceError(ErrorCode.INVALID_REQUEST, str(error)) from error
    if request is None:
        raise DeviceError(ErrorCode.UNSUPPORTED, f"{protocol} has no {command.value}")
    return request


def tare_weight(params: Mapping[str, Any]) -> Decimal | None:
    """``{"weight": "0.010"}``: a known tare, in the scale's unit; without it the scale takes what lies on it."""
    text = params.get("weight")
    if text is None:
        return None
    try:
        if isinstance(text, str):
            return Decimal(text)
    except InvalidOperation:
        pass
    raise DeviceError(ErrorCode.INVALID_REQUEST, f"weight {text!r}: expected decimal text such as '0.010'")


def not_shown(device_id: str, command: ScaleCommand, reading: Reading) -> DeviceError:
    """The command was sent, and the scale shows that it was not done."""
    return DeviceError(
        ErrorCode.DEVICE_ERROR,
        f"scale {device_id!r}: still {reading} {COMMAND_CONFIRM_S} s after {command.value}; "
        "the plate must be still and within the zero range, and tare must be enabled in the scale",
    )


def refused(device_id: str, command: ScaleCommand, reason: str | None) -> DeviceError:
    """The scale said that it did not do it."""
    return DeviceError(
        ErrorCode.DEVICE_ERROR,
        f"scale {device_id!r}: refused {command.value}: {reason or 'no reason given'}; "
        "the plate must be still and within the zero range, and tare must be enabled in the scale",
    )
