"""Report descriptors: published ones read field by field, anything else read without harm."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.hid_report_descriptor import (
    BUFFERED,
    COLLECTIONS_OPEN_MAX,
    DESCRIPTOR_BYTES_MAX,
    ReportDescriptor,
    ReportField,
    ReportKind,
    parse_report_descriptor,
    usage_of,
    usage_text,
)

BOOT_KEYBOARD = bytes.fromhex(
    "05 01 09 06 a1 01 05 07 19 e0 29 e7 15 00 25 01 75 01 95 08 81 02 95 01 75 08 81 01 95 05 75 01 05 08 19 01 29 05"
    "91 02 95 01 75 03 91 01 95 06 75 08 15 00 25 65 05 07 19 00 29 65 81 00 c0"
)
"""HID 1.11, Appendix B.1 and E.6: modifiers, a reserved byte, five LEDs, six keys."""
BOOT_MOUSE = bytes.fromhex(
    "05 01 09 02 a1 01 09 01 a1 00 05 09 19 01 29 03 15 00 25 01 95 03 75 01 81 02 95 01 75 05 81 01 05 01 09 30 09 31"
    "15 81 25 7f 75 08 95 02 81 06 c0 c0"
)
"""HID 1.11, Appendix B.2 and E.10."""
SCANNER = bytes.fromhex(
    "05 8c 09 02 a1 01 85 02 09 12 a1 02 05 01 15 00 25 ff 75 08 95 01 09 3b 81 02 05 8c 15 00 25 ff 75 08 95 01 09 fb"
    "81 02 95 01 09 fc 81 02 95 01 09 fd 81 02 95 38 09 fe 82 02 01 95 02 81 01 15 00 25 ff 75 08 95 01 09 ff 81 02 c0"
    "c0"
)
"""HID Point of Sale Usage Tables 1.02, bar code scanner page: length, symbology identifier, 56 bytes of data."""
SCALE = bytes.fromhex(
    "05 8d 09 01 a1 01 85 03 09 32 a1 02 75 08 95 01 09 70 a1 02 19 71 29 78 15 01 25 08 81 00 c0 09 50 a1 02 19 51 29"
    "5c 15 01 25 0c 81 00 c0 09 41 15 80 25 7f 81 02 09 40 15 00 26 ff ff 75 10 81 02 c0 c0"
)
"""The same tables, weighing device page: status, unit, power of ten, weight."""
CARD_STRIPE = bytes.fromhex(
    "05 8e 09 01 a1 01 15 00 25 ff 75 08 95 01 09 11 81 02 95 01 09 12 81 02 95 01 09 13 81 02 95 6e 09 21 82 02 01 95"
    "6e 09 22 82 02 01 95 6e 09 23 82 02 01 c0"
)
"""The same tables, magnetic stripe reading page: three lengths, three tracks."""
INPUT, OUTPUT, FEATURE = ReportKind


def only(descriptor: ReportDescriptor, page: int, usage: int) -> ReportField:
    (found,) = descriptor.find(usage_of(page, usage))
    return found


@pytest.mark.parametrize(
    ("data", "application", "lengths"),
    [
        (BOOT_KEYBOARD, "01:06", {(INPUT, 0): 8, (OUTPUT, 0): 1}),
        (BOOT_MOUSE, "01:02", {(INPUT, 0): 3}),
        (SCANNER, "8c:02", {(INPUT, 2): 64}),
        (SCALE, "8d:01", {(INPUT, 3): 6}),
        (CARD_STRIPE, "8e:01", {(INPUT, 0): 333}),
    ],
    ids=["keyboard", "mouse", "scanner", "scale", "card stripe"],
)
def test_descriptor_says_what_the_device_is_and_how_long_its_reports_are(
    data: bytes, application: str, lengths: dict[tuple[ReportKind, int], int]
) -> None:
    descriptor = parse_report_descriptor(data)
    assert descriptor.problem is None
    assert [usage_text(usage) for usage in descriptor.applications] == [application]
    assert {
        (kind, each): descriptor.report_length(kind, each)
        for kind in ReportKind
        for each in descriptor.report_ids(kind)
    } == lengths


def test_scale_report_is_read_by_its_descriptor() -> None:
    descriptor = parse_report_descriptor(SCALE)
    report = struct.pack("<BBBbH", 3, 4, 2, -3, 61234)
    weight, scaling = only(descriptor, 0x8D, 0x40), only(descriptor, 0x8D, 0x41)
    assert descriptor.values(weight, report) == (61234,)
    assert descriptor.values(scaling, report) == (-3,)
    status = only(descriptor, 0x8D, 0x74)
    assert not status.is_variable
    (value,) = descriptor.values(status, report)
    assert status.usage_at(value - status.logical_min) == usage_of(0x8D, 0x74)
    assert status.collections == (usage_of(0x8D, 0x01), usage_of(0x8D, 0x32), usage_of(0x8D, 0x70))
    assert descriptor.values(weight, report[:5]) == ()
    assert descriptor.values(weight, b"\x04" + report[1:]) == (), "another report"


def test_scanner_report_is_read_by_its_descriptor() -> None:
    descriptor = parse_report_descriptor(SCANNER)
    report = struct.pack("<BB3s56s2xB", 2, 13, b"]E0", b"4006381333931", 1)
    data = only(descriptor, 0x8C, 0xFE)
    assert data.flags & BUFFERED
    assert bytes(descriptor.values(data, report))[:13] == b"4006381333931"
    assert descriptor.values(only(descriptor, 0x01, 0x3B), report) == (13,)
    assert descriptor.values(only(descriptor, 0x8C, 0xFF), report) == (1,)
    assert (data.bit_offset, data.size_bits, data.count) == (32, 8, 56)
    (padding,) = [each for each in descriptor.fields if each.is_constant]
    assert (padding.bit_offset, padding.count) == (480, 2)


def test_keys_pressed_are_read_from_single_bits_and_from_an_array() -> None:
    descriptor = parse_report_descriptor(BOOT_KEYBOARD)
    modifiers, keys = only(descriptor, 0x07, 0xE1), only(descriptor, 0x07, 0x04)
    report = bytes([0x02, 0, 0x04, 0x05, 0, 0, 0, 0])
    assert [modifiers.usage_at(n) for n, bit in enumerate(descriptor.values(modifiers, report)) if bit] == [0x700E1]
    assert descriptor.values(keys, report) == (4, 5, 0, 0, 0, 0)
    assert (keys.usage_at(4), keys.usage_at(0x66)) == (0x70004, None)
    mouse = parse_report_descriptor(BOOT_MOUSE)
    assert mouse.values(only(mouse, 0x01, 0x31), b"\x00\x05\xfb") == (5, -5)


def test_state_is_pushed_and_popped_and_extended_usages_keep_their_page() -> None:
    descriptor = parse_report_descriptor(
        bytes.fromhex("05 8d a1 01 75 08 95 01 a4 05 01 75 10 b4 0b 03 00 8c 00 81 02 09 40 95 03 b1 02 c0")
    )
    extended, feature = descriptor.fields
    assert descriptor.problem is None
    assert (extended.usages, extended.size_bits) == ((range(0x8C0003, 0x8C0004),), 8)
    assert (feature.kind, feature.usage_at(2), feature.usage_at(0)) == (FEATURE, 0x8D0040, 0x8D0040)


def test_of_usages_that_mean_the_same_the_first_is_taken() -> None:
    descriptor = parse_report_descriptor(bytes.fromhex("05 8c a1 01 75 08 95 01 a9 01 09 20 09 21 a9 00 81 02 c0"))
    assert descriptor.fields[0].usages == (range(0x8C0020, 0x8C0021),)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("05", "at byte 0: it ends within an item"),
        ("fe 10 00", "it ends within a long item"),
        ("c0", "at byte 0: a collection ends that was not opened"),
        ("b4", "at byte 0: a state is popped that was not pushed"),
        ("a4 a4 a4 a4 a4", "at byte 4: more than 4 states pushed"),
        ("a1 01", "it ends within 1 open collections"),
        ("0c", "item type of prefix 0x0c is reserved"),
        ("85 00", "report id 0; 1 to 255 are possible"),
        ("76 01 01 95 01 81 02", "values of 257 bits; at most 256"),
        ("75 20 97 ff ff ff ff 81 02", "at most 131064 are possible"),
        ("a1 00" * (COLLECTIONS_OPEN_MAX + 1), f"more than {COLLECTIONS_OPEN_MAX} collections within each other"),
        ("00" * (DESCRIPTOR_BYTES_MAX + 1), "4097 bytes; at most 4096 are possible"),
    ],
)
def test_nonsense_is_named_with_its_place(data: str, problem: str) -> None:
    found = parse_report_descriptor(bytes.fromhex(data)).problem
    assert found is not None
    assert problem in found


def test_fields_before_the_nonsense_are_kept() -> None:
    descriptor = parse_report_descriptor(SCALE[:-2])
    assert descriptor.problem == "it ends within 2 open collections"
    assert descriptor.fields == parse_report_descriptor(SCALE).fields


ITEMS = st.builds(
    lambda prefix, payload: bytes([prefix]) + payload[: (0, 1, 2, 4)[prefix & 3]],
    st.integers(0, 255),
    st.binary(min_size=4, max_size=4),
)
"""Whole items, which come further than noise."""


@given(
    st.one_of(
        st.binary(max_size=200),
        st.lists(ITEMS, max_size=60).map(b"".join),
        st.builds(
            lambda data, place, byte: data[: place % len(data)] + bytes([byte]) + data[place % len(data) + 1 :],
            st.sampled_from([BOOT_KEYBOARD, BOOT_MOUSE, SCANNER, SCALE, CARD_STRIPE]),
            st.integers(0, 500),
            st.integers(0, 255),
        ),
    ),
    st.binary(max_size=400),
)
def test_any_descriptor_and_any_report_are_read_without_harm(data: bytes, report: bytes) -> None:
    descriptor = parse_report_descriptor(data)
    for each in descriptor.fields:
        assert each.size_bits * each.count > 0
        values = descriptor.values(each, report)
        assert len(values) <= each.count
        for value in values:
            each.usage_at(value - each.logical_min)
    for kind in ReportKind:
        for report_id in descriptor.report_ids(kind):
            assert 0 < descriptor.report_length(kind, report_id) <= 16384
