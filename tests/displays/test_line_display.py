"""The driver of customer displays: what a customer reads after each command, and what a silent device needs."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pydantic import ValidationError

from drivers.line_display import LineDisplay
from drivers.line_display_settings import LineDisplaySettings
from edge_gateway.contracts.errors import DeviceError, ErrorCode
from edge_gateway.contracts.fields import in_words
from protocols.displays.dialects import DIALECTS
from tests.support.display_bench import display_bench

every_dialect = pytest.mark.parametrize("dialect", sorted(DIALECTS))


@every_dialect
async def test_display_shows_items_and_totals(dialect: str) -> None:
    async with display_bench(dialect=dialect) as it:
        assert await it.lines() == ("", "")
        await it.execute("display_text", text="Apples", right="3.69", row=1)
        await it.execute("display_text", text="TOTAL", right="12.01", row=2)
        assert await it.lines() == ("Apples          3.69", "TOTAL          12.01")
        shown = await it.execute("display_text", text="Thank you!\nHave a nice day")
        assert await it.lines() == ("Thank you!", "Have a nice day")
        assert shown["lines"] == ["Thank you!", "Have a nice day"]
        await it.execute("clear_text", row=1)
        assert await it.lines() == ("", "Have a nice day")
        assert it.session.details["lines"] == ["", "Have a nice day"]


@pytest.mark.parametrize(
    ("params", "lines", "is_truncated"),
    [
        ({"text": "Fresh strawberries from the region"}, ("Fresh strawberries", "from the region"), False),
        ({"text": "x" * 50}, ("x" * 20, "x" * 20), True),
        ({"text": "one", "align": "center"}, ("        one", ""), False),
        ({"text": "one", "row": 2, "align": "right"}, ("", "                 one"), False),
        ({"text": "A very long name of an item", "right": "1.00", "row": 1}, ("A very long nam 1.00", ""), True),
        ({"text": "9.99", "row": 2, "column": 17}, ("", "                9.99"), False),
        ({"text": "123456", "row": 1, "column": 18}, ("                 123", ""), True),
    ],
)
async def test_text_stands_where_it_was_asked_for(
    params: dict[str, Any], lines: tuple[str, str], is_truncated: bool
) -> None:
    async with display_bench() as it:
        result = await it.execute("display_text", **params)
        assert await it.lines() == lines
        assert result["is_truncated"] is is_truncated


async def test_part_of_a_row_is_written_over_the_rest() -> None:
    async with display_bench() as it:
        await it.execute("display_text", text="TOTAL           9.99", row=2)
        await it.execute("display_text", text="12.50", row=2, column=16)
        assert await it.lines() == ("", "TOTAL          12.50")


@every_dialect
async def test_long_text_scrolls_while_the_other_line_stays(dialect: str) -> None:
    async with display_bench(dialect=dialect, marquee_interval_s=0.5) as it:
        await it.execute("display_text", text="Open until 8 pm", row=2)
        text = "Strawberries of the region 2.99 a pound"
        await it.execute("start_marquee", text=text)
        if 1 in DIALECTS[dialect].scrolls_rows:
            assert await it.lines() == (text, "Open until 8 pm")
        else:
            seen = []
            for _ in range(len(text) + 3):
                seen.append((await it.lines())[0].ljust(20)[0])
                await it.clock.advance(0.5)
            assert "".join(seen) == f"{text}   "
            assert (await it.lines())[1] == "Open until 8 pm"
        await it.execute("display_text", text="TOTAL", row=2)
        assert (await it.lines())[1] == "TOTAL"
        assert it.session.details["marquee_row"] == 1
        await it.execute("display_text", text="Apples", row=1)
        await it.clock.advance(5)
        assert await it.lines() == ("Apples", "TOTAL")
        assert it.session.details["marquee_row"] is None


async def test_idle_text_comes_when_nothing_was_shown_for_a_while_and_goes_at_once() -> None:
    async with display_bench(idle_lines=("Corner Shop", "Welcome!"), idle_after_s=30) as it:
        assert await it.lines() == ("    Corner Shop", "      Welcome!")
        await it.execute("display_text", text="Apples", right="3.69", row=1)
        assert await it.lines() == ("Apples          3.69", "")
        await it.clock.advance(29)
        await it.execute("display_text", text="TOTAL", row=2)
        await it.clock.advance(29)
        assert await it.lines() == ("Apples          3.69", "TOTAL")
        await it.clock.advance(1)
        assert await it.lines() == ("    Corner Shop", "      Welcome!")
        assert it.session.details["is_idle_text"] is True


async def test_idle_text_that_is_too_long_scrolls() -> None:
    async with display_bench(idle_lines=("Strawberries of the region", "2.99")) as it:
        before = await it.lines()
        await it.clock.advance(1)
        assert before[0] != (await it.lines())[0]
        assert before[1] == (await it.lines())[1] == "        2.99"


@every_dialect
async def test_display_that_was_off_is_written_again(dialect: str) -> None:
    async with display_bench(dialect=dialect, refresh_interval_s=120) as it:
        await it.execute("display_text", text="TOTAL", right="9.99", row=2)
        it.simulated.power_cycle()
        assert await it.lines() == ("", "")
        await it.clock.advance(120)
        assert await it.lines() == ("", "TOTAL           9.99")


async def test_brightness_and_blinking_stay_over_a_refresh() -> None:
    async with display_bench(brightness_percent=40, refresh_interval_s=60) as it:
        screen = it.simulated.display.screen
        assert screen.brightness_percent == 40
        await it.execute("set_brightness", percent=90)
        await it.execute("set_blink", interval_ms=500)
        it.simulated.power_cycle()
        await it.clock.advance(60)
        screen = it.simulated.display.screen
        assert (screen.brightness_percent, screen.blink_units) == (100, 10)
        assert screen.has_cursor is False
        await it.execute("test_display")
        assert it.simulated.display.tests == 1


async def test_code_page_is_chosen_and_the_rest_replaced() -> None:
    async with display_bench(code_page="cp858", code_page_slot=19) as it:
        result = await it.execute("display_text", text="Äpfel 3,50 € りんご", row=1)
        assert it.simulated.display.screen.code_page == 19
        assert it.simulated.display.screen.lines[0].decode("cp858").rstrip() == "Äpfel 3,50 € ???"
        assert result["replaced_characters"] == 3
        assert result["lines"][0] == "Äpfel 3,50 € ???"


@pytest.mark.parametrize("dialect", ["epson", "cd5220"])
async def test_display_behind_a_printer_gives_the_line_back_each_time(dialect: str) -> None:
    async with display_bench(dialect=dialect, is_behind_printer=True) as it:
        await it.execute("display_text", text="TOTAL", row=1)
        it.simulated.display.take(b"a receipt")
        assert await it.lines() == ("TOTAL", "")
        assert bytes(it.simulated.display.passed_on) == b"a receipt"


async def test_display_that_takes_nothing_is_told_and_set_up_anew() -> None:
    async with display_bench() as it:
        it.transport.far_end.stall()
        task = asyncio.ensure_future(it.driver.execute("display_text", {"text": "TOTAL", "row": 1}))
        await it.clock.advance(4)
        with pytest.raises(DeviceError) as failed:
            await task
        assert failed.value.code is ErrorCode.TIMEOUT
        assert it.session.answering[-1][0] is False
        it.transport.far_end.resume()
        await it.clock.advance(20)
        assert it.session.answering[-1] == (True, None)
        assert await it.lines() == ("TOTAL", "")


@pytest.mark.parametrize(
    ("dialect", "missing"),
    [
        ("epson", set()),
        ("aedex", {"set_brightness", "set_blink", "test_display"}),
        ("cd5220", {"set_blink", "test_display"}),
    ],
)
def test_display_has_the_commands_of_its_dialect(dialect: str, missing: set[str]) -> None:
    settings = LineDisplaySettings.model_validate({"dialect": dialect})
    assert set(LineDisplay.commands) - set(LineDisplay.commands_of(settings)) == missing


@pytest.mark.parametrize(
    "params", [{"text": "a", "right": "b"}, {"text": "a", "column": 3}, {"text": "a", "row": 3}, {"text": 1}, {}]
)
async def test_text_without_a_place_is_refused(params: dict[str, Any]) -> None:
    async with display_bench() as it:
        with pytest.raises(ValidationError):
            await it.driver.execute("display_text", params)


@pytest.mark.parametrize(
    "settings", [{"dialect": "utc", "is_behind_printer": True}, {"code_page": "cp999"}, {"idle_lines": ["a", "b", "c"]}]
)
def test_settings_that_cannot_be_are_told(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LineDisplaySettings.model_validate(settings)


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("display_text", {"text": "a\x1b@"}, "expected text without control characters but line feeds"),
        ("display_text", {"text": "a", "right": "\t3", "row": 1}, "expected text without control characters"),
        ("start_marquee", {"text": "a\nb"}, "expected text without control characters"),
        ("display_text", {"text": "a", "right": "3"}, "right and column need row"),
    ],
)
async def test_what_is_wrong_in_a_text_is_told_in_words(name: str, params: dict[str, Any], words: str) -> None:
    async with display_bench() as it:
        with pytest.raises(ValidationError) as refused:
            await it.execute(name, **params)
    assert [in_words(each) for each in refused.value.errors()] == [words]
