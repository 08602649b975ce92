"""A Mettler Toledo 8217 scale on a serial link: a plate, a display, and every way in which such a scale misbehaves.

It is the far end of the wire and shares no code with the codec. Everything random comes from the generator it is given.
"""

from __future__ import annotations

import asyncio
import random
from decimal import Decimal
from typing import Literal

from simulators.link import Wire
from simulators.wired import WiredDevice

Status = Literal["stable", "motion", "under", "over", "outside_zero", "silent", "garbage", "half"]
"""What it answers: ``stable`` is what lies on the plate; ``silent`` nothing; ``garbage`` noise; ``half`` frames without
an end."""

STATUSES: tuple[Status, ...] = ("stable", "motion", "under", "over", "outside_zero", "silent", "garbage", "half")
REPLY_DELAY_S = 0.004
TARE_DELAY_S = 0.15
COMMAND_BYTES_MAX = 16
NOISE = bytes(set(range(256)) - {0x02, 0x82, 0x0D, 0x8D})
"""No start and no end: noise that happens to be a whole frame is not noise."""
CAPACITY = {"kg": Decimal("15.000"), "lb": Decimal("30.00")}
STEP = {"kg": Decimal("0.001"), "lb": Decimal("0.01")}


class Toledo8217Scale(WiredDevice):
    """``put`` a weight on it, set ``status``, or let ``parity`` and ``reply_delay_s`` be wrong; all at any time.

    ``as_8n1``: bit 7 carries even parity, as a 7E1 scale looks through a port that is set to 8N1; ``bad_parity``: one
    bit of the next answers is flipped. ``drop_point``: no decimal point, as the 8213 and SASI scales do.
    ``sends_weight_once``: then a status without any bit until the weight changes, as some clones do.
    """

    def __init__(
        self,
        link: Wire,
        *,
        unit: Literal["kg", "lb"] = "kg",
        rng: random.Random | None = None,
        settle_s: float = 0.0,
        reply_delay_s: float = REPLY_DELAY_S,
        is_tare_enabled: bool = True,
    ) -> None:
        super().__init__(link)
        self.status: Status = "stable"
        self.unit = unit
        self.settle_s = settle_s
        self.reply_delay_s = reply_delay_s
        self.is_tare_enabled = is_tare_enabled
        self.as_8n1 = False
        self.bad_parity = False
        self.drop_point = False
        self.sends_weight_once = False
        self.gross = Decimal(0)
        self.tare = Decimal(0)
        self._zero = Decimal(0)
        self._last_sent = b""
        self._rng = rng or random.Random(0)
        self._input = bytearray()
        self._is_echoing = False
        self._moving_until_s = 0.0
        self._timers: set[asyncio.TimerHandle] = set()

    async def stop(self) -> None:
        """Fall silent for good and take the link away."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        await super().stop()

    def put(self, weight: Decimal | str) -> None:
        """What lies on the plate from now on, in the scale's unit. The plate moves for ``settle_s``."""
        self.gross = Decimal(weight)
        self._moving_until_s = asyncio.get_running_loop().time() + self.settle_s

    @property
    def shown(self) -> Decimal:
        """The number on the display."""
        return (self.gross - self._zero - self.tare).quantize(STEP[self.unit])

    def _hear(self, data: bytes) -> None:
        self.counters["bytes_heard"] += len(data)
        for byte in data:
            self._hear_byte(byte & 0x7F)

    def _hear_byte(self, byte: int) -> None:
        if self._is_echoing and byte != ord("F"):
            self._answer(bytes((byte,)), is_frame=False)
            return
        if self._input:  # a tare command is under way: T, five digits, CR
            if chr(byte).isdigit() and len(self._input) < COMMAND_BYTES_MAX:
                self._input.append(byte)
                return
            digits = bytes(self._input[1:])
            self._input.clear()
            self._take_tare(digits)
            if byte == 0x0D:
                return
        self._obey(chr(byte))

    def _obey(self, command: str) -> None:
        match command:
            case "W":
                self.counters["weight_requests"] += 1
                self._answer(self._weight_answer())
            case "T":
                self._input.append(ord("T"))
            case "Z":
                if self._is_still() and not self.tare and abs(self.gross) <= CAPACITY[self.unit] / 50:
                    self._zero = self.gross
                self._answer(self._status_answer())
            case "C":
                if self._is_still():
                    self.tare = Decimal(0)
                self._answer(self._status_answer(), delay_s=TARE_DELAY_S)
            case "A":
                self._answer(b"")
            case "B":
                self._answer(b"?@")
            case "E":
                self._answer(b"E")
                self._is_echoing = True
            case "F":
                self._is_echoing = False
            case _:
                self._answer(self._status_answer())

    def _take_tare(self, digits: bytes) -> None:
        if not self.is_tare_enabled:
            return
        if len(digits) == 5:
            self.tare = Decimal(int(digits)) * STEP[self.unit]
        elif not digits and self._is_still() and self.gross - self._zero > 0:
            self.tare = self.gross - self._zero
        self._answer(self._status_answer(), delay_s=TARE_DELAY_S)

    def _is_still(self) -> bool:
        return self.status == "stable" and asyncio.get_running_loop().time() >= self._moving_until_s

    def _weight_answer(self) -> bytes:
        is_weighable = self.shown >= 0 and self.gross <= CAPACITY[self.unit]
        if (
            self.status not in {"stable", "half"}
            or not is_weighable
            or (self.status == "stable" and not self._is_still())
        ):
            return self._status_answer()
        text = f"{self.shown:06.{3 if self.unit == 'kg' else 2}f}"
        if self.drop_point:
            text = text.replace(".", "")
        weight = text.encode() + (b"N" if self.tare else b"")
        is_repeat, self._last_sent = weight == self._last_sent, weight
        return b"?@" if is_repeat and self.sends_weight_once else weight

    def _status_answer(self) -> bytes:
        bits = 0x40
        is_moving = self.status == "motion" or asyncio.get_running_loop().time() < self._moving_until_s
        bits |= 0x01 if is_moving else 0
        bits |= 0x02 if self.status == "over" or self.gross > CAPACITY[self.unit] else 0
        bits |= 0x04 if self.status == "under" or self.shown < 0 else 0
        bits |= 0x08 if self.status == "outside_zero" else 0
        bits |= 0x10 if self.shown == 0 else 0
        bits |= 0x20 if self.tare else 0
        return b"?" + bytes((bits,))

    def _answer(self, body: bytes, *, is_frame: bool = True, delay_s: float | None = None) -> None:
        if self.status == "silent":
            return
        data = self._spoil(b"\x02" + body + b"\r" if is_frame else body)
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(self.reply_delay_s, delay_s or 0.0), self._send, data)
        self._timers = {pending for pending in self._timers if pending.when() > loop.time()} | {timer}

    def _spoil(self, data: bytes) -> bytes:
        if self.status == "garbage":
            return bytes(self._rng.choice(NOISE) for _ in range(9))
        if self.status == "half":
            data = data[: self._rng.randrange(1, len(data))]
        if self.as_8n1 or self.bad_parity:
            data = bytes(byte | (byte.bit_count() & 1) << 7 for byte in data)
        if self.bad_parity:
            place = self._rng.randrange(1, len(data) - 1)
            data = data[:place] + bytes((data[place] ^ 1 << self._rng.randrange(0, 3),)) + data[place + 1 :]
        return data

    def _send(self, data: bytes) -> None:
        self.counters["answers"] += 1
        self._link.write(data)


def main(argv: list[str] | None = None) -> int:
    """``edge-gateway simulate toledo-8217``; see ``simulators.toledo_8217_console``."""
    from simulators.toledo_8217_console import run_console

    return run_console(argv)
