"""Indicators with an ``ST,GS`` line in one dialect or another: CAS CI, Kern EOC, Dini Argeo; and Kern DE, Adam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from simulators.scale_load import ScaleLoad
from simulators.scale_wires.listening import HearsLetters, HearsLines

HEADERS = {"stable": "ST", "motion": "US", "over": "OL", "under": "OL", "not_ready": "US"}


def _mode(load: ScaleLoad) -> str:
    return "NT" if load.tare else "GS"


class StGsWire(HearsLines):
    """CAS CI: 22 bytes, with device id and lamps; sends by itself from the start."""

    def __init__(self, load: ScaleLoad) -> None:
        super().__init__(load)
        self.is_streaming = True

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "ZE":
                self.load.set_zero()
            case "TR":
                self.load.take_tare()
            case "WT":
                return [self.line()]
        return []

    def line(self) -> bytes:
        load = self.load
        lamps = bytes((0x01, 0x80 | 0x40 * (load.state == "stable") | 0x02 * bool(load.tare)))
        number = f"{'-' if load.shown < 0 else ' '}{load.digits():>7}"
        if load.state in ("over", "under"):
            number = f"{'-' if load.state == 'under' else '+'}   .   "
        head = f"{HEADERS[load.state]},{_mode(load)},".encode()
        return head + lamps + f",{number} {load.unit}\r\n".encode()


class KernEocWire(HearsLetters):
    """0xFF in front of each answer, as the line driver of some sends it."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "W":
                return [self.line()]
            case "S":
                return [self.line()] if self.load.state == "stable" else []
            case "Z":
                self.load.set_zero()
            case "T":
                self.load.take_tare()
        return []

    def line(self) -> bytes:
        load = self.load
        number = ("-" if load.shown < 0 else "") + load.digits()
        if load.state in ("over", "under"):
            return f"\xffOL,{_mode(load)}{'-' if load.state == 'under' else ' '}       {load.unit}\r\n".encode(
                "latin-1"
            )
        return f"\xff{HEADERS[load.state]},{_mode(load)}{number:>8}{load.unit}\r\n".encode("latin-1")


class DiniArgeoWire(HearsLines):
    """State, platform, net weight, tare."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "READ":
                return [self.line()]
            case "ZERO":
                return [b"OK\r\n" if self.load.set_zero() else b"ERR03\r\n"]
            case "TARE":
                return [b"OK\r\n" if self.load.take_tare() else b"ERR03\r\n"]
            case "C":
                self.load.clear_tare()
                return [b"OK\r\n"]
        return [b"ERR04\r\n"]

    def line(self) -> bytes:
        load = self.load
        header = {**HEADERS, "under": "UL", "not_ready": "TL"}[load.state]
        net = ("-" if load.shown < 0 else "") + load.digits()
        return f"{header},1,{net:>10}{load.unit},{load.digits(load.tare):>10}{load.unit}\r\n".encode()


class KernDeWire(HearsLetters):
    """No word of stability: the number moves while the plate does."""

    def __init__(self, load: ScaleLoad) -> None:
        super().__init__(load)
        self._answers = 0

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "w":
                return [self.line()]
            case "s":
                return [self.line()] if self.load.state == "stable" else []
            case "t":
                self.load.take_tare()
        return []

    def line(self) -> bytes:
        load = self.load
        self._answers += 1
        if load.state in ("over", "under", "not_ready"):
            return b"Error\r\n"
        weight = load.shown
        if load.state == "motion":
            weight += Decimal(self._answers % 7 + 1) / 100
        return f" {'-' if weight < 0 else ' '}{load.digits(weight):>12} {load.unit}\r\n".encode()


class AdamAzextraWire(HearsLines):
    """Answers only where a new weight lies on it, and counts how often it beeped."""

    def __init__(self, load: ScaleLoad) -> None:
        super().__init__(load)
        self.beeps = 0
        self._last: Decimal | None = None

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "P":
                return self._print()
            case "Z":
                self.load.set_zero()
            case "T":
                self.load.take_tare()
        return []

    def line(self) -> bytes:
        return f"{self.load.digits():>7}{self.load.unit}\r\n".encode()

    def _print(self) -> list[bytes]:
        if self.load.state != "stable" or self.load.shown <= 0:
            self._last = None
            return []
        if self.load.shown == self._last:
            self.beeps += 1
            return []
        self._last = self.load.shown
        return [self.line()]


WIRES: Mapping[str, Callable[[ScaleLoad], Any]] = {
    "st-gs-line": StGsWire,
    "kern-eoc": KernEocWire,
    "dini-argeo": DiniArgeoWire,
    "kern-de": KernDeWire,
    "adam": AdamAzextraWire,
}
