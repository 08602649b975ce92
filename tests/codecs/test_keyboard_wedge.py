"""Keyboard scanners: layouts, suffixes, GS in its four spellings, lost and repeated keys."""

from __future__ import annotations

import random
import string

import pytest

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.scanners.keyboard_hid_boot import KeyboardHidBootCodec
from protocols.scanners.keyboard_text import KeyboardOptions
from protocols.scanners.keyboard_wedge import RECORD, KeyboardWedgeCodec
from simulators.wedge_scanner import FAULTS, Fault, WedgeScanner
from tests.support.wires import CollectingLink

SHIFT, ALT, CTRL, CAPS, ENTER, TAB = 42, 56, 29, 58, 28, 15
DIGIT_KEYS = dict(zip("1234567890", range(2, 12), strict=True))


def record(kind: int, code: int, value: int) -> bytes:
    return RECORD.pack(1_795_000_000, 123_456, kind, code, value)


def down(*keys: int) -> bytes:
    return b"".join(record(1, key, 1) for key in keys)


def up(*keys: int) -> bytes:
    return b"".join(record(1, key, 0) for key in keys)


def typed(digits: str) -> bytes:
    return b"".join(down(DIGIT_KEYS[digit]) + up(DIGIT_KEYS[digit]) for digit in digits)


def texts(events: list[CodecEvent]) -> list[str]:
    return [event.data.decode() for event in events if isinstance(event, BarcodeRead)]


def reasons(events: list[CodecEvent]) -> list[str]:
    return [event.reason for event in events if isinstance(event, FrameRejected)]


async def scanned(text: str, layout: str = "us", suffix: str = "enter", gs: str = "ctrl", **faults: bool) -> bytes:
    link = CollectingLink()
    scanner = WedgeScanner(link, layout, suffix, gs=gs)
    for name, value in faults.items():
        setattr(scanner, name, value)
    await scanner.scan(text)
    return link.written


@pytest.mark.parametrize("layout", ["us", "de", "fr"])
@pytest.mark.parametrize("suffix", ["enter", "keypad_enter", "tab", "enter_lf"])
async def test_wedge_reads_every_character_of_the_layout(layout: str, suffix: str) -> None:
    text = string.ascii_letters + string.digits + " !$%()*+,-./:;=?_<&\"'#>"
    text = text if layout != "us" else text.replace("<", "").replace(">", "") + "@[]\\^`{|}~<>"
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout))  # type: ignore[arg-type]  # names come from the table
    assert texts(list(codec.feed(await scanned(text, layout, suffix)))) == [text]
    assert not codec.flush()


async def test_wedge_with_the_wrong_layout_reads_other_characters() -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(layout="us"))
    assert texts(list(codec.feed(await scanned("40zy", "de")))) == ["40yz"]


@pytest.mark.parametrize("faults", [{"has_releases": False}, {"is_repeating": True}])
async def test_wedge_reads_right_without_releases_and_with_autorepeat(faults: dict[str, bool]) -> None:
    assert texts(list(KeyboardWedgeCodec().feed(await scanned("4006381333931Aa", **faults)))) == ["4006381333931Aa"]


@pytest.mark.parametrize("gs", ["ctrl", "alt", "f8", "f12"])
@pytest.mark.parametrize("layout", ["us", "de", "fr"])
async def test_wedge_keeps_group_separators(gs: str, layout: str) -> None:
    key = gs if gs in ("f8", "f12") else "none"
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout, gs_key=key))  # type: ignore[arg-type]
    text = "010400638133393110AB\x1d21X"
    assert texts(list(codec.feed(await scanned(text, layout, gs=gs)))) == [text]


async def test_wedge_without_suffix_is_ended_by_an_idle_keyboard() -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(suffix="none"))
    assert not codec.feed(await scanned("4006", suffix="none"))
    assert codec.is_ended_by_idle
    assert texts(list(codec.flush())) == ["4006"]


def test_wedge_tab_is_data_when_enter_is_the_suffix() -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(suffix="enter"))
    assert texts(list(codec.feed(typed("1") + down(TAB) + typed("2") + down(ENTER)))) == ["1\t2"]


def test_wedge_caps_lock_swaps_letters_only() -> None:
    a, two = 30, 3
    stream = down(CAPS) + up(CAPS) + down(a) + up(a) + down(SHIFT, a, two) + up(SHIFT) + down(CAPS, a, ENTER)
    assert texts(list(KeyboardWedgeCodec().feed(stream))) == ["Aa@a"]


@pytest.mark.parametrize(
    ("digits", "character"),
    [("0029", "\x1d"), ("029", "\x1d"), ("29", "\x1d"), ("65", "A"), ("0228", "ä"), ("132", "ä")],
)
def test_wedge_alt_codes_of_the_keypad(digits: str, character: str) -> None:
    keypad = dict(zip("7894561230", (71, 72, 73, 75, 76, 77, 79, 80, 81, 82), strict=True))
    keys = [keypad[digit] for digit in digits]
    together = typed("1") + down(ALT) + b"".join(down(key) + up(key) for key in keys) + up(ALT) + typed("2")
    one_by_one = typed("1") + b"".join(down(ALT, key) + up(key, ALT) for key in keys) + typed("2")
    for stream in (together, one_by_one):
        assert texts(list(KeyboardWedgeCodec().feed(stream + down(ENTER)))) == [f"1{character}2"]


