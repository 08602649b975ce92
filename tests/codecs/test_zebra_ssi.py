"""Zebra SSI: packets of manuals and of other projects' tests, damaged ones, reads of several packets, repeats."""

from __future__ import annotations

import random
from typing import Any

import pytest

from edge_gateway.contracts.events import CodecEvent, FrameRejected
from protocols.decoding import find_protocols
from protocols.scanners import zebra_ssi_parameters as parameters
from protocols.scanners import zebra_ssi_rsm as rsm
from protocols.scanners.zebra_ssi import CHECKSUM_WRONG, SsiCodec, SsiPacket, encode_packet
from protocols.scanners.zebra_ssi_reads import NoRead, SsiRead, SsiReads
from protocols.scanners.zebra_ssi_tables import Opcode, Source

FROM_DECODER: list[tuple[str, dict[str, Any]]] = [
    # clocklimited/motorola-ssi-scanner, test/*.js
    ("07f30000014e52fe65", {"opcode": "DECODE_DATA", "code_type": 1, "data": "NR", "no_read": True}),
    # enioka_scan (Apache-2.0), SsiChecksumTest, SsiParserTest
    ("04d00080feac", {"opcode": "CMD_ACK", "source": "decoder", "status": "0x80"}),
    ("05f6000020fee5", {"opcode": "EVENT", "event": "0x20"}),
    ("05f6000021fee4", {"opcode": "EVENT", "event": "0x21"}),
    ("0ac60000fff4f03e04fffb0c", {"opcode": "PARAM_SEND", "params": {"318": 1279}, "beep": "0xFF (none)"}),
    ("09c60000ff01009c07fd8e", {"opcode": "PARAM_SEND", "params": {"1": 0, "156": 7}}),
    (
        "21800000001d0200274d410142000e00000000010302030303040305030603fffffc15",
        {"opcode": "RSM", "attribute": 10061, "type": "A", "status": 0},
    ),
    (
        "3e80008000 3a02000215530100130000525335314230 2d5442534e57522020202020000216530100110000"
        "5332303134303532333032303134342000fffff434".replace(" ", ""),
        {"opcode": "RSM", "attributes": {"533": "RS51B0-TBSNWR", "534": "S20140523020144"}, "type": "S"},
    ),
    ("0f800080000b02000192420700fffffc0a", {"attribute": 402, "type": "B", "value": 0}),
    ("0c8000800008200000f000f0fcec", {"opcode": "RSM", "max_in": 240, "max_out": 240}),
    # Zebra DS457 product reference, encapsulation of RSM commands
    ("0c8000000008200000f000f0fd6c", {"opcode": "RSM", "max_in": 240, "max_out": 240}),
    ("0880000000040600ff6e", {"opcode": "RSM", "command": 6, "status": 0}),
    # the guide's table of code types
    ("12f300000b34303036333831333333393331fc54", {"code_type": "0x0B", "symbology": "EAN-13", "data": "4006381333931"}),
    ("09f300021c68747470fd26", {"code_type": "0x1C", "continued": True, "data": "http"}),
    (
        "17f300008b393738303134333030373233343531323939fac1",
        {"code_type": "0x8B", "symbology": "EAN-13 + 5", "data": "9780143007234", "addon": "51299"},
    ),
]
FROM_HOST: list[tuple[str, dict[str, Any]]] = [
    # clocklimited/motorola-ssi-scanner, test/command.test.js and checksum.test.js
    ("04100400ffe8", {"opcode": "0x10", "source": "host"}),
    ("0500040012ffe5", {"opcode": "0x00", "data": "12"}),
    ("060004 0012e3ff01".replace(" ", ""), {"opcode": "0x00", "data": "12e3"}),
    ("0500040000fff7", {"valid": True, "checksum_valid": True}),
    ("0500040000ffe7", {"valid": False, "checksum_valid": False}),
    # enioka_scan, SsiChecksumTest; Zebra guide
    ("04d00400ff28", {"opcode": "CMD_ACK", "source": "host"}),
    ("04e40400ff14", {"opcode": "START_SESSION"}),
    ("04e90408ff07", {"opcode": "SCAN_ENABLE", "permanent": True}),
    ("0a8004000006200000fffe4d", {"opcode": "RSM", "command": 32, "max_in": 255}),
    # viplq/zebra-ssi, constants and their comments
    ("04e80400ff10", {"opcode": "LED_OFF"}),
    ("04ea0400ff0e", {"opcode": "SCAN_DISABLE"}),
    ("07c6040002eb00fe42", {"opcode": "PARAM_SEND", "beep": "0x02", "params": {"0xEB": 0}}),
    ("07c60400ffeb00fd45", {"opcode": "PARAM_SEND", "beep": "0xFF (none)", "params": {"0xEB": 0}}),
    ("09c60400ff63106902fd50", {"params": {"0x63": 16, "0x69": 2}, "meaning": "prefix 0x02"}),
    ("09c60400ff6210680dfd47", {"params": {"0x62": 16, "0x68": 13}}),
    ("08c60400fff02601fd18", {"params": {"0xF026": 1}, "meaning": "MaxiCode 1"}),
]


