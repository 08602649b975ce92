"""One lane's trouble is not another's: both services behind a real broker and a real store, as the gateway has them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edge_gateway.bus.subscriber import RequestSubscriber
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.clock import EventIds, SystemClock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import RequestError
from edge_gateway.devices.claims import Claims
from edge_gateway.services.device_requests import IN_HAND_MAX, DeviceRequestService
from edge_gateway.services.transactions import TransactionService
from tests.support.broker import Broker, BusClient, wait_until
from tests.support.bus import STORE, make_bus, running
from tests.support.stores import open_store
from tests.support.transactions import example

PRINT = "edge/v1/S001/lane-1/pos_printer/p-1/command/print"
SUBMIT = "edge/v1/S001/lane-3/pos/T3/command/submit_transaction"
SALE_S_MAX = 2.0


class StalledPrinter:
    """Takes each document and says nothing until it is released."""

    lane = "lane-1"
    device_class = "pos_printer"

    def __init__(self) -> None:
        self.asked = 0
        self.release = asyncio.Event()

    def has_effect(self, name: str) -> bool:
        return True

    async def execute(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        deadline_s: float,
        begin_within_s: float | None,
        objection: Callable[[], RequestError | None],
    ) -> Mapping[str, Any]:
        self.asked += 1
        await self.release.wait()
        return {}


async def test_till_at_a_stalled_printer_holds_up_no_sale_of_another_lane(broker: Broker, tmp_path: Path) -> None:
    """A hundred repeats of one print, and a hundred other prints: a few are taken, the others answered busy."""
    clock, bus, printer = SystemClock(), make_bus(broker), StalledPrinter()
    async with open_store(tmp_path) as store:
        transactions = TransactionService(STORE, store.outbox, clock, EventIds(clock))
        devices = DeviceRequestService({"p-1": printer}.get, store.commands, Claims(clock, lambda: "token"), clock)

        async def handle(request: Request) -> Reply:
            return await (transactions if request.device_class == "pos" else devices).handle(request)

        subscriber = RequestSubscriber(bus, Topics(STORE), handle, clock)
        async with broker.client() as till, broker.client() as other, running(bus):
            await till.subscribe("edge/v1/S001/lane-1/+/+/reply")
            await other.subscribe("edge/v1/S001/lane-3/+/+/reply")
            for _ in range(100):
                await till.publish(PRINT, {"id": "receipt", "params": {"document": []}})
            for number in range(100):
                await till.publish(PRINT, {"id": f"other-{number}", "params": {"document": []}})
            await wait_until(lambda: subscriber.counters["requests"] == 200)
            await other.publish(SUBMIT, {"id": "sale", "params": {"transaction": example()}})
            [reply] = await other.wait_for_count(1, timeout_s=SALE_S_MAX)
            assert BusClient.json(reply)["status"] == "accepted"
            printer.release.set()
            replies = [BusClient.json(message) for message in await till.wait_for_count(101)]
        assert printer.asked == IN_HAND_MAX
        assert Counter(reply.get("error", {}).get("code") for reply in replies) == {None: IN_HAND_MAX, "busy": 93}
        assert len({reply["id"] for reply in replies}) == 101
