"""Honeywell on a serial line or SPP: bar codes, replies to menu commands, and framed results with their symbology.

A framed result is ``SYN FE [length, 4] CR MSGGET [length, 4 digits] [code id] [AIM, 2] GS data CR``; the second length
counts the CR. Sources: Honeywell user guides, "Serial Programming Commands"; the frames as in captures of SPP scanners.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.scanners.honeywell_menu import (
    INFORMATION,
    MENU_BYTES_MAX,
    REVISION,
    SYN,
    HostCommand,
    decode_host_command,
    decode_reply,
    find_reply,
    information_of,
    reply_starts_at,
)
from protocols.scanners.licence_frames import holds_licence_head
from protocols.scanners.reading import barcode_read
from protocols.scanners.rs232_plain import Rs232PlainCodec

REPLY_BYTES_MAX: Final = 4096
"""The longest reply lists a scanner's revisions in 400 bytes; more without a status is no reply."""
_FRAME_MARK: Final = 0xFE
_FRAME_START: Final = bytes((SYN, _FRAME_MARK))
_MESSAGE: Final = b"MSGGET"
_DATA_AT: Final = 21
_GS: Final = 0x1D
_DIGITS = re.compile(rb"\d{4}")
_HOST_START: Final = b"\x16"
_REPORT_BYTES: Final = 64
HID_MODE: Final = b"\xfe\x01"
"""The feature report that puts the scanner into HID POS mode."""


@dataclass(frozen=True, slots=True)
class FramedRead(BarcodeRead):
    """A read of a framed result. ``length`` counts the CR."""

    length: int = 0


