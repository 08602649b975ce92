"""``edge-gateway device test`` beside a running store: what a person sees who tries a device, well and broken."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from simulators.store_in_a_box.store import StoreInABox
from tests.support.gateways import EVENTUALLY_S, device_status

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]
WAIT_S = "20"
"""For the simulated person, who is quick; only a test that fails waits so long."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StoreInABox]:
    async with StoreInABox(tmp_path_factory.mktemp("store"), seed=1) as box:
        yield box


class Outcome:
    """What the command said. ``found``: by name, the last finding of it."""

    def __init__(self, code: int, document: dict[str, Any]) -> None:
        self.code = code
        self.is_fine = document["is_fine"]
        self.found = {finding["name"]: finding for finding in document["findings"]}

    def __getitem__(self, name: str) -> tuple[str, str]:
        return self.found[name]["verdict"], self.found[name]["found"]


async def try_device(store: StoreInABox, device_id: str, *options: str, do: Callable[[], Any] | None = None) -> Outcome:
    """``do``: what the person does when asked to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_gateway", "device", "test", device_id, "--json",
        "--config", store.directory / "gateway.toml", *options, stdout=PIPE, stderr=PIPE, env={**os.environ},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        async with asyncio.timeout(EVENTUALLY_S * 2):
            if do is not None:
                assert b"within" in await process.stderr.readline()
                result = do()
                if asyncio.iscoroutine(result):
                    await result
            output, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert output, errors.decode()
    assert process.returncode is not None
    return Outcome(process.returncode, json.loads(output))


async def test_scanner_shows_what_was_scanned(store: StoreInABox) -> None:
    scanner = store.lanes[0]._scanner
    outcome = await try_device(store, "lane-1-scanner", "--seconds", WAIT_S, do=lambda: scanner.scan("4006381333931"))
    assert (outcome.code, outcome.is_fine) == (0, True)
    verdict, found = outcome["scan"]
    assert verdict == "fine"
    assert "'4006381333931'" in found
    assert "GTIN 04006381333931" in found


async def test_scanner_that_sends_nothing_fails_with_what_to_check(store: StoreInABox) -> None:
    outcome = await try_device(store, "lane-1-scanner", "--seconds", "0.2")
    assert (outcome.code, outcome["scan"]) == (1, ("failed", "nothing came in 0 s"))
    assert "does it beep?" in outcome.found["scan"]["remedy"]


async def test_scale_shows_its_reading_and_what_is_put_on(store: StoreInABox) -> None:
    scale = store.lanes[0]._scale
    scale.put("0.000")
    outcome = await try_device(store, "lane-1-scale", "--seconds", WAIT_S, do=lambda: scale.put("1.250"))
    assert outcome.code == 0
    assert outcome["weight"][0] == "fine"
    assert "ms old" in outcome["weight"][1]
    assert outcome["put on"][1].startswith("1.250 ")
    scale.put("0.000")


async def test_printer_prints_a_test_page_only_if_it_is_asked_to(store: StoreInABox) -> None:
    printer = store.lanes[0].printer
    quiet = await try_device(store, "lane-1-printer", "--seconds", "0")
    assert (quiet.code, quiet["print"][0]) == (0, "fine")
    assert "TEST PAGE" not in printer.paper_text
    assert (await try_device(store, "lane-1-printer", "--print"))["print"][0] == "fine"
    assert "TEST PAGE" in printer.paper_text
    assert "äöü ß é ñ €" in printer.paper_text


async def test_device_that_was_pulled_out_is_told_and_so_is_its_history(store: StoreInABox) -> None:
    link = store.lanes[1].links["scale"]
    link.unplug()
    await device_status(store.gateway, "lane-2-scale", power="off")
    outcome = await try_device(store, "lane-2-scale", "--seconds", "0")
    assert (outcome.code, outcome["device"][0]) == (1, "failed")
    assert "plugged in" in outcome.found["device"]["remedy"]
    assert "is not back yet" in outcome["history"][1]
    link.plug()
    await device_status(store.gateway, "lane-2-scale", power="online")
    outcome = await try_device(store, "lane-2-scale", "--seconds", "0")
    assert outcome.code == 0
    assert "was back after" in outcome["history"][1]


async def test_device_that_a_till_holds_says_whose_it_is(store: StoreInABox) -> None:
    async with store_client(store) as client:
        base = "edge/v1/DEMO/lane-1/pos_printer/lane-1-printer"
        await client.subscribe(f"{base}/reply")
        await client.publish(f"{base}/command/claim", json.dumps({"id": "c", "params": {"owner": "T7"}}), qos=1)
        async for message in client.messages:
            token = json.loads(message.payload)["result"]["claim"]
            break
        outcome = await try_device(store, "lane-1-printer", "--print")
        assert (outcome.code, outcome["claim"]) == (1, ("warning", "terminal T7 holds it alone"))
        assert outcome["print"][1].startswith("claimed: lane-1-printer is held by terminal T7")
        [device] = [each for each in (await store.gateway.status() or {})["devices"] if each["id"] == "lane-1-printer"]
        assert device["claim"]["owner"] == "T7"
        await client.publish(f"{base}/command/release", json.dumps({"id": "r", "claim": token}), qos=1)
        async for message in client.messages:
            if json.loads(message.payload)["id"] == "r":
                break
    assert (await try_device(store, "lane-1-printer")).code == 0


async def test_device_of_a_gateway_that_is_gone_is_not_called_fine(store: StoreInABox, tmp_path: Path) -> None:
    await store.gateway.kill()
    try:
        async with store_client(store) as client:
            await client.subscribe("edge/v1/DEMO/gateway/state")
            async for message in client.messages:
                if json.loads(message.payload)["state"] == "offline":
                    break
        outcome = await try_device(store, "lane-1-scale", "--seconds", "0")
        assert (outcome.code, outcome["gateway"]) == (1, ("failed", "the broker says that it is offline"))
        assert list(outcome.found) == ["gateway"]
    finally:
        await store.gateway.start()
        await store.gateway.wait_devices_online()


async def test_unknown_device_is_wrong_usage(store: StoreInABox) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "edge_gateway", "device", "test", "lane-9-scale",
        "--config", store.directory / "gateway.toml", stdout=PIPE, stderr=PIPE,
    )  # fmt: skip
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert "lane-1-scale" in errors.decode()


def store_client(store: StoreInABox) -> Any:
    import aiomqtt

    return aiomqtt.Client(store.broker.host, store.broker.port)
