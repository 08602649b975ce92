"""How an ESC/POS printer tells its condition in status bytes."""

from __future__ import annotations

from simulators.printer_condition import Condition


def real_time(condition: Condition, n: int) -> bytes:
    """The answer to DLE EOT n; nothing for an n there is not."""
    match n:
        case 1:
            bits = condition.is_drawer_high << 2 | condition.is_offline << 3
        case 2:
            bits = condition.is_cover_open << 2 | condition.is_paper_out << 5 | condition.has_error << 6
        case 3:
            bits = _errors(condition)
        case 4:
            bits = condition.is_paper_near_end * 0x0C | condition.is_paper_out * 0x60
        case _:
            return b""
    return bytes((0x12 | bits,))


def automatic(condition: Condition) -> bytes:
    """The four bytes of automatic status back."""
    first = 0x10 | condition.is_drawer_high << 2 | condition.is_offline << 3 | condition.is_cover_open << 5
    return bytes((first, _errors(condition), _paper(condition), 0x0F))


def in_order(condition: Condition, n: int) -> bytes:
    """The answer to GS r n."""
    match n % 48:
        case 1:
            return bytes((_paper(condition),))
        case 2:
            return bytes((int(condition.is_drawer_high),))
        case _:
            return b""


def _errors(condition: Condition) -> int:
    return (
        condition.is_blocked << 2
        | condition.is_cutter_jammed << 3
        | condition.is_broken << 5
        | condition.is_overheated << 6
    )


def _paper(condition: Condition) -> int:
    return condition.is_paper_near_end * 0x03 | condition.is_paper_out * 0x0C
