"""A scale with Dialog 06 on a serial link: it computes the price, and asks the till for checksums.

``polynomial`` is the secret it shares with the till (17 bits); the default is made up and no vendor's.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from simulators.link import Wire
from simulators.plate_console import run_plate
from simulators.weighing_plate import WeighingPlate

EXAMPLE_POLYNOMIAL = 0x15A2B
"""Of nobody: for tests and demonstrations."""
WEIGHINGS_PER_CHALLENGE = 50
LINE_BYTES_MAX = 128


class Dialog06Scale(WeighingPlate):
    """``refusal``: a status the next record is refused with; ``asks_colon``: digits above 9 as ``:`` to ``?``."""

    def __init__(self, link: Wire, *, polynomial: int = EXAMPLE_POLYNOMIAL, **options: Any) -> None:
        super().__init__(link, **options)
        self.polynomial = polynomial
        self.has_challenge = True
        self.asks_colon = False
        self.needs_lifting = False
        self.refusal = 0
        self.text = ""
        self.sums_accepted = 0
        self.sums_rejected = 0
        self._input = bytearray()
        self._unit_price: Decimal | None = None
        self._status = 0
        self._weighings_left = 0
        self._challenge: tuple[int, int] | None = None
        self._verdict: str | None = None
        self._weighed: Decimal | None = None

    def hear(self, data: bytes) -> None:
        self._input += data
        del self._input[:-LINE_BYTES_MAX]
        while self._input:
            if self._input[0] != 0x04:
                del self._input[0]
            elif self._input[1:2] == b"\x05":
                del self._input[:2]
                self._tell_result()
            elif self._input[1:2] == b"\x02":
                end = self._input.find(0x03)
                if end < 0:
                    return
                record = self._input[2:end].decode("latin-1")
                del self._input[: end + 1]
                self._obey(record.split("\x1b"))
            elif len(self._input) == 1:
                return
            else:
                del self._input[0]  # EOT alone: seen
                self.counters["acknowledged"] += 1

    def _obey(self, fields: list[str]) -> None:
        number = fields[0]
        self.counters[f"record_{number}"] += 1
        if number in {"01", "03", "04", "05"}:
            self._take_price(number, fields[1:])
        elif number == "08":
            self.answer(b"\x0209\x1b%02d\x03" % self._state())
        elif number == "10":
            self._judge(fields[1])
            self.answer(b"\x06")
        elif number == "20":
            self._weighings_left = 0
            self.answer(b"\x06")
        else:
            self._refuse(10)

    def _take_price(self, number: str, fields: list[str]) -> None:
        if self.has_challenge and self._weighings_left == 0:
            self._ask_for_sums()
            return
        if self.refusal or not fields[0].isdigit() or len(fields[0]) not in (5, 6):
            self._refuse(self.refusal or 11)
            return
        self._unit_price = Decimal(fields[0]) / 100
        self.tare = Decimal(fields[1]) * self.step if number in {"03", "05"} else Decimal(0)
        self.text = fields[-1].strip() if number in {"04", "05"} else ""
        self._status = 0
        self.answer(b"\x06")

    def _tell_result(self) -> None:
        if self._verdict is not None:
            self.answer(b"\x0211\x1b%s\x03" % self._verdict.encode())
            self._verdict = None
            return
        state = self._state()
        if state or self._unit_price is None:
            self._refuse(state or 22)
            return
        unit = {("lb", 2): b"1", ("lb", 3): b"2"}.get((self.unit, -int(self.step.as_tuple().exponent)), b"3")
        cents = int(self._unit_price * 100)
        total = int(self.price_of(self._unit_price) * 100)
        fields = (unit, self.digits.encode(), b"%06d" % cents, b"%06d" % total)
        self.answer(b"\x0202\x1b" + b"\x1b".join(fields) + b"\x03")
        self._weighed, self._weighings_left = self.gross, max(0, self._weighings_left - 1)
        self.counters["weighings"] += 1

    def _state(self) -> int:
        if self._status:
            code, self._status = self._status, 0
            return code
        if self.is_moving:
            return 20
        if self.is_over:
            return 32
        if self.is_under:
            return 31
        return 21 if self.needs_lifting and self._weighed == self.gross else 0

    def _refuse(self, status: int) -> None:
        self._status = status
        self.answer(b"\x15")

    def _ask_for_sums(self) -> None:
        self._challenge = (self.rng.randrange(16), self.rng.randrange(16))
        alphabet = "0123456789:;<=>?" if self.asks_colon else "0123456789ABCDEF"
        self.answer(b"\x0211\x1b2" + "".join(alphabet[digit] for digit in self._challenge).encode() + b"\x03")

    def _judge(self, words: str) -> None:
        assert self._challenge is not None
        digits = ["0123456789:;<=>?".find(letter) for letter in words.translate(str.maketrans("ABCDEF", ":;<=>?"))]
        numbers = [int("".join(f"{digit:04b}" for digit in digits[n : n + 4]), 2) for n in range(0, len(digits), 4)]
        is_right = len(numbers) in range(2, 11, 2)
        for sent_sum, sent_key in zip(numbers[::2], numbers[1::2], strict=True):
            checksum = _turned(sent_sum, -self._challenge[0])
            is_right &= _turned(sent_key, self._challenge[1]) == _divided(checksum, self.polynomial)
        self._verdict = "1" if is_right else "0"
        self._weighings_left = WEIGHINGS_PER_CHALLENGE if is_right else 0
        self.sums_accepted += is_right
        self.sums_rejected += not is_right


def _turned(word: int, places: int) -> int:
    """Sixteen bits, turned to the left."""
    bits = f"{word:016b}"
    places %= 16
    return int(bits[places:] + bits[:places], 2)


def _divided(word: int, polynomial: int) -> int:
    """What a shift register with these taps holds after the word."""
    register = 0
    for letter in f"{word:016b}":
        feedback = (register >> 15) ^ int(letter)
        register = (register << 1 & 0xFFFF) ^ (polynomial & 0xFFFF if feedback else 0)
    return register


def main(argv: list[str] | None = None) -> int:
    """A Dialog 06 scale on a pty."""
    return run_plate("dialog-06", Dialog06Scale, argv)
