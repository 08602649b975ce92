"""Dialog 06: what the two digits of record 09 say. Source: Mettler Toledo DIVA service manual, 6.1.8 (record 09)."""

from __future__ import annotations

from typing import Final

from edge_gateway.contracts.states import ScaleStatus

MOTION: Final = 20
NOT_LIFTED: Final = 21
NOT_FINISHED: Final = 22

MEANINGS: Final = {
    0: "ok",
    1: "general error",
    2: "parity error or buffer overflow",
    10: "invalid record number",
    11: "invalid unit price",
    12: "invalid tare",
    13: "invalid text",
    MOTION: "in motion",
    NOT_LIFTED: "no motion since last weighing: lift item",
    NOT_FINISHED: "weighing not finished",
    30: "below minimum weight",
    31: "below zero",
    32: "overload",
}
ASK_AGAIN: Final = frozenset({MOTION, NOT_FINISHED})
"""The result may be asked for again; after any other error the weighing starts anew."""
REFUSED: Final = frozenset({11, 12, 13})
"""The scale does not take what the till sent; the same again would be refused again."""
MAY_PASS: Final = frozenset({1, 2, 10})
"""What went wrong on the way may go better the next time."""

_STATUSES: Final = {
    MOTION: ScaleStatus.WEIGHT_UNSTABLE,
    NOT_FINISHED: ScaleStatus.WEIGHT_UNSTABLE,
    31: ScaleStatus.WEIGHT_UNDER_ZERO,
    32: ScaleStatus.WEIGHT_OVERWEIGHT,
}


def scale_status(code: int) -> ScaleStatus:
    """``not_ready``: nothing is wrong, but there is no weight either; this scale weighs only for a price."""
    return _STATUSES.get(code, ScaleStatus.NOT_READY)