def test_wedge_read_with_an_unknown_key_is_rejected_whole() -> None:
    f1 = 59
    events = list(
        KeyboardWedgeCodec().feed(typed("40") + down(f1) + typed("06") + down(ENTER) + typed("7") + down(ENTER))
    )
    assert reasons(events) == ["unmapped_key"]
    assert texts(events) == ["7"]


def test_wedge_read_that_lost_keys_is_rejected_and_modifiers_are_let_go() -> None:
    dropped = record(0, 3, 0)
    events = list(
        KeyboardWedgeCodec().feed(typed("40") + down(SHIFT) + dropped + down(ENTER) + typed("7") + down(ENTER))
    )
    assert reasons(events) == ["keys_lost"]
    assert texts(events) == ["7"]


def test_wedge_rejects_what_lost_its_suffix_however_often() -> None:
    codec = KeyboardWedgeCodec()
    codec.feed(typed("40") + down(ENTER))
    for _ in range(3):
        codec.feed(typed("4006"))
        assert reasons(list(codec.flush())) == ["incomplete"]
    assert texts(list(codec.feed(typed("7") + down(ENTER)))) == ["7"]


@pytest.mark.parametrize("suffix", ["auto", "enter", "tab", "none"])
def test_wedge_publishes_nothing_of_a_read_that_lost_keys(suffix: str) -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(suffix=suffix))  # type: ignore[arg-type]  # names come from the table
    for lost in (record(0, 3, 0) + typed("81"), typed("40") + record(0, 3, 0) + record(0, 0, 0) + typed("81")):
        assert not codec.feed(lost)
        assert reasons(list(codec.flush())) == ["keys_lost"]


def test_wedge_forgets_caps_lock_where_its_keys_may_have_been_lost() -> None:
    a = 30
    codec = KeyboardWedgeCodec()
    lost_second_press = down(CAPS, a) + record(0, 3, 0) + down(ENTER)
    assert reasons(list(codec.feed(lost_second_press))) == ["keys_lost"]
    assert texts(list(codec.feed(down(a, ENTER)))) == ["a"]
    assert not codec.feed(down(CAPS, a) + record(0, 3, 0))
    assert reasons(list(codec.flush())) == ["keys_lost"]
    assert texts(list(codec.feed(down(a, ENTER)))) == ["a"]


def test_wedge_idle_lets_go_of_a_stuck_shift() -> None:
    codec = KeyboardWedgeCodec()
    codec.feed(down(SHIFT))
    assert codec.has_pending
    assert not codec.flush()
    assert texts(list(codec.feed(typed("1") + down(ENTER)))) == ["1"]


def test_wedge_length_limits() -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(characters_min=3, characters_max=5))
    events = [event for digits in ("12", "123", "12345", "123456") for event in codec.feed(typed(digits) + down(ENTER))]
    assert texts(events) == ["123", "12345"]
    assert reasons(events) == ["too_short", "too_long"]


def test_wedge_gets_back_in_step_after_a_torn_record() -> None:
    codec = KeyboardWedgeCodec()
    stream = typed("40") + down(ENTER) + record(1, 5, 1)[:11] + typed("06") + down(ENTER) + typed("96385") + down(ENTER)
    events = [event for byte in stream for event in codec.feed(bytes([byte]))]
    assert texts(events) == ["40", "96385"], "06 lacks the key that was torn"
    assert reasons(events) == ["no_record", "keys_lost"]


def test_hid_boot_repeats_a_key_that_was_not_released() -> None:
    def report(usage: int, modifiers: int = 0) -> bytes:
        return bytes((modifiers, 0, usage, 0, 0, 0, 0, 0))

    stream = report(0x1E) + report(0x1E) + report(0x04, 2) + report(0) + report(0x28)
    assert texts(list(KeyboardHidBootCodec().feed(stream))) == ["11A"]


def test_hid_boot_follows_keys_that_overlap() -> None:
    stream = bytes((0, 0, 4, 0, 0, 0, 0, 0)) + bytes((0, 0, 4, 5, 0, 0, 0, 0)) + bytes((0, 0, 5, 0, 0, 0, 0, 0))
    assert texts(list(KeyboardHidBootCodec().feed(stream + bytes((0, 0, 0x28, 0, 0, 0, 0, 0))))) == ["ab"]


@pytest.mark.parametrize(
    ("options", "caps_lock"),
    [({}, "toggled"), ({"is_caps_lock_on": True}, "on")],
)
@pytest.mark.parametrize("layout", ["us", "de", "fr", "se"])
async def test_wedge_reads_right_whatever_its_scanner_does_to_caps_lock(
    options: dict[str, bool], caps_lock: str, layout: str
) -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout, **options))  # type: ignore[arg-type]
    for _ in range(2):
        stream = await scanned("Ab12-cD_!3", layout, caps_lock=caps_lock)  # type: ignore[arg-type]
        assert texts(list(codec.feed(stream))) == ["Ab12-cD_!3"]


