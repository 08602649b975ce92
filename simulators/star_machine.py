"""The inside of a simulated Star printer: automatic status, counters, and how it answers."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Literal

from simulators import star_condition
from simulators.printer_machine import PrinterMachine
from simulators.star_interpreter import StarInterpreter
from simulators.star_real_time import FS, StarFraming

ANSWERS = frozenset({"asb", "request", "etb", "print_end", "version", "information"})
"""What a good printer answers: status by itself, status when asked, its counters, who it is."""
REQUEST = b"\x1b\x06\x01"
"""ESC ACK SOH: obeyed the moment it is received, wherever it stands."""
ETB_COUNTS = 32


class StarMachine(PrinterMachine):
    """``language``: star-line has the ETB counter alone, star-prnt ESC GS ETX too, star-graphic prints no text."""

    def __init__(
        self,
        *,
        columns: int = 48,
        model: str = "TSP654II",
        language: Literal["star-line", "star-prnt", "star-graphic"] = "star-prnt",
        is_impact: bool = False,
        answers: Collection[str] = ANSWERS,
        **machine: Any,
    ) -> None:
        super().__init__(columns=columns, **{"drawer_open_level": "high", **machine})
        self._model = model
        self._answers = frozenset(answers) - (frozenset() if language == "star-prnt" else {"print_end", "information"})
        self._version = star_condition.VERSIONS[language]
        self._is_status_on = False
        self._etb_counter = 0
        self._is_etb = False
        self._print_end_counter = 0
        self._held = bytearray()
        self._framing = StarFraming(is_impact=is_impact)
        self._interpreter = StarInterpreter(
            self.paper, self, is_impact=is_impact, is_graphic=language == "star-graphic"
        )

    @property
    def errors(self) -> list[str]:
        return list(self._interpreter.errors)

    @property
    def unprinted_bytes(self) -> int:
        """With what may become a request, and is none yet."""
        return len(self._buffer) + len(self._held)

    # What the interpreter asks of the machine.

    def buzz(self, times: int, on_ms: int) -> None:
        self.counters["buzzes"] += times
        self._tell("buzzed")

    def enable_automatic_status(self, is_on: bool) -> None:
        self._is_status_on = is_on and "asb" in self._answers
        self._changed()

    def count_etb(self) -> None:
        if "etb" in self._answers:
            self._etb_counter = (self._etb_counter + 1) % ETB_COUNTS
            self._is_etb = True
        self._changed()

    def clear_etb(self) -> None:
        self._etb_counter = 0
        self._is_etb = False

    def count_print_end(self, function: int, document: bytes) -> None:
        if function == 1:
            self._print_end_counter = (self._print_end_counter + 1) % 256
        elif function == 2:
            self._print_end_counter = 0
        if function <= 1 and "print_end" in self._answers:
            self.send(b"\x1b\x1d\x03" + bytes((function,)) + document + bytes((self._print_end_counter, 0)))

    def answer_version(self) -> None:
        if "version" in self._answers:
            self.send(b"\x1b#*," + self._model.encode() + b"Ver3.2\n\x00")

    def answer_information(self, parameters: bytes) -> None:
        if "information" in self._answers and parameters[2:3] == b"1":
            self.send(b"\x1b\x1d)I" + parameters + b"PrSrN=2550000000000001,\n\x00")

    # Inside.

    def _interpret(self, buffer: bytearray) -> int:
        return self._interpreter.step(buffer)

    def _power_on(self) -> None:
        self._held.clear()
        self._framing.clear()
        self._interpreter.reset()
        self.clear_etb()
        self._is_status_on = False
        self._print_end_counter = 0

    def _changed(self) -> None:
        if self._is_status_on:
            self._send_status()

    def _send_status(self) -> None:
        self.send(star_condition.automatic(self.condition, self._version, self._etb_counter, is_etb=self._is_etb))

    def _filter(self, byte: int) -> None:
        """Real-time requests are taken out of what is received."""
        self._held.append(byte)
        while self._held:
            held = bytes(self._held)
            if held == REQUEST:
                self._held.clear()
                if "request" in self._answers:
                    self._send_status()
            elif not REQUEST.startswith(held):
                del self._held[:1]
                if held[:1] == FS and self._framing.is_between_commands:
                    self.kick_drawer(2, self._interpreter.pulse_ms)
                else:
                    self._framing.feed(held[0])
                    self._receive(held[0])
            else:
                return
