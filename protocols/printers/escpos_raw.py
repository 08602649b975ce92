"""Bytes of a raw element: let through command by command, and only those that a printer's settings list."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from edge_gateway.contracts.errors import ErrorCode, RequestError
from protocols.printers.escpos_raster import has_real_time_command


def allowed_raw(data: bytes, allowed: AbstractSet[str]) -> bytes:
    """The data itself. Raises RequestError: UNSUPPORTED (a command that is not listed), INVALID_REQUEST."""
    if not allowed:
        raise RequestError(ErrorCode.UNSUPPORTED, "raw: not allowed at this printer (raw_commands)")
    if has_real_time_command(data):
        raise RequestError(ErrorCode.INVALID_REQUEST, "raw: holds a real-time command (DLE EOT, DLE ENQ or DLE DC4)")
    return data
