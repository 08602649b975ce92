"""Cash drawers with a serial trigger: any byte opens, and nothing is said in bytes.

Source: what the makers' leaflets of such triggers have in common; most name BEL (07).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_gateway.contracts.events import CodecEvent
from protocols.decoding import Decodable, Side


@dataclass(frozen=True, slots=True)
class DrawerTriggered(CodecEvent):
    """One byte. ``command``: ``open``."""

    command: str
    byte: int


class SerialTriggerCodec:
    """Implements Codec for host to device."""

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        return [DrawerTriggered("open", byte) for byte in data]

    def flush(self) -> Sequence[CodecEvent]:
        return []


PROTOCOLS = {"cash_drawer/serial-trigger": Decodable(host_to_device=Side(SerialTriggerCodec, examples=(b"\x07",)))}
