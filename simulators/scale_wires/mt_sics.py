"""MT-SICS from the reference manual: ``S S``, ``S D``, ``S I``, ``S +``, ``S -``; zero, tare, who it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from simulators.scale_load import ScaleLoad
from simulators.scale_wires.listening import HearsLines

MODEL, SOFTWARE, SERIAL = "ICS469 OU 60.18 kg", "1.04 12.3.45.678.9", "1234567"


class MtSicsWire(HearsLines):
    def obey(self, command: str) -> list[bytes]:
        name, _, argument = command.partition(" ")
        match name:
            case "S" | "SI":
                self.is_streaming = False
                return [self.line()]
            case "SIR":
                self.is_streaming = True
                return []
            case "Z" | "ZI":
                word = "A" if name == "Z" else "S"
                return [_said(f"{name} {word if self.load.set_zero() else 'I'}")]
            case "T" | "TI":
                return [self._tared(name) if self.load.take_tare() else _said(f"{name} I")]
            case "TA" if argument:
                self.load.take_tare(Decimal(argument.split(" ")[0]))
                return [self._tared("TA")]
            case "TA":
                return [self._tared("TA")]
            case "TAC":
                self.load.clear_tare()
                return [_said("TAC A")]
            case "I2" | "I3" | "I4":
                return [_said(f'{name} A "{ {"I2": MODEL, "I3": SOFTWARE, "I4": SERIAL}[name] }"')]
            case "@":
                self.is_streaming = False
                return [_said(f'I4 A "{SERIAL}"')]
        return [_said("ES")]

    def line(self) -> bytes:
        match self.load.state:
            case "over":
                return _said("S +")
            case "under":
                return _said("S -")
            case "not_ready":
                return _said("S I")
        state = "D" if self.load.state == "motion" else "S"
        sign = "-" if self.load.shown < 0 else ""
        return _said(f"S {state} {sign + self.load.digits():>10} {self.load.unit}")

    def _tared(self, name: str) -> bytes:
        return _said(f"{name} {'A' if name == 'TA' else 'S'} {self.load.digits(self.load.tare):>10} {self.load.unit}")


def _said(text: str) -> bytes:
    return text.encode() + b"\r\n"


WIRES: Mapping[str, Callable[[ScaleLoad], Any]] = {"mt-sics": MtSicsWire}