def told(hex_text: str, direction: str) -> dict[str, Any]:
    (event,) = find_protocols()["scanner/zebra-ssi"].decode(bytes.fromhex(hex_text), direction)
    return event


@pytest.mark.parametrize(("hex_text", "expected"), FROM_DECODER)
def test_ssi_packet_of_a_scanner_is_told(hex_text: str, expected: dict[str, Any]) -> None:
    event = told(hex_text, "device->host")
    assert {name: event.get(name) for name in expected} == expected


@pytest.mark.parametrize(("hex_text", "expected"), FROM_HOST)
def test_ssi_packet_of_a_host_is_told(hex_text: str, expected: dict[str, Any]) -> None:
    event = told(hex_text, "host->device")
    assert {name: event.get(name) for name in expected} == expected


def packets(data: bytes, codec: SsiCodec | None = None) -> list[CodecEvent]:
    return list((codec or SsiCodec()).feed(data))


def decode_data(code_type: int, text: bytes, status: int = 0) -> bytes:
    return encode_packet(Opcode.DECODE_DATA, bytes((code_type,)) + text, status=status, source=Source.DECODER)


def test_ssi_wrong_checksum_is_rejected_at_once_and_the_repeat_is_read() -> None:
    good = decode_data(0x0B, b"4006381333931")
    bad = good[:8] + bytes((good[8] ^ 1,)) + good[9:]
    codec = SsiCodec()
    assert packets(bad, codec) == [FrameRejected(CHECKSUM_WRONG, bad, len(bad))]
    (packet,) = packets(good, codec)
    assert isinstance(packet, SsiPacket)
    assert packet.data == b"\x0b4006381333931"


def test_ssi_lost_byte_costs_only_its_own_packet() -> None:
    good = decode_data(0x0B, b"4006381333931")
    events = packets(good[:5] + good[6:] + good + good)
    assert [type(event) for event in events].count(SsiPacket) == 2


def test_ssi_packet_inside_bar_code_data_is_no_packet() -> None:
    inner = encode_packet(Opcode.EVENT, b"\x21", source=Source.DECODER)
    (packet,) = packets(decode_data(0x1C, b"A" + inner + b"B"))
    assert isinstance(packet, SsiPacket)
    assert packet.opcode == Opcode.DECODE_DATA


def test_ssi_over_att_is_read_whatever_its_length() -> None:
    for size in (0, 1, 120, 250):
        packet = encode_packet(Opcode.DECODE_DATA, b"\x1c" + b"Z" * size, source=Source.DECODER, is_att=True)
        assert len(packet) == int.from_bytes(packet[:2], "little")
        events = packets(packet + packet)
        assert [type(event) for event in events] == [SsiPacket, SsiPacket]


def test_ssi_idle_line_ends_what_noise_began() -> None:
    codec = SsiCodec()
    good = decode_data(0x0B, b"4006381333931")
    assert packets(b"\xf0\xf3\x00" + good, codec) == []
    assert [type(event) for event in codec.flush()] == [FrameRejected, SsiPacket]
    assert not codec.has_pending


def segments(text: bytes, code_type: int = 0x1C) -> list[bytes]:
    """As a DS8178 sends them: the first names the total, no status bit says that more follows."""
    head = b"\x00" + bytes((Opcode.DECODE_DATA,)) + (len(text) + 3).to_bytes(4, "big") + bytes((code_type, 1))
    body = head + len(text).to_bytes(2, "big") + text
    chunks = [body[:251]] + [body[at : at + 250] for at in range(251, len(body), 250)]
    return [
        encode_packet(
            Opcode.MULTIPACKET, chunk if number == 0 else bytes((number,)) + chunk, source=2 if number == 0 else 0
        )
        for number, chunk in enumerate(chunks)
    ]


