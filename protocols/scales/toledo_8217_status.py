"""Mettler Toledo 8217: the status byte, and an answer as codec event.

Bits (Mettler Toledo DIVA Service Manual 6.1.4.3): 0 motion, 1 over capacity, 2 under zero, 3 outside the zero capture
range, 4 centre of zero, 5 net, 6 always 1, 7 parity. SASI scales (Datalogic KA-01089) send a letter of a list in the
same place: A motion, B out of range, C under zero, D outside the zero range.

Priority when several bits are set: motion, over, under, outside zero, centre of zero. Motion comes first because over
and under are momentary while the plate moves (an item dropped on it overshoots). None of these comes with a weight.
"""

from __future__ import annotations

from dataclasses import dataclass

from edge_gateway.contracts.events import WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import JsonEvent

MOTION, OVER, UNDER, OUTSIDE_ZERO, CENTER_OF_ZERO, NET, ALWAYS_SET = (1 << bit for bit in range(7))

BITS_BY_PRIORITY = (
    (MOTION, ScaleStatus.WEIGHT_UNSTABLE),
    (OVER, ScaleStatus.WEIGHT_OVERWEIGHT),
    (UNDER, ScaleStatus.WEIGHT_UNDER_ZERO),
    (OUTSIDE_ZERO, ScaleStatus.NOT_READY),
    (CENTER_OF_ZERO, ScaleStatus.WEIGHT_ZERO),
)
SASI_LETTERS = {"A": MOTION, "B": OVER, "C": UNDER, "D": OUTSIDE_ZERO}
FAILED_TESTS = {1 << 1: "novram", 1 << 2: "ram", 1 << 3: "cpu_ram", 1 << 4: "rom"}


@dataclass(frozen=True, slots=True)
class Toledo8217Read(WeightRead):
    """``bits``: of a status answer, in 8217 order without bit 6; None: it was a weight.

    ``is_unit_sent``: the unit stood in the frame; ``is_parity_masked``: bit 7 carried parity and was taken off;
    ``implied_decimals``: the weight was sent without its point.
    """

    bits: int | None = None
    is_unit_sent: bool = False
    is_parity_masked: bool = False
    implied_decimals: int | None = None

    def describe(self) -> JsonEvent:
        """For people and tools.

        A status byte means one thing after ``W`` and another after ``B`` (result of the confidence test), and bytes
        alone do not say which was asked: both readings are told.
        """
        told: JsonEvent = {"event": "weight_read" if self.bits is None else "status_read", "status": self.status.value}
        if self.weight is not None:
            told |= {"weight": self.weight, "unit": self.unit, "net": self.is_net}
            told["stable"] = True
            if not self.is_unit_sent:
                told["unit_by_config"] = self.unit
        if self.implied_decimals is not None:
            told["implied_decimals"] = self.implied_decimals
        if self.is_high_resolution:
            told["high_resolution"] = True
        if self.bits is not None:
            told |= _described(self.bits)
        if self.bits == 0:
            # A scale by the manual answers W with a weight where no bit is set; some send a weight once, then this.
            told["in_reply_to"] = "B (confidence result)"
        if self.is_parity_masked:
            told["after_mask_7f"] = True
        return told


def read_status(byte: int, codes: str, is_parity_masked: bool) -> Toledo8217Read | None:
    """From the byte after ``?``; None: it is no status."""
    if codes == "sasi":
        bits = SASI_LETTERS.get(chr(byte))
        if bits is None and byte != ALWAYS_SET:
            return None
        bits = bits or 0
    elif byte & ALWAYS_SET:
        bits = byte & ~ALWAYS_SET
    else:
        return None
    status = next((status for bit, status in BITS_BY_PRIORITY if bits & bit), ScaleStatus.NOT_READY)
    return Toledo8217Read(
        status,
        is_net=bool(bits & NET),
        is_center_of_zero=bool(bits & CENTER_OF_ZERO),
        bits=bits,
        is_parity_masked=is_parity_masked,
    )


def _described(bits: int) -> JsonEvent:
    failed = [name for bit, name in FAILED_TESTS.items() if bits & bit]
    return {
        "stable": not bits & MOTION,
        "motion": bool(bits & MOTION),
        "in_motion": bool(bits & MOTION),
        "over_capacity": bool(bits & OVER),
        "overload": bool(bits & OVER),
        "under_zero": bool(bits & UNDER),
        "outside_zero_capture_range": bool(bits & OUTSIDE_ZERO),
        "center_of_zero": bool(bits & CENTER_OF_ZERO),
        "net": bool(bits & NET),
        "all_passed": bits == 0,
        "failed_tests": failed,
    }
