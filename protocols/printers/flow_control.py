"""XON and XOFF in what a printer sends: the same in every printer language."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import CodecEvent

XON: Final = 0x11
XOFF: Final = 0x13


@dataclass(frozen=True, slots=True)
class FlowControl(CodecEvent):
    """XON (11) or XOFF (13)."""

    kind: str
    can_send: bool


def flow_control(byte: int) -> FlowControl:
    """The event of one of the two bytes."""
    return FlowControl("XON" if byte == XON else "XOFF", byte == XON)
