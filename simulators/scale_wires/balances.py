"""Balances that print: A&D, OHAUS, Sartorius SBI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from simulators.scale_load import ScaleLoad
from simulators.scale_wires.listening import HearsLines


class AndWire(HearsLines):
    """A&D standard format: sign and eight digits, unit of three."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "?TN":
                return [b"TN,GX-400\r\n"]
            case "?SN":
                return [b"SN,T1234567\r\n"]
            case "Q" | "S" | "SI":
                return [self.line()]
            case "SIR" | "C":
                self.is_streaming = command == "SIR"
                return []
            case "Z" | "R":
                return [b"\x06\r\n" if self.load.set_zero() else b"EC,E11\r\n"]
            case "T":
                return [b"\x06\r\n" if self.load.take_tare() else b"EC,E11\r\n"]
        return [b"EC,E01\r\n"]

    def line(self) -> bytes:
        load = self.load
        match load.state:
            case "over":
                return b"OL,+9999999E+19\r\n"
            case "under":
                return b"OL,-9999999E+19\r\n"
            case "not_ready":
                return b"EC,E02\r\n"
        sign = "-" if load.shown < 0 else "+"
        header = "US" if load.state == "motion" else "ST"
        return f"{header},{sign}{load.digits().rjust(8, '0')}{load.unit:>3}\r\n".encode()


class OhausWire(HearsLines):
    """OHAUS, format 1."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "IP" | "P" | "SP":
                return [self.line()]
            case "CP" | "0P":
                self.is_streaming = command == "CP"
                return []
            case "Z" if self.load.set_zero():
                return []
            case "T" if self.load.take_tare():
                return []
        return [b"ES\r\n"]

    def line(self) -> bytes:
        load = self.load
        if load.state in ("over", "under", "not_ready"):
            return b"Err 8.4\r\n"
        number = ("-" if load.shown < 0 else "") + load.digits()
        motion = "?" if load.state == "motion" else " "
        legend = " NET" if load.tare else ""
        return f"{number:>12} {load.unit:<5}{motion}{legend}\r\n".encode()


class SartoriusSbiWire(HearsLines):
    """SBI with 16 characters."""

    def obey(self, command: str) -> list[bytes]:
        match command:
            case "\x1bP":
                return [self.line()]
            case "\x1bV":
                self.load.set_zero()
            case "\x1bT" | "\x1bU":
                self.load.take_tare()
        return []

    def line(self) -> bytes:
        load = self.load
        match load.state:
            case "over":
                return b"      High    \r\n"
            case "under":
                return b"      Low     \r\n"
            case "not_ready":
                return b" Err  54      \r\n"
        unit = load.unit if load.state == "stable" else ""
        return f"{'-' if load.shown < 0 else '+'} {load.digits():>8} {unit:<3}\r\n".encode()


WIRES: Mapping[str, Callable[[ScaleLoad], Any]] = {
    "and": AndWire,
    "ohaus": OhausWire,
    "sartorius-sbi": SartoriusSbiWire,
}
