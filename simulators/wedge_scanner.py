"""A keyboard-wedge scanner: types what was scanned as ``struct input_event`` records into a FIFO or pty."""

from __future__ import annotations

import argparse
import asyncio
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from simulators.console import add_arguments, serve_lines
from simulators.link import DRAIN_S_MAX, FifoLink, Link, PtyLink

_EVENT = struct.Struct("<qqHHi")
_LEFT_CTRL, _LEFT_SHIFT, _LEFT_ALT, _ALT_GR = 29, 42, 56, 100
_ENTER, _KEYPAD_ENTER, _TAB, _J, _CLOSING_BRACKET = 28, 96, 15, 36, 27
_KEYPAD_DIGITS = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))
_SCAN_CODES = 4  # MSC_SCAN: real keyboards send it before each key

SUFFIXES: dict[str, tuple[tuple[int, ...], ...]] = {
    "enter": ((_ENTER,),),
    "keypad_enter": ((_KEYPAD_ENTER,),),
    "tab": ((_TAB,),),
    "enter_lf": ((_ENTER,), (_LEFT_CTRL, _J)),
    "none": (),
}
"""Strokes after the data, each a chord of keys."""


def _table(**keys: str) -> dict[str, tuple[int, ...]]:
    """``k2="1!"``: key 2 types 1, with Shift !, and a third character with AltGr."""
    chords: dict[str, tuple[int, ...]] = {" ": (57,)}
    for name, characters in keys.items():
        for character, modifiers in zip(characters, ((), (_LEFT_SHIFT,), (_ALT_GR,)), strict=False):
            chords.setdefault(character, (*modifiers, int(name[1:])))
    return chords


_LETTERS_US = {
    "k16": "qQ", "k17": "wW", "k18": "eE", "k19": "rR", "k20": "tT", "k21": "yY", "k22": "uU", "k23": "iI",
    "k24": "oO", "k25": "pP", "k30": "aA", "k31": "sS", "k32": "dD", "k33": "fF", "k34": "gG", "k35": "hH",
    "k36": "jJ", "k37": "kK", "k38": "lL", "k44": "zZ", "k45": "xX", "k46": "cC", "k47": "vV", "k48": "bB",
    "k49": "nN", "k50": "mM",
}  # fmt: skip
_US = {
    "k2": "1!", "k3": "2@", "k4": "3#", "k5": "4$", "k6": "5%", "k7": "6^", "k8": "7&", "k9": "8*", "k10": "9(",
    "k11": "0)", "k12": "-_", "k13": "=+", "k26": "[{", "k27": "]}", "k39": ";:", "k40": "'\"", "k41": "`~",
    "k43": "\\|", "k51": ",<", "k52": ".>", "k53": "/?",
}  # fmt: skip
_DE = {
    "k2": "1!", "k3": '2"²', "k4": "3§³", "k5": "4$", "k6": "5%", "k7": "6&", "k8": "7/{", "k9": "8([", "k10": "9)]",
    "k11": "0=}", "k12": "ß?\\", "k26": "üÜ", "k27": "+*~", "k39": "öÖ", "k40": "äÄ", "k41": "^°", "k43": "#'",
    "k51": ",;", "k52": ".:", "k53": "-_", "k86": "<>|", "k16": "qQ@", "k21": "zZ", "k44": "yY",
}  # fmt: skip
_FR = {
    "k2": "&1", "k3": "é2~", "k4": '"3#', "k5": "'4{", "k6": "(5[", "k7": "-6|", "k8": "è7`", "k9": "_8\\",
    "k10": "ç9^", "k11": "à0@", "k12": ")°]", "k13": "=+}", "k16": "aA", "k30": "qQ", "k17": "zZ", "k44": "wW",
    "k39": "mM", "k50": ",?", "k51": ";.", "k52": ":/", "k53": "!§", "k40": "ù%", "k43": "*µ", "k27": "$£",
    "k86": "<>",
}  # fmt: skip
LAYOUTS = {
    "us": _table(**_LETTERS_US, **_US),
    "de": _table(**{**_LETTERS_US, **_DE}),
    "fr": _table(**{**_LETTERS_US, **_FR}),
}
"""Character to the chord of keys that types it; written down from keyboards, not from the codec."""


