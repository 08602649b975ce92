"""Status as others read it, bit by bit, and the statuses of makers that have their own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from edge_gateway.contracts.events import FrameRejected
from protocols.decoding import find_protocols
from protocols.printers.escpos_events import OrderedReply, Query, VendorStatus
from protocols.printers.escpos_status import EscposStatusCodec
from protocols.printers.star_events import PrintEndCounter, StarInformation, StarStatus, StarVersion
from protocols.printers.star_status import StarStatusCodec
from simulators.escpos_condition import automatic, real_time
from simulators.printer_condition import Condition
from simulators.star_condition import automatic as star_automatic
from tests.printers.status_vectors import VECTORS

FAULTS = (
    "is_paper_out",
    "is_paper_near_end",
    "is_cover_open",
    "is_forced_offline",
    "is_cutter_jammed",
    "is_blocked",
    "is_overheated",
    "is_broken",
    "is_drawer_open",
)


@pytest.mark.parametrize(("protocol", "hex_bytes", "readings", "source"), VECTORS)
def test_status_is_read_as_others_read_it(protocol: str, hex_bytes: str, readings: dict[str, Any], source: str) -> None:
    (event,) = find_protocols()[protocol].decode(bytes.fromhex(hex_bytes))
    assert {name: event.get(name) for name in readings} == readings, source


@pytest.mark.parametrize("pair", [*itertools.combinations(FAULTS, 2)])
def test_each_fault_is_read_from_the_status_that_a_simulated_printer_makes(pair: tuple[str, str]) -> None:
    condition = Condition(**dict.fromkeys(pair, True))  # type: ignore[arg-type] # by name
    (status,) = EscposStatusCodec().feed(automatic(condition))
    (star,) = StarStatusCodec().feed(star_automatic(condition, 5, 31, is_etb=True))
    assert isinstance(star, StarStatus)
    assert (star.etb_counter, star.etb_executed, star.status_version) == (31, True, 5)
    for event in (status, star):
        assert event.paper_loaded is not condition.is_paper_out  # type: ignore[attr-defined] # both have them
        assert event.paper_low is condition.is_paper_near_end  # type: ignore[attr-defined]
        assert event.cover_open is condition.is_cover_open  # type: ignore[attr-defined]
        assert event.cutter_error is condition.is_cutter_jammed  # type: ignore[attr-defined]
        assert event.recoverable_error is condition.is_blocked  # type: ignore[attr-defined]
        assert event.auto_recoverable_error is condition.is_overheated  # type: ignore[attr-defined]
        assert event.unrecoverable_error is condition.is_broken  # type: ignore[attr-defined]
        assert event.online is not condition.is_offline  # type: ignore[attr-defined]
        assert event.drawer_high is condition.is_drawer_high  # type: ignore[attr-defined]


@pytest.mark.parametrize("count", range(32))
def test_etb_counter_is_read(count: int) -> None:
    (status,) = StarStatusCodec().feed(star_automatic(Condition(), 3, count, is_etb=True))
    assert isinstance(status, StarStatus)
    assert status.etb_counter == count
    assert status.language == "star-line"


def test_real_time_answers_tell_errors_in_every_question() -> None:
    told = [real_time(Condition(is_blocked=True, is_paper_out=True), n).hex() for n in range(1, 5)]
    assert told == ["1e", "72", "16", "72"]


ESCPOS_BITS: dict[Query, tuple[int, dict[int, str]]] = {
    Query.DLE_EOT_1: (0x12, {2: "drawer_pin3_high", 3: "online", 5: "waiting_for_recovery", 6: "feed_button"}),
    Query.DLE_EOT_2: (0x12, {2: "cover_open", 3: "feed_button", 5: "stop_paper_end", 6: "error"}),
    Query.DLE_EOT_3: (
        0x12,
        {2: "recoverable_error", 3: "cutter_error", 5: "unrecoverable_error", 6: "auto_recoverable_error"},
    ),
    Query.DLE_EOT_4: (0x12, {2: "paper_low", 3: "paper_low", 5: "paper_loaded", 6: "paper_loaded"}),
    Query.GS_R_1: (0x00, {0: "paper_low", 1: "paper_low", 2: "paper_loaded", 3: "paper_loaded"}),
    Query.GS_R_2: (0x00, {0: "drawer_pin3_high"}),
}
"""By question: the bits that are always set, and what each of the others says."""
ASB_BITS: dict[int, dict[int, str]] = {
    0: {2: "drawer_pin3_high", 3: "online", 5: "cover_open", 6: "feed_button"},
    1: {
        0: "waiting_for_recovery",
        1: "panel_button",
        2: "recoverable_error",
        3: "cutter_error",
        5: "unrecoverable_error",
        6: "auto_recoverable_error",
    },
    2: {0: "paper_low", 1: "paper_low", 2: "paper_loaded", 3: "paper_loaded"},
    3: {},
}
STAR_BITS: dict[int, dict[int, str]] = {
    2: {1: "etb_executed", 2: "drawer_bit", 3: "online", 5: "cover_open", 6: "stopped_by_switch"},
    3: {2: "mechanical_error", 3: "cutter_error", 5: "unrecoverable_error", 6: "head_temperature_error"},
    4: {1: "head_up", 2: "presenter_jam", 3: "black_mark_error", 6: "receive_overflow"},
    5: {2: "paper_low", 3: "paper_loaded"},
    6: {},
}
OPPOSITE = frozenset({"online", "paper_loaded"})


def told_by_bits(bits: dict[int, str], value: int) -> dict[str, bool]:
    """What a byte says, by its table."""
    said: dict[str, bool] = {}
    for bit, name in bits.items():
        said[name] = said.get(name, False) or bool(value >> bit & 1)
    return {name: is_set != (name in OPPOSITE) for name, is_set in said.items()}


@pytest.mark.parametrize("query", ESCPOS_BITS)
def test_each_bit_of_an_answer_is_told_by_its_name(query: Query) -> None:
    always, bits = ESCPOS_BITS[query]
    for value in range(0x80):
        if value & 0x93 != always & 0x93 and query.is_real_time:
            continue
        if not query.is_real_time and value & 0xF0:
            continue  # begins a block, or is flow control
        codec = EscposStatusCodec()
        codec.expect(query)
        (event,) = codec.feed(bytes((value,)))
        expected = told_by_bits(bits, value)
        assert {name: getattr(event, name) for name in expected} == expected, f"{query}: {value:02x}"
        (told,) = find_protocols()["escpos.status"].decode(bytes((value,)))
        if query is not Query.DLE_EOT_2:  # whose feed_button stands behind that of DLE EOT 1
            assert {name: told[name] for name in expected} == expected, f"{query}: {value:02x}"


def test_each_bit_of_an_automatic_status_is_told_by_its_name() -> None:
    for index, bits in ASB_BITS.items():
        for value in range(0x80):
            if value & 0x93 != (0x10 if index == 0 else value & 0x03):
                continue
            data = bytearray(b"\x10\x00\x00\x00")
            data[index] = value
            if index == 1 and value == 0x0F:
                continue  # 10 0F is a Custom printer's full status
            (told,) = find_protocols()["escpos.status"].decode(bytes(data))
            expected = {name: name in OPPOSITE for each in ASB_BITS.values() for name in each.values()}
            expected |= told_by_bits(bits, value)
            assert {name: told[name] for name in expected} == expected, data.hex()


def test_each_bit_of_a_star_status_is_told_by_its_name() -> None:
    for index, bits in STAR_BITS.items():
        for value in range(0x80):
            if value & 0x11:
                continue
            data = bytearray(bytes.fromhex("230600000000000000"))
            data[index] = value
            (told,) = find_protocols()["star.status"].decode(bytes(data))
            expected = {name: name in OPPOSITE for each in STAR_BITS.values() for name in each.values()}
            expected |= told_by_bits(bits, value)
            assert {name: told[name] for name in expected} == expected, data.hex()


@pytest.mark.parametrize("position", range(8))
def test_presenter_position_of_a_star_status_is_told(position: int) -> None:
    data = bytes.fromhex("2306000000000000") + bytes((position << 1,))
    (told,) = find_protocols()["star.status"].decode(data)
    assert told["presenter_position"] == position


def test_everything_that_a_star_printer_says_is_told_apart() -> None:
    codec = StarStatusCodec()
    stream = (
        b"\x13"
        + star_automatic(Condition(), 5, 7, is_etb=True)
        + b"\x11\x1b\x1d\x03\x01\x34\x12\x07\x00\x1b#*,mC-Print3Ver3.2\n\x00\x1b\x1d)I\x01\x001PrSrN=2550,\n\x00"
    )
    kinds = [type(event).__name__ for event in codec.feed(stream)]
    assert kinds == ["FlowControl", "StarStatus", "FlowControl", "PrintEndCounter", "StarVersion", "StarInformation"]
    (counter,) = codec.feed(b"\x1b\x1d\x03\x01\x34\x12\x07\x00")
    assert isinstance(counter, PrintEndCounter)
    assert (counter.document_id, counter.counter) == (0x1234, 7)
    version, information = codec.feed(b"\x1b#*,mC-Print3Ver3.2\n\x00\x1b\x1d)I\x01\x001PrSrN=2550,\n\x00")
    assert isinstance(version, StarVersion)
    assert (version.model_name, version.firmware) == ("mC-Print3", "3.2")
    assert isinstance(information, StarInformation)
    assert information.serial_number == "2550"


def test_tail_of_a_longer_star_status_is_no_noise() -> None:
    codec = StarStatusCodec()
    events = codec.feed(bytes.fromhex("23860000000000000000 00 230600000000000000".replace(" ", "")))
    assert [type(event) for event in events] == [StarStatus, StarStatus]


@pytest.mark.parametrize(
    ("hex_bytes", "readings"),
    [
        ("100f00000000", {"online": True, "paper_loaded": True, "cover_open": False}),
        ("100f01000000", {"online": False, "paper_loaded": False}),
        ("100f04000000", {"paper_low": True, "paper_loaded": True}),
        ("100f00020000", {"cover_open": True, "online": False}),
        ("100f00004000", {"recoverable_error": True}),
        ("100f00000001", {"cutter_error": True}),
        ("100f00000040", {"unrecoverable_error": True}),
        ("c0d0d0d8d0d0d0d0", {"online": True, "paper_loaded": True, "drawer_pin3_high": True}),
        ("c0d8d0d0d0d0d0d0", {"cover_open": True, "online": False}),
        ("c0d1d0d0d0d0d0d0", {"paper_loaded": False, "online": False}),
        ("c1d0d0d0d0d0d0d0", {"recoverable_error": True}),
    ],
)
def test_status_of_makers_with_their_own_is_read(hex_bytes: str, readings: dict[str, Any]) -> None:
    (status,) = EscposStatusCodec().feed(bytes.fromhex(hex_bytes))
    assert isinstance(status, VendorStatus)
    assert {name: getattr(status, name) for name in readings} == readings


def test_answer_in_print_order_of_an_sii_printer_is_read_once_it_has_said_that_it_is_one() -> None:
    codec = EscposStatusCodec()
    assert [type(event) for event in codec.feed(b"\x80")] == [FrameRejected]
    codec.feed(bytes.fromhex("c0d0d0d0d0d0d0d0"))
    assert [type(event) for event in codec.feed(b"\x80")] == [OrderedReply]
    assert next(type(event) for event in codec.feed(b"\xc0\xd0\x16")) is FrameRejected


def test_epos_code_names_the_cause() -> None:
    decode = find_protocols()["escpos.epos_xml"].decode
    assert [decode(bytes.fromhex(value))[0]["code"] for value in ("01000000", "2c000000", "08000c00", "1600000f")] == [
        "EX_BADPORT",
        "EPTR_COVER_OPEN",
        "EPTR_REC_EMPTY",
        "",
    ]
