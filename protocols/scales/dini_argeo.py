"""Dini Argeo 3590 and relatives: ``READ`` CR LF asks, ``ST,1,     1.234kg,     0.000kg`` CR LF answers.

State (ST stable, US in motion, OL over, UL under, TL tilted), number of the platform, net weight, tare (``PT`` before
a tare that was typed in). ``OK`` and ``ERRnn`` answer commands; ``PCOK`` is answered by one of them, which is how the
scale is recognised. Source: Dini Argeo 3590 and DGT manuals, serial protocol;
ellery-it/odoo-serial-scale-drivers, SSD-DiniArgeo3590Standard.py.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from pydantic import Field

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side
from protocols.scales.line_commands import LineCommandCodec
from protocols.scales.line_events import LineRead, describe, no_weight, overload, underload, weight_read
from protocols.scales.lines import LineCodec, LineOptions, decimal_text, is_width, unit_text
from protocols.scales.polled import CommandAnswered, PolledScaleProtocol, ScaleCommand, StreamingScaleProtocol

WEIGHT_CHARS = 10

_NUMBER = r" *(?P<{0}_sign>[+-]?) *(?P<{0}_digits>\d+(?:\.\d*)?)"
_LINE = re.compile(
    rf"(?P<state>ST|US|OL|UL|TL),(?P<scale>\d{{1,2}}),(?P<net_field>{_NUMBER.format('net')}|[ .+-]*) ?"
    r"(?P<unit>[A-Za-z]{1,3})"
    rf"(?:,(?P<typed> *PT)?(?P<tare_field>{_NUMBER.format('tare')}|[ .+-]*) ?(?P<tare_unit>[A-Za-z]{{1,3}}))?(?:,.*)?"
)
_ANSWER = re.compile(r"(?P<error>ERR\d{2})|(?P<done>OK|PCOK)")

COMMANDS = {"READ": "read_weight", "ZERO": "zero", "TARE": "tare", "C": "clear_tare", "PCOK": "probe", "VER": "version"}
_WITH_VALUE = ((re.compile(r"(?:TMAN|W)(?P<tare>\d+(?:\.\d*)?)"), "set_tare"),)


class DiniArgeoOptions(LineOptions):
    """Settings of a profile for this protocol."""

    weight_chars: int | None = Field(WEIGHT_CHARS, ge=6, le=14, description="Width of a number; null: any.")
    has_tare: bool = Field(
        True, description="The tare is sent behind the weight; a line without it has lost something."
    )


AS_SENT = DiniArgeoOptions(weight_chars=None, has_tare=False)


class DiniArgeoCodec(LineCodec):
    """Scale to host."""

    def __init__(self, options: DiniArgeoOptions = AS_SENT) -> None:
        super().__init__(options.unit)
        self._weight_chars = options.weight_chars
        self._has_tare = options.has_tare

    def encode(self, command: ScaleCommand, weight: Decimal | None = None) -> bytes | None:
        match command:
            case ScaleCommand.READ_WEIGHT:
                return b"READ\r\n"
            case ScaleCommand.ZERO:
                return b"ZERO\r\n"
            case ScaleCommand.TARE if weight is None:
                return b"TARE\r\n"
            case ScaleCommand.CLEAR_TARE:
                return b"C\r\n"
        return None

    def understand(self, text: str, line: bytes) -> CodecEvent | None:
        if (match := _ANSWER.fullmatch(text.strip())) is not None:
            if match["error"]:
                return CommandAnswered(None, is_done=False, reason=match["error"], told={"error": match["error"]})
            return CommandAnswered(None, is_done=True, told={"ok": True})
        match = _LINE.fullmatch(text.rstrip())
        return None if match is None else self._weight(match)

    def _weight(self, match: re.Match[str]) -> LineRead | None:
        unit = unit_text(match["unit"])
        scale: dict[str, Any] = {"scale": int(match["scale"])}
        match match["state"]:
            case "OL":
                return overload(unit, **scale)
            case "UL":
                return underload(unit, **scale)
            case "TL":
                return no_weight(error="tilted", **scale)
        names = ("net_field",) if match["typed"] else ("net_field", "tare_field")
        fields = [match[name] for name in names if match[name] is not None]
        if match["net_digits"] is None or (self._has_tare and match["tare_digits"] is None):
            return None
        if match["tare_unit"] is not None and match["tare_unit"] != match["unit"]:
            return None
        if not all(is_width(field, self._weight_chars) for field in fields):
            return None
        net = decimal_text(match["net_sign"], match["net_digits"])
        tare = decimal_text(match["tare_sign"], match["tare_digits"]) if match["tare_digits"] else None
        return weight_read(
            net,
            unit,
            is_stable=match["state"] == "ST",
            is_net=None if tare is None else bool(tare.strip("-0.")),
            tare=tare,
            is_width_known=self._weight_chars is not None,
            told={**scale, "net": net},
        )


SCALE = PolledScaleProtocol(DiniArgeoOptions, DiniArgeoCodec)
STREAM = StreamingScaleProtocol(DiniArgeoOptions, DiniArgeoCodec)
PROTOCOLS = {
    "scale/dini-argeo": Decodable(
        device_to_host=Side(
            DiniArgeoCodec,
            examples=(
                b"ST,1,     1.234kg,     0.000kg\r\n",
                b"US,1,     0.500kg,     0.120kg\r\n",
                b"OL,1,          kg,     0.000kg\r\n",
                b"OK\r\n",
                b"ERR04\r\n",
            ),
        ),
        host_to_device=Side(lambda: LineCommandCodec(COMMANDS, _WITH_VALUE), examples=(b"READ\r\n", b"TMAN0.120\r\n")),
        describe=describe,
    )
}
