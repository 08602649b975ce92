"""Bytes of a raw element: let through command by command, and only those that a printer's settings list."""

from __future__ import annotations

from collections.abc import Set as AbstractSet

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.events import FrameRejected
from protocols.printers.command_stream import CommandStreamCodec, HostCommand
from protocols.printers.escpos_host import ESCPOS_COMMANDS
from protocols.printers.escpos_raster import has_real_time_command


def allowed_raw(data: bytes, allowed: AbstractSet[str]) -> bytes:
    """The data itself: whole commands that are listed (``ESC 3``), with any lines of text among them.

    Raises RequestError: UNSUPPORTED (a command that is not listed), INVALID_REQUEST (no command, or half of one).
    """
    if not allowed:
        raise RequestError(ErrorCode.UNSUPPORTED, "raw: not allowed at this printer (raw_commands)")
    if has_real_time_command(data) or data.endswith(b"\x10"):
        raise RequestError(ErrorCode.INVALID_REQUEST, "raw: holds a real-time command (DLE EOT, DLE ENQ or DLE DC4)")
    codec = CommandStreamCodec(ESCPOS_COMMANDS)
    for event in (*codec.feed(data), *codec.flush()):
        if isinstance(event, FrameRejected):
            raise RequestError(ErrorCode.INVALID_REQUEST, f"raw: {event.reason}: {event.data[:8].hex(' ')}")
        if isinstance(event, HostCommand) and event.command not in allowed and event.name != "line_feed":
            raise RequestError(ErrorCode.UNSUPPORTED, f"raw: {event.command} is not among this printer's raw_commands")
    return data
