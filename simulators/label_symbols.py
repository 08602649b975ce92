"""Symbols of simulated label printers: data as each language writes it, to rows of modules."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from simulators.escpos_symbols import FNC1, LABELS, Rows, SymbolError, barcode_rows, pdf417_rows, qr_rows

LEVELS = {"L": 48, "M": 49, "Q": 50, "H": 51}
COLUMNS_MAX = 30
_SYSTEMS = {label: system for system, label in LABELS.items()}
_BY_HAND = {"104": b"{B", "105": b"{C", "100": b"{B", "099": b"{C", "102": b"{1"}


def linear(language: str, about: Mapping[str, Any]) -> tuple[list[bool], str]:
    """Modules and the text below. Raises SymbolError."""
    symbology, data = about["symbology"], str(about["data"])
    if symbology == "code_128_by_hand":
        _, text, rows = barcode_rows(_SYSTEMS["code_128"], _from_hand(data))
        return rows[0], text
    if symbology in ("code_128", "gs1_128"):
        return _code_128(language, symbology, data, str(about.get("mode", "")))
    if symbology == "codabar":
        data = f"{about.get('start', '')}{data}{about.get('stop', '')}"
    _, text, rows = barcode_rows(_SYSTEMS[symbology], data.encode())
    return rows[0], text


def two_dimensional(language: str, about: Mapping[str, Any]) -> tuple[Rows, int]:
    """Rows of modules, and how many modules high a row is. Raises SymbolError."""
    data, level = str(about["data"]), about.get("level", "M")
    match about["symbology"]:
        case "qr":
            if language == "zpl":
                level, data = data[0], data.partition(",")[2]
            return qr_rows(data.encode(), LEVELS[level]), 1
        case "pdf417":
            rows = pdf417_rows(data.encode(), about.get("columns", 0), int(level), COLUMNS_MAX, is_truncated=False)
            return rows, int(about.get("row", 3))
        case "data_matrix":
            return _data_matrix(data, str(about.get("escape", "~"))), 1
        case _:
            raise SymbolError(f"{about['symbology']} is not simulated")


def _code_128(language: str, symbology: str, data: str, mode: str) -> tuple[list[bool], str]:
    """The printer chooses the code sets."""
    from barcode.charsets import code128  # type: ignore[import-untyped]  # it publishes no types
    from barcode.codex import Code128  # type: ignore[import-untyped]  # it publishes no types

    text = data
    if language == "zpl" and mode == "D":
        data = FNC1 + re.sub(r"\((\d{2,4})\)", r"\1", data).replace(">8", FNC1).replace(">0", ">")
        text = text.replace(">8", "").replace(">0", ">")
    elif symbology == "gs1_128":
        data, text = FNC1 + data.replace("\x06", FNC1), data.replace("\x06", "")
    if any(character != FNC1 and character not in code128.ALL for character in data):
        raise SymbolError(f"{symbology} data {data!r}")
    return [module == "1" for module in Code128(data).build()[0]], text


def _from_hand(data: str) -> bytes:
    """TSPL 128M: ``!`` and three digits choose a code set or are FNC1; in set C two digits are one symbol."""
    found, code_set = b"", b""
    for part in re.findall(r"![0-9]{3}|[^!]+", data):
        if part[0] == "!":
            if part[1:] not in _BY_HAND:
                raise SymbolError(f"128M: {part}")
            found += _BY_HAND[part[1:]]
            code_set = found[-1:] if part != "!102" else code_set
        elif code_set == b"C":
            found += bytes(int(part[place : place + 2]) for place in range(0, len(part), 2))
        else:
            found += part.replace("{", "{{").encode()
    return found


def _data_matrix(data: str, escape: str) -> Rows:
    import zxingcpp

    fnc1 = f"{escape}1"
    text = data.removeprefix(fnc1).replace(fnc1, "\x1d")
    options: dict[str, Any] = {"options": "forceSquare"}
    if data.startswith(fnc1):
        text, options = _bracketed(text), {"gs1": True, **options}
    try:
        drawn = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix, **options)
    except ValueError as error:
        raise SymbolError(f"data_matrix {text!r}: {error}") from error
    image = memoryview(cast(Any, drawn.to_image(scale=1, add_quiet_zones=False, add_hrt=False)))
    height, width = image.shape or (0, 0)
    dots = image.tobytes()
    return [[dot < 128 for dot in dots[row * width : (row + 1) * width]] for row in range(height)]


def _bracketed(text: str) -> str:
    """Element strings as the drawing library takes them."""
    from biip import ParseConfig, ParseError
    from biip.gs1_messages import GS1Message

    try:
        return GS1Message.parse(text, config=ParseConfig(separator_chars=["\x1d"])).as_hri()
    except ParseError as error:
        raise SymbolError(f"GS1 data {text!r}: {error}") from error