def test_wedge_caps_lock_shifts_digits_too_where_it_is_set_so() -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(layout="fr", caps_lock_shifts="keys"))
    assert texts(list(codec.feed(down(CAPS) + typed("1234") + down(CAPS) + typed("1") + down(ENTER)))) == ["1234&"]


@pytest.mark.parametrize("layout", ["us", "de", "it"])
async def test_wedge_reads_a_scanner_that_types_every_character_as_alt_code(layout: str) -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout))  # type: ignore[arg-type]
    text = "0123ABCxyz~`{|}[]\\@#€éß\x1d\x1e"
    assert texts(list(codec.feed(await scanned(text, "us", gs="alt", has_alt_codes=True)))) == [text]


def test_wedge_takes_ctrl_with_alt_for_altgr() -> None:
    e = 18
    codec = KeyboardWedgeCodec(KeyboardOptions(layout="de"))
    for modifiers in ((CTRL, ALT), (100,), (CTRL, 100)):
        assert texts(list(codec.feed(down(*modifiers, e) + up(e, *modifiers) + down(ENTER)))) == ["€"]


@pytest.mark.parametrize("layout", ["us", "uk", "de", "fr", "it", "es", "se", "no", "dk"])
async def test_wedge_reads_control_characters_as_ctrl_with_a_key(layout: str) -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(layout=layout, suffix="tab"))  # type: ignore[arg-type]
    text = "A\x02B\x03C\x04D\x1cE\x1dF\x1eG\x1fH\rI\nJ"
    stream = await scanned(text, layout, "tab")
    assert texts(list(codec.feed(stream))) == [text]


def test_wedge_takes_its_prefix_off_and_rejects_a_read_without() -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(prefix="99"))
    events = list(codec.feed(typed("994006") + down(ENTER) + typed("4006") + down(ENTER) + typed("99") + down(ENTER)))
    assert texts(events) == ["4006"]
    assert reasons(events) == ["no_prefix"]


def test_wedge_is_not_disturbed_by_the_other_nodes_of_its_device() -> None:
    volume_up, mute, touch = 115, 113, 0x14A
    stream = typed("40") + down(volume_up, mute, touch) + up(volume_up, mute, touch) + record(4, 4, 0xC00E9)
    assert texts(list(KeyboardWedgeCodec().feed(stream + typed("06") + down(ENTER)))) == ["4006"]


def test_wedge_counts_enter_with_ctrl_j_once() -> None:
    j = 36
    read = typed("40") + down(ENTER) + up(ENTER) + down(CTRL, j) + up(j, CTRL)
    assert texts(list(KeyboardWedgeCodec().feed(read * 3))) == ["40"] * 3


LICENCE = "@\n\x1e\rANSI 636000090002DL00410278ZV03190008DLDAQX0000\nDCSEXAMPLE\nDBB07041990\nDBA07042030\r"


@pytest.mark.parametrize("suffix", ["auto", "enter"])
@pytest.mark.parametrize("gs", ["ctrl", "alt"])
async def test_wedge_never_cuts_a_driving_licence_into_reads(suffix: str, gs: str) -> None:
    codec = KeyboardWedgeCodec(KeyboardOptions(suffix=suffix))  # type: ignore[arg-type]
    assert texts(list(codec.feed(typed("40") + down(ENTER)))) == ["40"]
    assert not codec.feed(await scanned(LICENCE, gs=gs))
    assert codec.is_in_licence
    assert codec.is_ended_by_idle
    assert [text.startswith("@\n\x1e\rANSI ") for text in texts(list(codec.flush()))] == [True]
    assert texts(list(codec.feed(typed("40") + down(ENTER)))) == ["40"]


@pytest.mark.parametrize("text", ["@", "@A", "@AN", " @AAM", "B@", "@@", "]C0@"])
async def test_wedge_reads_codes_that_only_begin_as_a_licence(text: str) -> None:
    expected = text.removeprefix("]C0")
    codec = KeyboardWedgeCodec()
    for following in ("40", "AB", "@"):
        events = list(codec.feed(await scanned(text) + await scanned(following)))
        assert texts([*events, *codec.flush()]) == [expected, following]


@pytest.mark.parametrize("fault", [fault for fault in FAULTS if fault != "unplug"])
async def test_wedge_gives_no_wrong_code_whatever_befalls_a_read(fault: Fault) -> None:
    for seed in range(100):
        print(f"seed {seed}")
        link = CollectingLink()
        scanner = WedgeScanner(link, "de", random_source=random.Random(seed))
        codec = KeyboardWedgeCodec(KeyboardOptions(layout="de"))
        events: list[CodecEvent] = []
        for code, befalls in (("Good-1", None), ("4006381333931{zy}", fault), ("Good-2", None)):
            link.written = b""
            await scanner.scan(code, befalls)
            events += [*codec.feed(link.written), *codec.flush()]
        read = texts(events)
        assert (read[0], read[-1]) == ("Good-1", "Good-2")
        assert set(read[1:-1]) <= {"4006381333931{zy}"}
