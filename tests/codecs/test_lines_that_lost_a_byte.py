"""One byte of a line lost or doubled: never another weight, another unit, or a still plate for a moving one, at once.

What needs a second equal answer is not believed at once; a unit that is new needs one as well (the driver's test).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from drivers.scale_settings import load_polled_scale, load_streaming_scale
from drivers.scale_shown import TwoEqualReads
from edge_gateway.contracts.events import CodecEvent, FrameRejected, WeightRead
from edge_gateway.contracts.states import ScaleStatus
from protocols.scales.and_ import AndCodec
from protocols.scales.epelsa import EpelsaCodec
from protocols.scales.kern_eoc import KernEocCodec, KernEocOptions
from protocols.scales.nci_ecr import NciEcrCodec
from protocols.scales.polled import IdentityRead
from protocols.scales.st_gs_line import StGsLineCodec, StGsLineOptions
from protocols.scales.toledo_continuous import ToledoContinuousCodec, ToledoContinuousOptions, checksum_of

Case = tuple[str, bytes, Mapping[str, Any]]
CASES: tuple[Case, ...] = (
    ("ohaus", b"       12.73 g    ?\r\n", {}),
    ("ohaus", b"       12.73 kg   ?\r\n", {}),
    ("ohaus", b"       12.73 ozt  ?\r\n", {}),
    ("ohaus", b"        0.85 oz   ? WET WT\r\n", {}),
    ("ohaus", b"       0.211 kg ?\r\n", {}),
    ("ohaus", b"       12.73 kg    \r\n", {}),
    ("mt-sics", b"S S      1.000 kg\r\n", {}),
    ("and", b"ST,+0001.234 kg\r\n", {}),
    ("and", b"US,+0001.234 kg\r\n", {}),
    ("radwag", b"SI         1.234 kg \r\n", {}),
    ("radwag", b"SI  ?      1.234 kg \r\n", {}),
    ("st-gs-line", b"ST,GS,+  0.876kg\r\n", {}),
    ("kern-eoc", b"ST,GS   1.234kg\r\n", {}),
    ("kern-de", b"M        1.234 kg\r\n", {}),
    ("dini-argeo", b"ST,1,     1.234kg,     0.000kg\r\n", {}),
    ("sartorius-sbi", b"+   1.2356 kg \r\n", {}),
    ("adam", b"  1.234kg\r\n", {"sends_only_stable": True, "weight_chars": 7}),
    ("adam", b"ST,GS,+  1.234kg\r\n", {}),
    ("nci-ecr", b"\n 01.235KG\r\nS00\r\x03", {"field_chars": 7}),
    ("nci-ecr", b"\n 01.235KG\r\nS10\r\x03", {"field_chars": 7}),
    ("nci-ecr", b"\n 01.235KG\r\nS10\r\x03", {"field_chars": 7, "status_chars": 2}),
    ("datalogic-single-cable", b"S14401235\r", {}),
    ("epelsa", b"\x1bS 11.235\r\n", {"has_sign": True}),
    ("epelsa", b"\x1bS-11.235\r\n", {"has_sign": True}),
    ("epelsa", b"\x1bS11.235\r\n", {"has_sign": False}),
    ("epelsa", b"\x1bS-11.235\r\n", {}),
)


def told_at_once(name: str, data: bytes, options: Mapping[str, Any]) -> list[tuple[str, str | None, str | None]]:
    """What a driver would show of this answer alone, after answers in kilograms."""
    protocol = load_streaming_scale(f"scale/{name}") if name == "epelsa" else load_polled_scale(f"scale/{name}")
    codec = protocol.codec(protocol.options.model_validate(options))
    settle = TwoEqualReads(codec.unit).settle
    events: list[CodecEvent] = [*codec.feed(data), *codec.flush()]
    shown = [settle(event) for event in events if isinstance(event, WeightRead)]
    believed = (ScaleStatus.STABLE_WEIGHT, ScaleStatus.WEIGHT_ZERO)
    return [(read.status, read.weight, read.unit) for read in shown if read.status in believed]


def damaged(line: bytes) -> Iterator[bytes]:
    for place in range(len(line)):
        yield line[:place] + line[place + 1 :]
        yield line[: place + 1] + line[place:]


@pytest.mark.parametrize(("name", "line", "options"), CASES, ids=lambda value: repr(value)[:30])
def test_line_that_lost_or_doubled_a_byte_tells_nothing_else(
    name: str, line: bytes, options: Mapping[str, Any]
) -> None:
    right = told_at_once(name, line, options)
    for wrong in damaged(line):
        for told in told_at_once(name, wrong, options):
            assert told in right, wrong


@pytest.mark.parametrize(
    ("name", "line", "unit"),
    [
        ("mt-sics", b"S S         12 PCS\r\n", "PCS"),
        ("mt-sics", b"S S      12.50 %\r\n", "%"),
        ("mt-sics", b"S S      1.000 kgg\r\n", "kgg"),
        ("sartorius-sbi", b"+       12 pcs\r\n", "pcs"),
        ("and", b"ST,+0012.500  %\r\n", "%"),
        ("radwag", b"SI            12 pcs\r\n", "pcs"),
        ("radwag", b"SI        12.345 N  \r\n", "N"),
        ("kern-de", b"          12 pcs\r\n", "pcs"),
        ("st-gs-line", b"ST,GS,      12pcs\r\n", "pcs"),
    ],
)
def test_count_share_and_unknown_unit_are_no_weight(name: str, line: bytes, unit: str) -> None:
    codec = load_polled_scale(f"scale/{name}").codec
    protocol = load_polled_scale(f"scale/{name}")
    nulls = {key: None for key in protocol.options.model_fields if key.endswith("_chars")}
    (event,) = codec(protocol.options.model_validate(nulls)).feed(line)
    assert isinstance(event, WeightRead)
    assert (event.status, event.unit) == (ScaleStatus.NOT_READY, unit)


@pytest.mark.parametrize("header", [b"HD", b"WT"])
def test_held_and_total_of_and_are_not_the_weight_on_the_plate(header: bytes) -> None:
    protocol = load_polled_scale("scale/and")
    (event,) = protocol.codec(protocol.options()).feed(header + b",+0001.234 kg\r\n")
    assert isinstance(event, WeightRead)
    assert (event.status, event.weight) == (ScaleStatus.NOT_READY, "1.234")


def test_tare_in_another_unit_than_the_weight_is_rejected() -> None:
    protocol = load_polled_scale("scale/dini-argeo")
    (event,) = protocol.codec(protocol.options()).feed(b"ST,1,     1.234g ,     0.000kg\r\n")
    assert not isinstance(event, WeightRead)


@pytest.mark.parametrize("place", [0x0A, 0x0D, 0x10, 0x8D])
def test_device_id_and_lamps_that_look_like_an_end_of_line_are_none(place: int) -> None:
    codec = StGsLineCodec(StGsLineOptions())
    line = b"ST,GS," + bytes((place, 0x0D)) + b",   1.234 kg\r\n"
    for chunks in ([line], [line[place : place + 1] for place in range(len(line))]):
        events = [event for chunk in chunks for event in codec.feed(chunk)]
        assert [event.weight for event in events if isinstance(event, WeightRead)] == ["1.234"]
        assert len(events) == 1


def test_parity_of_a_line_without_lamps_is_checked() -> None:
    line = bytearray(b"\xffST,GS   1.234kg\r\n")
    line[10] |= 0x80
    (event,) = KernEocCodec(KernEocOptions()).feed(bytes(line))
    assert isinstance(event, FrameRejected)


def continuous(options: ToledoContinuousOptions, *pieces: bytes) -> list[str]:
    codec = ToledoContinuousCodec(options)
    events = [event for piece in pieces for event in codec.feed(piece)] + list(codec.flush())
    return [
        event.weight or "" if isinstance(event, WeightRead) else event.reason
        for event in events
        if isinstance(event, (WeightRead, FrameRejected))
    ]


CONTINUOUS = b"\x02\x2d\x30\x20001234000000\r"
CHECKED = CONTINUOUS + bytes((checksum_of(CONTINUOUS),))
FLIPPED = CHECKED.replace(b"001234", b"001334")


def test_checksum_of_a_continuous_scale_is_learnt_from_a_right_one() -> None:
    unknown = ToledoContinuousOptions()
    assert continuous(unknown, CHECKED, CHECKED) == ["1.234", "1.234"]
    assert continuous(unknown, CHECKED, FLIPPED, CHECKED) == ["1.234", "checksum", "1.234"]


def test_checksum_that_was_noise_is_unlearnt() -> None:
    told = continuous(ToledoContinuousOptions(), CHECKED, *[CONTINUOUS] * 6)
    assert told[:2] == ["1.234", "no checksum"]
    assert told[-1] == "1.234"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"\nKG\r\nS00\r\x03", "kg"),
        (b"02.15LB\n\rS00\r\x03", "2.15"),
    ],
)
def test_nci_answer_with_its_unit_alone_or_without_its_lead_is_understood(answer: bytes, told: str) -> None:
    (event,) = NciEcrCodec().feed(answer)
    assert (event.weight if isinstance(event, WeightRead) else event.told["unit"]) == told  # type: ignore[attr-defined]


@pytest.mark.parametrize("line", [b" - 01.235\r\n", b"- 01.235\r\n"])
def test_basic_line_of_epelsa_may_have_a_blank_in_front(line: bytes) -> None:
    (event,) = EpelsaCodec().feed(line)
    assert isinstance(event, WeightRead)
    assert event.weight == "-1.235"


def test_and_says_its_model_and_serial_number() -> None:
    events = AndCodec().feed(b"TN,GX-400\r\nSN,T1234567\r\n")
    assert [(event.model, event.serial) for event in events if isinstance(event, IdentityRead)] == [
        ("GX-400", None),
        (None, "T1234567"),
    ]
