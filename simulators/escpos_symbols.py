"""Draws the symbols of a simulated printer with other people's libraries, so that what comes out is what was asked."""

from __future__ import annotations

import re
from typing import Any

Rows = list[list[bool]]

SYSTEMS = {0: "upca", 2: "ean13", 3: "ean8", 4: "code39", 5: "itf", 8: "code128"}
"""GS k system (form A; form B is 65 more) to the name in python-barcode."""
LABELS = {"upca": "upc_a", "ean13": "ean_13", "ean8": "ean_8", "code39": "code_39", "itf": "itf", "code128": "code_128"}


class SymbolError(ValueError):
    """The printer would not print this."""


def qr_rows(data: bytes, level: int) -> Rows:
    """Modules of a QR code, without quiet zone. ``level``: 48 to 51 for L, M, Q, H."""
    from qrcode import QRCode, constants  # type: ignore[import-untyped]  # it publishes no types

    levels = {
        48: constants.ERROR_CORRECT_L,
        49: constants.ERROR_CORRECT_M,
        50: constants.ERROR_CORRECT_Q,
        51: constants.ERROR_CORRECT_H,
    }
    if level not in levels or not data:
        raise SymbolError(f"QR code with level {level} and {len(data)} bytes")
    code = QRCode(error_correction=levels[level], border=0)
    code.add_data(data)
    code.make(fit=True)
    return [[bool(module) for module in row] for row in code.get_matrix()]


def barcode_rows(system: int, data: bytes) -> tuple[str, str, Rows]:
    """Label, human readable text, one row of modules."""
    import barcode  # type: ignore[import-untyped]  # it publishes no types

    if (name := SYSTEMS.get(system)) is None:
        raise SymbolError(f"barcode system {system} is not simulated")
    text = _code_128_text(data) if name == "code128" else data.decode("ascii", "replace")
    if (expected := {"upca": 12, "ean13": 13, "ean8": 8}.get(name)) is not None:
        if not re.fullmatch(r"[0-9]+", text) or len(text) not in (expected - 1, expected):
            raise SymbolError(f"{name} data {text!r}")
    elif name == "itf" and (not re.fullmatch(r"[0-9]+", text) or len(text) % 2):
        raise SymbolError(f"itf data {text!r}")
    elif name == "code39" and not re.fullmatch(r"[0-9A-Z \-.$/+%]+", text):
        raise SymbolError(f"code39 data {text!r}")
    # Modules: the library's own unit is half of one for itf.
    by_name: dict[str, dict[str, Any]] = {"code39": {"add_checksum": False}, "itf": {"narrow": 1, "wide": 3}}
    options = by_name.get(name, {})
    drawn = barcode.get_barcode_class(name)(text, **options)
    shown = drawn.get_fullcode() if expected is not None else text
    if expected is not None and not shown.startswith(text):
        raise SymbolError(f"{name} check digit of {text!r}")
    return LABELS[name], shown, [[module == "1" for module in drawn.build()[0]]]


def _code_128_text(data: bytes) -> str:
    """Text of GS k 73 data: ``{A {B {C`` choose the code set, ``{{`` is a brace, set C holds pairs of digits."""
    if data[:2] not in (b"{A", b"{B", b"{C"):
        raise SymbolError(f"code128 data {data!r} does not begin with a code set")
    text, code_set, index = "", data[1:2], 2
    while index < len(data):
        byte = data[index : index + 1]
        if byte == b"{":
            follower = data[index + 1 : index + 2]
            if follower in (b"A", b"B", b"C"):
                code_set = follower
            elif follower == b"{":
                text += "{"
            else:
                raise SymbolError(f"code128 data {data!r}: brace at {index}")
            index += 2
            continue
        text += f"{byte[0]:02d}" if code_set == b"C" else byte.decode("latin-1")
        index += 1
    if not text or any(not " " <= character <= "~" for character in text):
        raise SymbolError(f"code128 text {text!r}")
    return text
