"""The inside of a simulated ESC/POS receipt printer: what its machine is asked, and how it answers."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from typing import Any

from simulators import escpos_condition
from simulators.escpos_characters import CODE_PAGES, Characters
from simulators.escpos_interpreter import Interpreter
from simulators.escpos_real_time import CLEAR_PARAMETERS, RealTimeFilter
from simulators.printer_faults import Fault
from simulators.printer_machine import RECEIVE_BUFFER_BYTES, RECEIVE_RESUME_BYTES, PrinterMachine

__all__ = ["ANSWERS", "RECEIVE_BUFFER_BYTES", "RECEIVE_RESUME_BYTES", "EscposMachine", "Fault"]

PROCESS_IDS_KEPT = 100
ANSWERS = frozenset({"dle_eot", "asb", "gs_r", "gs_i", "process_id", "clear", "recover"})
"""What a good printer answers; a cheap one answers less (a clone without ASB: all but ``asb``)."""


class EscposMachine(PrinterMachine):
    """``answers``: which questions it knows. ``wide_encoding``: a Python codec of its ideographs (FS &), if it has
    them; ``is_multibyte``: GBK."""

    def __init__(
        self,
        *,
        columns: int = 42,
        model: str = "TM-T20II",
        answers: Collection[str] = ANSWERS,
        code_pages: Mapping[int, str] = CODE_PAGES,
        is_multibyte: bool = False,
        wide_encoding: str | None = None,
        **machine: Any,
    ) -> None:
        super().__init__(columns=columns, **machine)
        self.process_ids: deque[str] = deque(maxlen=PROCESS_IDS_KEPT)
        self._model = model
        self._answers = frozenset(answers)
        self._is_real_time_pulse_enabled = True
        self._asb_mask = 0
        wide = wide_encoding or ("gbk" if is_multibyte else None)
        self._interpreter = Interpreter(self.paper, self, Characters(code_pages, wide))
        self._filter = RealTimeFilter(self._act, self._receive)

    @property
    def errors(self) -> list[str]:
        return list(self._interpreter.errors)

    @property
    def unprinted_bytes(self) -> int:
        """Received, and not carried out; of a picture that is not whole, its beginning."""
        return len(self._buffer) + self._filter.held_bytes + self._interpreter.graphics.is_awaiting

    def forget(self) -> None:
        super().forget()
        self._interpreter.graphics.forget()

    # What the interpreter asks of the machine.

    def buzz(self, times: int, on_ms: int) -> None:
        self.counters["buzzes"] += times
        self._tell("buzzed")

    def enable_automatic_status(self, mask: int) -> None:
        self._asb_mask = mask if "asb" in self._answers else 0
        if self._asb_mask:
            self._changed()

    def set_real_time(self, is_enabled: bool) -> None:
        self._is_real_time_pulse_enabled = is_enabled

    def answer_status(self, n: int) -> None:
        if "gs_r" in self._answers:
            self.send(escpos_condition.in_order(self.condition, n))

    def answer_identity(self, n: int) -> None:
        texts = {65: "15.01 ESC/POS", 66: "SIMULATED", 67: self._model, 68: "SIM0000001"}
        if "gs_i" in self._answers:
            self.send(b"\x5f" + texts[n].encode() + b"\x00" if n in texts else bytes((0x63,)))

    def answer_process_id(self, process_id: bytes) -> None:
        self.process_ids.append(process_id.decode("latin-1"))
        if "process_id" in self._answers:
            self.send(b"\x37\x22" + process_id + b"\x00")

    # Inside.

    def _interpret(self, buffer: bytearray) -> int:
        return self._interpreter.step(buffer)

    def _power_on(self) -> None:
        self._filter.clear()
        self._interpreter.reset()
        self._is_real_time_pulse_enabled = True

    def _changed(self) -> None:
        if self._asb_mask:
            self.send(escpos_condition.automatic(self.condition))

    def _act(self, command: bytes) -> None:
        """A real-time command, carried out whatever state the printer is in."""
        if command[:2] == b"\x10\x04" and len(command) > 3:
            return  # ink, and what is beside the printer: it has none
        if command[:2] == b"\x10\x04" and "dle_eot" in self._answers:
            self.send(escpos_condition.real_time(self.condition, command[2]))
        elif command[:2] == b"\x10\x05" and command[2] in (1, 2) and "recover" in self._answers:
            self.recover(is_clearing=command[2] == 2)
        elif command[:3] == b"\x10\x14\x01" and self._is_real_time_pulse_enabled:
            self.kick_drawer(5 if command[3] else 2, command[4] * 100)
        elif command[:3] == b"\x10\x14\x07" and "asb" in self._answers:
            self.send(escpos_condition.automatic(self.condition))
        elif command == b"\x10\x14\x08" + CLEAR_PARAMETERS and "clear" in self._answers:
            self.forget()
            self.counters["buffer_clears"] += 1
            self.send(b"\x37\x25\x00")
