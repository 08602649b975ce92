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
"""Of every scale; which of them one has is a matter of its protocol (``commands_of``)."""

COMMAND_REPLY_S = 0.5
"""A scale answers zero and tare after 150 ms, or not at all (tare not enabled)."""
COMMAND_SETTLE_S = 0.15
"""Zero and tare take effect with the next reading of the weighing cell."""
COMMAND_CONFIRM_S = 2.0
"""Time for the scale to show that zero or tare was done; the plate may still be moving."""


_KNOWN_TARE = Decimal("0.1")
"""To see whether a protocol that cannot take what lies on the scale takes a known tare."""
TARE_PARAMS = frozenset({"weight"})
TARE_CHARS_MAX = 16
"""No scale shows more digits."""
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")


def commands_of(codec: PolledScaleCodec, *, is_asked: bool) -> Mapping[str, bool]:
    """Those that the protocol, as it is set, has bytes for. One that sends by itself is read without a question."""
    has = {command: _has(codec, command) for command in ScaleCommand}
    if not is_asked:
        has |= {ScaleCommand.READ_WEIGHT: True, ScaleCommand.READ_HIGH_RESOLUTION: False}
    return {name: has_effect for name, has_effect in COMMANDS.items() if has[ScaleCommand(name)]}


def _has(codec: PolledScaleCodec, command: ScaleCommand) -> bool:
    try:
        request = codec.encode(command)
        if request is None and command is ScaleCommand.TARE:
            request = codec.encode(command, _KNOWN_TARE)
    except ValueError:
        return True  # it has the command, for other params
    return request is not None


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
