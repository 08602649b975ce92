"""The printer's input, taken apart: each kind of answer, all of them interleaved, and the host's questions."""

from __future__ import annotations

import random

import pytest

from edge_gateway.contracts.events import FrameRejected
from protocols.decoding import find_protocols
from protocols.printers.escpos_events import (
    AutomaticStatus,
    BlockReply,
    BufferCleared,
    OrderedReply,
    ProcessIdReply,
    Query,
    RealTimeStatus,
    TextReply,
)
from protocols.printers.escpos_status import BLOCK_BYTES_MAX, EscposStatusCodec
from protocols.printers.flow_control import FlowControl

Fields = dict[str, object]


@pytest.mark.parametrize(
    ("query", "hex_bytes", "expected"),
    [
        (Query.DLE_EOT_1, "16", {"online": True, "drawer_pin3_high": True, "feed_button": False}),
        (Query.DLE_EOT_1, "1a", {"online": False, "drawer_pin3_high": False}),
        (Query.DLE_EOT_2, "12", {"cover_open": False, "feed_button": False, "stop_paper_end": False, "error": False}),
        (Query.DLE_EOT_2, "36", {"cover_open": True, "stop_paper_end": True, "error": False}),
        (Query.DLE_EOT_3, "1a", {"cutter_error": True, "recoverable_error": False, "unrecoverable_error": False}),
        (Query.DLE_EOT_4, "12", {"paper_loaded": True, "paper_low": False}),
        (Query.DLE_EOT_4, "1e", {"paper_loaded": True, "paper_low": True}),
        (Query.DLE_EOT_4, "72", {"paper_loaded": False, "paper_low": False}),
        (Query.GS_R_1, "00", {"paper_loaded": True, "paper_low": False}),
        (Query.GS_R_1, "0c", {"paper_loaded": False, "paper_low": False}),
        (Query.GS_R_2, "01", {"drawer_pin3_high": True}),
        (Query.GS_I_1, "63", {"printer_id": 0x63}),
    ],
)
def test_answer_is_read_by_its_question(query: Query, hex_bytes: str, expected: Fields) -> None:
    codec = EscposStatusCodec()
    codec.expect(query)
    (event,) = codec.feed(bytes.fromhex(hex_bytes))
    assert isinstance(event, RealTimeStatus | OrderedReply)
    assert event.query is query
    assert {name: getattr(event, name) for name in expected} == expected
    others = {
        "online",
        "cover_open",
        "paper_loaded",
        "drawer_pin3_high",
        "printer_id",
        "cutter_error",
    } - expected.keys()
    assert all(getattr(event, name, None) is None for name in others)


@pytest.mark.parametrize(
    ("hex_bytes", "expected"),
    [
        ("1400000f", {"online": True, "cover_open": False, "paper_loaded": True, "paper_low": False}),
        ("3c00000f", {"online": False, "cover_open": True, "drawer_pin3_high": True}),
        ("1000000f", {"drawer_pin3_high": False, "online": True}),
        ("5400000f", {"feed_button": True}),
        ("1402000f", {"feed_button": False, "panel_button": True}),
        ("1c08000f", {"cutter_error": True, "online": False}),
        ("1c20000f", {"unrecoverable_error": True}),
        ("1400030f", {"paper_low": True, "paper_loaded": True}),
        ("1c00040f", {"paper_low": False, "paper_loaded": False}),
    ],
)
def test_automatic_status_is_read(hex_bytes: str, expected: Fields) -> None:
    (event,) = EscposStatusCodec().feed(bytes.fromhex(hex_bytes))
    assert isinstance(event, AutomaticStatus)
    assert {name: getattr(event, name) for name in expected} == expected


def test_everything_interleaved_is_told_apart() -> None:
    codec = EscposStatusCodec()
    for query in (Query.DLE_EOT_1, Query.GS_R_1, Query.DLE_EOT_4):
        codec.expect(query)
    # XOFF inside an ASB, a real-time answer inside another, XON inside a block.
    stream = bytes.fromhex(
        "14 00 13 00 0f 16 5f 54 4d 11 2d 31 00 00 34 72 00 00 0f 37 22 41 42 43 44 00 37 25 00 3b 30 00"
    )
    events = codec.feed(stream)
    assert [type(event) for event in events] == [
        FlowControl,
        AutomaticStatus,
        RealTimeStatus,
        FlowControl,
        TextReply,
        OrderedReply,
        RealTimeStatus,
        AutomaticStatus,
        ProcessIdReply,
        BufferCleared,
        BlockReply,
    ]
    assert [event.query for event in events if isinstance(event, RealTimeStatus)] == [Query.DLE_EOT_1, Query.DLE_EOT_4]
    assert [event.text for event in events if isinstance(event, TextReply)] == ["TM-1"]
    assert [event.process_id for event in events if isinstance(event, ProcessIdReply)] == ["ABCD"]


