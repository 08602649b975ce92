"""The polled scale driver on a clock moved by hand: ages, misses, late answers, commands."""

from __future__ import annotations

import asyncio
import itertools
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.scale_settings import PolledScaleSettings
from edge_gateway.contracts.errors import DeviceError, ErrorCode, UnknownOutcomeError
from tests.drivers.scale_bench import POLL_S, REPLY_S, STEP_S, ByHand

APPLE = b"\x0200.155\r"
PEAR = b"\x0200.180\r"


async def test_weight_is_told_once_until_it_changes() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(1.0)
        scale.reply = PEAR
        await scale.advance(1.0)
    assert [(reading["status"], reading["weight"]) for reading in scale.readings] == [
        ("stable_weight", "0.155"),
        ("stable_weight", "0.180"),
    ]
    assert set(scale.readings[0]) == {"status", "weight", "unit", "net", "gross", "tare", "resolution", "age_ms"}
    assert scale.session.details["weight"] == "0.180"
    assert "measured_at" in scale.session.details


async def test_scale_is_polled_at_its_interval() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(2.0)
    assert 2.0 / POLL_S <= len(scale.heard) <= 2.0 / POLL_S + 1


async def test_state_is_told_again_so_that_its_age_stays_believable() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.5)
        first = scale.session.details["measured_at"]
        await scale.advance(10.5)
    assert len(scale.readings) == 1
    assert scale.session.details["measured_at"] > first


async def test_silence_is_a_state_of_its_own_after_two_polls() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(1.0)
        scale.reply = None
        await scale.advance(POLL_S + REPLY_S - 0.04)
        assert scale.statuses == ["stable_weight"]
        await scale.advance(REPLY_S + 0.06)
        assert scale.statuses == ["stable_weight", "no_answer"]
        assert scale.readings[-1]["weight"] is None
        assert scale.answering == [False, True, False]
        scale.reply = APPLE
        await scale.advance(1.5)
    assert scale.statuses == ["stable_weight", "no_answer", "stable_weight"]
    assert scale.answering == [False, True, False, True]


@pytest.mark.parametrize("noise", [b"\x00\xff", b"0.155\r", b"\x0200.1", b"\x020x.155\r", b"\x0200.155", b"\x0255\r"])
async def test_garbage_is_no_answer_and_never_a_weight(noise: bytes) -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.5)
        scale.reply = noise
        await scale.advance(1.0)
    assert scale.statuses == ["stable_weight", "no_answer"]
    reasons = [line["reason"] for line in scale.lines if line.get("answering") is False]
    assert reasons[0] == "has not answered yet"
    assert reasons[1].startswith("only garbage in 2 polls of 0.2 s; check baud and parity")
    assert any("frame_rejected" in line for line in scale.lines)


async def test_scale_that_never_answered_is_not_waited_for_longer() -> None:
    scale = ByHand()
    async with scale.run:
        await scale.advance(2 * REPLY_S + 0.06)
    assert scale.statuses == ["no_answer"]
    assert scale.answering == [False]


@pytest.mark.parametrize(
    ("reply", "status", "weight"),
    [
        (b"\x02?A\r", "weight_unstable", None),
        (b"\x02?B\r", "weight_overweight", None),
        (b"\x02?D\r", "weight_under_zero", None),
        (b"\x02-0.155\r", "weight_under_zero", None),
        (b"\x02?H\r", "not_ready", None),
        (b"\x02?@\r", "not_ready", None),
        (b"\x0200.000\r", "weight_zero", "0.000"),
        (APPLE, "stable_weight", "0.155"),
    ],
)
async def test_every_state_is_told_and_only_stable_ones_have_a_weight(
    reply: bytes, status: str, weight: str | None
) -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = PEAR
        await scale.advance(0.3)
        scale.reply = reply
        await scale.advance(0.3)
        answer = await scale.execute("read_weight", seconds=0.1)
    assert (scale.readings[-1]["status"], scale.readings[-1]["weight"]) == (status, weight)
    assert (answer["status"], answer["weight"]) == (status, weight)


async def test_read_weight_asks_now() -> None:
    scale = ByHand(poll_interval_s=10)
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.5)
        scale.reply = PEAR
        answer = await scale.execute("read_weight", seconds=0.06)
    assert answer == {
        "status": "stable_weight",
        "weight": "0.180",
        "unit": "kg",
        "net": False,
        "gross": None,
        "tare": None,
        "resolution": "0.001",
        "age_ms": 0,
    }


async def test_read_weight_of_a_silent_scale_is_no_answer_without_a_weight() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.5)
        scale.reply = None
        result = await scale.execute("read_weight", seconds=1.0)
    assert (result["status"], result["weight"]) == ("no_answer", None)
    assert result["age_ms"] >= 2 * REPLY_S * 1000


