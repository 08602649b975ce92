"""Scales that are asked or send lines: published examples and their meaning, and what a codec must not believe.

``line_scales.jsonl`` holds one example per line, with the document or program that it was taken from.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.scale_settings import load_polled_scale, load_streaming_scale
from edge_gateway.contracts.events import FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.decoding import find_protocols
from protocols.scales.mt_sics import MtSicsCodec, MtSicsOptions
from protocols.scales.nci_ecr import NciEcrCodec, NciEcrOptions
from protocols.scales.polled import ScaleCommand
from protocols.scales.toledo_8217 import Toledo8217Codec, Toledo8217Options
from protocols.scales.toledo_continuous import ToledoContinuousCodec, ToledoContinuousOptions, checksum_of

EXAMPLES = [json.loads(line) for line in (Path(__file__).parent / "line_scales.jsonl").read_text().splitlines()]
CONTINUOUS = b"\x02\x2d\x30\x20001234000000\r"


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example['protocol']}-{example['hex'][:24]}")
def test_published_example_has_its_published_meaning(example: dict[str, Any]) -> None:
    events = find_protocols()[example["protocol"]].decode(bytes.fromhex(example["hex"]), example["direction"])
    assert len(events) == 1
    told = events[0]
    assert {name: told.get(name, "missing") for name in example["meaning"]} == example["meaning"]


LIVE = {
    "mt-sics": (b"S S     12.345 kg\r\n", "12.345"),
    "radwag": (b"SI        12.345 kg \r\n", "12.345"),
    "st-gs-line": (b"ST,GS,+ 12.345kg\r\n", "12.345"),
    "kern-eoc": (b"ST,GS  12.345kg\r\n", "12.345"),
    "kern-de": (b"        12.345 kg\r\n", "12.345"),
    "dini-argeo": (b"ST,1,    12.345kg,     0.000kg\r\n", "12.345"),
    "and": (b"ST,+0012.345 kg\r\n", "12.345"),
    "ohaus": (b"      12.345 kg    \r\n", "12.345"),
    "sartorius-sbi": (b"+   12.345 kg \r\n", "12.345"),
    "sasi": (b"\x0212345\r", "12.345"),
    "datalogic-single-cable": (b"S14412345\r", "12.345"),
}


@pytest.mark.parametrize("name", sorted(LIVE))
def test_lost_bytes_inside_a_line_are_never_another_weight(name: str) -> None:
    """With the settings that a profile has by default, unlike the tools', which look at anything."""
    scale = load_polled_scale(f"scale/{name}")
    line, weight = LIVE[name]
    assert [event.weight for event in scale.codec(scale.options()).feed(line) if isinstance(event, WeightRead)] == [
        weight
    ]
    for start in range(len(line)):
        for end in range(start + 1, len(line)):
            codec = scale.codec(scale.options())
            for event in codec.feed(line[:start] + line[end:]):
                assert not isinstance(event, WeightRead) or event.weight in (weight, None), line[:start] + line[end:]


@given(st.integers(0, len(CONTINUOUS)), st.integers(0, 6))
def test_checksum_protects_a_continuous_frame(place: int, bit: int) -> None:
    codec = ToledoContinuousCodec(ToledoContinuousOptions(checksum="sent"))
    frame = bytearray(CONTINUOUS + bytes((checksum_of(CONTINUOUS),)))
    assert [event.weight for event in codec.feed(bytes(frame)) if isinstance(event, WeightRead)] == ["1.234"]
    frame[place] ^= 1 << bit
    assert not any(isinstance(event, WeightRead) for event in [*codec.feed(bytes(frame)), *codec.flush()])


def test_continuous_frame_needs_its_checksum_only_where_the_profile_says_so() -> None:
    for checksum, count in (("none", 2), ("sent", 0)):
        codec = ToledoContinuousCodec(ToledoContinuousOptions.model_validate({"checksum": checksum}))
        events = [*codec.feed(CONTINUOUS * 2), *codec.flush()]
        assert sum(isinstance(event, WeightRead) for event in events) == count


def test_expanded_digits_are_not_for_trade() -> None:
    codec = ToledoContinuousCodec(ToledoContinuousOptions())
    (event,) = codec.feed(b"\x02\x2e\x30\x30012345000000\r")
    assert isinstance(event, WeightRead)
    assert event.status is ScaleStatus.NOT_READY


def test_motion_bit_of_some_scales_is_inverted() -> None:
    codec = NciEcrCodec(NciEcrOptions(is_motion_inverted=True))
    still, moving = codec.feed(b"\n 01.235KG\r\nS10\r\x03\n 01.235KG\r\nS00\r\x03")
    assert isinstance(still, WeightRead)
    assert isinstance(moving, WeightRead)
    assert (still.status, moving.status) == (ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_UNSTABLE)


@pytest.mark.parametrize("code", [b"S@0", b"S0p", b"S004", b"Sp0"])
def test_status_whose_bits_contradict_each_other_is_rejected(code: bytes) -> None:
    (event,) = NciEcrCodec().feed(b"\n 01.235KG\r\n" + code + b"\r\x03")
    assert isinstance(event, FrameRejected)


def test_high_resolution_is_understood_only_where_the_model_has_it() -> None:
    plain, fine = Toledo8217Codec(Toledo8217Options()), Toledo8217Codec(Toledo8217Options(has_high_resolution=True))
    assert plain.encode(ScaleCommand.READ_HIGH_RESOLUTION) is None
    assert isinstance(plain.feed(b"\x0201.2345\r")[0], FrameRejected)
    assert fine.encode(ScaleCommand.READ_HIGH_RESOLUTION) == b"H"
    (event,) = fine.feed(b"\x0201.2345\r")
    assert isinstance(event, WeightRead)
    assert (event.weight, event.is_high_resolution) == ("1.2345", True)


@pytest.mark.parametrize("weight", ["0", "-1", "NaN", "1E+400", "0.1234567890123"])
def test_tare_that_a_line_cannot_hold_is_refused(weight: str) -> None:
    with pytest.raises(ValueError, match="expected more than 0"):
        MtSicsCodec(MtSicsOptions()).encode(ScaleCommand.TARE, Decimal(weight))


@pytest.mark.parametrize("name", ["mt-sics", "radwag", "and", "ohaus", "st-gs-line", "sartorius-sbi", "dini-argeo"])
def test_protocol_serves_scales_that_are_asked_and_that_send(name: str) -> None:
    assert load_polled_scale(f"scale/{name}").codec is load_streaming_scale(f"scale/{name}").codec


@pytest.mark.parametrize("name", ["mt-sics", "radwag", "and", "ohaus", "dini-argeo", "kern-eoc", "nci-ecr", "sasi"])
def test_what_a_driver_sends_is_a_command_of_the_protocol(name: str) -> None:
    scale = load_polled_scale(f"scale/{name}")
    codec, protocol = scale.codec(scale.options()), find_protocols()[f"scale/{name}"]
    requests = [request for command in ScaleCommand if (request := codec.encode(command)) is not None]
    for request in (*requests, *scale.identity):
        told = protocol.decode(request, "host->device")
        assert [event["event"] for event in told] in (["command_read"], ["host_command_read"]), request