@pytest.mark.parametrize("seed", range(20))
def test_interleaving_does_not_depend_on_chunks(seed: int) -> None:
    source = random.Random(seed)
    print(f"seed {seed}")
    parts = [
        b"\x16",
        b"\x12",
        b"\x14\x00\x00\x0f",
        b"\x3c\x00\x00\x0f",
        b"\x5fTM\x00",
        b"\x37\x22abcd\x00",
        b"\x00",
        b"\x11",
    ]
    stream = b"".join(source.choices(parts, k=60))
    whole = EscposStatusCodec().feed(stream)
    assert not any(isinstance(event, FrameRejected) for event in whole)
    codec, events, rest = EscposStatusCodec(), [], stream
    while rest:
        size = source.randint(1, 7)
        events += codec.feed(rest[:size])
        rest = rest[size:]
    assert events == list(whole)


def test_question_that_was_given_up_is_not_answered_by_the_next_byte() -> None:
    codec = EscposStatusCodec()
    codec.expect(Query.DLE_EOT_1)
    codec.forget(Query.DLE_EOT_1)
    (late,) = codec.feed(b"\x16")
    assert isinstance(late, RealTimeStatus)
    assert late.query is None


@pytest.mark.parametrize(
    ("stream", "kinds"),
    [
        (b"\x14\x00\x14\x00\x00\x0f", [FrameRejected, AutomaticStatus]),
        (b"\x5fTM\x14\x00\x00\x0f", [FrameRejected, AutomaticStatus]),
        (b"\x14\x00\x37\x22abcd\x00", [FrameRejected, ProcessIdReply]),
        (b"\x80\xff\x16", [FrameRejected, FrameRejected, RealTimeStatus]),
        (b"\x5f" + b"x" * BLOCK_BYTES_MAX + b"\x16", [FrameRejected]),
    ],
)
def test_codec_finds_its_feet_again(stream: bytes, kinds: list[type]) -> None:
    events = EscposStatusCodec().feed(stream)
    assert [type(event) for event in events][: len(kinds)] == kinds


def test_half_an_answer_is_rejected_when_the_line_is_idle() -> None:
    codec = EscposStatusCodec()
    assert codec.feed(b"\x14\x00") == []
    (rejected,) = codec.flush()
    assert rejected == FrameRejected("ASB ended in the middle", b"\x14\x00", 2)
    assert codec.flush() == []


@pytest.mark.parametrize(
    ("hex_bytes", "commands"),
    [
        ("1b401b3d01100401", [("ESC @", None), ("ESC = 1 select printer", 1), ("DLE EOT 1", 1)]),
        ("1d61ff1d72011d4943", [("GS a 255", 255), ("GS r 1 paper", 1), ("GS I 67 model name", 67)]),
        ("10140801031401060208", [("DLE DC4 8 1 3 20 1 6 2 8", None)]),
        ("1014010005", [("DLE DC4 1 0 5", None)]),
        ("1d28440300140100", [("GS ( D", None)]),
        ("1b70003264", [("ESC p 0 50 100", None)]),
        ("1b3d00", [("ESC = 0", 0)]),
        ("1b3d03", [("ESC = 3 select printer and display", 3)]),
    ],
)
def test_commands_of_the_host_are_told(hex_bytes: str, commands: list[tuple[str, int | None]]) -> None:
    for protocol in ("escpos.status", "escpos"):
        events = find_protocols()[protocol].decode(bytes.fromhex(hex_bytes), "host->device")
        assert [(event["command"], event.get("n")) for event in events] == commands
        assert not [event for event in events if "values" in event]


def test_process_id_request_is_told() -> None:
    (event,) = find_protocols()["escpos.status"].decode(b"\x1d(H\x06\x0000ABCD", "host->device")
    assert event["process_id"] == "ABCD"
    assert event["command"] == "GS ( H fn 48: process id request"
    (other,) = find_protocols()["escpos.status"].decode(b"\x1d(H\x03\x0010\x01", "host->device")
    assert other["command"] == "GS ( H"


def test_several_commands_are_listed_with_the_last() -> None:
    events = find_protocols()["escpos.status"].decode(b"\x1b@\x1b=\x01\x10\x04\x01", "host->device")
    assert [event.get("commands") for event in events] == [
        None,
        None,
        ["ESC @", "ESC = 1 select printer", "DLE EOT 1"],
    ]
    answers = find_protocols()["escpos.status"].decode(b"\x16\x12")
    assert not [event for event in answers if "commands" in event]


@pytest.mark.parametrize(
    ("hex_bytes", "expected"),
    [
        ("16", {"online": True, "drawer_pin3_high": True}),
        ("12", {"cover_open": False, "stop_paper_end": False, "paper_loaded": True}),
        ("72", {"paper_loaded": False, "paper_low": False}),
        ("1a", {"online": False, "feed_button": False, "drawer_open": True}),
        ("5f544d2d543230494900", {"text": "TM-T20II", "model_name": "TM-T20II", "header": "5f", "terminator": "00"}),
        ("63", {"printer_id": 0x63}),
        ("00", {"paper_loaded": True, "paper_low": False}),
    ],
)
def test_byte_of_unknown_question_is_told_in_every_way(hex_bytes: str, expected: Fields) -> None:
    (event,) = find_protocols()["escpos.status"].decode(bytes.fromhex(hex_bytes))
    assert {name: event[name] for name in expected} == expected
