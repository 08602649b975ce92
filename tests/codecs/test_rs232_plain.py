"""Plain serial scanners: every suffix, prefix and identifier a maker lets one set."""

from __future__ import annotations

import pytest

from edge_gateway.contracts.events import BarcodeRead, CodecEvent, FrameRejected
from protocols.scanners.code_ids import CodeIdTable
from protocols.scanners.rs232_plain import Rs232PlainCodec, Suffix

EAN = b"4006381333931"


def reads(events: list[CodecEvent]) -> list[bytes]:
    return [event.data for event in events if isinstance(event, BarcodeRead)]


def reasons(events: list[CodecEvent]) -> list[tuple[str, int]]:
    return [(event.reason, event.length) for event in events if isinstance(event, FrameRejected)]


@pytest.mark.parametrize("suffix", [b"\r", b"\n", b"\r\n", b"\t", b"\x03", b"\n\r", b"\r\r\n"])
def test_auto_suffix_takes_each_read_once(suffix: bytes) -> None:
    codec = Rs232PlainCodec()
    stream = (EAN + suffix + b"96385074" + suffix) * 3
    events = [event for byte in stream for event in codec.feed(bytes([byte]))]
    assert reads(events) == [EAN, b"96385074"] * 3
    assert not codec.has_pending
    assert not codec.flush()


@pytest.mark.parametrize(
    ("suffix", "ending", "inside"),
    [
        ("cr", b"\r", b"a\nb\tc\x03"),
        ("cr", b"\r\n", b"a\nb"),
        ("lf", b"\n", b"a\rb\t"),
        ("crlf", b"\r\n", b"@\n\x1e\rANSI\rx"),
        ("tab", b"\t", b"a\r\nb"),
        ("etx", b"\x03", b"a\r\nb\t"),
    ],
)
def test_named_suffix_leaves_the_others_in_the_data(suffix: Suffix, ending: bytes, inside: bytes) -> None:
    codec = Rs232PlainCodec(suffix)
    stream = (inside + ending) * 2
    assert reads([event for byte in stream for event in codec.feed(bytes([byte]))]) == [inside, inside]


def test_no_suffix_is_ended_by_an_idle_line() -> None:
    codec = Rs232PlainCodec("none")
    assert not codec.feed(EAN[:5])
    assert not codec.feed(EAN[5:] + b"\r\n")
    assert codec.has_pending
    assert codec.is_ended_by_idle
    assert reads(list(codec.flush())) == [EAN + b"\r\n"]
    assert not codec.flush()


def test_auto_suffix_takes_an_idle_line_until_it_has_seen_a_suffix() -> None:
    codec = Rs232PlainCodec()
    codec.feed(EAN)
    assert reads(list(codec.flush())) == [EAN]
    assert reads(list(codec.feed(EAN + b"\r"))) == [EAN]
    for _ in range(3):
        codec.feed(b"40063")
        assert reasons(list(codec.flush())) == [("incomplete", 5)]
    assert reads(list(codec.feed(EAN + b"\r"))) == [EAN]


def test_group_separator_belongs_to_the_data_and_aim_is_split_off() -> None:
    (read,) = Rs232PlainCodec().feed(b"]C1010400638133393110AB\x1d21X\r\n")
    assert read == BarcodeRead(
        raw=b"]C1010400638133393110AB\x1d21X", data=b"010400638133393110AB\x1d21X", aim="]C1", code_id=None
    )


@pytest.mark.parametrize("data", [b"]E0", b"]", b"]]]]", b"]E 123", b"x]E0123"])
def test_what_is_no_aim_identifier_stays_data(data: bytes) -> None:
    assert reads(list(Rs232PlainCodec().feed(data + b"\r"))) == [data]


def test_aim_handling_can_be_switched_off() -> None:
    assert reads(list(Rs232PlainCodec(aim="none").feed(b"]E0123\r"))) == [b"]E0123"]


@pytest.mark.parametrize(
    ("table", "sent", "code_id", "data"),
    [
        ("zebra", b"A4006381333931", "A", EAN),
        ("zebra", b"P0QABC", "P0Q", b"ABC"),
        ("zebra", b"]E04006381333931", None, EAN),
        ("zebra", b"4006381333931", None, EAN),
        ("honeywell", b"d4006381333931", "d", EAN),
        ("none", b"A4006381333931", None, b"A4006381333931"),
    ],
)
def test_vendor_code_id_is_split_off_only_where_configured(
    table: CodeIdTable, sent: bytes, code_id: str | None, data: bytes
) -> None:
    (read,) = Rs232PlainCodec(code_ids=table).feed(sent + b"\r")
    assert isinstance(read, BarcodeRead)
    assert (read.code_id, read.data, read.raw) == (code_id, data, sent)


def test_stx_prefix_is_dropped_or_required() -> None:
    assert reads(list(Rs232PlainCodec().feed(b"\x02" + EAN + b"\x03"))) == [EAN]
    assert reads(list(Rs232PlainCodec(prefix="none").feed(b"\x02" + EAN + b"\r"))) == [b"\x02" + EAN]
    strict = Rs232PlainCodec("etx", prefix="stx")
    events = list(strict.feed(b"\x00\x00\x02" + EAN + b"\x03noise\x03\x02400\x02" + EAN + b"\x03"))
    assert reads(events) == [EAN, EAN]
    assert reasons(events) == [("before_prefix", 2), ("no_prefix", 5), ("before_prefix", 4)]


@pytest.mark.parametrize("suffix", ["auto", "crlf", "cr"])
@pytest.mark.parametrize("extra", [0, 1, 2, 200])
def test_too_long_is_rejected_with_its_length_and_the_next_read_is_whole(suffix: Suffix, extra: int) -> None:
    frame = b"x" * (32 + extra)
    stream = frame + b"\r\n" + EAN + b"\r\n" + EAN + b"\r\n"
    expected = [frame] if extra == 0 else []
    for step in (1, 7, len(stream)):
        codec = Rs232PlainCodec(suffix, frame_bytes_max=32)
        chunks = [stream[position : position + step] for position in range(0, len(stream), step)]
        events = [event for chunk in chunks for event in codec.feed(chunk)]
        assert reads(events) == [*expected, EAN, EAN]
        assert reasons(events) == ([("too_long", 32 + extra)] if extra else [])


def test_control_characters_alone_are_noise() -> None:
    assert reasons(list(Rs232PlainCodec().feed(b"\x00\x01\r"))) == [("no_text", 2)]


def test_every_byte_value_but_the_suffix_survives() -> None:
    data = bytes(value for value in range(256) if value not in b"\r\n")
    assert reads(list(Rs232PlainCodec("crlf", prefix="none").feed(data + b"\r\n"))) == [data]