class HoneywellSerialCodec:
    """Bytes of the scanner. What is no frame and no reply goes to the codec of plain reads.

    While a reply is awaited (``await_reply``), text up to a status and ``.`` or ``!`` holds it: from the tag that was
    sent, and before it the ``Name: value`` lines that a scanner says of itself. What else stands before it are reads
    that came in between. A reply that comes too late is cut off the read that it is glued to.
    """

    def __init__(self, plain: Rs232PlainCodec | None = None) -> None:
        self.is_awaiting_reply = False
        self._tag = b""
        self._plain = plain or Rs232PlainCodec()
        self._buffer = bytearray()
        self._is_lost = False
        """A frame made no sense: what follows may be its data, so nothing is a bar code before the next frame."""

    @property
    def is_ended_by_idle(self) -> bool:
        return self._plain.is_ended_by_idle

    @property
    def is_in_licence(self) -> bool:
        """A driving licence is being read, which only an idle line ends."""
        return self._plain.is_in_licence or holds_licence_head(self._buffer)

    @property
    def has_pending(self) -> bool:
        """What is held for a reply does not wait for an idle line, but for ``stop_awaiting``."""
        return self._is_lost or (bool(self._buffer) and not self.is_awaiting_reply) or self._plain.has_pending

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._buffer += data
        events: list[CodecEvent] = []
        while self._buffer and self._step(events):
            pass
        return events

    def flush(self) -> Sequence[CodecEvent]:
        if self._is_lost:
            self._is_lost = False
            self._buffer.clear()
        if self.is_awaiting_reply:
            return _without_late_replies(self._plain.flush())
        rest = bytes(self._buffer)
        self._buffer.clear()
        if rest[:2] == _FRAME_START:
            return [FrameRejected.of("incomplete", rest), *_without_late_replies(self._plain.flush())]
        return _without_late_replies([*self._plain.feed(rest), *self._plain.flush()])

    def await_reply(self, tag: str = "") -> None:
        """A menu command was sent. ``tag``: its first six characters; without them any reply is taken."""
        self.is_awaiting_reply = True
        self._tag = tag.encode("latin-1")

    def stop_awaiting(self) -> Sequence[CodecEvent]:
        """No reply came: what was held for it are reads."""
        self.is_awaiting_reply = False
        return self.feed(b"")

    def _step(self, events: list[CodecEvent]) -> bool:
        """Take one thing from the front of the buffer. False: wait for more bytes."""
        if self._is_lost and not self._find_frame():
            return False
        if self._buffer[0] == SYN:
            if len(self._buffer) == 1:
                return False
            if self._buffer[1] == _FRAME_MARK:
                return self._take_frame(events)
        return self._take_text(events)

    def _find_frame(self) -> bool:
        start = self._buffer.find(_FRAME_START)
        self._is_lost = start < 0
        if start < 0:
            start = len(self._buffer) - (self._buffer[-1] == SYN)
        del self._buffer[:start]
        return not self._is_lost

    def _take_text(self, events: list[CodecEvent]) -> bool:
        start = self._buffer.find(bytes((SYN,)), 1)
        text = bytes(self._buffer[:start] if start > 0 else self._buffer)
        if self.is_awaiting_reply:
            text = text[: REPLY_BYTES_MAX + 1]
        if self.is_awaiting_reply:
            if (end := find_reply(text)) is not None:
                del self._buffer[:end]
                events += self._reply(text[:end])
                return True
            if start < 0 and len(text) <= REPLY_BYTES_MAX:
                return False
        del self._buffer[: len(text)]
        events += _without_late_replies(self._plain.feed(text))
        return True

    def _reply(self, text: bytes) -> list[CodecEvent]:
        at = reply_starts_at(text, self._tag)
        if at is None:
            return _without_late_replies(self._plain.feed(text))
        events: list[CodecEvent] = []
        information = bytearray()
        for line in text[:at].splitlines(keepends=True):
            if self._is_of_reply(line):
                information += line
            else:
                events += _without_late_replies(self._plain.feed(line))
        reply = decode_reply(bytes(information) + text[at:])
        return [*events, reply if reply is not None else FrameRejected.of("no_reply", text[at:])]

    def _is_of_reply(self, line: bytes) -> bool:
        """A line in front of the reply belongs to it: an empty one, or what a scanner says when asked who it is."""
        if self._tag and self._tag != REVISION.encode():
            return False
        information = information_of(line.decode("latin-1"))
        return not line.strip() or (information is not None and (not self._tag or information[0] in INFORMATION))

    def _take_frame(self, events: list[CodecEvent]) -> bool:
        buffer = self._buffer
        if len(buffer) < _DATA_AT:
            return False
        head = bytes(buffer[:_DATA_AT])
        digits = head[13:17]
        is_frame = head[6] == 0x0D and head[7:13] == _MESSAGE and _DIGITS.fullmatch(digits) and head[20] == _GS
        if not is_frame or int(digits) < 1:
            return self._lose("no_message", head, events)
        length = int(digits)
        if len(buffer) < _DATA_AT + length:
            return False
        data = bytes(buffer[_DATA_AT : _DATA_AT + length])
        if data[-1] != 0x0D:
            return self._lose("no_end", head + data, events)
        del buffer[: _DATA_AT + length]
        aim = "]" + head[18:20].decode("latin-1")
        events.append(
            FramedRead(
                raw=aim.encode("latin-1") + data[:-1], data=data[:-1], aim=aim, code_id=chr(head[17]), length=length
            )
        )
        return True

    def _lose(self, reason: str, frame: bytes, events: list[CodecEvent]) -> bool:
        events.append(FrameRejected.of(reason, frame))
        del self._buffer[:2]
        self._is_lost = True
        return bool(self._buffer)


class HoneywellTraceCodec(HoneywellSerialCodec):
    """For looking at captures: any text may be a reply, until the line is idle."""

    def __init__(self) -> None:
        super().__init__()
        self.await_reply()

    def flush(self) -> Sequence[CodecEvent]:
        events = [*self.stop_awaiting(), *super().flush()]
        self.await_reply()
        return events


