"""A weighing plate on a link, and every way in which a scale misbehaves: what the simulated scales have in common.

A protocol is a subclass: it hears bytes and answers by ``answer``. It is the far end of the wire and shares no code
with the codecs. Everything random comes from the generator it is given.
"""

from __future__ import annotations

import asyncio
import random
from abc import abstractmethod
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from simulators.link import Wire
from simulators.wired import WiredDevice

Status = Literal["stable", "motion", "under", "over", "silent", "garbage", "half", "bad_check"]
"""What it answers: ``stable`` is what lies on the plate; ``silent`` nothing; ``garbage`` noise; ``half`` frames without
an end; ``bad_check`` frames with a wrong check character, where the protocol has one."""

REPLY_DELAY_S = 0.004
CENT = Decimal("0.01")


class WeighingPlate(WiredDevice):
    """``put`` a weight on it, or set ``status`` or ``reply_delay_s``; all at any time."""

    noise = bytes(range(0x80, 0xFF))
    """What garbage is made of; no byte of it can start or end a frame."""

    def __init__(
        self,
        link: Wire,
        *,
        rng: random.Random | None = None,
        settle_s: float = 0.0,
        reply_delay_s: float = REPLY_DELAY_S,
        unit: str = "kg",
        step: Decimal | None = None,
        capacity: Decimal | None = None,
    ) -> None:
        super().__init__(link)
        self.status: Status = "stable"
        self.settle_s = settle_s
        self.reply_delay_s = reply_delay_s
        self.unit = unit
        self.step = step or Decimal("0.001")
        self.capacity = capacity or Decimal("15.000")
        self.gross = Decimal(0)
        self.tare = Decimal(0)
        self.zero = Decimal(0)
        self.rng = rng or random.Random(0)
        self._moving_until_s = 0.0
        self._timers: set[asyncio.TimerHandle] = set()

    @abstractmethod
    def hear(self, data: bytes) -> None:
        """Bytes of the gateway."""

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
        return (self.gross - self.zero - self.tare).quantize(self.step)

    @property
    def is_moving(self) -> bool:
        return self.status == "motion" or asyncio.get_running_loop().time() < self._moving_until_s

    @property
    def is_over(self) -> bool:
        return self.status == "over" or self.gross > self.capacity

    @property
    def is_under(self) -> bool:
        return self.status == "under" or self.shown < 0

    @property
    def digits(self) -> str:
        """Five digits of what is shown, without the point."""
        return f"{int(abs(self.shown) / self.step):05d}"

    def price_of(self, unit_price: Decimal) -> Decimal:
        """What the scale computes: it is the scale that rounds."""
        return (self.shown * unit_price).quantize(CENT, ROUND_HALF_UP)

    def check(self, value: int) -> int:
        """A check character, wrong where the scale is told to be."""
        return value ^ 0x01 if self.status == "bad_check" else value

    def answer(self, data: bytes, *, delay_s: float = 0.0) -> None:
        """Send after the reply delay, as the status wants it."""
        if self.status == "silent":
            return
        if self.status == "garbage":
            data = bytes(self.rng.choice(self.noise) for _ in range(9))
        elif self.status == "half" and len(data) > 1:
            data = data[: self.rng.randrange(1, len(data))]
        elif self.status == "half":
            return
        loop = asyncio.get_running_loop()
        timer = loop.call_later(max(self.reply_delay_s, delay_s), self._send, data)
        self._timers = {pending for pending in self._timers if pending.when() > loop.time()} | {timer}

    def later(self, delay_s: float, what: Callable[[], None]) -> None:
        """Something the scale does by itself after a while."""
        loop = asyncio.get_running_loop()
        timer = loop.call_later(delay_s, what)
        self._timers = {pending for pending in self._timers if pending.when() > loop.time()} | {timer}

    def _hear(self, data: bytes) -> None:
        self.counters["bytes_heard"] += len(data)
        self.hear(data)

    def _send(self, data: bytes) -> None:
        self.counters["answers"] += 1
        self._link.write(data)
