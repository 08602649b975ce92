"""What one damaged answer, a bar code or an old tare could make of a weight; outcomes in doubt."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from drivers.message_scale import MessageScale, MessageScaleSettings
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from tests.drivers.scale_bench import ByHand
from tests.drivers.test_streaming_scale import ByHand as StreamByHand
from tests.support.clock import FakeClock
from tests.support.sessions import RecordingSession

KILOGRAM = b"S S      1.000 kg\r\n"
GRAM = b"S S      1.000 g\r\n"
NET = b"\x0200.500N\r"


def weights(scale: ByHand) -> set[tuple[str | None, str]]:
    return {(reading["weight"], reading["unit"]) for reading in scale.readings if reading["weight"] is not None}


async def test_unit_that_lost_a_letter_once_is_not_believed() -> None:
    scale = ByHand(protocol="scale/mt-sics")
    async with scale.run:
        scale.reply = KILOGRAM
        await scale.advance(0.35)
        answers = iter((GRAM,))
        scale.reply = lambda: next(answers, KILOGRAM)
        await scale.advance(0.5)
    assert weights(scale) == {("1.000", "kg")}
    assert scale.statuses == ["stable_weight", "weight_unstable", "stable_weight"]


async def test_another_unit_is_believed_when_it_is_sent_twice_and_then_at_once() -> None:
    scale = ByHand(protocol="scale/mt-sics")
    async with scale.run:
        scale.reply = GRAM
        await scale.advance(0.5)
        scale.reply = b"S S      2.000 g\r\n"
        await scale.advance(0.5)
    assert [(reading["status"], reading["weight"], reading["unit"]) for reading in scale.readings] == [
        ("weight_unstable", None, "g"),
        ("stable_weight", "1.000", "g"),
        ("stable_weight", "2.000", "g"),
    ]


async def test_pieces_are_no_weight() -> None:
    scale = ByHand(protocol="scale/mt-sics")
    async with scale.run:
        scale.reply = b"S S         12 PCS\r\n"
        await scale.advance(0.5)
    assert (scale.statuses, weights(scale)) == (["not_ready"], set())


async def test_bar_code_with_a_line_of_the_scale_inside_forges_no_weight() -> None:
    scale = ByHand(protocol="scale/datalogic-single-cable")
    sent = 0

    def reply() -> bytes:
        nonlocal sent
        sent += 1
        return (b"S08QR text\rS14400001\r" if sent == 6 else b"") + b"S14401235\r"

    async with scale.run:
        scale.reply = reply
        await scale.advance(1.2)
    assert weights(scale) == {("1.235", "kg")}


@pytest.mark.parametrize("params", [{}, {"weight": "0.010"}])
async def test_tare_that_was_set_before_is_no_proof_of_another(params: dict[str, str]) -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = NET
        await scale.advance(0.5)
        with pytest.raises(DeviceError, match=r"still 0\.500 kg net"):
            await scale.execute("tare", params)


async def test_known_tare_is_done_when_the_net_weight_changes() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = lambda: b"\x0200.490N\r" if len([each for each in scale.heard if each != b"W"]) else NET
        await scale.advance(0.5)
        assert (await scale.execute("tare", {"weight": "0.010"}))["weight"] == "0.490"


async def test_tare_that_the_scale_rounded_away_is_told() -> None:
    scale = ByHand(protocol="scale/mt-sics")
    async with scale.run:
        scale.reply = lambda: b"TA A      0.000 kg\r\n" if scale.heard[-1].startswith(b"TA ") else KILOGRAM
        await scale.advance(0.5)
        with pytest.raises(DeviceError, match=r"set a tare of 0\.000 and not of 0\.00001"):
            await scale.execute("tare", {"weight": "0.00001"})


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("tare", {"wieght": "0.020"}),
        ("tare", {"weight": "0.020", "unit": "g"}),
        *(("tare", {"weight": text}) for text in ("1e3", "1_0", " 1 ", "\uff11", "+1", "1.", ".5", "9" * 40)),
        ("zero", {"x": 1}),
        ("clear_tare", {"x": 1}),
        ("read_weight", {"x": 1}),
    ],
)
async def test_params_that_a_command_does_not_know_are_refused_and_nothing_is_sent(
    name: str, params: dict[str, object]
) -> None:
    for make in (_polled, _streaming):
        scale, question = make()
        async with scale.run:
            await scale.advance(0.5)
            with pytest.raises(DeviceError) as caught:
                await scale.execute(name, params)
        assert caught.value.code is ErrorCode.INVALID_REQUEST
        assert set(scale.heard) <= question


def _polled() -> tuple[ByHand, set[bytes]]:
    scale = ByHand()
    scale.reply = b"\x0200.155\r"
    return scale, {b"W"}


def _streaming() -> tuple[StreamByHand, set[bytes]]:
    scale = StreamByHand("scale/mt-sics")
    scale.line = KILOGRAM
    return scale, {b"SIR\r\n", b"I2\r\n", b"I3\r\n", b"I4\r\n"}


Answer = Callable[[], bytes | None]


def _radwag(scale: ByHand, later: bytes) -> Answer:
    """It says that it begins, goes on weighing, and says how it ended with the third answer after."""
    after = 0

    def reply() -> bytes:
        nonlocal after
        if scale.heard and scale.heard[-1].startswith(b"Z"):
            return b"Z A\r\n"
        after += b"Z\r\n" in scale.heard
        return (later if after == 3 else b"") + b"SI         1.234 kg \r\n"

    return reply


async def test_zero_that_was_begun_and_not_finished_has_an_unknown_outcome() -> None:
    scale = ByHand(protocol="scale/radwag")
    async with scale.run:
        scale.reply = _radwag(scale, b"")
        await scale.advance(0.5)
        with pytest.raises(UnknownOutcomeError, match="may yet do it"):
            await scale.execute("zero")


async def test_late_word_that_zero_timed_out_is_a_refusal() -> None:
    scale = ByHand(protocol="scale/radwag")
    async with scale.run:
        scale.reply = _radwag(scale, b"Z E\r\n")
        await scale.advance(0.5)
        with pytest.raises(DeviceError, match="refused zero: timeout") as caught:
            await scale.execute("zero")
    assert caught.value.code is ErrorCode.DEVICE_ERROR


async def test_late_word_that_zero_was_done_ends_it() -> None:
    scale = ByHand(protocol="scale/radwag")
    async with scale.run:
        scale.reply = _radwag(scale, b"Z D\r\n")
        await scale.advance(0.5)
        assert (await scale.execute("zero", seconds=2.0))["status"] == "stable_weight"


async def test_begun_is_not_the_last_word_of_a_scale_that_sends_by_itself() -> None:
    scale = StreamByHand("scale/radwag")
    async with scale.run:
        scale.line = b"SI         1.234 kg \r\n"
        await scale.advance(0.5)
        scale.far_end.on_bytes = lambda _: scale.far_end.write(b"Z A\r\nZ E\r\n")
        with pytest.raises(DeviceError, match="refused zero: timeout"):
            await scale.execute("zero")


@pytest.mark.parametrize(
    ("protocol", "message", "shown"),
    [
        ("ble-181d", "00b036", [("stable_weight", "70.00", "kg")]),
        ("ble-181d", "00b036001027", []),
        ("ble-181d", "f0b036", []),
        ("ble-181d", "00b0", []),
        ("hid-8d", "03040cfed700", [("stable_weight", "2.15", "lb")]),
        ("hid-8d", "03040cfed7000000", [("stable_weight", "2.15", "lb")]),
        ("hid-8d", "0503040cfed700", []),
        ("hid-8d", "0103040cfed700", []),
        ("hid-8d", "03040cfed7", []),
    ],
)
def test_message_is_read_as_a_whole_and_nothing_is_searched_inside(
    protocol: str, message: str, shown: list[tuple[str, str, str]]
) -> None:
    session = RecordingSession(FakeClock())
    settings = MessageScaleSettings.model_validate({"protocol": f"scale/{protocol}", "sends": "on_change"})
    MessageScale(session, settings).data_received(bytes.fromhex(message))
    told = [data for name, data in session.events if name == "weight_changed"]
    assert [(data["status"], data["weight"], data["unit"]) for data in told] == shown
    assert len(session.rejected) == (not shown)
