"""A keyboard-wedge scanner: types what was scanned as ``struct input_event`` records into a FIFO or pty."""

from __future__ import annotations

import argparse
import asyncio
import random
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args

from simulators.console import add_arguments, run_device
from simulators.link import DRAIN_S_MAX, FifoLink, Link, PtyLink
from simulators.wedge_layouts import ALT_GR, LAYOUTS, LEFT_SHIFT, letter_keys

_EVENT = struct.Struct("<qqHHi")
_LEFT_CTRL, _LEFT_ALT, _CAPS_LOCK = 29, 56, 58
_ENTER, _KEYPAD_ENTER, _TAB, _J, _CLOSING_BRACKET = 28, 96, 15, 36, 27
_KEYPAD_DIGITS = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))
_SCAN_CODES = 4  # MSC_SCAN: real keyboards send it before each key
_SYN, _KEY, _MSC = 0, 1, 4
_SYN_DROPPED = 3
_REPEAT = 2

SUFFIXES: dict[str, tuple[tuple[int, ...], ...]] = {
    "enter": ((_ENTER,),),
    "keypad_enter": ((_KEYPAD_ENTER,),),
    "tab": ((_TAB,),),
    "enter_lf": ((_ENTER,), (_LEFT_CTRL, _J)),
    "none": (),
}
"""Strokes after the data, each a chord of keys."""

_CONTROL_KEYS = {"\x1b": 26, "\x1c": 43, "\x1d": _CLOSING_BRACKET, "\x1e": 7, "\x1f": 12}
"""With Ctrl, beside the letters: [ \\ ] 6 - of a US keyboard."""

GsWay = Literal["ctrl", "alt", "f8", "f12", "dropped"]
"""How GS (FNC1) is typed; ``dropped``: not at all, as many scanners are set from the factory."""
Fault = Literal["silence", "garbage", "half", "torn", "dropped", "unplug"]
"""What befalls a read. ``silence``: it is not typed; ``garbage``: noise in front; ``half``: it stops in the middle;
``torn``: a record is cut; ``dropped``: the kernel lost keys and says so; ``unplug``: it is pulled out in the middle."""
FAULTS: tuple[Fault, ...] = get_args(Fault)

CHUNK_BYTES_MAX = 100
CHUNK_PAUSE_S = 0.001
"""Between two pieces of a read that is typed in pieces: the polling interval of USB keyboards."""


class WedgeScanner:
    """Types. Its habits, all off at first and all real, can be changed at any time.

    ``has_releases`` False leaves the key-up events out, ``is_repeating`` adds autorepeat, ``is_dribbling`` sends pieces
    of random size; ``caps_lock``: ``toggled`` presses Caps Lock around the read, ``on`` types for a keyboard whose
    Caps Lock is on. ``has_alt_codes``: every character as Alt and its number. ``prefix``: typed in front of each read.
    """

    def __init__(
        self,
        link: Link,
        layout: str = "us",
        suffix: str = "enter",
        *,
        gs: GsWay = "ctrl",
        random_source: random.Random | None = None,
    ) -> None:
        self.link = link
        self.has_releases = True
        self.is_repeating = False
        self.is_dribbling = False
        self.caps_lock: Literal["off", "toggled", "on"] = "off"
        self.has_alt_codes = False
        self.prefix = ""
        self.scans_sent = 0
        self._strokes = LAYOUTS[layout]
        self._letter_keys = letter_keys(LAYOUTS[layout])
        self._suffix = SUFFIXES[suffix]
        self._gs = gs
        self._random = random_source or random.Random(0)

    async def start(self) -> None:
        """Plug the scanner in."""
        self.link.plug()

    async def stop(self) -> None:
        """Pull it out for good."""
        self.link.unplug()

    def set_suffix(self, suffix: str) -> None:
        """Somebody scanned a setting: what follows each read from now on. Raises KeyError."""
        self._suffix = SUFFIXES[suffix]

    async def scan(self, text: str, fault: Fault | None = None) -> None:
        """Read one bar code. Raises KeyError for a character that the layout cannot type."""
        records = list(self._type(self.prefix + text))
        await self._send(self._spoiled(records, fault))
        self.scans_sent += 1
        await self.link.drain(DRAIN_S_MAX)
        if fault == "unplug":
            self.link.unplug()

    async def _send(self, records: bytes) -> None:
        if not self.is_dribbling:
            self.link.write(records)
            return
        position = 0
        while position < len(records):
            size = self._random.randint(1, CHUNK_BYTES_MAX)
            self.link.write(records[position : position + size])
            position += size
            await asyncio.sleep(CHUNK_PAUSE_S)

    def _spoiled(self, records: list[bytes], fault: Fault | None) -> bytes:
        middle = self._random.randrange(1, len(records)) if len(records) > 1 else 0
        whole = b"".join(records)
        match fault:
            case "silence":
                return b""
            case "garbage":
                return self._random.randbytes(self._random.randint(1, 60)) + whole
            case "half" | "unplug":
                return b"".join(records[:middle])
            case "torn":
                return b"".join(records[:middle])[: -self._random.randrange(1, _EVENT.size)] + b"".join(
                    records[middle:]
                )
            case "dropped":
                lost = _EVENT.pack(*_now(), _SYN, _SYN_DROPPED, 0)
                return b"".join(records[:middle]) + lost + b"".join(records[middle + 4 :])
        return whole

    def _type(self, text: str) -> Iterator[bytes]:
        if self.caps_lock == "toggled":
            yield from self._chord((_CAPS_LOCK,))
        for character in text:
            yield from self._character(character)
        if self.caps_lock == "toggled":
            yield from self._chord((_CAPS_LOCK,))
        for chord in self._suffix:
            yield from self._chord(chord)

    def _character(self, character: str) -> Iterator[bytes]:
        if character == "\x1d":
            yield from self._group_separator()
        elif character < " ":
            letter = _CONTROL_KEYS.get(character) or self._strokes[chr(ord(character) | 0x60)][0][0]
            yield from self._chord((_LEFT_CTRL, letter))
        elif self.has_alt_codes:
            yield from self._alt_code(f"{character.encode('cp1252')[0]:04}")
        else:
            for stroke in self._strokes[character]:
                is_swapped = self.caps_lock != "off" and stroke[-1] in self._letter_keys and ALT_GR not in stroke
                yield from self._chord(_with_shift_swapped(stroke) if is_swapped else stroke)

    def _group_separator(self) -> Iterator[bytes]:
        """As the scanner is set: Ctrl with ], Alt with 0029 on the keypad, a function key, or nothing."""
        if self._gs == "alt":
            yield from self._alt_code("0029")
        elif self._gs != "dropped":
            yield from self._chord({"ctrl": (_LEFT_CTRL, _CLOSING_BRACKET), "f8": (66,), "f12": (88,)}[self._gs])

    def _alt_code(self, digits: str) -> Iterator[bytes]:
        yield from self._key(_LEFT_ALT, 1)
        for digit in digits:
            yield from self._chord((_KEYPAD_DIGITS[digit],))
        yield from self._key(_LEFT_ALT, 0)

    def _chord(self, keys: tuple[int, ...]) -> Iterator[bytes]:
        *modifiers, key = keys
        for modifier in modifiers:
            yield from self._key(modifier, 1)
        yield from self._key(key, 1)
        if self.is_repeating:
            yield from self._key(key, _REPEAT)
        if self.has_releases:
            yield from self._key(key, 0)
        for modifier in reversed(modifiers):
            yield from self._key(modifier, 0)

    def _key(self, key: int, value: int) -> Iterator[bytes]:
        now = _now()
        if value != _REPEAT:
            yield _EVENT.pack(*now, _MSC, _SCAN_CODES, 0x70000 + key)
        yield _EVENT.pack(*now, _KEY, key, value)
        yield _EVENT.pack(*now, _SYN, 0, int(value == _REPEAT))


