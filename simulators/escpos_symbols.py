"""Draws the symbols of a simulated printer with other people's libraries, so that what comes out is what was asked."""

from __future__ import annotations

import re
from typing import Any, cast

Rows = list[list[bool]]

LABELS = {
    **{0: "upc_a", 1: "upc_e", 2: "ean_13", 3: "ean_8", 4: "code_39", 5: "itf", 6: "codabar", 7: "code_93"},
    **{8: "code_128", 9: "gs1_128", 10: "gs1_databar", 11: "gs1_databar_truncated", 12: "gs1_databar_limited"},
    **{13: "gs1_databar_expanded"},
}
"""GS k system (form A; form B is 65 more)."""
_PYTHON_BARCODE = {"upc_a": "upca", "ean_13": "ean13", "ean_8": "ean8", "code_39": "code39", "itf": "itf"}
_ZINT = {
    **{"upc_e": "UPCE", "codabar": "Codabar", "code_93": "Code93", "gs1_databar": "DataBarOmni"},
    **{"gs1_databar_truncated": "DataBarOmni", "gs1_databar_limited": "DataBarLtd"},
    **{"gs1_databar_expanded": "DataBarExp"},
}
_LENGTHS = {"upc_a": (11, 12), "ean_13": (12, 13), "ean_8": (7, 8)}
_PATTERNS = {
    "itf": re.compile(r"(?:[0-9]{2})+"),
    "code_39": re.compile(r"[0-9A-Z \-.$/+%]+"),
    "code_93": re.compile(r"[ -~]+"),
    "codabar": re.compile(r"[A-Da-d][0-9$+\-./:]+[A-Da-d]"),
    "upc_e": re.compile(r"[0-9]{6,8}|[0-9]{11,12}"),
    "gs1_databar": re.compile(r"[0-9]{13}"),
    "gs1_databar_truncated": re.compile(r"[0-9]{13}"),
    "gs1_databar_limited": re.compile(r"[01][0-9]{12}"),
    "gs1_databar_expanded": re.compile(r"(?:\([0-9]{2,4}\)[ -~]+)+"),
}
FNC1 = "\xf1"
"""In the text of a Code 128, as python-barcode has it."""


_CODE_SET_VALUES = {"A": 101, "B": 100, "C": 99}
"""Symbol values that change the code set (ISO/IEC 15417, table 2)."""


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


def pdf417_rows(data: bytes, columns: int, level: int, columns_max: int, *, is_truncated: bool) -> Rows:
    """One row of modules for each row of codewords. ``columns`` 0: what comes out squarest on the paper."""
    if not data or not 0 <= level <= 8:
        raise SymbolError(f"PDF417 with level {level} and {len(data)} bytes")
    name = "CompactPDF417" if is_truncated else "PDF417"
    fitting = [columns] if columns else list(range(1, min(columns_max, 30) + 1))
    drawn = []
    for count in fitting:
        try:
            drawn.append(_drawn_by_zint(data, name, f"columns={count},ecLevel={level}")[1::3])
        except ValueError:
            continue  # more rows than there can be
    if not drawn:
        raise SymbolError(f"PDF417 with {len(data)} bytes in {columns or 'any'} columns")
    return min(drawn, key=lambda rows: abs(len(rows[0]) - 2 * 3 * len(rows)))


def barcode_rows(system: int, data: bytes) -> tuple[str, str, Rows]:
    """Label, human readable text, one row of modules (several for what has rows). ``system``: of form A."""
    if (label := LABELS.get(system)) is None:
        raise SymbolError(f"barcode system {system} is not simulated")
    if label == "code_128":
        text, modules = _code_128(data)
        return ("gs1_128" if text.startswith(FNC1) else label), text.replace(FNC1, ""), [modules]
    text = data.decode("ascii", "replace")
    if label in _LENGTHS and not (text.isascii() and text.isdigit() and len(text) in _LENGTHS[label]):
        raise SymbolError(f"{label} data {text!r}")
    if label in _PATTERNS and not _PATTERNS[label].fullmatch(text.replace("{1", "")):
        raise SymbolError(f"{label} data {text!r}")
    if label in _ZINT:
        return label, text.replace("{1", ""), _one_dimension(label, text)
    if label not in _PYTHON_BARCODE:
        raise SymbolError(f"barcode system {system} is not simulated")
    shown, modules = _by_python_barcode(label, text)
    return label, shown, [modules]