class HoneywellHostCodec:
    """Commands of a host, one after the other."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._buffer += data
        events: list[CodecEvent] = []
        while self._buffer:
            if self._buffer[0] != SYN:
                end = self._buffer.find(_HOST_START, 0, MENU_BYTES_MAX)
                if end < 0 and len(self._buffer) < MENU_BYTES_MAX:
                    break
                self._reject(events, "no_command", end if end > 0 else MENU_BYTES_MAX)
                continue
            if len(self._buffer) < 3:
                break
            size = self._size()
            if size is None:
                break
            command = decode_host_command(bytes(self._buffer[:size]))
            if command is None:
                self._reject(events, "unknown_command", size)
                continue
            del self._buffer[:size]
            events.append(command)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        rest = bytes(self._buffer)
        self._buffer.clear()
        return [FrameRejected.of("incomplete", rest)] if rest else ()

    def _size(self) -> int | None:
        """Bytes of the command in front; None: it has not come whole."""
        if self._buffer[:3] != b"\x16M\r":
            return 3
        match = re.search(rb"[.!]", self._buffer[:MENU_BYTES_MAX])
        if match is not None:
            return match.end()
        return MENU_BYTES_MAX if len(self._buffer) >= MENU_BYTES_MAX else None

    def _reject(self, events: list[CodecEvent], reason: str, size: int) -> None:
        events.append(FrameRejected.of(reason, bytes(self._buffer[:size])))
        del self._buffer[:size]


class HoneywellHidHostCodec:
    """Output reports of a host: ``FD``, a length and the command, filled with zeros or not."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        self._buffer += data
        events: list[CodecEvent] = []
        while self._buffer:
            if self._buffer[: len(HID_MODE)] == HID_MODE:
                del self._buffer[: len(HID_MODE)]
                events.append(HostCommand("enter_hid_mode", payload=HID_MODE))
                continue
            if self._buffer == HID_MODE[:1]:
                break
            if self._buffer[0] != 0xFD:
                end = _report_start(self._buffer)
                if end < 0 and len(self._buffer) < _REPORT_BYTES:
                    break
                self._skip(end if end > 0 else _REPORT_BYTES, events)
                continue
            if len(self._buffer) < 2 or len(self._buffer) < 2 + self._buffer[1]:
                break
            self._take(2 + self._buffer[1], events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        """A report whose length is too large by a few is still read: a known program counts its own padding."""
        events: list[CodecEvent] = []
        if self._buffer[:1] == b"\xfd":
            self._take(len(self._buffer), events)
        elif self._buffer:
            self._skip(len(self._buffer), events)
        return events

    def _skip(self, size: int, events: list[CodecEvent]) -> None:
        """Reports are filled with zeros: these are nothing."""
        if (junk := bytes(self._buffer[:size])).strip(b"\x00"):
            events.append(FrameRejected.of("no_command", junk))
        del self._buffer[:size]

    def _take(self, size: int, events: list[CodecEvent]) -> None:
        report = bytes(self._buffer[:size])
        del self._buffer[:size]
        command = decode_host_command(report[2:].rstrip(b"\x00"))
        events.append(command or FrameRejected.of("unknown_command", report))


def _without_late_replies(events: Sequence[CodecEvent]) -> list[CodecEvent]:
    """A reply has no suffix: one that nobody waits for any more stands in front of the next read."""
    told: list[CodecEvent] = []
    for event in events:
        end = find_reply(event.raw) if isinstance(event, BarcodeRead) else None
        if end is None or not isinstance(event, BarcodeRead):
            told.append(event)
            continue
        told.append(FrameRejected.of("reply_unasked", event.raw[:end]))
        if rest := event.raw[end:]:
            told.append(barcode_read(rest, "auto", "none"))
    return told


def _report_start(buffer: bytearray) -> int:
    """Of the next report behind noise; -1: none so far."""
    found = [at for mark in (b"\xfd", HID_MODE) if (at := buffer.find(mark, 1, _REPORT_BYTES)) > 0]
    return min(found, default=-1)
