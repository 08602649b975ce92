"""CipherLab setting codes on the line: ``#@``, six digits, CR. Source: CipherLab scanner manuals, serial commands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from edge_gateway.contracts.events import CodecEvent, FrameRejected

COMMAND_BYTES_MAX = 64
"""A setting code has nine bytes; more without a CR is no command."""
_SETTING = re.compile(rb"#@(\d{6})")


@dataclass(frozen=True, slots=True)
class SettingRead(CodecEvent):
    """What a host sent: the number of the setting's bar code in the manual."""

    command: str
    code: str
    vendor: str = "cipherlab"


class CipherLabHostCodec:
    """Setting codes, one after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            if byte == 0x0D:
                events += self._end()
            elif len(self._buffer) == COMMAND_BYTES_MAX:
                events += self.flush()
            else:
                self._buffer.append(byte)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [FrameRejected.of("incomplete", rest)] if rest else ()

    def _end(self) -> list[CodecEvent]:
        command = bytes(self._buffer)
        self._buffer.clear()
        if not command:
            return []
        match = _SETTING.fullmatch(command)
        return [SettingRead("setting", match[1].decode())] if match else [FrameRejected.of("no_command", command)]
