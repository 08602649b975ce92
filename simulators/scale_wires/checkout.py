"""Scales of the checkout: NCI, Datalogic single cable, SASI, and Toledo continuous."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.scale_load import ScaleLoad
from simulators.scale_wires.listening import HearsLetters, HearsLines


class NciWire(HearsLines):
    """SCP-02 with two status characters; in motion the status alone, as many of them do."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "W":
                return [self.line()]
            case "S":
                return [self._status()]
            case "Z":
                self.load.set_zero()
                return [self._status()]
            case "\x05":
                return [b"\nOPOS\r\x03"]
        return [b"\n?\r\x03"]

    def line(self) -> bytes:
        load, unit = self.load, self.load.unit.upper()
        fills = {"over": "^", "under": "_", "not_ready": "-"}
        if load.state == "motion":
            return self._status()
        number = (
            fills[load.state] * 7 if load.state in fills else f"{'-' if load.shown < 0 else ' '}{load.digits():>06}"
        )
        return f"\n{number}{unit}\r".encode() + self._status()

    def _status(self) -> bytes:
        load = self.load
        first = 0x30 | (load.state == "motion") | 0x02 * (load.shown == 0)
        second = 0x30 | (load.state == "under") | 0x02 * (load.state == "over") | 0x08 * (load.state == "not_ready")
        return b"\nS" + bytes((first, second)) + b"\r\x03"


class SingleCableWire(HearsLines):
    """The scale's half of a Magellan. ``scan`` is what its scanner sends on the same cable."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "S14":
                return [self.line()]
            case "S11" if self.load.state == "stable":
                return [f"S11{self._digits()}\r".encode()]
        return []

    def line(self) -> bytes:
        load = self.load
        codes = {"not_ready": "0", "motion": "1", "over": "2", "under": "5"}
        if load.state in codes:
            return f"S14{codes[load.state]}\r".encode()
        if load.shown < 0:
            return b"S145\r"
        return b"S143\r" if load.shown == 0 else f"S144{self._digits()}\r".encode()

    def scan(self, label: str) -> bytes:
        return f"S08{label}\r".encode()

    def _digits(self) -> str:
        return self.load.digits().replace(".", "").rjust(5 if self.load.unit == "kg" else 4, "0")


class SasiWire(HearsLetters):
    """The frame of the 8217 without its point, and the status as a letter of a list."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "W":
                return [self.line()]
            case "Z":
                self.load.set_zero()
        return [b"\x02?@\r"] if command == "Z" else []

    def line(self) -> bytes:
        load = self.load
        letters = {"motion": "A", "over": "B", "under": "C", "not_ready": "D"}
        state = "under" if load.state == "stable" and load.shown < 0 else load.state
        if state in letters:
            return f"\x02?{letters[state]}\r".encode()
        return f"\x02{load.digits().replace('.', '').rjust(5, '0')}\r".encode()


class ToledoContinuousWire(HearsLetters):
    """Sends from the start, with its checksum."""

    def __init__(self, load: ScaleLoad) -> None:
        super().__init__(load)
        self.is_streaming = True

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "Z":
                self.load.set_zero()
            case "T":
                self.load.take_tare()
            case "C":
                self.load.clear_tare()
        return []

    def line(self) -> bytes:
        load = self.load
        decimals = len(load.digits().partition(".")[2])
        word_a = 0x28 | decimals + 2
        is_negative = load.shown < 0 or load.state == "under"
        word_b = 0x20 | bool(load.tare) | 0x02 * is_negative | 0x04 * (load.state in ("over", "under"))
        word_b |= 0x08 * (load.state == "motion") | 0x10 * (load.unit == "kg") | 0x40 * (load.state == "not_ready")
        weight, tare = (text.replace(".", "").rjust(6, "0")[-6:] for text in (load.digits(), load.digits(load.tare)))
        frame = bytes((0x02, word_a, word_b, 0x20)) + weight.encode() + tare.encode() + b"\r"
        return frame + bytes((-sum(frame) & 0x7F,))


WIRES: Mapping[str, Callable[[ScaleLoad], Any]] = {
    "nci-ecr": NciWire,
    "datalogic-single-cable": SingleCableWire,
    "sasi": SasiWire,
    "toledo-continuous": ToledoContinuousWire,
}
