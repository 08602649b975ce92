"""Status as others read it, bit by bit, and the statuses of makers that have their own."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from edge_gateway.contracts.events import FrameRejected
from protocols.decoding import find_protocols
from protocols.printers.escpos_events import OrderedReply, VendorStatus
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
