"""Layouts against two others: the simulator's, written by hand from keyboards, and the system's own (libxkbcommon)."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Mapping
from functools import cache

import pytest

from edge_gateway.contracts.events import BarcodeRead
from protocols.scanners.keyboard_dead_keys import ACUTE, CIRCUMFLEX, DIAERESIS, GRAVE, TILDE
from protocols.scanners.keyboard_layouts import LAYOUTS, SPACE, KeyLevels, Layout
from protocols.scanners.keyboard_text import KeyboardOptions
from protocols.scanners.keyboard_wedge import KeyboardWedgeCodec
from simulators.wedge_layouts import LAYOUTS as TYPED
from simulators.wedge_scanner import WedgeScanner
from tests.support.wires import CollectingLink

every_layout = pytest.mark.parametrize("layout", sorted(LAYOUTS))

XKB_NAMES: Mapping[Layout, str] = {"uk": "gb"}
XKB_DEAD = {
    "dead_grave": GRAVE,
    "dead_acute": ACUTE,
    "dead_circumflex": CIRCUMFLEX,
    "dead_tilde": TILDE,
    "dead_diaeresis": DIAERESIS,
}
# Where Windows and X differ: key code and level. Scanners follow Windows.
DIFFERENT: Mapping[Layout, set[tuple[int, int]]] = {
    "uk": {(41, 2), (18, 2), (18, 3), (22, 2), (22, 3), (23, 2), (23, 3), (24, 2), (24, 3), (30, 2), (30, 3)},
    "de": {(3, 2), (4, 2), (12, 3)},
    "fr": {(41, 1), (3, 2), (8, 2)},  # no ~ there in Windows, and its ~ and ` are dead
    "it": {(6, 2)},
    "es": {(5, 2), (6, 2), (7, 2)},
    "no": {(6, 2)},
    "dk": {(6, 2)},
    "fi": {(6, 2)},
}


class _Names(ctypes.Structure):
    _fields_ = [(name, ctypes.c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


@cache
def xkb() -> ctypes.CDLL | None:
    name = ctypes.util.find_library("xkbcommon")
    if name is None:
        return None
    library = ctypes.CDLL(name)
    library.xkb_context_new.restype = ctypes.c_void_p
    library.xkb_keymap_new_from_names.restype = ctypes.c_void_p
    library.xkb_keymap_new_from_names.argtypes = [ctypes.c_void_p, ctypes.POINTER(_Names), ctypes.c_int]
    symbols = ctypes.POINTER(ctypes.POINTER(ctypes.c_uint32))
    library.xkb_keymap_key_get_syms_by_level.argtypes = [ctypes.c_void_p, *3 * [ctypes.c_uint32], symbols]
    library.xkb_keysym_get_name.argtypes = [ctypes.c_uint32, ctypes.c_char_p, ctypes.c_size_t]
    return library


def xkb_levels(library: ctypes.CDLL, layout: Layout, keys: Mapping[int, KeyLevels]) -> dict[tuple[int, int], str]:
    """Key code and level to what X types there: a character, or a dead key as its accent."""
    names = _Names(b"evdev", b"pc105", XKB_NAMES.get(layout, layout).encode(), b"", b"")
    keymap = library.xkb_keymap_new_from_names(library.xkb_context_new(0), ctypes.byref(names), 0)
    assert keymap, f"the system knows no layout {layout}"
    found: dict[tuple[int, int], str] = {}
    for key in keys:
        for level in range(4):
            symbols = ctypes.POINTER(ctypes.c_uint32)()
            if library.xkb_keymap_key_get_syms_by_level(keymap, key + 8, 0, level, ctypes.byref(symbols)):
                name = ctypes.create_string_buffer(64)
                library.xkb_keysym_get_name(symbols[0], name, 64)
                character = chr(library.xkb_keysym_to_utf32(symbols[0]))
                found[key, level] = XKB_DEAD.get(name.value.decode(), character)
    return found


@every_layout
def test_layout_is_the_systems_wherever_windows_and_x_agree(layout: Layout) -> None:
    library = xkb()
    if library is None:
        pytest.skip("libxkbcommon is not installed (./dev test installs it)")
    theirs = xkb_levels(library, layout, LAYOUTS[layout])
    differing = {
        (key, level): (character, theirs.get((key, level)))
        for key, levels in LAYOUTS[layout].items()
        for level, character in enumerate(levels)
        # X fills every place behind AltGr; ours are those that exist on keyboards
        if key != SPACE and (character or level < 2) and character != theirs.get((key, level), "")
    }
    assert set(differing) <= DIFFERENT.get(layout, set()), differing


async def typed(layout: Layout, text: str) -> bytes:
    link = CollectingLink()
    await WedgeScanner(link, layout).scan(text)
    return link.written


@every_layout
async def test_layout_reads_every_character_that_a_scanner_can_type(layout: Layout) -> None:
    text = "".join(TYPED[layout])
    assert len(text) > 90
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout))
    reads = [event.data.decode() for event in codec.feed(await typed(layout, text)) if isinstance(event, BarcodeRead)]
    assert reads == [text]


@every_layout
def test_layout_types_all_of_what_bar_codes_hold_or_says_what_it_lacks(layout: Layout) -> None:
    lacking = set(map(chr, range(0x20, 0x7F))) - set(TYPED[layout])
    assert lacking == {"it": set("`~")}.get(layout, set())


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("de", "^1 ´` ^^ âêî àé ^x"),
        ("fr", "~n ñ ë `5 ôÔ"),
        ("es", "ñáüç^`´¨~"),
        ("se", "åäö ~ ¨ ^ ü"),
        ("no", "øæ ´é \\|"),
        ("dk", "æø½§ @£$€{[]}|\\"),
        ("it", "èé[]{}òç@à°#ù§ì^"),
    ],
)
async def test_layout_composes_dead_keys_as_a_computer_does(layout: Layout, text: str) -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout))
    reads = [event.data.decode() for event in codec.feed(await typed(layout, text)) if isinstance(event, BarcodeRead)]
    assert reads == [text]
