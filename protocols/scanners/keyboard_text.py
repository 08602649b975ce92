"""Key presses to reads: the common part of every scanner that acts as a keyboard.

A read with a key that the layout cannot translate is rejected as a whole: a wrong character must not reach a till.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.scanners import keyboard_dead_keys
from protocols.scanners.code_ids import CodeIdTable
from protocols.scanners.keyboard_alt_codes import AltCodes
from protocols.scanners.keyboard_keys import (
    ALT_GR,
    CAPS_LOCK,
    CTRL,
    FIXED,
    FUNCTION_KEYS,
    LEFT_ALT,
    MODIFIERS,
    SHIFT,
    TYPING_KEYS,
    GsKey,
    control_character,
)
from protocols.scanners.keyboard_layouts import KEYPAD, LAYOUTS, Layout
from protocols.scanners.licence_frames import HEAD_BYTES_MAX, LicenceHead, licence_head
from protocols.scanners.reading import FRAME_BYTES_MAX, AimHandling, barcode_read

Suffix = Literal["auto", "enter", "tab", "none"]
CapsLockShifts = Literal["letters", "keys"]
DeadKeys = Literal["compose", "plain"]

GS = "\x1d"
_LINE_ENDS = "\r\n"
_ENDS = {"auto": "\r\n\t", "enter": "\r\n", "tab": "\t", "none": ""}
_NO_KEY = ("", "", "", "")


@dataclass(frozen=True, slots=True)
class KeyboardOptions:
    """How a scanner types.

    ``layout``: must equal the country that the scanner is set to. ``suffix``: ``auto`` takes Enter, keypad Enter, Tab
    and, until the first of them was seen, an idle line; ``none`` only an idle line. ``gs_key``: the function key that
    stands for GS; Ctrl with ] and Alt with 0029 are always understood. ``characters_min``: shorter reads are rejected.
    ``prefix``: what the scanner types in front of each read; taken off, and a read without it is rejected.
    ``is_caps_lock_on``: the scanner types as for a keyboard whose Caps Lock is on. ``caps_lock_shifts``: ``keys``
    where Caps Lock works on the digits too (French and German Windows). ``dead_keys``: ``plain`` for a scanner that
    leaves out the space behind a dead key.
    """

    layout: Layout = "us"
    suffix: Suffix = "auto"
    gs_key: GsKey = "none"
    aim: AimHandling = "auto"
    code_ids: CodeIdTable = "none"
    characters_min: int = 1
    characters_max: int = FRAME_BYTES_MAX
    prefix: str = ""
    is_caps_lock_on: bool = False
    caps_lock_shifts: CapsLockShifts = "letters"
    dead_keys: DeadKeys = "compose"


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
        self._gs_key = FUNCTION_KEYS[options.gs_key]
        self._prefix = options.prefix.encode()
        self._held: set[int] = set()
        self._has_caps = options.is_caps_lock_on
        self._is_caps_unsure = False
        self._alt_codes = AltCodes()
        self._accent = ""
        self._characters: list[str] = []
        self._lost_count = 0
        self._fault: str | None = None
        self._is_suffix_seen = False
        self._licence = LicenceHead.NO

    @property
    def is_ended_by_idle(self) -> bool:
        """An idle line completes a read now; otherwise it means that the rest of one was lost."""
        suffix = self._options.suffix
        return (
            suffix == "none" or (suffix == "auto" and not self._is_suffix_seen) or self._licence is not LicenceHead.NO
        )

    @property
    def is_in_licence(self) -> bool:
        """A driving licence is being read: line ends are part of it, and only an idle line ends it."""
        return self._licence is LicenceHead.YES

    @property
    def has_pending(self) -> bool:
        """A read has begun, or a modifier is held."""
        return bool(self._characters or self._fault or self._accent or self._held or self._alt_codes.has_pending)

    def press(self, key: int) -> list[CodecEvent]:
        """A key went down."""
        if key in MODIFIERS:
            self._held.add(key)
        elif key == CAPS_LOCK:
            self._has_caps = not self._has_caps
        elif LEFT_ALT in self._held and not self._held & CTRL and KEYPAD.get(key, "").isdigit():
            self._alt_codes.digit(KEYPAD[key])
        elif key in TYPING_KEYS:
            events = self._typed_all(self._alt_codes.end()) if self._alt_codes.has_pending else []
            character = self._character(key)
            return events + (self._typed(character) if not self._accent else self._accented(character))
        return []

    def release(self, key: int) -> list[CodecEvent]:
        """A key went up. Only modifiers matter: scanners leave out the release of others."""
        if key not in MODIFIERS:
            return []
        self._held.discard(key)
        return self._typed_all(self._alt_codes.release()) if key == LEFT_ALT else []

    def lose(self, reason: str) -> None:
        """Keys were lost: what has been typed of this read cannot be trusted, nor which modifiers are held."""
        self._held.clear()
        self._is_caps_unsure = True
        self._alt_codes.forget()
        self._accent = ""
        self._fault = self._fault or reason

    def flush(self) -> list[CodecEvent]:
        """The keyboard has been idle: end what only that ends, and let go of modifiers whose release was lost."""
        events = [*self._typed_all(self._alt_codes.release()), *self._typed_all(self._alt_codes.end())]
        if self._accent:
            events += self._accented(" ")
        self._held.clear()
        if self._licence is LicenceHead.MAYBE:
            events += self._resume_cutting()
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
        if fixed := FIXED.get(key) or KEYPAD.get(key):
            return fixed
        levels = self._layout.get(key, _NO_KEY)
        is_shifted = False
        if held := self._held:
            is_shifted = bool(held & SHIFT)
            # Windows takes Ctrl with Alt for AltGr, and some scanners type it so.
            if ALT_GR in held or (LEFT_ALT in held and held & CTRL):
                levels = (levels[2], levels[3], "", "")
            elif held & CTRL:
                return control_character(key, levels[0], levels[1] if is_shifted else "")
            elif LEFT_ALT in held:
                return ""
        if self._has_caps and (self._options.caps_lock_shifts == "keys" or levels[1] == levels[0].upper()):
            is_shifted = not is_shifted
        return levels[is_shifted]

    def _typed_all(self, characters: list[str]) -> list[CodecEvent]:
        return [event for character in characters for event in self._typed(character)]

    def _accented(self, character: str) -> list[CodecEvent]:
        """The key after a dead key. What is no character of a text leaves the accent alone and is typed itself."""
        accent, self._accent = self._accent, ""
        if not character or character < " ":
            return [*self._typed(keyboard_dead_keys.ALONE[accent]), *self._typed(character)]
        return self._typed_all(list(keyboard_dead_keys.composed(accent, character)))

    def _typed(self, character: str) -> list[CodecEvent]:
        if character in keyboard_dead_keys.ALONE:
            if self._options.dead_keys == "compose":
                self._accent = character
                return []
            character = keyboard_dead_keys.ALONE[character]
        if not character:
            self._fault = self._fault or "unmapped_key"
        elif self._licence is not LicenceHead.NO:
            return self._typed_in_licence(character)
        elif character in _LINE_ENDS and (head := self._head(character)) is not LicenceHead.NO:
            self._licence = head
            self._append(character)
        elif character in self._ends:
            return self._end(character)
        else:
            self._append(character)
        return []

    def _append(self, character: str) -> None:
        if len(self._characters) < self._options.characters_max:
            self._characters.append(character)
        else:
            self._lost_count += 1
            self._fault = self._fault or "too_long"

    def _end(self, character: str) -> list[CodecEvent]:
        self._is_suffix_seen = True
        return self._complete("Tab" if character == "\t" else "Enter")

    def _head(self, character: str) -> LicenceHead:
        if len(self._characters) > HEAD_BYTES_MAX + len(self._prefix) or "@" not in self._characters:
            return LicenceHead.NO
        head = "".join([*self._characters, character]).encode()
        return licence_head(head, len(self._prefix) if head.startswith(self._prefix) else 0)

    def _typed_in_licence(self, character: str) -> list[CodecEvent]:
        """Nothing ends a licence but an idle keyboard; whether it is one is decided some characters later."""
        head = self._head(character) if self._licence is LicenceHead.MAYBE else self._licence
        self._append(character)
        self._licence = head
        return self._resume_cutting() if self._licence is LicenceHead.NO else []

    def _resume_cutting(self) -> list[CodecEvent]:
        """It was no licence: end reads where they should have ended."""
        held, self._characters = self._characters, []
        self._licence = LicenceHead.NO
        events: list[CodecEvent] = []
        for character in held:
            if character in self._ends:
                events += self._end(character)
            else:
                self._append(character)
        return events

    def _complete(self, suffix: str | None = None) -> list[CodecEvent]:
        raw = "".join(self._characters).encode()
        count = len(self._characters)
        fault, lost_count = self._fault, self._lost_count
        self._characters.clear()
        self._fault, self._lost_count = None, 0
        self._licence = LicenceHead.NO
        if self._is_caps_unsure:
            # Between two reads a scanner's Caps Lock is as it was set: it presses the key before and after a read.
            self._has_caps, self._is_caps_unsure = self._options.is_caps_lock_on, False
        if fault is None and 0 < count < self._options.characters_min:
            fault = "too_short"
        if fault is None and raw and not raw.startswith(self._prefix):
            fault = "no_prefix"
        if fault is not None:
            rejected = FrameRejected.of(fault, raw)
            return [FrameRejected(fault, rejected.data, rejected.length + lost_count)]
        raw = raw[len(self._prefix) :]
        return [self._read(raw, suffix)] if raw else []

    def _read(self, raw: bytes, suffix: str | None) -> KeyboardRead:
        read = barcode_read(raw, self._options.aim, self._options.code_ids)
        return KeyboardRead(read.raw, read.data, read.aim, read.code_id, suffix)
