"""Key presses to reads: the common part of every scanner that acts as a keyboard.

A read with a key that the layout cannot translate is rejected as a whole: a wrong character must not reach a till.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.scanners.code_ids import CodeIdTable
from protocols.scanners.keyboard_layouts import KEYPAD, LAYOUTS
from protocols.scanners.reading import FRAME_BYTES_MAX, AimHandling, barcode_read

Layout = Literal["us", "uk", "de", "fr"]
Suffix = Literal["auto", "enter", "tab", "none"]
GsKey = Literal["none", "f8", "f12"]

GS = "\x1d"
CAPS_LOCK = 58
_LEFT_ALT, _ALT_GR = 56, 100
_CTRL = frozenset({29, 97})
_SHIFT = frozenset({42, 54})
MODIFIERS = frozenset({*_CTRL, *_SHIFT, _LEFT_ALT, _ALT_GR, 125, 126})
_IGNORED = frozenset({69, 70})
"""Num Lock and Scroll Lock: some scanners press them around a read."""
_FIXED = {28: "\r", 96: "\r", 15: "\t"}
"""Enter, keypad Enter, Tab."""
_GS_KEYS = {"none": None, "f8": 66, "f12": 88}
_US_CLOSING_BRACKET = 27
_ENDS = {"auto": "\r\n\t", "enter": "\r\n", "tab": "\t", "none": ""}
_ALT_DIGITS_MAX = 4


@dataclass(frozen=True, slots=True)
class KeyboardOptions:
    """How a scanner types.

    ``layout``: must equal the country that the scanner is set to. ``suffix``: ``auto`` takes Enter, keypad Enter, Tab
    and, until the first of them was seen, an idle line; ``none`` only an idle line. ``gs_key``: the function key that
    stands for GS; Ctrl with ] and Alt with 0029 are always understood. ``characters_min``: shorter reads are rejected.
    """

    layout: Layout = "us"
    suffix: Suffix = "auto"
    gs_key: GsKey = "none"
    aim: AimHandling = "auto"
    code_ids: CodeIdTable = "none"
    characters_min: int = 1
    characters_max: int = FRAME_BYTES_MAX


DEFAULTS = KeyboardOptions()


@dataclass(frozen=True, slots=True)
class KeyboardRead(BarcodeRead):
    """One scan that was typed. ``suffix``: ``Enter`` or ``Tab``; None when an idle line ended it."""

    suffix: str | None = None


class KeyboardText:
    """Presses and releases of Linux key codes in; reads out."""

    def __init__(self, options: KeyboardOptions) -> None:
        self._options = options
        self._layout = LAYOUTS[options.layout]
        self._ends = _ENDS[options.suffix]
        self._gs_key = _GS_KEYS[options.gs_key]
        self._held: set[int] = set()
        self._has_caps = False
        self._is_caps_unsure = False
        self._alt_digits = ""
        self._alt_kept = ""
        self._characters: list[str] = []
        self._lost_count = 0
        self._fault: str | None = None
        self._is_suffix_seen = False

    @property
    def is_ended_by_idle(self) -> bool:
        """An idle line completes a read now; otherwise it means that the rest of one was lost."""
        suffix = self._options.suffix
        return suffix == "none" or (suffix == "auto" and not self._is_suffix_seen)

    @property
    def has_pending(self) -> bool:
        """A read has begun, or a modifier is held."""
        return bool(self._characters or self._fault or self._alt_digits or self._alt_kept or self._held)

    def press(self, key: int) -> list[CodecEvent]:
        """A key went down."""
        if key in MODIFIERS:
            self._held.add(key)
        elif key == CAPS_LOCK:
            self._has_caps = not self._has_caps
        elif _LEFT_ALT in self._held and KEYPAD.get(key, "").isdigit():
            self._alt_digits = (self._alt_digits + KEYPAD[key])[: _ALT_DIGITS_MAX + 1]
        elif key not in _IGNORED:
            return [*self._end_kept_digits(), *self._typed(self._character(key))]
        return []

    def release(self, key: int) -> list[CodecEvent]:
        """A key went up. Only modifiers matter: scanners leave out the release of others."""
        self._held.discard(key)
        return self._end_alt_code() if key == _LEFT_ALT else []

    def lose(self, reason: str) -> None:
        """Keys were lost: what has been typed of this read cannot be trusted, nor which modifiers are held."""
        self._held.clear()
        self._is_caps_unsure = True
        self._alt_digits = self._alt_kept = ""
        self._fault = self._fault or reason

    def flush(self) -> list[CodecEvent]:
        """The keyboard has been idle: end what only that ends, and let go of modifiers whose release was lost."""
        events = [*self._end_alt_code(), *self._end_kept_digits()]
        self._held.clear()
        if self.is_ended_by_idle:
            return events + self._complete()
        if self._characters or self._fault:
            self._fault = self._fault or "incomplete"
            events += self._complete()
        return events

    def _character(self, key: int) -> str:
        """What the key types now; empty where the layout knows nothing."""
        if key == self._gs_key:
            return GS
        if fixed := _FIXED.get(key) or KEYPAD.get(key):
            return fixed
        plain, shifted, third = self._layout.get(key, ("", "", ""))
        if self._held & _CTRL:
            return _control(key, plain)
        if _ALT_GR in self._held:
            return third
        if _LEFT_ALT in self._held:
            return ""
        character = shifted if self._held & _SHIFT else plain
        swapped = character.swapcase()
        return swapped if self._has_caps and len(swapped) == 1 else character

    def _typed(self, character: str) -> list[CodecEvent]:
        if not character:
            self._fault = self._fault or "unmapped_key"
        elif character in self._ends:
            self._is_suffix_seen = True
            return self._complete("Tab" if character == "\t" else "Enter")
        elif len(self._characters) < self._options.characters_max:
            self._characters.append(character)
        else:
            self._lost_count += 1
            self._fault = self._fault or "too_long"
        return []

    def _end_alt_code(self) -> list[CodecEvent]:
        """Alt was released. Some scanners press it anew for each digit: those are kept until they make a code."""
        digits, self._alt_digits = self._alt_digits, ""
        if len(digits) != 1:
            return [*self._end_kept_digits(), *self._alt_code(digits)] if digits else []
        self._alt_kept += digits
        is_whole = len(self._alt_kept) == (_ALT_DIGITS_MAX if self._alt_kept[0] == "0" else _ALT_DIGITS_MAX - 1)
        return self._end_kept_digits() if is_whole else []

    def _end_kept_digits(self) -> list[CodecEvent]:
        digits, self._alt_kept = self._alt_kept, ""
        return self._alt_code(digits) if digits else []

    def _alt_code(self, digits: str) -> list[CodecEvent]:
        """With a leading 0 a Windows-1252 code, else one of code page 437; below 32 the control character itself."""
        code = int(digits)
        if len(digits) > _ALT_DIGITS_MAX or not 0 < code < 256:
            return self._typed("")
        page = "cp1252" if digits[0] == "0" else "cp437"
        return self._typed(chr(code) if code < 32 else bytes([code]).decode(page, "ignore"))

    def _complete(self, suffix: str | None = None) -> list[CodecEvent]:
        raw = "".join(self._characters).encode()
        count = len(self._characters)
        fault, lost_count = self._fault, self._lost_count
        self._characters.clear()
        self._fault, self._lost_count = None, 0
        if self._is_caps_unsure:
            # Between two reads a scanner's Caps Lock is off: it presses the key before and after a read.
            self._has_caps = self._is_caps_unsure = False
        if fault is None and 0 < count < self._options.characters_min:
            fault = "too_short"
        if fault is not None:
            rejected = FrameRejected.of(fault, raw)
            return [FrameRejected(fault, rejected.data, rejected.length + lost_count)]
        return [self._read(raw, suffix)] if raw else []

    def _read(self, raw: bytes, suffix: str | None) -> KeyboardRead:
        read = barcode_read(raw, self._options.aim, self._options.code_ids)
        return KeyboardRead(read.raw, read.data, read.aim, read.code_id, suffix)


def _control(key: int, plain: str) -> str:
    """Ctrl and a key: the control character. Ctrl and ] is GS by position too, as ] is elsewhere on other layouts."""
    if len(plain) == 1 and ("a" <= plain <= "z" or plain in "[\\]"):
        return chr(ord(plain) & 0x1F)
    return GS if key == _US_CLOSING_BRACKET else ""
