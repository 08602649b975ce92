"""``edge-gateway device test`` of a device that is well, and answers otherwise than most."""

from __future__ import annotations

import json
from typing import Any, cast

import aiomqtt

from edge_gateway.bus.topics import Topics
from edge_gateway.diagnosis.device_examination import examine
from edge_gateway.diagnosis.device_link import DeviceLink
from edge_gateway.diagnosis.findings import Verdict

BASE = "edge/v1/S1/lane-1/scale/dialog"


class Broker:
    """In place of a broker and the gateway behind it: refuses every command with one code."""

    def __init__(self, code: str) -> None:
        self.link: DeviceLink | None = None
        self._code = code

    async def publish(self, topic: str, payload: str, qos: int) -> None:
        error = {"code": self._code, "message": "scale/dialog-06 weighs only for a price"}
        reply = {"id": json.loads(payload)["id"], "status": "failed", "error": error}
        assert self.link is not None
        self.link._take(f"{BASE}/reply", json.dumps(reply).encode())


async def examined(commands: list[str], code: str) -> list[Any]:
    broker = Broker(code)
    link = broker.link = DeviceLink(cast(aiomqtt.Client, broker), "S1", "dialog", "device-test")
    state = {"power": "online", "flags": [], "status": "not_ready", "weight": None}
    told = {Topics("S1").gateway_state: {"state": "online", "version": "1"}, f"{BASE}/state": state}
    for topic, document in {**told, f"{BASE}/info": {"commands": commands}}.items():
        link._take(topic, json.dumps(document).encode())
    return [finding async for finding in examine(link, wait_s=5, is_printing=False, tell=lambda words: None)]


async def test_scale_that_weighs_only_for_a_price_is_well() -> None:
    *_, weight = await examined(["do_price_calculating"], "unsupported")
    assert (weight.name, weight.verdict) == ("weight", Verdict.FINE)
    assert "weighs only for a price" in weight.found


async def test_scale_that_refuses_otherwise_is_not() -> None:
    for commands, code in ((["do_price_calculating"], "timeout"), (["read_weight"], "unsupported")):
        *_, weight = await examined(commands, code)
        assert (weight.name, weight.verdict) == ("weight", Verdict.FAILED)
