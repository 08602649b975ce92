"""Two-dimensional codes of a simulated receipt printer, as its modes say, once it is told to print them."""

from __future__ import annotations

from collections import deque

from simulators.escpos_modes import Modes
from simulators.escpos_paper import Paper, Style, Symbol
from simulators.escpos_symbols import SymbolError, pdf417_rows, qr_rows

PDF417_COLUMN_MODULES = 17
PDF417_FRAME_MODULES = {False: 69, True: 35}
"""Start, stop and row indicators, whole and truncated."""


class PrintedCodes:
    """Prints symbols on paper; what the printer would not print goes to ``errors``."""

    def __init__(self, paper: Paper, modes: Modes, errors: deque[str]) -> None:
        self._paper = paper
        self._modes = modes
        self._errors = errors

    def _print_qr(self) -> None:
        modes = self._modes.qr
        try:
            rows = qr_rows(modes.data, modes.level)
        except SymbolError as error:
            self._errors.append(str(error))
            return
        text = modes.data.decode("utf-8", "replace")
        self._put(Symbol("qr", text, rows, modes.module_dots, modes.module_dots, self._modes.align_value))

    def _print_pdf417(self, level: int) -> None:
        modes = self._modes.pdf417
        frame = PDF417_FRAME_MODULES[modes.is_truncated]
        columns_max = (self._paper.room_dots // modes.module_dots - frame) // PDF417_COLUMN_MODULES
        try:
            rows = pdf417_rows(modes.data, modes.columns, level, columns_max, is_truncated=modes.is_truncated)
        except SymbolError as error:
            self._errors.append(str(error))
            return
        text = modes.data.decode("utf-8", "replace")
        row_dots = modes.module_dots * modes.row_height
        self._put(Symbol("pdf417", text, rows, modes.module_dots, row_dots, self._modes.align_value))

    def _put(self, symbol: Symbol) -> None:
        if symbol.dots > self._paper.room_dots:
            self._errors.append(f"{symbol.text}: wider than the paper")
        else:
            self._paper.put_symbol(symbol)

    def _text(self, text: str) -> None:
        for character in text:
            self._paper.put(self._paper.glyph(character, Style()), self._modes.align_value)
        self._paper.flush_line()
