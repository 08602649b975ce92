"""Datalogic Magellan, scanner and scale on one cable: the scale's half.

::

    S11 CR  ->  S110215 CR        weight once it is stable: four digits lb (two decimals), five kg (three)
    S14 CR  ->  S14401235 CR      weight and state now; S140 not ready, S141 in motion, S142 over capacity,
                                  S143 stable zero, S144 stable weight, S145 under zero

Prefix (S) and suffix (CR) are settings of the scanner. Lines that begin with the prefix and 0 are scans (S08...): they
are the scanner's, and passed over here. A bar code may hold a CR and then what looks like a weight, so one answer alone
proves nothing: a driver believes the second equal one. Sources: Datalogic KA-01089; Magellan 8500 and 9800 manuals.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import LineRead, describe
from protocols.scales.lines import LineCodec, LineOptions, decimal_text
from protocols.scales.polled import PolledScaleProtocol, ScaleCommand

LINE_BYTES_MAX = 8192
"""The longest scan that may pass by."""
DECIMALS = {4: ("lb", 2), 5: ("kg", 3)}
"""By the digits that are sent."""
STATES = {
    "0": ("not_ready", ScaleStatus.NOT_READY),
    "1": ("unstable", ScaleStatus.WEIGHT_UNSTABLE),
    "2": ("over_capacity", ScaleStatus.WEIGHT_OVERWEIGHT),
    "3": ("stable_zero", ScaleStatus.WEIGHT_ZERO),
    "4": ("stable", ScaleStatus.STABLE_WEIGHT),
    "5": ("under_zero", ScaleStatus.WEIGHT_UNDER_ZERO),
}
_ANSWER = re.compile(r"1(?:1(?P<weight>\d{4,5})|4(?P<state>[0-35])|44(?P<stable>\d{4,5}))")
_OWN = re.compile(r"1[14]")


class DatalogicSingleCableOptions(LineOptions):
    """Settings of a profile for this protocol."""

    unit: Literal["kg", "lb"] = Field("kg", description="Unit the scale is set to: five digits or four.")
    prefix: str = Field("S", max_length=4, description="What the unit is set to send, and wants, in front.")
    suffix: Literal["cr", "crlf"] = Field("cr", description="What the unit wants behind a question.")
    is_unit_checked: bool = Field(True, description="Reject weights with the digits of the other unit.")


AS_SENT = DatalogicSingleCableOptions(is_unit_checked=False)


class DatalogicSingleCableCodec(LineCodec):
    """Scale to host."""

    bytes_max = LINE_BYTES_MAX

    def __init__(self, options: DatalogicSingleCableOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._options = options

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        if command is not ScaleCommand.READ_WEIGHT:
            return None
        return f"{self._options.prefix}14".encode() + (b"\r" if self._options.suffix == "cr" else b"\r\n")

    def is_whole(self, line: bytes) -> bool:
        return True  # of a scan nothing is asked; of an answer in understand

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if not text.startswith(self._options.prefix):
            return None
        body = text.removeprefix(self._options.prefix)
        match = _ANSWER.fullmatch(body) if super().is_whole(line) else None
        if match is None:
            return None
        if match["state"] is not None:
            word, status = STATES[match["state"]]
            is_stable = word not in ("unstable", "not_ready")
            return LineRead(status, is_stability_sent=False, is_stable=is_stable, told={"status": word})
        return self._weight(match["weight"] or match["stable"], is_asked_now=match["stable"] is not None)

    def _read(self, line: bytes | FrameRejected) -> CodecEvent | None:
        """Without the scanner's lines."""
        data = line.data if isinstance(line, FrameRejected) else line
        text = bytes(byte & 0x7F for byte in data[:64]).decode("ascii")
        is_scan = text.startswith(f"{self._options.prefix}0")
        return None if is_scan and not isinstance(line, FrameRejected) else super()._read(line)

    def _weight(self, digits: str, *, is_asked_now: bool) -> LineRead | None:
        unit, decimals = DECIMALS[len(digits)]
        if self._options.is_unit_checked and unit != self._options.unit:
            return None
        weight = decimal_text("", f"{digits[:-decimals]}.{digits[-decimals:]}")
        status = ScaleStatus.STABLE_WEIGHT if weight.strip("0.") else ScaleStatus.WEIGHT_ZERO
        told: dict[str, Any] = {"status": "stable"} if is_asked_now else {}
        told = {**told, "implied_decimals": decimals}
        return LineRead(status, weight, unit, is_stability_sent=False, is_stable=True, told=told)


COMMANDS = {"11": "weight_when_stable", "14": "weight_or_status_now"}


def _commands() -> LineCommandCodec:
    return LineCommandCodec({f"S{digits}": name for digits, name in COMMANDS.items()})


SCALE = PolledScaleProtocol(DatalogicSingleCableOptions, DatalogicSingleCableCodec)
PROTOCOLS = {
    "scale/datalogic-single-cable": Decodable(
        device_to_host=Side(
            DatalogicSingleCableCodec,
            examples=(b"S110215\r", b"S1101235\r", b"S14401235\r", b"S140\r", b"S141\r", b"S143\r", b"S145\r"),
        ),
        host_to_device=Side(_commands, examples=(b"S11\r", b"S14\r")),
        describe=describe,
    )
}