class WedgeScanner:
    """Types. ``has_releases`` False leaves the key-up events out, ``is_repeating`` adds autorepeat: both are real."""

    def __init__(self, link: Link, layout: str = "us", suffix: str = "enter", *, gs: str = "ctrl") -> None:
        self.link = link
        self.has_releases = True
        self.is_repeating = False
        self.scans_sent = 0
        self._chords = LAYOUTS[layout]
        self._suffix = SUFFIXES[suffix]
        self._gs = gs

    async def start(self) -> None:
        """Plug the scanner in."""
        self.link.plug()

    async def stop(self) -> None:
        """Pull it out for good."""
        self.link.unplug()

    async def scan(self, text: str) -> None:
        """Read one bar code. Raises KeyError for a character that the layout cannot type."""
        records = b"".join(self._type(text))
        self.link.write(records)
        self.scans_sent += 1
        await self.link.drain(DRAIN_S_MAX)

    def _type(self, text: str) -> Iterator[bytes]:
        for character in text:
            if character == "\x1d":
                yield from self._group_separator()
            else:
                yield from self._chord(self._chords[character])
        for chord in self._suffix:
            yield from self._chord(chord)

    def _group_separator(self) -> Iterator[bytes]:
        """As the scanner is set: Ctrl with ], Alt with 0029 on the keypad, or a function key."""
        if self._gs == "alt":
            yield from self._key(_LEFT_ALT, 1)
            for digit in "0029":
                yield from self._chord((_KEYPAD_DIGITS[digit],))
            yield from self._key(_LEFT_ALT, 0)
        else:
            yield from self._chord({"ctrl": (_LEFT_CTRL, _CLOSING_BRACKET), "f8": (66,), "f12": (88,)}[self._gs])

    def _chord(self, keys: tuple[int, ...]) -> Iterator[bytes]:
        *modifiers, key = keys
        for modifier in modifiers:
            yield from self._key(modifier, 1)
        yield from self._key(key, 1)
        if self.is_repeating:
            yield from self._key(key, 2)
        if self.has_releases:
            yield from self._key(key, 0)
        for modifier in reversed(modifiers):
            yield from self._key(modifier, 0)

    def _key(self, key: int, value: int) -> Iterator[bytes]:
        seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
        microseconds = nanoseconds // 1000
        if value != 2:
            yield _EVENT.pack(seconds, microseconds, 4, _SCAN_CODES, 0x70000 + key)
        yield _EVENT.pack(seconds, microseconds, 1, key, value)
        yield _EVENT.pack(seconds, microseconds, 0, 0, int(value == 2))


async def _run(arguments: argparse.Namespace) -> None:
    link = PtyLink(arguments.path) if arguments.pty else FifoLink(arguments.path)
    scanner = WedgeScanner(link, arguments.layout, arguments.suffix, gs=arguments.gs)

    async def scan(line: str) -> None:
        try:
            await scanner.scan(line)
        except KeyError as error:
            print(f"character {error} cannot be typed with layout {arguments.layout}", file=sys.stderr)

    await scanner.start()
    print(f"wedge scanner at {arguments.path}; one read per line: CODE, !unplug, !plug", flush=True)
    try:
        await serve_lines(link, scan, arguments)
    finally:
        await scanner.stop()


def main(argv: list[str] | None = None) -> int:
    """``wedge-scanner PATH``: a keyboard scanner on a FIFO that types what standard input says."""
    parser = argparse.ArgumentParser(prog="edge-gateway simulate wedge-scanner", description=main.__doc__)
    parser.add_argument("path", type=Path, help="where the input node appears")
    parser.add_argument("--pty", action="store_true", help="a pty in place of the FIFO")
    parser.add_argument("--layout", choices=sorted(LAYOUTS), default="us")
    parser.add_argument("--suffix", choices=sorted(SUFFIXES), default="enter")
    parser.add_argument("--gs", choices=("ctrl", "alt", "f8", "f12"), default="ctrl", help="how GS (FNC1) is typed")
    add_arguments(parser)
    asyncio.run(_run(parser.parse_args(argv)))
    return 0
