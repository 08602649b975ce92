"""A Berkel scale with EPOS 1 on a serial link: it sends a weight and believes the till only when it sends it back."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

FRAME_BYTES = 9


class Epos1BerkelScale(WeighingPlate):
    """``refuses_echo``: answers the next echoes with ACK, as if they were wrong."""

    def __init__(self, link: Wire, **options: Any) -> None:
        super().__init__(link, **options)
        self.refuses_echo = False
        self._input = bytearray()
        self._sent = b""

    def hear(self, data: bytes) -> None:
        self._input += data
        while self._input:
            first = self._input[0]
            if first == 0x05:
                del self._input[0]
                self.answer(b"\x18" if self.is_moving else b"\x06")
            elif first == 0x11:
                del self._input[0]
                self._tell()
            elif first == 0x02 and len(self._input) < FRAME_BYTES:
                return
            elif first == 0x02:
                frame = bytes(self._input[:FRAME_BYTES])
                del self._input[:FRAME_BYTES]
                self._take(frame)
            else:
                del self._input[0]

    def _tell(self) -> None:
        is_out = self.is_over or self.is_under
        kind = {"lb": 0x2A}.get(self.unit, 0x29) | (0x10 if is_out else 0)
        body = bytes((kind,)) + (b"00000" if is_out else self.digits.encode("ascii"))
        block_check = 0
        for byte in body:
            block_check ^= byte
        self._sent = b"\x02" + body + bytes((self.check(block_check), 3))
        self.answer(self._sent)

    def _take(self, frame: bytes) -> None:
        command = frame[1:2]
        if command in b"ZN" and frame[2:7] == bytes(5):
            if not self.is_moving:
                self._carry_out(command)
            self.answer(b"\x0d")
            return
        is_right = frame == self._sent and not self.refuses_echo
        self.counters["confirmed" if is_right else "refused"] += 1
        self.answer(b"\x0d" if is_right else b"\x06")

    def _carry_out(self, command: bytes) -> None:
        if command == b"Z":
            self.zero = self.gross
        else:
            self.tare = max(Decimal(0), self.gross - self.zero)


def main(argv: list[str] | None = None) -> int:
    """An EPOS 1 scale on a pty."""
    return run_plate("epos1-berkel", Epos1BerkelScale, argv)
