"""Parity made here, for adapters that only know 8 bits without it: a 7E1 device behind an 8N1 port."""

from __future__ import annotations

from typing import Literal

from edge_gateway.contracts.transport import ByteSink

WITHOUT_PARITY = bytes(byte & 0x7F for byte in range(256))
"""As a table for ``bytes.translate``."""


class SoftwareParity:
    """``N``: the eighth bit is 1, which a device of 7 bits takes for a second stop bit."""

    def __init__(self, parity: Literal["N", "E", "O"]) -> None:
        self._table = bytes(_with_parity(byte & 0x7F, parity) for byte in range(256))

    def add(self, data: bytes) -> bytes:
        """As the device expects it."""
        return data.translate(self._table)

    def over(self, sink: ByteSink) -> ByteSink:
        """The sink, given what the device meant. Parity is not checked: a wrong byte is for the codec to find."""
        return _Masked(sink)


class _Masked:
    def __init__(self, sink: ByteSink) -> None:
        self._sink = sink

    def data_received(self, data: bytes) -> None:
        self._sink.data_received(data.translate(WITHOUT_PARITY))

    def connection_lost(self, error: Exception | None) -> None:
        self._sink.connection_lost(error)


def _with_parity(byte: int, parity: Literal["N", "E", "O"]) -> int:
    bit = 1 if parity == "N" else byte.bit_count() % 2 ^ (parity == "O")
    return byte | bit << 7
