"""Drivers of cash drawers: opened once for each command, and every opening told with the command that caused it."""

from __future__ import annotations

from typing import Any

import pytest

from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.states import DeviceFlag
from tests.support.drawer_bench import drawer_bench

every_drawer = pytest.mark.parametrize("kind", ["serial", "gpio", "posiflex"])
COMMAND = {
    "name": "open_drawer",
    "reason": "no_sale",
    "operator": "op-7",
    "request_id": "r-1",
    "job_id": None,
    "pin": None,
}


@every_drawer
async def test_drawer_opens_once_and_says_by_which_command(kind: str) -> None:
    async with drawer_bench(kind) as it:
        assert it.session.details["drawer"] == "closed"
        result = await it.execute("open_drawer", reason="no_sale", operator="op-7")
        assert result == {"drawer": "open", "confirmed_by": "switch"}
        assert it.drawer.counters["pulses"] == 1
        assert it.events() == [
            ("drawer_pulsed", {"command": COMMAND}),
            ("drawer_opened", {"command": COMMAND, "uncommanded": False}),
        ]
        assert it.session.flags == {DeviceFlag.DRAWER_OPEN}
        assert it.session.details["open_since"] is not None
        await it.clock.advance(10)
        await it.moves(it.drawer.close)
        name, data = it.events()[-1]
        assert name == "drawer_closed"
        assert 10 <= data["open_s"] < 12
        assert it.session.flags == frozenset()
        assert it.session.details["is_switch_proven"] is True


@every_drawer
async def test_drawer_opened_by_its_key_is_told_as_uncommanded(kind: str) -> None:
    async with drawer_bench(kind) as it:
        await it.moves(it.drawer.open_by_key)
        assert it.events() == [("drawer_opened", {"command": None, "uncommanded": True})]


@every_drawer
async def test_command_of_a_while_ago_excuses_no_opening(kind: str) -> None:
    """One pulse opens it once: the next opening is somebody's key."""
    async with drawer_bench(kind) as it:
        await it.execute("open_drawer")
        await it.moves(it.drawer.close)
        await it.moves(it.drawer.open_by_key)
        assert [data["uncommanded"] for _, data in it.events("drawer_opened")] == [False, True]


@every_drawer
async def test_locked_drawer_fails_and_gets_no_second_pulse(kind: str) -> None:
    async with drawer_bench(kind) as it:
        it.drawer.is_locked = True
        with pytest.raises(DeviceError, match="still closed") as failed:
            await it.execute("open_drawer")
        assert (failed.value.code, failed.value.is_retryable) == (ErrorCode.DEVICE_ERROR, False)
        await it.clock.advance(60)
        assert it.drawer.counters["pulses"] == 1


@every_drawer
async def test_drawer_left_open_is_told_once(kind: str) -> None:
    async with drawer_bench(kind, left_open_after_s=30) as it:
        await it.execute("open_drawer")
        await it.clock.advance(29)
        assert it.events("drawer_left_open") == []
        await it.clock.advance(200)
        (told,) = it.events("drawer_left_open")
        assert 30 <= told[1]["open_s"] < 31
        assert it.session.details["is_left_open"] is True
        await it.moves(it.drawer.close)
        assert it.session.details["is_left_open"] is False
        await it.execute("open_drawer")
        await it.clock.advance(31)
        assert len(it.events("drawer_left_open")) == 2


async def test_drawer_left_open_is_never_told_where_that_is_not_wanted() -> None:
    async with drawer_bench("gpio", left_open_after_s=0) as it:
        await it.execute("open_drawer")
        await it.clock.advance(10_000)
        assert it.events("drawer_left_open") == []


@pytest.mark.parametrize("settings", [{"sense": "none"}, {"open_level": "unknown"}])
async def test_drawer_without_a_known_switch_is_unknown_and_claims_nothing(settings: dict[str, Any]) -> None:
    async with drawer_bench("serial", **settings) as it:
        assert await it.execute("open_drawer") == {"drawer": "unknown", "confirmed_by": "none"}
        await it.moves(it.drawer.close)
        await it.moves(it.drawer.open_by_key)
        assert [name for name, _ in it.events()] == ["drawer_pulsed"]
        assert it.session.details["drawer"] == "unknown"


async def test_level_is_shown_where_its_meaning_is_not_known() -> None:
    """So that a person can find it out: open it by key, and look which level that is."""
    async with drawer_bench("serial", open_level="unknown") as it:
        assert (it.session.details["drawer"], it.session.details["drawer_level"]) == ("unknown", "high")
        assert it.session.details["is_switch_proven"] is False
        await it.moves(it.drawer.open_by_key)
        assert (it.session.details["drawer"], it.session.details["drawer_level"]) == ("unknown", "low")
        assert it.session.details["is_switch_proven"] is True


async def test_polarity_the_other_way_round_is_a_setting() -> None:
    async with drawer_bench("serial", open_level="high") as it:
        assert it.session.details["drawer"] == "open"


async def test_drawer_that_was_open_before_the_gateway_came_is_no_event() -> None:
    async with drawer_bench("gpio") as it:
        it.drawer.open_by_key()
        first = it.session.events[-1]
    assert first[0] == "drawer_opened"
    async with drawer_bench("serial", open_level="high") as it:
        assert it.session.events == []
        assert it.session.flags == {DeviceFlag.DRAWER_OPEN}
        await it.moves(it.drawer.open_by_key)
        assert it.events() == [("drawer_closed", {"open_s": pytest.approx(0.5, abs=0.5)})]


async def test_serial_drawer_sends_what_opens_it() -> None:
    async with drawer_bench("serial", open_bytes="\x1bp\x00") as it:
        await it.execute("open_drawer")
        assert it.drawer.counters["pulses"] == 3


async def test_gpio_drawer_keeps_its_pulse_short() -> None:
    async with drawer_bench("gpio", pulse_ms=80) as it:
        await it.execute("open_drawer")
        assert it.session.transport.pulses_ms == [80]  # type: ignore[attr-defined]


async def test_posiflex_drawer_that_falls_silent_is_unknown_and_gets_no_pulse() -> None:
    async with drawer_bench("posiflex", drawer_number=7) as it:
        assert it.session.details["drawer"] == "closed"
        it.device.is_silent = True
        await it.clock.advance(3)
        assert it.session.answering[-1][0] is False
        assert it.session.details["drawer"] == "unknown"
        with pytest.raises(DeviceError) as refused:
            await it.execute("open_drawer")
        assert refused.value.code is ErrorCode.TIMEOUT
        assert it.drawer.counters["pulses"] == 0
        it.device.is_silent = False
        await it.clock.advance(1)
        assert it.session.details["drawer"] == "closed"
        assert it.device.errors == []


@every_drawer
@pytest.mark.parametrize("params", [{"reason": ""}, {"operator": "x" * 101}, {"pin": 2}, {"reason": 5}])
async def test_params_that_make_no_sense_open_nothing(kind: str, params: dict[str, Any]) -> None:
    async with drawer_bench(kind) as it:
        with pytest.raises(ValueError, match="validation error"):
            await it.driver.execute("open_drawer", params)
        assert it.drawer.counters["pulses"] == 0
