"""Barcodes, QR codes and PDF417 of a simulated Star printer: ESC b, ESC GS y, ESC GS x."""

from __future__ import annotations

import re
from collections import deque

from simulators.escpos_modes import Modes
from simulators.escpos_paper import Paper, Symbol
from simulators.escpos_symbols import SymbolError, barcode_rows
from simulators.printed_codes import PrintedCodes

_SYSTEMS = {0: 1, 1: 0, 2: 3, 3: 2, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}
"""n1 of ESC b to m of GS k, form A, in whose terms the drawing is written."""
_MODULES_BY_RATIO = {mode: (2, 3, 4)[(mode - 1) % 3] for mode in range(1, 10)}
_MODULES = {4: _MODULES_BY_RATIO, 5: {1: 2, 2: 4, 3: 6, 4: 2, 5: 4, 6: 6, 7: 2, 8: 3, 9: 4}, 8: _MODULES_BY_RATIO}
"""Of ESC b n3 where wide bars have a ratio of their own (which is not drawn): the narrow one in dots."""
_ESCAPES = {b"%0": b"%", b"%1": b"{1", b"%6": b"{A", b"%7": b"{B", b"%8": b"{C"}


def _compressed(data: bytes) -> bytes:
    """Eleven digits of a UPC-A as the UPC-E that is printed; what has none stays."""
    system, maker, item = data[:1], data[1:6], data[6:11]
    if maker[3:] == b"00" and maker[2:3] in (b"0", b"1", b"2") and item[:2] == b"00":
        return system + maker[:2] + item[2:] + maker[2:3]
    if maker[3:] == b"00" and item[:3] == b"000":
        return system + maker[:3] + item[3:] + b"3"
    if maker[4:] == b"0" and item[:4] == b"0000":
        return system + maker[:4] + item[4:] + b"4"
    if item[:4] == b"0000" and item[4:] in (b"5", b"6", b"7", b"8", b"9"):
        return system + maker + item[4:]
    return data


class StarCodes(PrintedCodes):
    """As a Star printer is told them."""

    def __init__(self, paper: Paper, modes: Modes, errors: deque[str]) -> None:
        super().__init__(paper, modes, errors)
        self._pdf417_shape = (0, 0)

    def barcode(self, buffer: bytearray) -> int:
        """ESC b n1 n2 n3 n4 data RS"""
        end = buffer.find(b"\x1e", 6)
        if len(buffer) < 7 or end < 0:
            return 0
        system, layout, mode, height = (buffer[2] % 48, buffer[3] % 48, buffer[4] % 48, buffer[5])
        data = bytes(buffer[6:end])
        module = _MODULES.get(system, {1: 2, 2: 3, 3: 4}).get(mode)
        if system not in _SYSTEMS or layout not in (1, 2, 3, 4) or module is None or not height:
            self._errors.append(f"barcode {bytes(buffer[2:6]).hex(' ')}")
            return end + 1
        if system == 0:
            data = _compressed(data)
        if system == 6:
            data = re.sub(rb"%[0-8]", lambda found: _ESCAPES.get(found[0], b"{?"), data.replace(b"{", b"{{"))
            data = data if data.startswith((b"{A", b"{B", b"{C")) else b"{B" + data
        try:
            label, text, rows = barcode_rows(_SYSTEMS[system], data)
        except SymbolError as error:
            self._errors.append(str(error))
            return end + 1
        self._put(Symbol(label, text, rows, module, height, self._modes.align_value))
        if layout in (2, 4):
            self._text(text)
        return end + 1

    def qr(self, buffer: bytearray) -> int:
        """ESC GS y S0 S1 S2 D1 P"""
        modes = self._modes.qr
        name, rest = bytes(buffer[3:5]), buffer[5:]
        match name[:1], name[1:2]:
            case (b"S", b"0") if rest:
                return 6
            case (b"S", b"1") if rest:
                modes.level = 48 + rest[0]
                return 6
            case (b"S", b"2") if rest:
                modes.module_dots = rest[0]
                return 6
            case (b"D", b"1"):
                if len(rest) < 3 or len(rest) < 3 + int.from_bytes(rest[1:3], "little"):
                    return 0
                count = int.from_bytes(rest[1:3], "little")
                modes.data = bytes(rest[3 : 3 + count])
                return 8 + count
            case (b"P", _):
                self._print_qr()
                return 4
            case (b"I", _):
                return 4  # how large it would be: not told here
            case _:
                return self._unknown(buffer, name)

    def pdf417(self, buffer: bytearray) -> int:
        """ESC GS x S0 S1 S2 S3 D P"""
        modes = self._modes.pdf417
        name, rest = bytes(buffer[3:5]), buffer[5:]
        match name[:1], name[1:2]:
            case (b"S", b"0"):
                if len(rest) < 3:
                    return 0
                modes.columns = rest[2]
                return 8
            case (b"S", b"1" | b"2" | b"3"):
                if not rest:
                    return 0
                attribute = {b"1": "level", b"2": "module_dots", b"3": "row_height"}[name[1:2]]
                setattr(modes, attribute, rest[0])
                return 6
            case (b"D", _):
                if len(buffer) < 6 or len(buffer) < 6 + int.from_bytes(buffer[4:6], "little"):
                    return 0
                count = int.from_bytes(buffer[4:6], "little")
                modes.data = bytes(buffer[6 : 6 + count])
                return 6 + count
            case (b"P", _):
                self._print_pdf417(modes.level)
                return 4
            case (b"I", _):
                return 4
            case _:
                return self._unknown(buffer, name)

    def _unknown(self, buffer: bytearray, name: bytes) -> int:
        if len(name) < 2 or name in (b"S0", b"S1", b"S2"):
            return 0
        self._errors.append(f"symbol command {bytes(buffer[:5]).hex(' ')}")
        return 1
