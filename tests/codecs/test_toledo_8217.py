"""The Toledo 8217 codec, beyond the harness of every codec: what a frame means, and when it is not believed."""

from __future__ import annotations

import string
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import find_protocols
from protocols.scales.polled import ScaleCommand, WeightUnchanged
from protocols.scales.toledo_8217 import (
    AS_SENT,
    ConfidenceTestStarted,
    EchoRead,
    EchoStarted,
    Toledo8217Codec,
    Toledo8217Options,
)

KG = Toledo8217Options()
LB = Toledo8217Options(unit="lb")


def read(data: bytes, options: Toledo8217Options = AS_SENT) -> list[CodecEvent]:
    codec = Toledo8217Codec(options)
    return [*codec.feed(data), *codec.flush()]


def only(data: bytes, options: Toledo8217Options = AS_SENT) -> CodecEvent:
    (event,) = read(data, options)
    return event


def with_parity(data: bytes, odd: int = 0) -> bytes:
    return bytes(byte | ((byte.bit_count() & 1) ^ odd) << 7 for byte in data)


@pytest.mark.parametrize(
    ("frame", "options", "weight", "unit", "is_net"),
    [
        (b"\x0201.235\r", KG, "1.235", "kg", False),
        (b"\x0200.500\r", KG, "0.500", "kg", False),
        (b"\x0214.998N\r", KG, "14.998", "kg", True),
        (b"\x0201235\r", KG, "1.235", "kg", False),
        (b"\x0200007N\r", KG, "0.007", "kg", True),
        (b"\x02002.15\r", LB, "2.15", "lb", False),
        (b"\x0200215\r", LB, "2.15", "lb", False),
        (b"\x02029.99N\r", LB, "29.99", "lb", True),
        (b"\x0202.15\r", Toledo8217Options(unit="lb", weight_digits=4), "2.15", "lb", False),
        (b"\x0201.235   kg\r", KG, "1.235", "kg", False),
        (b"\x0201.235kg   \r", KG, "1.235", "kg", False),
        (b"\x0201.235KG   N\r", KG, "1.235", "kg", True),
        (b"\x02002.15   lb\r", KG, "2.15", "lb", False),
        (b"\x02 1.235\r", KG, "1.235", "kg", False),
        (b"\x0201.2345\r", AS_SENT, "1.2345", None, False),
        (b"\x02002.15\r", AS_SENT, "2.15", "lb", False),
        (b"\x0201235    g\r", Toledo8217Options(unit_decimals={"g": 0}), "1235", "g", False),
        (b"\x0200235   lb\r", Toledo8217Options(unit_decimals={"g": 0, "lb": 2}), "2.35", "lb", False),
        (b"\x0200235   kgN\r", Toledo8217Options(unit_decimals={"kg": 3}), "0.235", "kg", True),
    ],
)
def test_weight_is_read_as_sent(
    frame: bytes, options: Toledo8217Options, weight: str, unit: str | None, is_net: bool
) -> None:
    event = only(frame, options)
    assert isinstance(event, WeightRead)
    assert (event.status, event.weight, event.unit, event.is_net) == (ScaleStatus.STABLE_WEIGHT, weight, unit, is_net)


@pytest.mark.parametrize("frame", [b"\x0200.000\r", b"\x0200000\r", b"\x0200.000N\r", b"\x02-0.000\r"])
def test_zero_is_a_state_of_its_own(frame: bytes) -> None:
    event = only(frame)
    assert isinstance(event, WeightRead)
    assert (event.status, event.weight) == (ScaleStatus.WEIGHT_ZERO, "0.000")


@pytest.mark.parametrize(
    ("frame", "why"),
    [
        (b"\x020.235\r", "4 digits"),
        (b"\x02001.235\r", "6 digits"),
        (b"\x02002.15\r", "2 decimals"),
        (b"\x0201235    g\r", "names the unit g and has no point"),
        (b"\x0200235   lb\r", "names the unit lb and has no point"),
        (b"\x0201235   kg\r", "names the unit kg and has no point"),
        (b"\x0200000   oz\r", "names the unit oz and has no point"),
        (b"\x0201.2.5\r", "no weight"),
        (b"\x020l.235\r", "no weight"),
        (b"\x0201.235X\r", "no weight"),
        (b"\x0201.235  zz \r", "unknown unit"),
        (b"\x02?\r", "status"),
        (b"\x02?AA\r", "status"),
        (b"\x02?!\r", "status"),
        (b"\x02.....\r", "no weight"),
        (b"\x02" + b"1" * 40 + b"\r", "longer"),
        (b"\x02\xb2\xb3\r", "no weight"),
    ],
)
def test_frame_that_cannot_be_believed_is_rejected(frame: bytes, why: str) -> None:
    events = read(frame, KG)
    assert all(isinstance(event, FrameRejected) for event in events)
    rejected = events[0]
    assert isinstance(rejected, FrameRejected)
    assert why in rejected.reason or rejected.reason == "parity"


