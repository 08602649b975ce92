"""The input of a Star printer, taken apart: automatic status of any length, counters, identities, flow control.

A byte's class is in its fixed bits (Star Line Mode, appendix 2, "Status identification method"): ``b & 91 == 01``:
header 1 of an automatic status, whose other bytes have ``b & 91 == 00`` (header 2: ``b & 11``); ``11 13``: flow
control; other ``b & 91 == 10``: the answer to EOT; ``1B``: an answer that repeats its command.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import Decodable, JsonEvent, Side, event_json
from protocols.printers.command_stream import HostCommand
from protocols.printers.flow_control import XOFF, XON, flow_control
from protocols.printers.star_events import (
    PaperStatus,
    PrintEndCounter,
    StarInformation,
    StarStatus,
    StarVersion,
    StatusHeader,
    split_bits,
    star_status,
    status_length,
)
from protocols.printers.star_print_data import StarCommandCodec
from protocols.printers.star_print_data import describe as describe_print

STATUS_BYTES_MIN: Final = 7
"""Shortest automatic status there is: what a header says less is noise."""
ANSWER_BYTES_MAX: Final = 512
"""Longest answer without its end: the font list of ESC GS ) I has about 200 characters."""

TAIL_BYTES: Final = 2
"""A status whose header 2 has bit 7 has two more bytes than header 1 says (receiptio); some leave them out."""

_ESC: Final = 0x1B
_COUNTER: Final = b"\x1b\x1d\x03"
_COUNTER_BYTES: Final = 8
_VERSION: Final = b"\x1b#*,"
_INFORMATION: Final = b"\x1b\x1d)I"
_TEXT_END: Final = b"\n\x00"
_BEGINNINGS: Final = frozenset(
    prefix[:size] for prefix in (_COUNTER, _VERSION, _INFORMATION) for size in range(1, len(prefix) + 1)
)
_MODEL: Final = re.compile(r"(?P<model>.*?)(?:Ver(?P<firmware>[0-9.]+))?")
_SERIAL: Final = re.compile(r"PrSrN=([^,]+)")


class StarStatusCodec:
    """Implements Codec."""

    def __init__(self) -> None:
        self._status = bytearray()
        self._answer = bytearray()
        self._tail_left = 0

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        for byte in data:
            self._take(byte, events)
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._reject_partial("ended in the middle", events)
        self._tail_left = 0
        return events

    def _take(self, byte: int, events: list[CodecEvent]) -> None:
        if self._answer:
            self._take_in_answer(byte, events)
        elif byte in (XON, XOFF):
            # Neither can be part of a status: flow control goes through its middle.
            events.append(flow_control(byte))
        elif self._status and byte & (0x11 if len(self._status) == 1 else 0x91) == 0:
            self._status.append(byte)
            if len(self._status) == status_length(self._status[0]):
                events.append(star_status(bytes(self._status)))
                self._tail_left = TAIL_BYTES if self._status[1] & 0x80 else 0
                self._status.clear()
        elif self._tail_left and byte & 0x91 == 0:
            self._tail_left -= 1
        else:
            self._take_first(byte, events)

    def _take_first(self, byte: int, events: list[CodecEvent]) -> None:
        """A byte that begins something; half a status before it is lost."""
        self._reject_partial("cut short", events)
        self._tail_left = 0
        if byte == _ESC:
            self._answer.append(byte)
        elif byte & 0x91 == 0x01 and status_length(byte) >= STATUS_BYTES_MIN:
            self._status.append(byte)
        elif byte & 0x91 == 0x10:
            events.append(PaperStatus("EOT", byte, bool(byte & 0x04), not byte & 0x08))
        else:
            events.append(FrameRejected.of("no status byte", bytes((byte,))))

    def _take_in_answer(self, byte: int, events: list[CodecEvent]) -> None:
        held = self._answer
        held.append(byte)
        data = bytes(held)
        if data.startswith(_COUNTER):
            if len(data) == _COUNTER_BYTES:
                held.clear()
                events.append(_print_end_counter(data))
        elif data.startswith((_VERSION, _INFORMATION)):
            if data.endswith(_TEXT_END) and len(data) > len(_INFORMATION) + 3:
                held.clear()
                events.append(_text_answer(data))
            elif len(data) == ANSWER_BYTES_MAX:
                self._reject_partial(f"longer than {ANSWER_BYTES_MAX} bytes", events)
        elif data not in _BEGINNINGS:
            del held[-1:]
            self._reject_partial("cut short", events)
            self._take(byte, events)

    def _reject_partial(self, how: str, events: list[CodecEvent]) -> None:
        for name, partial in (("status", self._status), ("answer", self._answer)):
            if partial:
                events.append(FrameRejected.of(f"{name} {how}", bytes(partial)))
                partial.clear()


class StarStatusReader(StarStatusCodec):
    """The codec for tools: a single byte with nothing before or behind it is told as the header that it is."""

    def __init__(self) -> None:
        super().__init__()
        self._count = 0
        self._lone: int | None = None

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        if not data:
            return []
        if self._count == 0 and len(data) == 1 and data[0] & 0x91 in (0x00, 0x01):
            self._lone, self._count = data[0], 1
            return []
        held = b"" if self._lone is None else bytes((self._lone,))
        self._lone, self._count = None, self._count + len(data)
        return super().feed(held + data)

    def flush(self) -> Sequence[CodecEvent]:
        lone, self._lone, self._count = self._lone, None, 0
        if lone is None:
            return super().flush()
        if lone & 1:
            return [StatusHeader("header 1", status_length_bytes=status_length(lone))]
        return [StatusHeader("header 2", status_version=split_bits(lone))]


def _print_end_counter(data: bytes) -> CodecEvent:
    if data[-1] != 0:
        return FrameRejected.of("print-end counter without its 00", data)
    return PrintEndCounter("ESC GS ETX", data[3], int.from_bytes(data[4:6], "little"), data[6])


def _text_answer(data: bytes) -> CodecEvent:
    if data.startswith(_VERSION):
        text = data[len(_VERSION) : -len(_TEXT_END)].decode("latin-1")
        match = _MODEL.fullmatch(text)
        model, firmware = (match["model"], match["firmware"] or "") if match else (text, "")
        return StarVersion("ESC # *", text, model, firmware)
    function = data[6]
    text = data[7 : -len(_TEXT_END)].decode("latin-1")
    serial = _SERIAL.search(text)
    return StarInformation("ESC GS ) I", function, text, serial[1] if serial else None)


def describe(event: CodecEvent) -> JsonEvent:
    """For people and tools: the language of the printer too, and its drawer as Star takes the switch: set is open."""
    if isinstance(event, HostCommand):
        return describe_print(event)
    described = event_json(event)
    if isinstance(event, StarStatus):
        described |= {
            "language": event.language,
            "drawer_open": event.drawer_bit,
            "paper_near_end": event.paper_low,
            "paper_end": not event.paper_loaded,
            "mechanical_error": event.recoverable_error,
            "head_temperature_error": event.auto_recoverable_error,
            "stopped_by_switch": event.feed_button,
        }
    return described


PROTOCOLS = {
    "star.status": Decodable(
        device_to_host=Side(
            StarStatusReader,
            examples=(
                bytes.fromhex("230600000000000000"),
                bytes.fromhex("0f040000000000"),
                b"\x1b\x1d\x03\x01\x00\x00\x05\x00",
                b"\x1b#*,TSP654Ver3.0\n\x00",
                b"\x1b\x1d)I\x01\x001PrSrN=2550018120700011,\n\x00",
                b"\x13",
            ),
        ),
        host_to_device=Side(
            StarCommandCodec,
            examples=(b"\x1b@", b"\x1b\x06\x01", b"\x17", b"\x1b\x1d\x03\x01\x00\x00", b"\x1b#*\n\x00"),
        ),
        describe=describe,
    )
}