@pytest.mark.parametrize(
    "pattern",
    [[0.25], [0.3], [0.01, 0.35], [0.39], [0.5], [0.9], [0.01, 0.01, 0.9], [0.21, 0.01], [0.01, 3.0], [None, 0.01]],
)
async def test_late_answer_is_never_told_younger_than_it_is(pattern: list[float | None]) -> None:
    """A scale that answers in order, each after its delay (None: never); its weight is the time of the question."""
    scale = ByHand()
    delays = itertools.cycle(pattern)
    questions: asyncio.Queue[int] = asyncio.Queue()
    scale.reply = lambda: questions.put_nowait(round(scale.clock.monotonic() * 1000))

    async def answer() -> None:
        while True:
            asked_ms = await questions.get()
            if (delay_s := next(delays)) is not None:
                await scale.clock.sleep(asked_ms / 1000 + delay_s - scale.clock.monotonic())
                scale.far_end.write(b"\x02%02d.%03d\r" % divmod(asked_ms, 1000))

    answering = asyncio.ensure_future(answer())
    told: list[tuple[float, dict[str, Any]]] = []
    async with scale.run:
        for _ in range(350):
            before = len(scale.readings)
            await scale.advance(STEP_S)
            told += [(scale.clock.monotonic(), reading) for reading in scale.readings[before:]]
    answering.cancel()
    weights = [(at_s, reading) for at_s, reading in told if reading["weight"] is not None]
    for at_s, reading in weights:
        true_age_ms = at_s * 1000 - float(reading["weight"]) * 1000
        assert reading["age_ms"] >= true_age_ms - 1000 * STEP_S - 1, f"{reading} was {true_age_ms} ms old"
        assert reading["age_ms"] <= 2 * REPLY_S * 1000 + 1
    if max(delay_s or 0 for delay_s in pattern) < 0.4:
        assert len(weights) > 10


async def test_scale_back_after_long_silence_is_read_within_two_seconds() -> None:
    scale = ByHand()
    async with scale.run:
        await scale.advance(20.0)
        scale.reply = APPLE
        await scale.advance(1.7)
    assert scale.statuses == ["no_answer", "stable_weight"]


async def test_answer_nobody_asked_for_is_not_taken() -> None:
    scale = ByHand(poll_interval_s=1.0)
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.5)
        scale.far_end.write(PEAR)
        await scale.advance(0.1)
    assert [reading["weight"] for reading in scale.readings] == ["0.155"]
    assert scale.driver.counters["unasked"] == 1


class TestUnchanged:
    """Scales that send a weight once and then a status without any bit."""

    async def test_weight_holds_while_the_scale_says_so(self) -> None:
        scale = ByHand(no_bit_status="unchanged")
        async with scale.run:
            scale.reply = APPLE
            await scale.advance(0.1)
            scale.reply = b"\x02?@\r"
            await scale.advance(5.0)
            assert (await scale.execute("read_weight", seconds=0.06))["weight"] == "0.155"
        assert scale.statuses == ["stable_weight"]

    async def test_weight_ends_with_the_policy(self) -> None:
        scale = ByHand(no_bit_status="unchanged", unchanged_age_max_s=3.0)
        async with scale.run:
            scale.reply = APPLE
            await scale.advance(0.1)
            scale.reply = b"\x02?@\r"
            await scale.advance(4.0)
        assert scale.statuses == ["stable_weight", "not_ready"]

    @pytest.mark.parametrize("between", [b"\x02?A\r", b"\x0200.1", None])
    async def test_weight_ends_when_something_else_was_or_may_have_been_said(self, between: bytes | None) -> None:
        scale = ByHand(no_bit_status="unchanged")
        async with scale.run:
            scale.reply = APPLE
            await scale.advance(0.1)
            scale.reply = between
            await scale.advance(0.25)
            scale.reply = b"\x02?@\r"
            await scale.advance(1.0)
        assert scale.statuses[-1] == "not_ready"

    async def test_weight_is_not_kept_where_the_profile_does_not_say_so(self) -> None:
        scale = ByHand()
        async with scale.run:
            scale.reply = APPLE
            await scale.advance(0.1)
            scale.reply = b"\x02?@\r"
            await scale.advance(0.5)
        assert scale.statuses == ["stable_weight", "not_ready"]


async def test_zero_is_believed_when_the_scale_shows_it() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = lambda: (
            b"\x02?@\r" if scale.heard[-1] == b"Z" else (b"\x0200.000\r" if b"Z" in scale.heard else APPLE)
        )
        await scale.advance(0.3)
        result = await scale.execute("zero")
    assert (result["status"], result["weight"]) == ("weight_zero", "0.000")
    assert scale.heard.count(b"Z") == 1
    assert scale.statuses == ["stable_weight", "weight_zero"], "the answer to a command is no reading"


async def test_zero_that_the_scale_does_not_show_fails() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.3)
        with pytest.raises(DeviceError, match=r"still 0\.155 kg") as caught:
            await scale.execute("zero")
    assert caught.value.code is ErrorCode.DEVICE_ERROR


async def test_zero_with_no_answer_after_it_has_an_unknown_outcome() -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = lambda: None if b"Z" in scale.heard else APPLE
        await scale.advance(0.3)
        with pytest.raises(UnknownOutcomeError):
            await scale.execute("zero", seconds=10.0)


async def test_command_to_a_silent_scale_is_not_sent() -> None:
    scale = ByHand()
    async with scale.run:
        await scale.advance(1.0)
        with pytest.raises(DeviceError) as caught:
            await scale.execute("tare")
    assert caught.value.code is ErrorCode.OFFLINE
    assert set(scale.heard) == {b"W"}


@pytest.mark.parametrize("weight", ["heavy", 0.01, "0.0001", "-1", ["0.010"]])
async def test_tare_with_a_weight_that_is_none_is_refused_and_not_sent(weight: Any) -> None:
    scale = ByHand()
    async with scale.run:
        scale.reply = APPLE
        await scale.advance(0.3)
        with pytest.raises(DeviceError) as caught:
            await scale.execute("tare", {"weight": weight})
    assert caught.value.code is ErrorCode.INVALID_REQUEST
    assert set(scale.heard) == {b"W"}


@pytest.mark.parametrize(
    "settings",
    [{"unit": "stone"}, {"colour": "red"}, {"protocol": "scale/none"}, {"protocol": "../x"}, {"poll_interval_s": 0}],
)
def test_settings_that_the_driver_or_the_protocol_does_not_know_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        PolledScaleSettings.model_validate({"protocol": "scale/toledo-8217", **settings})
