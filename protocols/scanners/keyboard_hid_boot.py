"""Keyboard-wedge scanners as USB shows them: boot keyboard reports of 8 bytes (HID 1.11, appendix B.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.scanners.keyboard_text import DEFAULTS, KeyboardOptions, KeyboardRead, KeyboardText

REPORT_BYTES = 8
REPORTS_BYTES_MAX = 8_192
"""Of one read's reports that are kept for whoever looks at it: a thousand, presses and releases."""
_MODIFIER_KEYS = (29, 42, 56, 125, 97, 54, 100, 126)
"""Linux key codes of the bits of byte 0, lowest first."""

# HID usages 0x04 to 0x64 of the keyboard page as Linux key codes (drivers/hid/hid-input.c).
_KEY_OF_USAGE = dict(enumerate(
    (30, 48, 46, 32, 18, 33, 34, 35, 23, 36, 37, 38, 50, 49, 24, 25, 16, 19, 31, 20, 22, 47, 17, 45, 21, 44,
     2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 28, 1, 14, 15, 57, 12, 13, 26, 27, 43, 43, 39, 40, 41, 51, 52, 53, 58,
     59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 87, 88, 99, 70, 119, 110, 102, 104, 111, 107, 109, 106, 105, 108, 103,
     69, 98, 55, 74, 78, 96, 79, 80, 81, 75, 76, 77, 71, 72, 73, 82, 83, 86),
    start=4,
))  # fmt: skip
_UNKNOWN_KEY = 0


@dataclass(frozen=True, slots=True)
class BootRead(KeyboardRead):
    """A read and the reports it took. ``reports``: empty where they were more than are kept."""

    report_count: int = 0
    reports: bytes = b""


class KeyboardHidBootCodec:
    """Reports to BootRead. A report has no start mark: after an idle line the next byte begins a report."""

    def __init__(self, options: KeyboardOptions = DEFAULTS) -> None:
        self._text = KeyboardText(options)
        self._buffer = bytearray()
        self._reports = bytearray()
        self._report_count = 0
        self._modifiers: tuple[int, ...] = ()
        self._usages: tuple[int, ...] = ()

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
        """A read, or half a report, waits for the rest."""
        return self._text.has_pending or bool(self._buffer)

    def feed(self, data: bytes) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        self._buffer += data
        whole = len(self._buffer) - len(self._buffer) % REPORT_BYTES
        for start in range(0, whole, REPORT_BYTES):
            report = bytes(self._buffer[start : start + REPORT_BYTES])
            self._report_count += 1
            if len(self._reports) < REPORTS_BYTES_MAX:
                self._reports += report
            events += self._with_reports(self._report(report[0], tuple(report[2:])))
        del self._buffer[:whole]
        return events

    def flush(self) -> Sequence[CodecEvent]:
        events: list[CodecEvent] = []
        if self._buffer:
            events.append(FrameRejected.of("no_report", bytes(self._buffer)))
            self._buffer.clear()
        self._modifiers = self._usages = ()
        return [*events, *self._with_reports(self._text.flush())]

    def _with_reports(self, events: list[CodecEvent]) -> list[CodecEvent]:
        """The end of a read: its reports are those since the end of the one before."""
        if not events:
            return events
        count, reports = self._report_count, bytes(self._reports)
        self._report_count = 0
        self._reports.clear()
        kept = reports if len(reports) == count * REPORT_BYTES else b""
        return [
            BootRead(read.raw, read.data, read.aim, read.code_id, read.suffix, count, kept)
            if isinstance(read, KeyboardRead)
            else read
            for read in events
        ]

    def _report(self, modifier_bits: int, slots: tuple[int, ...]) -> list[CodecEvent]:
        modifiers = tuple(key for bit, key in enumerate(_MODIFIER_KEYS) if modifier_bits >> bit & 1)
        usages = tuple(usage for usage in slots if usage > 3)  # 0 is no key, 1 to 3 are error codes
        events: list[CodecEvent] = []
        for key in self._modifiers:
            if key not in modifiers:
                events += self._text.release(key)
        for key in modifiers:
            if key not in self._modifiers:
                events += self._text.press(key)
        # Scanners leave out releases: the same keys once more are pressed once more; fewer keys are a release.
        pressed = usages if usages == self._usages else tuple(u for u in usages if u not in self._usages)
        for usage in pressed:
            events += self._text.press(_KEY_OF_USAGE.get(usage, _UNKNOWN_KEY))
        self._modifiers, self._usages = modifiers, usages
        return events
