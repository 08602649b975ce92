"""Clients that are not ours beside a running store: what mosquitto_sub sees, and a receipt by mosquitto_pub alone."""

from __future__ import annotations

import asyncio
import json
import re
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from simulators.store_in_a_box.store import StoreInABox

LISTEN_S = 60
"""The watcher ends by itself after so many seconds, or as soon as it has what it was asked for."""

TOPICS = [
    r"edge/v1/DEMO/gateway/state",
    r"edge/v1/DEMO/gateway/health",
    r"edge/v1/DEMO/lane-1/scanner/lane-1-scanner/info",
    r"edge/v1/DEMO/lane-1/scanner/lane-1-scanner/state",
    r"edge/v1/DEMO/lane-2/scale/lane-2-scale/state",
    r"edge/v1/DEMO/lane-\d/scanner/lane-\d-scanner/event/barcode_scanned",
    r"edge/v1/DEMO/lane-\d/scale/lane-\d-scale/event/weight_changed",
    r"edge/v1/DEMO/lane-\d/pos/T\d/command/submit_transaction",
    r"edge/v1/DEMO/lane-\d/pos_printer/lane-\d-printer/command/print",
]
OF_THE_DRAWER = {"drawer_pulsed", "drawer_opened", "drawer_closed"}
JOB = {"job_id", "state", "printer", "sent_bytes", "waiting_for", "error"}
READING = {"status", "weight", "unit", "net", "gross", "tare", "resolution", "age_ms"}
SCAN = {"text", "raw_base64", "aim", "symbology", "gtin", "application_identifiers"}

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def store(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StoreInABox]:
    """A store whose tills sell for as long as the tests need."""
    box = StoreInABox(tmp_path_factory.mktemp("store"), seed=1)
    await box.start()
    closing = asyncio.Event()
    selling = [asyncio.create_task(lane.sell(box.broker.port, closing)) for lane in box.lanes]
    try:
        yield box
    finally:
        closing.set()
        await asyncio.wait(selling, timeout=30)
        for task in selling:
            task.cancel()
        await box.stop()


@pytest.mark.parametrize("version", ["5", "311"])
async def test_mosquitto_sub_sees_topics_and_payloads_of_the_contract(store: StoreInABox, version: str) -> None:
    watcher = await asyncio.create_subprocess_exec(
        "mosquitto_sub", "-V", version, "-p", str(store.broker.port), "-v", "-t", "edge/v1/#", "-W", str(LISTEN_S),
        stdout=PIPE,
    )  # fmt: skip
    assert watcher.stdout is not None
    missing, seen = set(TOPICS), {}
    try:
        while missing and (line := await watcher.stdout.readline()):
            topic, _, payload = line.decode().partition(" ")
            seen[topic] = json.loads(payload)
            missing = {pattern for pattern in missing if not re.fullmatch(pattern, topic)}
    finally:
        if watcher.returncode is None:
            watcher.terminate()
        await watcher.wait()
    assert not missing, f"never seen: {missing}; seen: {sorted(seen)}"
    assert seen["edge/v1/DEMO/gateway/state"].keys() == {"state", "since", "version"}
    assert seen["edge/v1/DEMO/lane-2/scale/lane-2-scale/state"].keys() >= READING
    for topic, body in seen.items():
        if "/event/" in topic:
            _assert_cloud_event(topic, body)


def _assert_cloud_event(topic: str, event: dict[str, Any]) -> None:
    _, _, store_id, lane, device_class, device, _, name = topic.split("/")
    assert event["specversion"] == "1.0"
    assert event["type"] == f"com.edge-gateway.{device_class}.{name}.v1"
    assert event["source"] == f"/stores/{store_id}/devices/{device}"
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", event["id"])
    assert event["time"].endswith("Z")
    assert event["dataschema"]
    assert event["data"]["device_id"] == device
    assert event["data"]["lane"] == lane
    assert event["data"]["sequence"] > 0
    if name not in OF_THE_DRAWER:  # which comes when it comes: a sale that is paid in cash
        assert event["data"].keys() >= {"scanner": SCAN, "scale": READING, "pos_printer": JOB}[device_class]


async def test_mosquitto_pub_alone_prints_a_receipt_and_gets_its_reply(store: StoreInABox, tmp_path: Path) -> None:
    base = "edge/v1/DEMO/lane-1/pos_printer/lane-1-printer"
    port = str(store.broker.port)
    listener = await asyncio.create_subprocess_exec(
        "mosquitto_sub", "-p", port, "-t", f"{base}/reply", "-t", f"{base}/state", "-F", "%t %p", "-W", str(LISTEN_S),
        stdout=PIPE,
    )  # fmt: skip
    assert listener.stdout is not None
    try:
        # The retained state comes first: from now on the listener misses nothing.
        assert b"/state" in await listener.stdout.readline()
        document = [{"type": "text", "text": "PRINTED BY MOSQUITTO_PUB", "align": "center"}, {"type": "cut"}]
        body = json.dumps({"id": "by-hand-1", "params": {"document": document}})
        publisher = await asyncio.create_subprocess_exec(
            "mosquitto_pub", "-p", port, "-q", "1", "-t", f"{base}/command/print", "-m", body
        )
        assert await publisher.wait() == 0
        reply: dict[str, Any] = {}
        while reply.get("id") != "by-hand-1":
            topic, _, payload = (await listener.stdout.readline()).decode().partition(" ")
            assert topic, "the listener ended without a reply"
            reply = json.loads(payload) if topic.endswith("/reply") else {}
    finally:
        if listener.returncode is None:
            listener.terminate()
        await listener.wait()
    assert reply["status"] == "completed", reply
    assert "PRINTED BY MOSQUITTO_PUB" in store.lanes[0].printer.paper_text
