"""Where a Star printer stands in what it receives: between commands FS is a drawer pulse at once, else dots."""

from __future__ import annotations

from simulators.escpos_paper import Paper
from simulators.star_interpreter import StarInterpreter

FS = b"\x1c"
_COLUMNS = 48


class _Nothing:
    """Machine of an interpreter that only finds the ends of commands."""

    def send(self, data: bytes) -> None: ...
    def kick_drawer(self, pin: int, on_ms: int) -> None: ...
    def buzz(self, times: int, on_ms: int) -> None: ...
    def enable_automatic_status(self, is_on: bool) -> None: ...
    def count_etb(self) -> None: ...
    def clear_etb(self) -> None: ...
    def count_print_end(self, function: int, document: bytes) -> None: ...
    def answer_version(self) -> None: ...
    def answer_information(self, parameters: bytes) -> None: ...


class StarFraming:
    """``feed`` each received byte."""

    def __init__(self, *, is_impact: bool) -> None:
        self._is_impact = is_impact
        self._held = bytearray()
        self._begin()

    @property
    def is_between_commands(self) -> bool:
        return not self._held

    def feed(self, byte: int) -> None:
        self._held.append(byte)
        if length := self._commands.step(self._held):
            del self._held[:length]
            if self._paper.receipts:
                self._begin()  # its paper is of no use

    def clear(self) -> None:
        """The power was off."""
        self._held.clear()

    def _begin(self) -> None:
        self._paper = Paper(_COLUMNS)
        self._commands = StarInterpreter(self._paper, _Nothing(), is_impact=self._is_impact)
