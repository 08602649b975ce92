"""What zero, tare and clear tare have in common, whether a scale is asked or sends by itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from edge_gateway.contracts.errors import DeviceError, ErrorCode
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


TARE_PARAMS = frozenset({"weight"})
TARE_CHARS_MAX = 16
"""No scale shows more digits."""
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


def encode(codec: PolledScaleCodec, protocol: str, command: ScaleCommand, weight: Decimal | None = None) -> bytes:
    """The bytes of a command. Raises DeviceError ``unsupported``, or ``invalid_request`` for a tare it cannot send."""
    try:
        request = codec.encode(command, weight)
    except ValueError as error:
        raise DeviceError(ErrorCode.INVALID_REQUEST, str(error)) from error
    if request is None:
        raise DeviceError(ErrorCode.UNSUPPORTED, f"{protocol} has no {command.value}")
    return request


def tare_weight(command: ScaleCommand, params: Mapping[str, Any]) -> Decimal | None:
    """``{"weight": "0.010"}`` of a tare: a known one, in the scale's unit; without it what lies on the scale.

    Raises DeviceError ``invalid_request`` for any other parameter: a typing error must not tare the goods away.
    """
    known = TARE_PARAMS if command is ScaleCommand.TARE else frozenset[str]()
    if unknown := sorted(set(params) - known):
        expected = f"expected {', '.join(sorted(known))}, in the scale's unit" if known else "it takes none"
        raise DeviceError(
            ErrorCode.INVALID_REQUEST, f"{command.value}: unknown params {', '.join(unknown)}; {expected}"
        )
    text = params.get("weight")
    if text is None:
        return None
    if isinstance(text, str) and len(text) <= TARE_CHARS_MAX and _DECIMAL.fullmatch(text):
        return Decimal(text)
    shown = repr(text)[:40]
    raise DeviceError(ErrorCode.INVALID_REQUEST, f"weight {shown}: expected decimal text such as '0.010'")
