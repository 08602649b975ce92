"""Pictures of ZPL (^GFA), unpacked: plain and run-length hexadecimal, and Z64."""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Callable

from simulators.label_parts import SequenceError


def graphic(rest: str) -> dict[str, object]:
    """Width, height and rows. Raises SequenceError."""
    kind, total, _, row_bytes, data = rest.split(",", 4)
    size, width = int(total), int(row_bytes)
    if kind != "A":
        raise SequenceError("only ^GFA is simulated")
    if data.startswith(":Z64:"):
        packed, _, check = data[5:].rpartition(":")
        if binascii.crc_hqx(packed.encode(), 0) != int(check, 16):
            raise SequenceError("check sum of Z64")
        rows = zlib.decompress(base64.b64decode(packed))
    else:
        rows = bytes.fromhex(_unpacked(data, width * 2))
    if len(rows) != size or size % width:
        raise SequenceError(f"{len(rows)} bytes of picture, {size} were announced")
    return {"width": width * 8, "height": size // width, "data": rows}


def _unpacked(data: str, row_digits: int) -> str:
    rows: list[str] = []
    row, count = "", 0
    fill: dict[str, Callable[[str], str]] = {
        ",": lambda begun: begun.ljust(row_digits, "0"),
        "!": lambda begun: begun.ljust(row_digits, "F"),
        ":": lambda begun: rows[-1],
    }
    for character in data:
        if "G" <= character <= "Y":
            count += ord(character) - ord("F")
        elif "g" <= character <= "z":
            count += 20 * (ord(character) - ord("f"))
        elif character in fill:
            rows.append(fill[character](row))
            row = ""
        elif character in "0123456789ABCDEFabcdef":
            row += character * max(1, count)
            count = 0
        elif character not in "\r\n":
            raise SequenceError(f"{character!r} in a picture")
        if len(row) == row_digits:
            rows.append(row)
            row = ""
    if row or any(len(line) != row_digits for line in rows):
        raise SequenceError("a picture of another width")
    return "".join(rows)
