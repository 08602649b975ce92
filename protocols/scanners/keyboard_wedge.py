"""Keyboard-wedge scanners as Linux shows them: ``struct input_event`` records of 24 bytes (64-bit kernels).

Linux, include/uapi/linux/input.h: two 64-bit words of time, type (u16), code (u16), value (s32).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scanners.keyboard_text import DEFAULTS, KeyboardOptions, KeyboardText

RECORD = struct.Struct("<qqHHi")
_EV_SYN, _EV_KEY, _EV_MSC = 0, 1, 4
_SYN_DROPPED = 3
_TYPES = frozenset({*range(6), 0x11, 0x12, 0x14, 0x15, 0x16, 0x17})
_KEY_MAX, _SYN_MAX, _MSC_MAX = 0x2FF, 3, 5
_KEYBOARD_KEYS = range(1, 0x100)
_RELEASED, _PRESSED, _REPEATED = 0, 1, 2
_REJECTED_HEAD_BYTES = 64


class KeyboardWedgeCodec:
    """Records to BarcodeRead, whatever byte they are split at.

    Acts on presses, ignores autorepeat and missing releases.
    """

    def __init__(self, options: KeyboardOptions = DEFAULTS) -> None:
        self._text = KeyboardText(options)
        self._buffer = bytearray()
        self._skipped = b""
        self._skipped_length = 0

    @property
    def is_ended_by_idle(self) -> bool:
        """An idle line completes a read now; otherwise it means that the rest of one was lost."""
        return self._text.is_ended_by_idle

    @property
    def is_in_licence(self) -> bool:
        """A driving licence is being read, which only an idle line ends."""
        return self._text.is_in_licence

    @property
    def has_pending(self) -> bool:
        """A read, or half a record, waits for the rest."""
        return self._text.has_pending or bool(self._buffer) or self._skipped_length > 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._buffer += data
        position = 0 if self._skipped_length else self._take_in_step(events)
        while len(self._buffer) - position >= RECORD.size:
            _, microseconds, kind, code, value = RECORD.unpack_from(self._buffer, position)
            if not _is_plausible(microseconds, kind, code, value):
                # Out of step (a torn pipe): move on by one byte until records make sense again.
                self._skip(self._buffer[position : position + 1])
                position += 1
                continue
            if self._skipped_length:
                events.append(self._end_skipping())
                # The first keys of a read may have been among what was skipped.
                self._text.lose("keys_lost")
            events += self._record(kind, code, value)
            position += RECORD.size
        del self._buffer[:position]
        return events

    def flush(self) -> Sequence[CodecEvent]:
        self._skip(self._buffer)
        self._buffer.clear()
        if not self._skipped_length:
            return self._text.flush()
        if self._text.has_pending:
            self._text.lose("keys_lost")
        return [self._end_skipping(), *self._text.flush()]

    def _take_in_step(self, events: list[CodecEvent]) -> int:
        """The short way through records as a kernel writes them; returns how many bytes it took.

        Four of five records are times and scan codes, and this is the path of every key of every scan.
        """
        whole = len(self._buffer) - len(self._buffer) % RECORD.size
        taken = 0
        for _, microseconds, kind, code, value in RECORD.iter_unpack(self._buffer[:whole]):
            if not 0 <= microseconds < 1_000_000:
                break
            if kind == _EV_KEY and code in _KEYBOARD_KEYS:
                if value == _PRESSED:
                    events += self._text.press(code)
                elif value == _RELEASED:
                    events += self._text.release(code)
                elif value != _REPEATED:
                    break
            elif not (kind == _EV_MSC and code <= _MSC_MAX) and not (kind == _EV_SYN and code == 0 and 0 <= value <= 1):
                break
            taken += RECORD.size
        return taken

    def _record(self, kind: int, code: int, value: int) -> list[CodecEvent]:
        if kind == _EV_KEY and code in _KEYBOARD_KEYS:
            if value == _PRESSED:
                return self._text.press(code)
            if value == _RELEASED:
                return self._text.release(code)
        elif kind == _EV_SYN and code == _SYN_DROPPED:
            # Documentation/input/event-codes.rst: the client's queue overflowed; what follows up to the next
            # SYN_REPORT is half a packet. Its keys are real, so an Enter among them ends the read that is rejected.
            self._text.lose("keys_lost")
        return []

    def _skip(self, data: bytes | bytearray) -> None:
        if len(self._skipped) < _REJECTED_HEAD_BYTES:
            self._skipped = (self._skipped + data)[:_REJECTED_HEAD_BYTES]
        self._skipped_length += len(data)

    def _end_skipping(self) -> FrameRejected:
        rejected = FrameRejected("no_record", self._skipped, self._skipped_length)
        self._skipped, self._skipped_length = b"", 0
        return rejected


def _is_plausible(microseconds: int, kind: int, code: int, value: int) -> bool:
    """Strict enough that a stream which is off by some bytes is noticed within a record or two."""
    if not 0 <= microseconds < 1_000_000 or kind not in _TYPES:
        return False
    if kind == _EV_KEY:
        return code <= _KEY_MAX and 0 <= value <= 2
    if kind == _EV_SYN:
        return code <= _SYN_MAX and value in (0, 1)
    return kind != _EV_MSC or code <= _MSC_MAX