@pytest.mark.parametrize(
    ("letter", "status"),
    [
        ("A", ScaleStatus.WEIGHT_UNSTABLE),
        ("B", ScaleStatus.WEIGHT_OVERWEIGHT),
        ("D", ScaleStatus.WEIGHT_UNDER_ZERO),
        ("H", ScaleStatus.NOT_READY),
        ("P", ScaleStatus.WEIGHT_ZERO),
        ("@", ScaleStatus.NOT_READY),
        ("`", ScaleStatus.NOT_READY),
        ("Q", ScaleStatus.WEIGHT_UNSTABLE),
        ("C", ScaleStatus.WEIGHT_UNSTABLE),
        ("E", ScaleStatus.WEIGHT_UNSTABLE),
        ("F", ScaleStatus.WEIGHT_OVERWEIGHT),
        ("L", ScaleStatus.WEIGHT_UNDER_ZERO),
        ("X", ScaleStatus.NOT_READY),
        ("d", ScaleStatus.WEIGHT_UNDER_ZERO),
    ],
)
def test_status_bits_have_a_priority(letter: str, status: ScaleStatus) -> None:
    event = only(b"\x02?" + letter.encode() + b"\r")
    assert isinstance(event, WeightRead)
    assert (event.status, event.weight) == (status, None)
    assert event.is_net == bool(ord(letter) & 0x20)
    assert event.is_center_of_zero == bool(ord(letter) & 0x10)


def test_sasi_status_is_a_list_not_bits() -> None:
    options = Toledo8217Options(status_codes="sasi")
    statuses = [getattr(only(b"\x02?%c\r" % letter, options), "status", None) for letter in b"ABCDE"]
    assert statuses == [
        ScaleStatus.WEIGHT_UNSTABLE,
        ScaleStatus.WEIGHT_OVERWEIGHT,
        ScaleStatus.WEIGHT_UNDER_ZERO,
        ScaleStatus.NOT_READY,
        None,
    ]


def test_status_without_bits_means_unchanged_only_where_the_profile_says_so() -> None:
    assert only(b"\x02?@\r", Toledo8217Options(no_bit_status="unchanged")) == WeightUnchanged()
    assert isinstance(only(b"\x02?@\r", KG), WeightRead)


@pytest.mark.parametrize("odd", [0, 1])
def test_parity_in_bit_seven_is_checked_and_taken_off(odd: int) -> None:
    frame = with_parity(b"\x0201.235N\r", odd)
    event = only(frame, KG)
    assert isinstance(event, WeightRead)
    assert (event.weight, event.is_net) == ("1.235", True)


@given(st.integers(0, 7), st.integers(0, 7))
def test_one_flipped_bit_is_never_a_weight_where_parity_arrives(place: int, bit: int) -> None:
    frame = bytearray(with_parity(b"\x0201.235\r"))
    frame[place] ^= 1 << bit
    assert not any(isinstance(event, WeightRead) for event in read(bytes(frame), KG))


@given(st.lists(st.integers(0, 7), unique=True, min_size=1, max_size=7))
def test_lost_bytes_are_never_another_weight(lost: list[int]) -> None:
    frame = b"\x0201.235\r"
    damaged = bytes(byte for place, byte in enumerate(frame) if place not in lost)
    for event in read(damaged, KG):
        # Only the point can be lost without a trace: its place is implied.
        assert not isinstance(event, WeightRead) or event.weight == "1.235"


@given(st.text(string.printable, max_size=40).map(lambda text: text.replace("\r", "").encode()))
def test_weight_after_any_noise_is_read_whole(noise: bytes) -> None:
    events = read(noise + b"\x0207.500\r", KG)
    assert isinstance(events[-1], WeightRead)
    assert events[-1].weight == "7.500"


