"""Framings that a profile describes: each cuts its frames, whatever the chunks and the noise around them."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from edge_gateway.contracts.events import BarcodeRead, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.declarative.checksums import ChecksumKind, checksum
from protocols.declarative.framer import Frame, Framer
from protocols.declarative.framing import Framing
from protocols.scales.declarative import Answer, DeclarativeScaleCodec, DeclarativeScaleOptions
from protocols.scales.polled import ScaleCommand, WeightUnchanged
from protocols.scanners.declarative import DeclarativeScannerCodec, Read
from tests.support.codec_harness import byte_by_byte, bytes_held, in_random_chunks, rejections_are_bounded

FRAMING: TypeAdapter[Framing] = TypeAdapter(Framing)
BCC = {"kind": "xor", "covers_from": 1, "covers_to": -1}

# name, framing, whole frames on the wire, their bodies
FRAMINGS: list[tuple[str, dict[str, Any], list[bytes], list[bytes]]] = [
    ("newline", {"kind": "end"}, [b"1.235\r\n", b"x\r", b"y\n"], [b"1.235", b"x", b"y"]),
    ("two characters", {"kind": "end", "end": ["\r\n"]}, [b"a\rb\r\n", b"\nc\r\n"], [b"a\rb", b"\nc"]),
    ("marks", {"kind": "start_end", "start": "\x02", "end": "\x03"}, [b"\x02abc\x03", b"\x02d\x03"], [b"abc", b"d"]),
    (
        "marks and a checksum behind them",
        {"kind": "start_end", "start": "\x02", "end": "\x03", "tail_bytes": 1, "checksum": BCC},
        [b"\x02abc\x03" + checksum(ChecksumKind.XOR, b"abc\x03"), b"\x02\x21\x03" + bytes([0x21 ^ 0x03])],
        [b"abc", b"\x21"],
    ),
    (
        "one length",
        {"kind": "fixed", "length": 6, "start": "\x02", "checksum": {"kind": "sum_complement", "mask": 0x7F}},
        [b"\x02abcd" + checksum(ChecksumKind.SUM_COMPLEMENT, b"\x02abcd")],
        [b"abcd" + checksum(ChecksumKind.SUM_COMPLEMENT, b"\x02abcd")],
    ),
    (
        "length in front, big",
        {
            "kind": "length",
            "start": "\x16",
            "length_at": 1,
            "length_bytes": 2,
            "adds": 5,
            "checksum": {"kind": "crc16_xmodem", "covers_from": 1, "covers_to": -2, "at": -2},
        },
        [b"\x16\x00\x03abc" + checksum(ChecksumKind.CRC16_XMODEM, b"\x00\x03abc")],
        [b"\x00\x03abc" + checksum(ChecksumKind.CRC16_XMODEM, b"\x00\x03abc")],
    ),
    (
        "length in decimal characters",
        {"kind": "length", "start": "#", "length_at": 1, "length_bytes": 2, "encoding": "decimal", "adds": 3},
        [b"#05hello", b"#01x"],
        [b"05hello", b"01x"],
    ),
    (
        "checksum in hex",
        {"kind": "end", "end": ["\r"], "checksum": {"kind": "sum", "covers_to": -3, "at": -3, "encoding": "hex"}},
        [b"12" + b"63" + b"\r", b"12" + b"63" + b"\r"],
        [b"1263", b"1263"],
    ),
]
BY_NAME = pytest.mark.parametrize(("name", "table", "frames", "bodies"), FRAMINGS, ids=[entry[0] for entry in FRAMINGS])


def cut(framing: Framing, chunks: Any) -> list[Frame | FrameRejected]:
    framer = Framer(framing)
    return [*(event for chunk in chunks for event in framer.feed(chunk)), *framer.flush()]


def bodies_of(events: list[Frame | FrameRejected]) -> list[bytes]:
    return [event.body for event in events if isinstance(event, Frame)]


@BY_NAME
def test_framing_cuts_its_frames_however_they_come(
    name: str, table: dict[str, Any], frames: list[bytes], bodies: list[bytes]
) -> None:
    framing, stream = FRAMING.validate_python(table), b"".join(frames)
    assert bodies_of(cut(framing, [stream])) == bodies
    assert cut(framing, byte_by_byte(stream)) == cut(framing, [stream])


@BY_NAME
def test_framing_is_in_step_again_after_noise(
    name: str, table: dict[str, Any], frames: list[bytes], bodies: list[bytes]
) -> None:
    framing = FRAMING.validate_python(table)
    print(f"seed {name!r}")
    source = random.Random(name)
    for _ in range(200):
        noise = source.randbytes(source.randint(1, 40))
        stream = noise + b"".join(frames) * 50
        events = cut(framing, in_random_chunks(stream, source))
        assert bodies_of(events)[-len(bodies) :] == bodies
        assert rejections_are_bounded(events)


@BY_NAME
@given(chunks=st.lists(st.binary(max_size=80), max_size=12))
@settings(max_examples=200, deadline=None)
def test_framing_never_minds_the_chunks(
    name: str, table: dict[str, Any], frames: list[bytes], bodies: list[bytes], chunks: list[bytes]
) -> None:
    framing = FRAMING.validate_python({**table, "frame_bytes_max": 20})
    whole = b"".join(chunks) + frames[0][:-1] + b"".join(chunks)
    assert cut(framing, [whole]) == cut(framing, byte_by_byte(whole))


@pytest.mark.parametrize(
    ("table", "frames"), [(table, frames) for _, table, frames, _ in FRAMINGS if "checksum" in table]
)
def test_framing_of_a_damaged_frame_rejects_it(table: dict[str, Any], frames: list[bytes]) -> None:
    damaged = bytearray(frames[0])
    damaged[-3 if table["kind"] != "start_end" else 1] ^= 0x01
    events = cut(FRAMING.validate_python(table), [bytes(damaged)])
    assert bodies_of(events) == []
    assert events, "what was rejected is told"


@BY_NAME
def test_framing_stays_small_under_a_flood(
    name: str, table: dict[str, Any], frames: list[bytes], bodies: list[bytes]
) -> None:
    framer = Framer(FRAMING.validate_python(table))
    fresh = bytes_held(framer)
    for flood in (b"\x00", b"\x02", b"#", frames[0][:1]):
        for _ in range(100):
            framer.feed(flood * 1000)
        assert bytes_held(framer) - fresh < 2_000


def test_framing_without_marks_ends_with_a_quiet_line() -> None:
    framer = Framer(FRAMING.validate_python({"kind": "idle", "frame_bytes_max": 8}))
    assert framer.feed(b"123") == []
    assert framer.feed(b"45") == []
    assert framer.flush() == [Frame(b"12345", b"12345")]
    assert framer.feed(b"123456789") == []
    assert [event for event in framer.flush() if isinstance(event, Frame)] == []


def test_framing_drops_the_parity_bit() -> None:
    framer = Framer(FRAMING.validate_python({"kind": "end", "end": ["\r"], "mask": 127}))
    assert bodies_of(framer.feed(bytes.fromhex("b12eb233358d"))) == [b"1.235"]


@pytest.mark.parametrize(
    ("table", "complaint"),
    [
        ({"kind": "end", "end": ["\r", "\r\n"]}, "begins another end"),
        ({"kind": "end", "end": ["€"]}, "one byte"),
        ({"kind": "fixed", "length": 500}, "more than frame_bytes_max"),
        ({"kind": "start_end", "start": "", "end": "\r"}, "at least 1 character"),
        ({"kind": "newline"}, "'end', 'start_end', 'fixed', 'length', 'idle'"),
    ],
)
def test_framing_says_what_is_wrong_with_it(table: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        FRAMING.validate_python(table)


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (ChecksumKind.CRC16_CCITT, "29b1"),
        (ChecksumKind.CRC16_XMODEM, "31c3"),
        (ChecksumKind.CRC16_MODBUS, "374b"),
        (ChecksumKind.XOR, "31"),
        (ChecksumKind.SUM, "dd"),
        (ChecksumKind.SUM_COMPLEMENT, "23"),
    ],
)
def test_checksum_of_the_published_check_text_is_the_published_one(kind: ChecksumKind, expected: str) -> None:
    """``123456789``, as in RevEng's catalogue (CRC-16/MODBUS 4b37 goes over the wire low byte first)."""
    assert checksum(kind, b"123456789").hex() == expected