def joined(parts: list[bytes], reads: SsiReads | None = None) -> list[CodecEvent]:
    reads = reads or SsiReads()
    found: list[CodecEvent] = []
    for event in packets(b"".join(parts)):
        assert isinstance(event, SsiPacket)
        found += reads.take(event)
    return found


def test_ssi_segments_are_told_and_joined_by_their_total() -> None:
    parts = segments(b"Z" * 500)
    assert parts[0].hex().startswith("ff73020000f3000001f71c0101f45a")
    assert parts[0].hex().endswith("a6d5")
    assert parts[1].hex().endswith("a6a9")
    events = find_protocols()["scanner/zebra-ssi"].decode(b"".join(parts))
    assert [event.get("seq") for event in events] == [0, 1, 2, None]
    assert [event.get("chunk") for event in events[:3]] == [241, 250, 9]
    assert [event.get("more") for event in events[:3]] == [True, True, False]
    assert events[0]["total"] == 500
    assert events[3]["joined"] == "Z" * 500


@pytest.mark.parametrize("size", [241, 242, 250, 491, 492, 2000])
def test_ssi_segments_of_every_length_give_one_read(size: int) -> None:
    text = bytes(random.Random(size).randbytes(size))
    (read,) = joined(segments(text))
    assert isinstance(read, SsiRead)
    assert read.raw == text


def test_ssi_missing_segment_gives_no_read() -> None:
    first, _, third = segments(b"Z" * 500)
    events = joined([first, third])
    assert events
    assert all(isinstance(event, FrameRejected) for event in events)
    assert [type(event) for event in joined(segments(b"Z" * 500))] == [SsiRead]


def test_ssi_continued_packets_are_joined_and_each_has_its_code_type() -> None:
    (read,) = joined([decode_data(0x1C, b"http", 2), decode_data(0x1C, b"://x", 2), decode_data(0x1C, b"/y")])
    assert isinstance(read, SsiRead)
    assert (read.data, read.code_type) == (b"http://x/y", 0x1C)


def test_ssi_repeat_of_a_packet_is_left_out_and_a_second_scan_is_not() -> None:
    first, repeat = decode_data(0x0B, b"4006381333931"), decode_data(0x0B, b"4006381333931", 1)
    assert len(joined([first, repeat, repeat])) == 1
    assert len(joined([first, first])) == 2
    assert len(joined([repeat])) == 1
    (read,) = joined([decode_data(0x1C, b"ab", 2), decode_data(0x1C, b"ab", 3), decode_data(0x1C, b"cd")])
    assert isinstance(read, SsiRead)
    assert read.data == b"abcd"


def test_ssi_read_whose_packet_was_given_up_is_not_glued_to_the_next() -> None:
    reads = SsiReads()
    assert joined([decode_data(0x1C, b"half ", 2)], reads) == []
    reads.packet_lost(decode_data(0x1C, b"damaged", 2))
    # It may be the rest of the half, or another read: nothing tells which, so it is neither.
    assert joined([decode_data(0x1C, b"another")], reads) == [
        FrameRejected.of("packet_missing", b"half "),
        FrameRejected.of("rest_in_doubt", b"another"),
    ]
    (read,) = joined([decode_data(0x1C, b"another")], reads)
    assert isinstance(read, SsiRead)
    assert read.data == b"another"


def test_ssi_second_of_two_equal_articles_is_read_though_its_packet_was_damaged() -> None:
    reads, first = SsiReads(), decode_data(0x0B, b"4006381333931")
    assert len(joined([first], reads)) == 1
    reads.packet_lost(first[:-1] + b"x")
    assert len(joined([decode_data(0x0B, b"4006381333931", 1)], reads)) == 1


def test_ssi_repeat_that_was_damaged_is_still_a_repeat() -> None:
    reads = SsiReads()
    assert len(joined([decode_data(0x0B, b"4006381333931")], reads)) == 1
    reads.packet_lost(decode_data(0x0B, b"4006381333931", 1)[:-1] + b"x")
    assert joined([decode_data(0x0B, b"4006381333931", 1)], reads) == []


def test_ssi_late_packet_is_neither_the_rest_nor_glued() -> None:
    reads = SsiReads()
    half, late = packets(decode_data(0x1C, b"http", 2) + decode_data(0x1C, b"NEWCODE"))
    assert isinstance(half, SsiPacket)
    assert isinstance(late, SsiPacket)
    assert list(reads.take(half)) == []
    told = reads.take(late, is_late=True)
    assert [event.reason for event in told if isinstance(event, FrameRejected)] == ["packet_missing", "rest_in_doubt"]
    assert len(told) == 2


