"""The driver of scales that send by themselves, on a clock moved by hand: silence, ages, bursts, pushes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.scale_settings import StreamingScaleSettings
from drivers.streaming_scale import StreamingScale
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from edge_gateway.recordings.session import DriverRun, Line, TellingSession
from edge_gateway.transports.loopback import FarEnd, LoopbackTransport
from tests.support.clock import FakeClock

APPLE = b"ST,GS,   0.155kg\r\n"
PEAR = b"ST,GS,   0.180kg\r\n"
MOVING = b"US,GS,   0.300kg\r\n"
EMPTY = b"ST,GS,   0.000kg\r\n"
NET = b"ST,NT,   0.000kg\r\n"
STEP_S = 0.02


class ByHand:
    """On a loopback; ``send`` is what the scale sends, ``advance`` sends ``line`` ten times a second meanwhile."""

    def __init__(self, protocol: str = "scale/st-gs-line", **settings: Any) -> None:
        self.clock = FakeClock()
        self.lines: list[Line] = []
        transport = LoopbackTransport()
        self.far_end: FarEnd = transport.far_end
        self.heard: list[bytes] = []
        self.far_end.on_bytes = self.heard.append
        self.session = TellingSession("lane-1-scale", transport, self.clock, self.lines.append)
        model = StreamingScaleSettings.model_validate({"protocol": protocol, **settings})
        self.driver = StreamingScale(self.session, model)
        self.run = DriverRun(self.session, self.driver)
        self.line: bytes | None = None
        self._sent_at_s = -1.0

    @property
    def shown(self) -> list[tuple[str, str | None]]:
        return [
            (line["data"]["status"], line["data"]["weight"])
            for line in self.lines
            if line.get("event") == "weight_changed"
        ]

    async def advance(self, seconds: float) -> None:
        for _ in range(round(seconds / STEP_S)):
            if self.line is not None and self.clock.monotonic() - self._sent_at_s >= 0.099:
                self._sent_at_s = self.clock.monotonic()
                self.far_end.write(self.line)
            await self.clock.advance(STEP_S)

    async def execute(self, name: str, params: Mapping[str, Any] | None = None, seconds: float = 4.0) -> dict[str, Any]:
        task = asyncio.ensure_future(self.driver.execute(name, params or {}))
        try:
            await self.advance(seconds)
            assert task.done(), f"{name} has not ended in {seconds} s"
            return dict(task.result())
        finally:
            task.cancel()


async def test_weight_is_told_once_until_it_changes() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(1.0)
        scale.line = PEAR
        await scale.advance(1.0)
        assert scale.session.details["weight"] == "0.180"
    assert scale.shown == [("stable_weight", "0.155"), ("stable_weight", "0.180")]


async def test_silence_is_a_state_of_its_own_and_forgets_what_was_shown() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(1.0)
        scale.line = None
        await scale.advance(0.8)
        assert scale.shown == [("stable_weight", "0.155")]
        await scale.advance(0.4)
        assert scale.shown[-1] == ("no_answer", None)
        scale.line = APPLE
        await scale.advance(0.2)
    assert scale.shown == [("stable_weight", "0.155"), ("no_answer", None), ("stable_weight", "0.155")]
    assert [line["answering"] for line in scale.lines if "answering" in line] == [False, True, False, True]


async def test_garbage_is_silence() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(0.5)
        scale.line = b"ST,GS,   0.1\r\n"
        await scale.advance(1.5)
    assert scale.shown == [("stable_weight", "0.155"), ("no_answer", None)]
    assert any("only garbage in 1.0 s" in (line.get("reason") or "") for line in scale.lines)


async def test_of_lines_in_one_piece_only_the_last_is_told() -> None:
    scale = ByHand()
    async with scale.run:
        await scale.clock.settle()
        scale.far_end.write(APPLE + MOVING + PEAR)
        await scale.advance(0.1)
    assert scale.shown == [("stable_weight", "0.180")]


async def test_read_weight_waits_for_the_next_line() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(0.5)
        scale.line = PEAR
        result = await scale.execute("read_weight", seconds=0.2)
    assert (result["weight"], result["age_ms"] <= 100) == ("0.180", True)


async def test_read_weight_of_a_silent_scale_has_no_weight() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(0.5)
        scale.line = None
        result = await scale.execute("read_weight", seconds=1.2)
    assert (result["status"], result["weight"]) == ("no_answer", None)


async def test_half_a_line_before_a_pause_is_no_part_of_the_next() -> None:
    scale = ByHand()
    async with scale.run:
        await scale.clock.settle()
        scale.far_end.write(b"ST,GS,   9")
        await scale.advance(0.3)
        scale.far_end.write(APPLE)
        await scale.advance(0.1)
    assert scale.shown == [("stable_weight", "0.155")]
    assert any(line.get("frame_rejected") == "line went idle inside a line" for line in scale.lines)


async def test_pushed_weight_is_shown_for_a_while_and_silence_is_well() -> None:
    scale = ByHand(sends="on_change", hold_s=2.0)
    async with scale.run:
        await scale.advance(5.0)
        scale.far_end.write(APPLE)
        await scale.advance(1.0)
        result = await scale.execute("read_weight", seconds=0.1)
        assert (result["weight"], result["age_ms"] >= 1000) == ("0.155", True)
        await scale.advance(1.5)
        assert (await scale.execute("read_weight", seconds=0.1))["status"] == "not_ready"
        await scale.advance(10.0)
    assert scale.shown == [("stable_weight", "0.155"), ("not_ready", None)]
    assert [line["answering"] for line in scale.lines if "answering" in line] == [False, True]


async def test_scale_is_started_again_after_silence() -> None:
    scale = ByHand("scale/mt-sics")
    async with scale.run:
        await scale.advance(2.5)
    assert scale.heard.count(b"SIR\r\n") == 3
    assert scale.heard.count(b"I4\r\n") == 1


async def test_tare_is_believed_when_the_scale_shows_it() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(0.5)

        def taken(data: bytes) -> None:
            scale.heard.append(data)
            scale.line = NET if data == b"TR\r\n" else scale.line

        scale.far_end.on_bytes = taken
        result = await scale.execute("tare")
    assert (result["weight"], result["net"]) == ("0.000", True)


async def test_zero_that_is_not_shown_may_yet_be_done() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(0.5)
        with pytest.raises(UnknownOutcomeError, match=r"still 0\.155 kg"):
            await scale.execute("zero")


async def test_command_is_not_sent_to_a_silent_scale() -> None:
    scale = ByHand()
    async with scale.run:
        with pytest.raises(DeviceError, match="is silent; zero was not sent") as caught:
            await scale.execute("zero", seconds=2.0)
    assert caught.value.code is ErrorCode.OFFLINE
    assert scale.heard == []


async def test_scale_that_falls_silent_over_a_command_has_an_unknown_outcome() -> None:
    scale = ByHand()
    async with scale.run:
        scale.line = APPLE
        await scale.advance(0.5)

        def gone(_: bytes) -> None:
            scale.line = None

        scale.far_end.on_bytes = gone
        with pytest.raises(UnknownOutcomeError):
            await scale.execute("zero", seconds=6.0)


async def test_refused_tare_is_told_with_its_reason() -> None:
    scale = ByHand("scale/mt-sics")
    async with scale.run:
        scale.line = b"S S      0.155 kg\r\n"
        await scale.advance(0.5)
        scale.far_end.on_bytes = lambda _: scale.far_end.write(b"T +\r\n")
        with pytest.raises(DeviceError, match="refused tare: upper_limit"):
            await scale.execute("tare")


async def test_known_tare_that_the_protocol_lacks_is_unsupported() -> None:
    scale = ByHand()
    async with scale.run:
        with pytest.raises(DeviceError) as caught:
            await scale.execute("tare", {"weight": "0.010"}, seconds=0.1)
    assert caught.value.code is ErrorCode.UNSUPPORTED


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"protocol": "scale/nci-ecr"}, "is not a protocol of a scale that sends by itself"),
        ({"protocol": "scale/none"}, "there is no such protocol"),
        ({"protocol": "scale/st-gs-line", "colour": 1}, "colour"),
        ({"protocol": "scale/st-gs-line", "sends": "never"}, "on_change"),
    ],
)
def test_settings_that_cannot_work_stop_the_start(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        StreamingScaleSettings.model_validate(settings)