def _now() -> tuple[int, int]:
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return seconds, nanoseconds // 1000


def _with_shift_swapped(stroke: tuple[int, ...]) -> tuple[int, ...]:
    return stroke[1:] if stroke[0] == LEFT_SHIFT else (LEFT_SHIFT, *stroke)


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path) if arguments.pty else FifoLink(arguments.path)
    source = random.Random(arguments.seed)
    scanner = WedgeScanner(link, arguments.layout, arguments.suffix, gs=arguments.gs, random_source=source)
    scanner.caps_lock = arguments.caps_lock
    scanner.has_alt_codes = arguments.alt_codes
    scanner.prefix = arguments.prefix

    async def scan(line: str) -> None:
        try:
            await scanner.scan(line, arguments.fault if source.random() < arguments.fault_probability else None)
        except (KeyError, UnicodeEncodeError) as error:
            print(f"character {error} cannot be typed with layout {arguments.layout}", file=sys.stderr)

    greeting = f"wedge scanner at {arguments.path}; one read per line: CODE, !unplug, !plug"
    await run_device(scanner, link, scan, arguments, greeting)


def main(argv: list[str] | None = None) -> int:
    """``wedge-scanner PATH``: a keyboard scanner on a FIFO that types what standard input says."""
    parser = argparse.ArgumentParser(prog="edge-gateway simulate wedge-scanner", description=main.__doc__)
    parser.add_argument("path", type=Path, help="where the input node appears")
    parser.add_argument("--pty", action="store_true", help="a pty in place of the FIFO")
    parser.add_argument("--layout", choices=sorted(LAYOUTS), default="us")
    parser.add_argument("--suffix", choices=sorted(SUFFIXES), default="enter")
    parser.add_argument("--gs", choices=get_args(GsWay), default="ctrl", help="how GS (FNC1) is typed")
    parser.add_argument("--prefix", default="", help="typed in front of each read")
    parser.add_argument("--caps-lock", choices=("off", "toggled", "on"), default="off")
    parser.add_argument("--alt-codes", action="store_true", help="type each character as Alt and its number")
    parser.add_argument("--fault", choices=FAULTS, help="what befalls reads")
    parser.add_argument("--fault-probability", type=float, default=1.0, help="of a read, with --fault")
    parser.add_argument("--seed", type=int, default=0, help="of everything random")
    add_arguments(parser)
    asyncio.run(_run(parser.parse_args(argv)))
    return 0
