"""Commands with a length and a function number of a simulated receipt printer: GS ( k, H, D; ESC ( A; and the rest."""

from __future__ import annotations

from collections import deque
from typing import Protocol

from simulators.escpos_codes import Codes
from simulators.escpos_unseen import UNSEEN_COUNTED

_NAMES = {0x1B: "ESC", 0x1C: "FS", 0x1D: "GS"}


class Machine(Protocol):
    """The parts of the printer that are not paper."""

    def send(self, data: bytes) -> None: ...
    def kick_drawer(self, pin: int, on_ms: int) -> None: ...
    def buzz(self, times: int, on_ms: int) -> None: ...
    def enable_automatic_status(self, mask: int) -> None: ...
    def set_real_time(self, is_enabled: bool) -> None: ...
    def answer_status(self, n: int) -> None: ...
    def answer_identity(self, n: int) -> None: ...
    def answer_process_id(self, process_id: bytes) -> None: ...


class Functions:
    """``carry_out`` takes the first byte and the letter of a command, and its parameters."""

    def __init__(self, machine: Machine, codes: Codes, errors: deque[str]) -> None:
        self._machine = machine
        self._codes = codes
        self._errors = errors

    def carry_out(self, letter: bytes, parameters: bytes) -> None:
        """What is not known or makes no sense is kept as an error."""
        match letter:
            case b"\x1dk":
                self._codes.two_dimensional(parameters)
            case b"\x1dH" if parameters[:2] == b"00" and len(parameters) == 6:
                self._machine.answer_process_id(parameters[2:])
            case b"\x1dD" if len(parameters) % 2 == 1 and parameters[0] == 20:
                pairs = dict(zip(parameters[1::2], parameters[2::2], strict=True))
                self._machine.set_real_time(bool(pairs.get(1, 1) & 1))
            case b"\x1bA" if len(parameters) == 4 and parameters[0] in (48, 97) and 49 <= parameters[1] <= 56:
                self._machine.buzz(parameters[2], parameters[3] * 100)
            case _ if letter in UNSEEN_COUNTED:
                pass
            case _:
                self._errors.append(f"{_NAMES[letter[0]]} ( {chr(letter[1])} {parameters[:8].hex(' ')}")