def test_ssi_parts_that_are_given_up_are_told() -> None:
    reads = SsiReads()
    assert joined([decode_data(0x1C, b"half ", 2)], reads) == []
    assert list(reads.forget()) == [FrameRejected.of("rest_missing", b"half ")]


def test_ssi_read_that_never_ends_is_bounded_and_the_next_is_read() -> None:
    reads = SsiReads()
    endless = joined([decode_data(0x1C, b"Z" * 240, 2)] * 200, reads)
    assert [event.reason for event in endless if isinstance(event, FrameRejected)] == ["too_long"]
    assert joined([decode_data(0x1C, b"tail")], reads) == []
    (read,) = joined([decode_data(0x1C, b"next")], reads)
    assert isinstance(read, SsiRead)


def test_ssi_no_read_is_told_as_such() -> None:
    assert joined([decode_data(1, b"NR")]) == [NoRead()]
    (read,) = joined([decode_data(3, b"NR")])
    assert isinstance(read, SsiRead)


@pytest.mark.parametrize(
    "parameter",
    [
        parameters.Parameter(0, 1),
        parameters.Parameter(239, 255),
        parameters.Parameter(256, 0),
        parameters.Parameter(495, 7),
        parameters.Parameter(512, 7),
        parameters.Parameter(1007, 7),
        parameters.Parameter(1024, 7),
        parameters.Parameter(65535, 1279, "word"),
        parameters.Parameter(318, 1279, "word"),
        parameters.Parameter(568, b"Lane 3", "string"),
        parameters.Parameter(900, bytes(range(40)), "array"),
    ],
)
def test_ssi_parameter_is_read_as_it_was_written(parameter: parameters.Parameter) -> None:
    assert parameters.decode_parameters(parameters.encode_parameters([parameter] * 2)) == [parameter] * 2


@pytest.mark.parametrize(
    "parameter",
    [
        parameters.Parameter(240, 1),
        parameters.Parameter(500, 1),
        parameters.Parameter(65536, 1),
        parameters.Parameter(-1, 1),
        parameters.Parameter(1, 256),
        parameters.Parameter(1, -1),
        parameters.Parameter(1, 65536, "word"),
        parameters.Parameter(1, b"x" * 201, "string"),
        parameters.Parameter(1, b"x"),
        parameters.Parameter(1, None),
    ],
)
def test_ssi_parameter_that_cannot_be_written_is_refused(parameter: parameters.Parameter) -> None:
    with pytest.raises(ValueError, match="parameter"):
        parameters.encode_parameters([parameter])


def test_ssi_parameters_cut_short_have_no_value() -> None:
    for data in (b"\x01", b"\xf0", b"\xf4\xf0\x3e\x04", b"\xf3\x10\x05abc", b"\xf8\x04"):
        assert parameters.decode_parameters(data)[-1].value is None


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"B\x07\x2a", 42),
        (b"W\x07\x01\x00", 256),
        (b"D\x07\x00\x01\x00\x00", 65536),
        (b"I\x07\xff\xfe", -2),
        (b"L\x07\xff\xff\xff\xfe", -2),
        (b"F\x07\x01", True),
        (b"C\x07A", 65),
        (b"S\x07\x00\x04\x00\x00abc\x00", "abc"),
        (b"A\x07\x42\x00\x02\x00\x00\x01\x02", "0102"),
        (b"S\x07\x00\x40\x00\x00abc", None),
        (b"Q\x07\x00", None),
    ],
)
def test_rsm_attribute_has_the_value_of_its_type(body: bytes, value: Any) -> None:
    data = b"\x00\x00\x02\x00\x02\x15" + body + b"\xff\xff"
    message = rsm.decode(data)
    assert message is not None
    assert [(found.number, found.value) for found in message.attributes] == [(533, value)]


def test_rsm_questions_are_as_the_guide_prints_them() -> None:
    assert encode_packet(Opcode.RSM, rsm.encode_packet_size()).hex() == "0a8004000006200000fffe4d"
    question = rsm.decode(rsm.encode_query(533, 534), is_question=True)
    assert question is not None
    assert question.numbers == (533, 534)
    assert rsm.encode_byte(402, 0).hex() == "000b05000192420000ffff"
