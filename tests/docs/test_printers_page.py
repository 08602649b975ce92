"""The page of printers: what it says that is seen is seen, and every state, policy and setting of a drawer is on it."""

from __future__ import annotations

import asyncio
import re
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import pytest_asyncio

from drivers.printer_settings import DrawerSettings, PrinterSettings
from edge_gateway.contracts.printing import JobState, PaperPolicy
from edge_gateway.contracts.states import DeviceFlag
from edge_gateway.devices.resolving import resolve_devices
from edge_gateway.settings import DeviceSettings
from simulators.store_in_a_box.office import KITCHEN, LABELS
from simulators.store_in_a_box.store import StoreInABox
from tests.support.gateways import EVENTUALLY_S
from tests.support.markdown import ROOT

PAGE = (ROOT / "docs/printers.md").read_text("utf-8")
_TABLE = PAGE.partition("| it says |")[2].partition("\n## ")[0].partition("\n")[2]
STATES = dict(re.findall(r"^\| ([^|]+) \| `(\w+)`[^|]* \|", _TABLE, re.MULTILINE))
"""What is said, and the flag behind it."""
TROUBLES = (
    (KITCHEN, "paper_out", "paper_empty"),
    (KITCHEN, "cover_open", "cover_open"),
    (KITCHEN, "cutter_jam", "cutter_error"),
    (KITCHEN, "blocked", "recoverable_error"),
    (KITCHEN, "overheated", "overheated"),
    (KITCHEN, "broken", "device_error"),
    (KITCHEN, "offline", "offline"),
    (LABELS, "media_out", "paper_empty"),
    (LABELS, "head_open", "cover_open"),
    (LABELS, "ribbon_out", "ribbon_empty"),
    (LABELS, "paused", "paused"),
    (LABELS, "silent", "silent"),
)
OF_OTHERS = {DeviceFlag.SEPARATORS_MISSING}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StoreInABox]:
    async with StoreInABox(tmp_path_factory.mktemp("store"), seed=1) as box:
        yield box


@pytest.mark.e2e
@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(("printer", "fault", "flag"), TROUBLES)
async def test_trouble_is_told_in_the_words_of_the_page(
    store: StoreInABox, printer: str, fault: Any, flag: str
) -> None:
    simulated = store.office.kitchen if printer == KITCHEN else store.office.labels
    words = {flag: said.partition("…")[0] for said, flag in STATES.items()}[flag]

    async def is_told(is_there: bool) -> bool:
        status = await store.gateway.status() or {}
        reasons = [each["text"] for each in status["health"]["reasons"] if each["part"] == f"device/{printer}"]
        [device] = [each for each in status["devices"] if each["id"] == printer]
        if not is_there:
            return not device["flags"] and device["power"] == "online"
        return flag in device["flags"] and any(reason.startswith(words) for reason in reasons)

    simulated.set_fault(fault, True)
    await _until(lambda: is_told(True))
    simulated.set_fault(fault, False)
    await _until(lambda: is_told(False))


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(EVENTUALLY_S):
        while not await condition():  # noqa: ASYNC110 - the status page is asked, it does not tell
            await asyncio.sleep(0.1)


def test_words_of_all_troubles_are_tried() -> None:
    told_otherwise = {"offline: no answer to status questions", "off: …", "(nothing: it prints)"}
    assert {flag for said, flag in STATES.items() if said not in told_otherwise} == {flag for *_, flag in TROUBLES}


@pytest.mark.parametrize("word", [*sorted(set(DeviceFlag) - OF_OTHERS), *JobState, *PaperPolicy])
def test_page_says_what_a_word_asks_for(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("name", sorted(DrawerSettings.model_fields.keys() - PrinterSettings.model_fields.keys()))
def test_page_explains_each_setting_of_a_drawer(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_configuration_of_the_page_is_valid() -> None:
    blocks = re.findall(r"^```toml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    devices = [device for block in blocks for device in tomllib.loads(block)["device"]]
    assert resolve_devices([DeviceSettings.model_validate(device) for device in devices])