def scale(*answers: dict[str, Any], **options: Any) -> DeclarativeScaleCodec:
    table = {"framing": {"kind": "end"}, "requests": {"read_weight": "W\r"}, "answers": list(answers), **options}
    return DeclarativeScaleCodec(DeclarativeScaleOptions.model_validate(table))


STABLE, ZERO = ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_ZERO
UNSTABLE, UNDER, OVER = ScaleStatus.WEIGHT_UNSTABLE, ScaleStatus.WEIGHT_UNDER_ZERO, ScaleStatus.WEIGHT_OVERWEIGHT
PLAIN = {"pattern": r"(?P<sign>[-+ ]?)(?P<weight>[0-9 ]*[.,]?[0-9]*)(?P<unit>[a-zA-Z]*)"}


@pytest.mark.parametrize(
    ("answer", "line", "expected"),
    [
        (PLAIN, b"  1.235kg", WeightRead(STABLE, "1.235", "kg")),
        (PLAIN, b"  001.235", WeightRead(STABLE, "1.235")),
        (PLAIN, b" 0,500 kg", FrameRejected.of("no_known_answer", b" 0,500 kg\r")),
        (PLAIN, b" 0,500kg", WeightRead(STABLE, "0.500", "kg")),
        (PLAIN, b"0.000kg", WeightRead(ZERO, "0.000", "kg")),
        (PLAIN, b"-0.010kg", WeightRead(UNDER, "-0.010", "kg")),
        (PLAIN, b"    kg", WeightRead(ScaleStatus.NOT_READY, None, "kg")),
        ({**PLAIN, "decimals": 3}, b"01235", WeightRead(STABLE, "1.235")),
        ({**PLAIN, "decimals": 3}, b"5", WeightRead(STABLE, "0.005")),
        ({**PLAIN, "units": {"K": "kg"}}, b"1.2K", WeightRead(STABLE, "1.2", "kg")),
        (
            {"pattern": "(?P<net>N?)(?P<weight>[-0-9.]+)", "net_words": ["N"]},
            b"N-0.120",
            WeightRead(STABLE, "-0.120", None, True),
        ),
        (
            {"pattern": "(?P<status>S|D) (?P<weight>[0-9.]+)", "statuses": {"S": "stable_weight"}},
            b"D 1.2",
            FrameRejected.of("no_known_status", b"D 1.2\r"),
        ),
        (
            {
                "pattern": "(?P<bits>.)(?P<weight>[0-9.]+)",
                "bits": [{"mask": 1, "status": "weight_unstable"}, {"mask": 2, "status": "weight_overweight"}],
            },
            b"B9.9",
            WeightRead(OVER, "9.9"),
        ),
        ({"pattern": "same", "is_unchanged": True}, b"same", WeightUnchanged()),
    ],
)
def test_answer_means_what_the_profile_says(answer: dict[str, Any], line: bytes, expected: object) -> None:
    assert list(scale(answer).feed(line + b"\r")) == [expected]


