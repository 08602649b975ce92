"""How a Star printer tells its condition: the bytes of an automatic status."""

from __future__ import annotations

from simulators.printer_condition import Condition

LENGTH_BYTES = 9
VERSIONS = {"star-line": 3, "star-prnt": 5, "star-graphic": 3}


def automatic(condition: Condition, version: int, etb_counter: int, *, is_etb: bool) -> bytes:
    """Nine bytes: two headers, printer status 1 to 7."""
    return bytes(
        (
            0x01 | _spread(LENGTH_BYTES),
            _spread(version),
            is_etb << 1 | condition.is_drawer_high << 2 | condition.is_offline << 3 | condition.is_cover_open << 5,
            condition.is_blocked << 2
            | condition.is_cutter_jammed << 3
            | condition.is_broken << 5
            | condition.is_overheated << 6,
            0,
            condition.is_paper_near_end << 2 | condition.is_paper_out << 3,
            0,
            (etb_counter & 7) << 1 | (etb_counter >> 3 & 3) << 5,
            0,
        )
    )


def _spread(number: int) -> int:
    """Into bits 5, 3, 2 and 1."""
    return (number & 7) << 1 | (number >> 3 & 1) << 5