def _by_python_barcode(label: str, text: str) -> tuple[str, list[bool]]:
    import barcode  # type: ignore[import-untyped]  # it publishes no types

    # Modules: the library's own unit is half of one for itf.
    by_label: dict[str, dict[str, Any]] = {"code_39": {"add_checksum": False}, "itf": {"narrow": 1, "wide": 3}}
    drawn = barcode.get_barcode_class(_PYTHON_BARCODE[label])(text, **by_label.get(label, {}))
    shown = drawn.get_fullcode() if label in _LENGTHS else text
    if not shown.startswith(text):
        raise SymbolError(f"{label} check digit of {text!r}")
    return shown, [module == "1" for module in drawn.build()[0]]


def _one_dimension(label: str, text: str) -> Rows:
    text = text.replace("{1", "")
    if label == "upc_e" and len(text) == 6:
        text = f"0{text}"
    try:
        rows = _drawn_by_zint(text, _ZINT[label], "")
    except ValueError as error:
        raise SymbolError(f"{label} data {text!r}: {error}") from error
    # Of the symbol alone, without what the library draws below it: the row with the most black.
    return [max(rows, key=sum)]


def _drawn_by_zint(content: str | bytes, name: str, options: str) -> Rows:
    """With libzint, as zxing-cpp ships it: what reads the symbols back is the other half of that package."""
    import zxingcpp

    drawn = zxingcpp.create_barcode(content, getattr(zxingcpp.BarcodeFormat, name), options=options)
    image = memoryview(cast(Any, drawn.to_image(scale=1, add_quiet_zones=False, add_hrt=False)))
    height, width = image.shape or (0, 0)
    dots = image.tobytes()
    return [[dot < 128 for dot in dots[row * width : (row + 1) * width]] for row in range(height)]


def _code_128(data: bytes) -> tuple[str, list[bool]]:
    """GS k 73 data: ``{A {B {C`` choose the code set, ``{1`` is FNC1, ``{{`` a brace, set C holds values of pairs."""
    from barcode.charsets import code128  # type: ignore[import-untyped]  # it publishes no types

    if data[:2] not in (b"{A", b"{B", b"{C"):
        raise SymbolError(f"code128 data {data!r} does not begin with a code set")
    code_set = chr(data[1])
    values = [code128.START_CODES[code_set]]
    tables = {"A": code128.A, "B": code128.B}
    text, index = "", 2
    while index < len(data):
        byte = chr(data[index])
        if byte == "{":
            follower = data[index + 1 : index + 2].decode("latin-1")
            index += 2
            if follower in ("A", "B", "C") and follower != code_set:
                values.append(_CODE_SET_VALUES[follower])
                code_set = follower
            elif follower == "1":
                values.append(102)
                text += FNC1
            elif follower == "{" and code_set == "B":
                values.append(tables["B"]["{"])
                text += "{"
            elif follower not in ("A", "B", "C"):
                raise SymbolError(f"code128 data {data!r}: brace at {index - 2}")
            continue
        if code_set == "C":
            if data[index] > 99:
                raise SymbolError(f"code128 data {data!r}: {data[index]} in code set C")
            values.append(data[index])
            text += f"{data[index]:02d}"
        elif byte in tables[code_set]:
            values.append(tables[code_set][byte])
            text += byte
        else:
            raise SymbolError(f"code128 data {data!r}: {byte!r} is not in code set {code_set}")
        index += 1
    if not text:
        raise SymbolError("code128 without data")
    check = (values[0] + sum(place * value for place, value in enumerate(values[1:], 1))) % 103
    pattern = "".join(code128.CODES[value] for value in (*values, check)) + code128.STOP + "11"
    return text, [module == "1" for module in pattern]