def test_first_answer_that_matches_counts() -> None:
    codec = scale({"pattern": "M", "status": "weight_unstable"}, {"pattern": "(?P<weight>[0-9.]+)"})
    assert [event for event in codec.feed(b"M\r1.5\r") if isinstance(event, WeightRead)] == [
        WeightRead(UNSTABLE),
        WeightRead(STABLE, "1.5"),
    ]


def test_requests_are_sent_as_described() -> None:
    from decimal import Decimal

    codec = scale(PLAIN, requests={"read_weight": "\x05", "zero": "Z\r\n", "tare": "T{weight}\r\n"})
    assert codec.encode(ScaleCommand.READ_WEIGHT) == b"\x05"
    assert codec.encode(ScaleCommand.ZERO) == b"Z\r\n"
    assert codec.encode(ScaleCommand.TARE, Decimal("0.010")) == b"T0.010\r\n"
    assert codec.encode(ScaleCommand.CLEAR_TARE) is None
    with pytest.raises(ValueError, match="a known weight only"):
        codec.encode(ScaleCommand.TARE)
    with pytest.raises(ValueError, match="no known weight"):
        codec.encode(ScaleCommand.ZERO, Decimal(1))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        ({"pattern": "(?P<weight>"}, "no RE2 expression"),
        ({"pattern": "(?P<mass>[0-9]+)"}, "group mass: expected names of"),
        ({"pattern": "(?P<status>S)"}, "group status: nothing says what it means"),
        ({"pattern": "S", "statuses": {"S": "stable_weight"}}, "the pattern has no such group"),
        ({"pattern": r"(a)\1"}, "no RE2 expression"),
        ({"pattern": "a" * 600}, "at most 512"),
    ],
)
def test_answer_says_what_is_wrong_with_it(answer: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Answer.model_validate(answer)


def test_scale_without_its_question_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected read_weight"):
        scale(PLAIN, requests={"zero": "Z"})


@pytest.mark.parametrize(
    ("reads", "line", "expected"),
    [
        ([], b"]E04006381333931", [BarcodeRead(b"]E04006381333931", b"4006381333931", "]E0")]),
        (
            [{"pattern": "(?P<code_id>[A-Z])(?P<data>.+)"}],
            b"F96385074",
            [BarcodeRead(b"F96385074", b"96385074", code_id="F")],
        ),
        ([{"pattern": "OK", "is_ignored": True}], b"OK", []),
        ([{"pattern": "OK", "is_ignored": True}], b"123", [FrameRejected.of("no_known_read", b"123\r")]),
        ([{"pattern": "A(?P<data>.*)"}], b"A", [FrameRejected.of("no_data", b"A")]),
        (
            [{"pattern": "(?P<aim>][A-Za-z][0-9A-Z]);(?P<data>.+)"}],
            b"]C1;0104006381333931",
            [BarcodeRead(b"]C1;0104006381333931", b"0104006381333931", "]C1")],
        ),
    ],
)
def test_read_means_what_the_profile_says(reads: list[dict[str, Any]], line: bytes, expected: list[object]) -> None:
    framing = FRAMING.validate_python({"kind": "end", "end": ["\r"]})
    codec = DeclarativeScannerCodec(framing, [Read.model_validate(read) for read in reads])
    assert list(codec.feed(line + b"\r")) == expected


def test_read_without_its_data_is_refused() -> None:
    with pytest.raises(ValidationError, match="expected a group data"):
        Read.model_validate({"pattern": "(?P<code_id>A)"})
