"""Radwag from the PS and WTC manuals: frames of 20 characters, and ``Z A`` before ``Z D``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from simulators.scale_load import ScaleLoad
from simulators.scale_wires.listening import HearsLines


class RadwagWire(HearsLines):
    def obey(self, command: str) -> list[bytes]:
        name, _, argument = command.partition(" ")
        match name:
            case "SI" | "SU":
                return [self._frame(name)]
            case "S":
                return [b"S A\r\n", self._frame("S")]
            case "C1" | "C0":
                self.is_streaming = name == "C1"
                return [f"{name} A\r\n".encode()]
            case "Z":
                return [b"Z A\r\n", b"Z D\r\n" if self.load.set_zero() else b"Z ^\r\n"]
            case "T":
                return [b"T A\r\n", b"T D\r\n" if self.load.take_tare() else b"T v\r\n"]
            case "UT":
                self.load.take_tare(Decimal(argument))
                return [b"UT OK\r\n"]
            case "NB":
                return [b'NB A "123456"\r\n']
        return [b"ES\r\n"]

    def line(self) -> bytes:
        return self._frame("SI")

    def _frame(self, command: str) -> bytes:
        load = self.load
        if load.state == "not_ready":
            return f"{command} I\r\n".encode()
        marker = {"stable": " ", "motion": "?", "over": "^", "under": "v"}[load.state]
        sign = "-" if load.shown < 0 else " "
        return f"{command:<3} {marker} {sign}{load.digits():>9} {load.unit:<3}\r\n".encode()


WIRES: Mapping[str, Callable[[ScaleLoad], Any]] = {"radwag": RadwagWire}
