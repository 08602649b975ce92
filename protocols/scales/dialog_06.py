"""Dialog 06: the dialogue of a till with a scale that computes the price.

One weighing: unit price (records 01, 03, 04, 05) - ACK - EOT ENQ - record 02 - EOT. In between the scale may refuse
(NAK: record 08 asks why), be in motion (ask again), or ask for checksums first (record 11: after power-on, an error,
and every 50 weighings). Source: Mettler Toledo DIVA service manual, 6.1.8.4; records in ``dialog_06_records``.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.events import CodecEvent, WeightRead
from protocols.decoding import Decodable, Side
from protocols.scales import dialog_06_records as records
from protocols.scales.dialog_06_checksums import PAIRS_MAX, ChecksumSecret, HexStyle
from protocols.scales.dialog_06_status import ASK_AGAIN, MAY_PASS, MEANINGS, NOT_LIFTED, REFUSED, scale_status
from protocols.scales.digits import digits_of
from protocols.scales.polled import ScaleCommand
from protocols.scales.price_dialogue import (
    Dialogue,
    Means,
    PriceRequest,
    PriceScaleProtocol,
    Step,
    Weighing,
)

ANSWER_S = 0.5
"""A scale answers a record within 100 ms at 9600 baud; at 2400 baud a record alone takes 120 ms."""
BACK_OFF_S = 0.1
"""Between two questions for a result that is not there yet."""
TRIES_MAX = 3
"""Records that are not answered, or refused for a reason that may pass, before the weighing is given up."""
CHALLENGES_MAX = 2
"""Of one weighing: a scale that asks a third time does not accept our secret."""
TEXT_CHARACTERS = 13
_EOT = bytes((records.EOT,))
_ASK_RESULT = bytes((records.EOT, records.ENQ))
_ASK_STATUS = b"\x04\x0208\x03"

Exchange = Generator[Step, CodecEvent | None, CodecEvent]


class Dialog06Options(BaseModel):
    """Settings of a profile for this protocol."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    checksums: Literal["required", "none"] = Field(
        "required", description="none: the scale is set not to ask for checksums, so no secret is needed."
    )
    checksum_pairs: int = Field(1, ge=1, le=PAIRS_MAX, description="Pairs of checksums sent for one challenge.")
    hex_style: HexStyle = Field("letters", description="Hex digits above 9 as A to F, or as : to ? (Cely).")
    price_digits: Literal[5, 6] = Field(6, description="Digits of a unit price.")
    price_decimals: int = Field(2, ge=0, le=3, description="Decimals of prices: minor digits of the currency.")
    tare_decimals: int = Field(3, ge=0, le=3, description="Decimals of a tare, in the scale's unit.")
    unit: Literal["kg", "lb"] = Field("kg", description="Unit told while there is no weight; a weight brings its own.")