def test_new_frame_inside_a_frame_ends_the_first() -> None:
    first, second = read(b"\x0201.2\x0207.500\r", KG)
    assert isinstance(first, FrameRejected)
    assert first.data == b"\x0201.2"
    assert isinstance(second, WeightRead)
    assert second.weight == "7.500"


def test_line_feed_after_a_frame_is_taken_as_its_end() -> None:
    assert [type(event).__name__ for event in read(b"\x0201.235\r\n\x0201.235\r\n", KG)] == ["Toledo8217Read"] * 2


def test_answers_other_than_weights() -> None:
    assert only(b"\x02\r") == ConfidenceTestStarted()
    assert read(b"\x02E\rhello") == [EchoStarted(), EchoRead(b"hello")]
    assert read(b"\x02E\rhe\rllo\x02?A\r")[1] == EchoRead(b"he\rllo")


@pytest.mark.parametrize(
    ("command", "weight", "options", "expected"),
    [
        (ScaleCommand.READ_WEIGHT, None, KG, b"W"),
        (ScaleCommand.ZERO, None, KG, b"Z"),
        (ScaleCommand.CLEAR_TARE, None, KG, b"C"),
        (ScaleCommand.TARE, None, KG, b"T\r"),
        (ScaleCommand.TARE, Decimal("0.010"), KG, b"T00010\r"),
        (ScaleCommand.TARE, Decimal("0.01"), LB, b"T00001\r"),
        (ScaleCommand.TARE, Decimal("99.999"), KG, b"T99999\r"),
    ],
)
def test_command_is_encoded_and_understood_again(
    command: ScaleCommand, weight: Decimal | None, options: Toledo8217Options, expected: bytes
) -> None:
    assert Toledo8217Codec(options).encode(command, weight) == expected
    told = find_protocols()["scale/toledo-8217"].decode(expected, "host->device")
    names = {ScaleCommand.READ_WEIGHT: "request_weight", ScaleCommand.TARE: "digital_tare" if weight else "tare"}
    assert [event["command"] for event in told] == [names.get(command, command.value)]


@pytest.mark.parametrize(
    "weight", ["0", "-0.010", "0.0105", "100.000", "NaN", "Infinity", "1E+400", "1E+999999", "1E-999999"]
)
def test_tare_that_five_digits_cannot_hold_is_refused(weight: str) -> None:
    with pytest.raises(ValueError, match=r"expected more than 0, at most 99\.999"):
        Toledo8217Codec(KG).encode(ScaleCommand.TARE, Decimal(weight))


@pytest.mark.parametrize(
    ("data", "commands"),
    [
        (b"WZCHABF", "request_weight zero clear_tare request_weight_high_resolution start_confidence_test "
         "request_confidence_result leave_echo_mode"),
        (b"T", "tare"),
        (b"TW", "tare request_weight"),
        (b"T00010\rW", "digital_tare request_weight"),
        (b"Ehello", "enter_echo_mode_then_payload"),
        (b"EF", "enter_echo_mode leave_echo_mode"),
        (b"T123W", "rejected request_weight"),
        (b"w\xd7", "rejected request_weight"),
    ],
)  # fmt: skip
def test_host_commands_are_told_by_name(data: bytes, commands: str) -> None:
    told = find_protocols()["scale/toledo-8217"].decode(data, "host->device")
    assert [event.get("command", "rejected") for event in told] == commands.split()


def test_decode_tells_what_was_discarded_and_both_meanings_of_a_status() -> None:
    scale = find_protocols()["scale/toledo-8217"]
    discarded, weight = scale.decode(b"35\r\x0200.500\r")
    assert (discarded["discard"], weight["weight"], weight["stable"]) == ("35\\r", "0.500", True)
    (status,) = scale.decode(b"\x02?@\r")
    assert (status["all_passed"], status["motion"]) == (True, False)
    (masked,) = scale.decode(bytes.fromhex("8230b12eb233358d"))
    assert (masked["weight"], masked["after_mask_7f"], masked["unit_by_config"]) == ("1.235", True, "kg")


@given(
    st.text("0123456789", min_size=5, max_size=5),
    st.sampled_from(["   kg", "    g", "   lb", "   oz", "kg   ", "lb   "]),
    st.sampled_from([KG, LB, AS_SENT]),
)
def test_weight_without_a_point_is_never_guessed_from_another_unit(
    digits: str, unit: str, options: Toledo8217Options
) -> None:
    assert isinstance(only(f"\x02{digits}{unit}\r".encode(), options), FrameRejected)
