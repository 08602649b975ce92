"""What a read's keyboard reports say besides its text: how many they were, and what other layouts make of them."""

from __future__ import annotations

from edge_gateway.contracts.events import BarcodeRead
from protocols.decoding import JsonEvent
from protocols.scanners.keyboard_hid_boot import REPORT_BYTES, BootRead, KeyboardHidBootCodec
from protocols.scanners.keyboard_layouts import LAYOUTS, Layout
from protocols.scanners.keyboard_text import DEFAULTS, KeyboardOptions

_LEFT_ALT, _EITHER_SHIFT = 0x04, 0x22
"""Bits of a report's first byte (HID 1.11, 8.3)."""
_KEYPAD_DIGITS = dict(zip(range(0x59, 0x63), "1234567890", strict=True))
"""Usages of the keyboard page (HID Usage Tables, 10)."""


def describe_reports(read: BootRead) -> JsonEvent:
    """``reports``, ``alt_keypad`` and, where another layout makes another text of the same keys, ``fr_layout`` etc."""
    told: JsonEvent = {"reports": read.report_count}
    reports = [read.reports[at : at + REPORT_BYTES] for at in range(0, len(read.reports), REPORT_BYTES)]
    if codes := _alt_codes(reports):
        told["alt_keypad"] = codes[0] if len(codes) == 1 else codes
    others = {layout: text for layout in LAYOUTS if (text := _text(read, layout)) is not None}
    expected = others.pop(DEFAULTS.layout, None)
    is_shifted = any(report[0] & _EITHER_SHIFT for report in reports)
    for layout, text in others.items():
        if text != expected:
            told[f"{layout}_layout"] = text
            if not is_shifted:
                told[f"{layout}_layout_unshifted"] = text
            told["note"] = "same usages, different text: layout must be configuration"
    return told


def _text(read: BootRead, layout: Layout) -> str | None:
    """None: the keys were not kept, or make no read with this layout."""
    codec = KeyboardHidBootCodec(KeyboardOptions(layout=layout, aim="none"))
    texts = [
        event.data.decode() for event in (*codec.feed(read.reports), *codec.flush()) if isinstance(event, BarcodeRead)
    ]
    return texts[0] if len(texts) == 1 else None


def _alt_codes(reports: list[bytes]) -> list[str]:
    """The digits typed on the keypad while Alt was held, by code."""
    codes, digits = [], ""
    for report in reports:
        usages = report[2:]
        if report[0] & _LEFT_ALT and usages[0] in _KEYPAD_DIGITS:
            digits += _KEYPAD_DIGITS[usages[0]]
        elif digits and any(usages):
            codes.append(digits)
            digits = ""
        if len(digits) == (4 if digits.startswith("0") else 3):
            codes.append(digits)
            digits = ""
    return [*codes, digits] if digits else codes
