"""Claims on the bus: what tills ask and are answered, through a real broker, with a device that takes its time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from edge_gateway.bus.subscriber import RequestSubscriber
from edge_gateway.bus.terminals import TerminalStates
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.claims import LostClaim
from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.commands import Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.devices.claims import Claims
from edge_gateway.services.device_requests import DeviceRequestService
from tests.support.broker import MQTT_5, MQTT_311, Broker, BusClient, wait_until
from tests.support.bus import STORE, make_bus, running
from tests.support.clock import FakeClock
from tests.support.stores import open_store

BASE = "edge/v1/S001/lane-1/pos_printer/p-1"
TERMINAL = "edge/v1/S001/lane-1/pos/T1/state"


class SlowPrinter:
    """Executes one at a time, as a supervisor does, when ``release`` is set; asks for objections when a turn comes."""

    device_class = "pos_printer"

    def __init__(self, lane: str = "lane-1") -> None:
        self.lane = lane
        self.done: list[Any] = []
        self.release = asyncio.Event()
        self.release.set()
        self._turn = asyncio.Lock()

    def has_effect(self, name: str) -> bool:
        return not name.startswith("read_")

    async def execute(
        self,
        name: str,
        params: Mapping[str, Any],
        *,
        deadline_s: float,
        begin_within_s: float | None,
        objection: Callable[[], RequestError | None],
    ) -> Mapping[str, Any]:
        async with self._turn:
            if (refusal := objection()) is not None:
                raise refusal
            await self.release.wait()
            self.done.append(params.get("by", name))
            return {}


class Desk:
    """The service with real claims."""

    def __init__(self, printer: SlowPrinter, commands: Any, clock: Clock) -> None:
        tokens = count(1)
        self.lost: list[LostClaim] = []
        self.claims = Claims(
            clock, lambda: f"token-{next(tokens)}", stealable=["p-1"], on_lost=lambda _, lost: self.lost.append(lost)
        )
        self.service = DeviceRequestService({"p-1": printer}.get, commands, self.claims, clock)
        self._lane = printer.lane
        self._ids = count(1)

    async def ask(self, name: str, *, claim: str | None = None, request_id: str = "", **params: Any) -> Any:
        request = Request(
            id=request_id or f"r-{next(self._ids)}", lane=self._lane, device_class="pos_printer", target="p-1",
            name=name, params=params, claim=claim,
        )  # fmt: skip
        reply = await self.service.handle(request)
        return reply.result if reply.error_code is None else reply.error_code.value


async def test_claimed_device_carries_out_what_its_holder_asks_and_nothing_else(tmp_path: Path) -> None:
    printer, clock = SlowPrinter(), FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        desk = Desk(printer, store.commands, clock)
        token = (await desk.ask("claim", owner="T1"))["claim"]
        assert await desk.ask("print", by="T1", claim=token) == {}
        assert await desk.ask("print", by="nobody") == "claimed"
        assert await desk.ask("print", by="forger", claim="guess") == "not_claimed"
        assert await desk.ask("read_status") == {}
        assert await desk.ask("release", claim=token) == {}
        assert await desk.ask("print", by="anybody") == {}
        assert await desk.ask("print", by="late", claim=token) == "not_claimed"
    assert printer.done == ["T1", "read_status", "anybody"]


async def test_what_was_refused_as_claimed_can_be_asked_again_under_its_id(tmp_path: Path) -> None:
    printer, clock = SlowPrinter(), FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        desk = Desk(printer, store.commands, clock)
        token = (await desk.ask("claim", owner="T1"))["claim"]
        assert await desk.ask("print", request_id="mine", by="T2") == "claimed"
        assert await desk.ask("claim", request_id="wish", owner="T2") == "claimed"
        await desk.ask("release", claim=token)
        assert await desk.ask("print", request_id="mine", by="T2") == {}
        assert (await desk.ask("claim", request_id="wish", owner="T2"))["owner"] == "T2"


async def test_reply_of_what_was_done_comes_again_also_after_the_claim_has_ended(tmp_path: Path) -> None:
    printer, clock = SlowPrinter(), FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        desk = Desk(printer, store.commands, clock)
        token = (await desk.ask("claim", owner="T1"))["claim"]
        assert await desk.ask("print", request_id="receipt", by="T1", claim=token) == {}
        await clock.advance(31)
        await desk.ask("claim", owner="T2")
        assert await desk.ask("print", request_id="receipt", by="T1", claim=token) == {}
    assert printer.done == ["T1"]


async def test_repeated_claim_gets_the_same_token(tmp_path: Path) -> None:
    clock = FakeClock()
    async with open_store(tmp_path, clock=clock) as store:
        desk = Desk(SlowPrinter(), store.commands, clock)
        first = await desk.ask("claim", request_id="c-1", owner="T1")
        assert await desk.ask("claim", request_id="c-1", owner="T1") == first
        assert await desk.ask("claim", request_id="c-1", owner="T2") == "conflict"
        assert (await desk.ask("claim", request_id="c-2", owner="T1"))["claim"] != first["claim"]


async def test_command_that_waits_is_not_begun_once_its_claim_was_stolen(tmp_path: Path) -> None:
    """What has begun goes on; what stands in the queue behind it belongs to a till that does not hold the device."""
    printer, clock = SlowPrinter(), FakeClock()
    printer.release.clear()
    async with open_store(tmp_path, clock=clock) as store:
        desk = Desk(printer, store.commands, clock)
        token = (await desk.ask("claim", owner="T1"))["claim"]
        asked = [asyncio.create_task(desk.ask("print", by=f"T1-{number}", claim=token)) for number in range(3)]
        await wait_until(lambda: printer._turn.locked())
        await clock.settle()
        stolen = (await desk.ask("claim", owner="T2", steal=True))["claim"]
        asked.append(asyncio.create_task(desk.ask("print", by="T2", claim=stolen)))
        printer.release.set()
        assert [await each for each in asked] == [{}, "not_claimed", "not_claimed", {}]
    assert printer.done == ["T1-0", "T2"]
    assert [(lost.view.owner, lost.new_owner) for lost in desk.lost] == [("T1", "T2")]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({}, "owner: Field required"),
        ({"owner": "T 1"}, "owner: expected 1 to 64 letters"),
        ({"owner": "T1", "ttl_s": 0.5}, "ttl_s"),
        ({"owner": "T1", "ttl_s": 301}, "ttl_s"),
        ({"owner": "T1", "ttl_s": float("nan")}, "ttl_s"),
        ({"owner": "T1", "force": True}, "force"),
        ({"owner": "T1", "owner_lane": "lane-2"}, "only terminals of that lane"),
    ],
)
async def test_claim_params_are_checked(tmp_path: Path, params: dict[str, Any], words: str) -> None:
    async with open_store(tmp_path) as store:
        service = Desk(SlowPrinter(), store.commands, SystemClock()).service
        request = Request("c", "lane-1", "pos_printer", "p-1", "claim", params)
        reply = await service.handle(request)
    assert reply.error_code is ErrorCode.INVALID_REQUEST
    assert words in str(reply.error_message)


async def test_shared_device_is_claimed_by_a_terminal_of_any_lane(tmp_path: Path) -> None:
    async with open_store(tmp_path) as store:
        desk = Desk(SlowPrinter("shared"), store.commands, SystemClock())
        assert (await desk.ask("claim", owner="T2", owner_lane="lane-2"))["owner_lane"] == "lane-2"
        desk.claims.terminal_gone("lane-2", "T2")
        assert [lost.why.value for lost in desk.lost] == ["owner_offline"]


@asynccontextmanager
async def serving(broker: Broker, directory: Path) -> AsyncIterator[Desk]:
    clock, bus = SystemClock(), make_bus(broker)
    async with open_store(directory) as store:
        desk = Desk(SlowPrinter(), store.commands, clock)
        RequestSubscriber(bus, Topics(STORE), desk.service.handle, clock)
        TerminalStates(bus, Topics(STORE), desk.claims.terminal_gone)
        async with running(bus):
            yield desk


async def on_bus(client: BusClient, name: str, request_id: str, **envelope: Any) -> dict[str, Any]:
    await client.publish(f"{BASE}/command/{name}", {"id": request_id, **envelope})
    message = await client.wait_for(
        lambda one: str(one.topic) == f"{BASE}/reply" and client.json(one)["id"] == request_id
    )
    reply: dict[str, Any] = client.json(message)
    return reply


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_claim_on_the_bus_is_refused_to_others_and_ends_with_its_till(
    broker: Broker, tmp_path: Path, version: Any
) -> None:
    async with serving(broker, tmp_path) as desk, broker.client(version) as other:
        await other.subscribe(f"{BASE}/reply")
        async with broker.client(version) as till:
            await till.subscribe(f"{BASE}/reply")
            await till.publish(TERMINAL, {"state": "online"}, is_retained=True)
            taken = await on_bus(till, "claim", "c-1", params={"owner": "T1", "ttl_s": 300})
            token = taken["result"]["claim"]
            assert (await on_bus(till, "print", "p-1", claim=token))["status"] == "completed"
            refused = await on_bus(other, "print", "p-2")
            assert refused["error"]["code"] == "claimed"
            assert refused["error"]["retryable"] is True
            assert refused["error"]["details"]["owner"] == "T1"
            assert 0 < refused["error"]["details"]["remaining_s"] <= 300
            assert (await on_bus(other, "claim", "c-2", params={"owner": "T2"}))["error"]["code"] == "claimed"
            # As the broker does for a till that died.
            await other.publish(TERMINAL, {"state": "offline"}, is_retained=True)
            await wait_until(lambda: bool(desk.lost))
        assert (await on_bus(other, "print", "p-3"))["status"] == "completed"
        assert (await on_bus(other, "print", "p-4", claim=token))["error"]["code"] == "not_claimed"


async def test_claim_of_a_till_that_dies_without_a_word_ends_by_its_last_will(broker: Broker, tmp_path: Path) -> None:
    async with serving(broker, tmp_path) as desk, broker.client() as other:
        await other.subscribe(f"{BASE}/reply")
        till = aiomqtt.Client(broker.host, broker.port, will=aiomqtt.Will(TERMINAL, b'{"state":"offline"}', 1, True))
        with suppress(aiomqtt.MqttError):
            async with till:
                await till.publish(TERMINAL, b'{"state":"online"}', qos=1, retain=True)
                await till.publish(f"{BASE}/command/claim", b'{"id":"c-1","params":{"owner":"T1","ttl_s":300}}', qos=1)
                await other.wait_for(lambda one: other.json(one)["id"] == "c-1")
                assert (await on_bus(other, "print", "p-1"))["error"]["code"] == "claimed"
                connection = till._client.socket()
                assert isinstance(connection, socket.socket)
                connection.shutdown(socket.SHUT_RDWR)  # the box loses its power
                await wait_until(lambda: bool(desk.lost))
        assert [lost.why.value for lost in desk.lost] == ["owner_offline"]
        assert (await on_bus(other, "print", "p-2"))["status"] == "completed"


async def test_terminal_states_that_say_nothing_end_no_claim(broker: Broker, tmp_path: Path) -> None:
    async with serving(broker, tmp_path) as desk, broker.client() as till:
        await till.subscribe(f"{BASE}/reply")
        await on_bus(till, "claim", "c-1", params={"owner": "T1"})
        for payload in (b"", b"offline", b"[]", b'{"state": "tired"}', b"{" * 5000, b'{"state": "online"}'):
            await till.publish(TERMINAL, payload)
        await till.publish("edge/v1/S001/lane-1/pos/T 1/state", b'{"state": "offline"}')
        assert (await on_bus(till, "print", "p-1"))["error"]["code"] == "claimed"
        assert desk.lost == []


async def test_each_of_many_claims_at_once_gets_one_reply_and_one_of_them_is_granted(
    broker: Broker, tmp_path: Path
) -> None:
    async with serving(broker, tmp_path), broker.client() as client:
        await client.subscribe(f"{BASE}/reply")
        for number in range(40):
            body = {"id": f"c-{number}", "params": {"owner": f"T{number}"}}
            for _ in range(2):
                await client.publish(f"{BASE}/command/claim", body)
        await on_bus(client, "read_status", "last")
        replies = [client.json(message) for message in client.on("/reply")]
        granted = {reply["id"] for reply in replies if reply["status"] == "completed"} - {"last"}
        assert len(granted) == 1
        assert {reply["id"] for reply in replies} == {f"c-{number}" for number in range(40)} | {"last"}
