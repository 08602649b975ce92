"""Barcodes, QR codes and PDF417 of a simulated receipt printer: GS k and GS ( k."""

from __future__ import annotations

from simulators.escpos_paper import Symbol
from simulators.escpos_symbols import SymbolError, barcode_rows
from simulators.printed_codes import PrintedCodes

PDF417_LEVEL_CODEWORDS = (3, 10, 20, 45, 100, 200, 400)
"""For so many correcting codewords, at most, levels 1 to 7 are taken."""


def _level_of(data: bytes, ratio: int) -> int:
    """GS ( k 069, m = 49: tenths of the codewords of the data; text has two characters in one, bytes six in five."""
    codewords = -(-len(data) // 2) if data.isascii() else -(-len(data) * 5 // 6)
    correcting = -(-codewords * ratio // 10)
    return next((level for level, most in enumerate(PDF417_LEVEL_CODEWORDS, 1) if correcting <= most), 8)


class Codes(PrintedCodes):
    """As an ESC/POS printer is told them."""

    def barcode(self, buffer: bytearray) -> int:
        """GS k: form A ends with NUL, form B has a length byte."""
        if len(buffer) < 3:
            return 0
        system = buffer[2]
        if system <= 6:
            if (end := buffer.find(b"\x00", 3)) < 0:
                return 0
            start, length = 3, end + 1
        else:
            if len(buffer) < 4 or len(buffer) < 4 + buffer[3]:
                return 0
            start, end = 4, 4 + buffer[3]
            length = end
            system -= 65
        width, height = self._modes.barcode_dots
        try:
            label, text, rows = barcode_rows(system, bytes(buffer[start:end]))
        except SymbolError as error:
            self._errors.append(str(error))
            return length
        symbol = Symbol(label, text, rows, width, height, self._modes.align_value)
        if self._modes.text_position in (1, 3):
            self._text(text)
        self._put(symbol)
        if self._modes.text_position in (2, 3):
            self._text(text)
        return length

    def two_dimensional(self, parameters: bytes) -> None:
        """GS ( k cn fn ..."""
        kind, function, rest = parameters[:1], parameters[1:2], parameters[2:]
        if kind == b"1" and self._qr(function, rest):
            return
        if kind == b"0" and self._pdf417(function, rest):
            return
        self._errors.append(f"GS ( k {parameters[:8].hex(' ')}")

    def _qr(self, function: bytes, parameters: bytes) -> bool:
        modes = self._modes.qr
        match function, parameters:
            case b"A", b"2\x00" | b"1\x00":
                pass
            case b"C", bytes(size) if len(size) == 1 and 1 <= size[0] <= 16:
                modes.module_dots = size[0]
            case b"E", bytes(level) if len(level) == 1 and 48 <= level[0] <= 51:
                modes.level = level[0]
            case b"P", bytes(stored) if stored[:1] == b"0" and len(stored) > 1:
                modes.data = stored[1:]
            case b"Q", b"0":
                self._print_qr()
            case _:
                return False
        return True

    def _pdf417(self, function: bytes, parameters: bytes) -> bool:
        modes = self._modes.pdf417
        match function, parameters:
            case b"A", bytes(count) if len(count) == 1 and count[0] <= 30:
                modes.columns = count[0]
            case b"B", b"\x00":
                modes.rows = 0
            case b"C", bytes(size) if len(size) == 1 and 2 <= size[0] <= 8:
                modes.module_dots = size[0]
            case b"D", bytes(height) if len(height) == 1 and 2 <= height[0] <= 8:
                modes.row_height = height[0]
            case b"E", bytes(level) if len(level) == 2 and level[0] == 48 and 48 <= level[1] <= 56:
                modes.level, modes.level_ratio = level[1] - 48, None
            case b"E", bytes(level) if len(level) == 2 and level[0] == 49 and 1 <= level[1] <= 40:
                modes.level_ratio = level[1]
            case b"F", b"\x00" | b"\x01":
                modes.is_truncated = parameters == b"\x01"
            case b"P", bytes(stored) if stored[:1] == b"0" and len(stored) > 1:
                modes.data = stored[1:]
            case b"Q", b"0":
                ratio = modes.level_ratio
                self._print_pdf417(modes.level if ratio is None else _level_of(modes.data, ratio))
            case _:
                return False
        return True