class Dialog06Scale:
    """Implements ``protocols.scales.price_dialogue.PriceScale``."""

    def __init__(self, options: Dialog06Options, means: Means) -> None:
        self.codec = records.Dialog06Codec(options.price_decimals)
        self.unit: str = options.unit
        self._options = options
        self._draw = means.draw
        self._secret = ChecksumSecret.parse(means.secret) if means.secret is not None else None

    def look(self) -> Dialogue:
        return self._look()

    def weigh(self) -> Dialogue | None:
        return None

    def price(self, request: PriceRequest) -> Dialogue:
        return self._price(self._price_record(request), request)

    def carry_out(self, command: ScaleCommand) -> Dialogue | None:
        return None

    def _look(self) -> Dialogue:
        code = yield from self._status(tries=1)
        return Weighing(WeightRead(scale_status(code), None, self.unit))

    def _price(self, record: bytes, request: PriceRequest) -> Dialogue:
        code = 0
        for _ in range(TRIES_MAX):
            read = yield from self._weighing(record)
            if isinstance(read, records.ResultRead):
                if read.unit_price is None or Decimal(read.unit_price) != request.unit_price:
                    raise DeviceError(
                        ErrorCode.DEVICE_ERROR,
                        f"the scale computed with the unit price {read.unit_price}, not with {request.unit_price}: "
                        "nothing of this may be sold; ask again",
                    )
                tare = None if request.tare is None else str(request.tare)
                return Weighing(replace(read, is_net=bool(request.tare)), tare)
            if read not in MAY_PASS:
                return self._no_weight(read)
            code = read
            yield Step(wait_s=BACK_OFF_S, is_pause=True)
        raise DeviceError(ErrorCode.DEVICE_ERROR, f"the scale gave up {TRIES_MAX} times: {MEANINGS[code]}")

    def _weighing(self, record: bytes) -> Generator[Step, CodecEvent | None, records.ResultRead | int]:
        """One try: the result, or the status that ended it. Checksums are given where they are asked for."""
        challenges = late = 0
        while True:
            answer = yield from self._exchange(record)
            if isinstance(answer, records.Acknowledged):
                return (yield from self._result())
            if isinstance(answer, records.ChecksumsAsked):
                if challenges == CHALLENGES_MAX:
                    raise DeviceError(
                        ErrorCode.DEVICE_ERROR,
                        f"the scale did not take {CHALLENGES_MAX} answers to its challenges, and asks for checksums "
                        "again: is it another vendor's secret?",
                    )
                challenges += 1
                yield from self._prove(answer.z)
            elif isinstance(answer, (records.Refused, records.StatusRead)):
                code = answer.code if isinstance(answer, records.StatusRead) else (yield from self._status())
                if code in REFUSED:
                    raise DeviceError(ErrorCode.INVALID_REQUEST, f"the scale refuses the record: {MEANINGS[code]}")
                if code not in ASK_AGAIN and code != 0:
                    return code
                yield Step(wait_s=BACK_OFF_S, is_pause=True, status=scale_status(code))
            else:
                # A result or a verdict answers a question before this one: it has been told EOT, the record is resent.
                late += 1
                if late == TRIES_MAX:
                    raise DeviceError(
                        ErrorCode.DEVICE_ERROR,
                        f"the scale answered {TRIES_MAX} times to other questions than the one that was put",
                    )

    def _prove(self, z: int) -> Generator[Step, CodecEvent | None, None]:
        """Answer a challenge; the record that was challenged is repeated by whoever sent it, whatever the verdict."""
        if self._secret is None:
            raise DeviceError(
                ErrorCode.DEVICE_ERROR,
                'the scale asks for checksums, and checksums = "none" is set: give the vendor\'s secret, '
                "or set the scale not to ask",
            )
        words = self._secret.answer(z, self._draw, self._options.checksum_pairs, self._options.hex_style)
        # A few pairs of CS and KW are enough to compute the polynomial from them.
        answer = yield from self._exchange(b"\x04\x0210\x1b%s\x03" % words.encode("ascii"), is_secret=True)
        if isinstance(answer, records.Acknowledged):
            yield from self._exchange(_ASK_RESULT)  # the verdict: one more challenge says the same

    def _result(self) -> Generator[Step, CodecEvent | None, records.ResultRead | int]:
        """Record 02, or the status that ends the weighing."""
        while True:
            answer = yield from self._exchange(_ASK_RESULT)
            if isinstance(answer, records.ResultRead):
                return answer
            if isinstance(answer, records.StatusRead):
                code = answer.code
            else:
                code = yield from self._status()
            if code not in ASK_AGAIN and code != 0:
                return code
            yield Step(wait_s=BACK_OFF_S, is_pause=True, status=scale_status(code))

    def _status(self, tries: int = TRIES_MAX) -> Generator[Step, CodecEvent | None, int]:
        """Record 08; the digits of record 09."""
        for _ in range(tries):
            answer = yield from self._exchange(_ASK_STATUS, tries)
            if isinstance(answer, records.StatusRead):
                return answer.code
        raise TimeoutError

    def _exchange(self, data: bytes, tries: int = TRIES_MAX, *, is_secret: bool = False) -> Exchange:
        """One record and its answer, which is acknowledged with EOT where it is a record. Raises TimeoutError."""
        for _ in range(tries):
            answer = yield Step(data, ANSWER_S, is_secret=is_secret)
            if answer is None:
                yield Step(_EOT)  # whatever it is in the middle of
                continue
            if not isinstance(answer, (records.Acknowledged, records.Refused)):
                yield Step(_EOT)
            return answer
        raise TimeoutError

    def _no_weight(self, code: int) -> Weighing:
        if code == NOT_LIFTED:
            raise DeviceError(
                ErrorCode.DEVICE_ERROR,
                "nothing has moved since the last weighing: lift the item, lay it down again, and ask again",
                is_retryable=True,
            )
        return Weighing(WeightRead(scale_status(code), None, self.unit))

    def _price_record(self, request: PriceRequest) -> bytes:
        options = self._options
        if request.unit_price is None:
            raise ValueError("unit_price is missing: this scale computes with the price it is sent")
        fields = [digits_of(request.unit_price, options.price_digits, options.price_decimals, "unit_price")]
        if request.tare is not None:
            fields.append(digits_of(request.tare, 4, options.tare_decimals, "tare"))
        if request.text is not None:
            fields.append(_display_text(request.text))
        number = {(False, False): "01", (True, False): "03", (False, True): "04", (True, True): "05"}[
            (request.tare is not None, request.text is not None)
        ]
        end = "\x1b\x03" if number == "01" else "\x03"
        return ("\x04\x02" + "\x1b".join([number, *fields]) + end).encode("ascii")


def _display_text(text: str) -> str:
    """Thirteen characters. What 7-bit ASCII does not have is shown as ``?``: it is a display, not a record."""
    shown = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return f"{shown[:TEXT_CHARACTERS]:<{TEXT_CHARACTERS}}"


PRICE_SCALE = PriceScaleProtocol(Dialog06Options, Dialog06Scale, lambda options: options.checksums == "required")
PROTOCOLS = {
    "scale/dialog-06": Decodable(
        device_to_host=Side(
            records.Dialog06Codec,
            examples=(
                b"\x06",
                b"\x15",
                b"\x0202\x1b3\x1b01235\x1b000199\x1b000246\x03",
                b"\x0209\x1b20\x03",
                b"\x0211\x1b247\x03",
                b"\x0211\x1b2;2\x03",
                b"\x0211\x1b1\x03",
            ),
        ),
        host_to_device=Side(
            records.Dialog06HostCodec,
            examples=(
                b"\x04\x05",
                b"\x04\x0201\x1b000199\x1b\x03",
                b"\x04\x0203\x1b000199\x1b0015\x03",
                b"\x04\x0204\x1b000199\x1bApples       \x03",
                b"\x04\x0205\x1b000199\x1b0015\x1bApples       \x03",
                b"\x04\x0208\x03",
                b"\x04\x0210\x1b12AB34CD\x03",
                b"\x04\x0220\x1b1\x03",
            ),
        ),
        describe=records.describe,
    )
}
