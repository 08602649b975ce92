"""Requests through a real broker: each gets exactly one final reply, whatever was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiomqtt
import pytest
from structlog.testing import capture_logs

from edge_gateway.bus import in_hand
from edge_gateway.bus.subscriber import RequestSubscriber
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts import log_events
from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.commands import Reply, Request
from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.states import ReplyStatus
from tests.support.broker import MQTT_5, MQTT_311, Broker, wait_until
from tests.support.bus import STORE, make_bus, running

COMMAND = "edge/v1/S001/lane-1/pos/T1/command/echo"
REPLY = "edge/v1/S001/lane-1/pos/T1/reply"
PRINT = "edge/v1/S001/lane-1/pos_printer/p1/command/print"
SECRET = "4111 1111 1111 1111"


class Echo:
    """Answers with the params; ``release`` holds replies back, ``stalled`` those of one command."""

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self.release = asyncio.Event()
        self.release.set()
        self.stalled: str | None = None

    async def __call__(self, request: Request) -> Reply:
        self.requests.append(request)
        if self.stalled in (None, request.name):
            await self.release.wait()
        if request.params.get("fail"):
            raise ZeroDivisionError(SECRET)
        if request.params.get("refuse"):
            raise RequestError(ErrorCode.COVER_OPEN, "close it")
        return Reply(request.id, ReplyStatus.COMPLETED, request.params)


@asynccontextmanager
async def echoing(
    broker: Broker, requests_concurrent_max: int = 100, **limits: int
) -> AsyncIterator[tuple[Echo, RequestSubscriber]]:
    echo, bus = Echo(), make_bus(broker, requests_concurrent_max=requests_concurrent_max)
    subscriber = RequestSubscriber(bus, Topics(STORE), echo, SystemClock(), **limits)
    async with running(bus):
        yield echo, subscriber


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_request_is_answered_on_the_default_topic(broker: Broker, version: Any) -> None:
    async with echoing(broker), broker.client(version) as client:
        await client.subscribe(REPLY)
        await client.publish(COMMAND, {"id": "r-1", "params": {"a": [1, None, "ä"]}})
        reply = client.json(await client.wait_for(lambda message: True))
    assert reply == {"id": "r-1", "status": "completed", "result": {"a": [1, None, "ä"]}}


async def test_request_is_answered_on_the_response_topic_with_correlation_data(broker: Broker) -> None:
    async with echoing(broker), broker.client() as client:
        await client.subscribe("mine/#")
        await client.subscribe("edge/#")
        envelope = {"id": "r-1", "reply_to": "edge/v1/S001/lane-1/elsewhere"}
        await client.publish(COMMAND, envelope, response_topic="mine/1", correlation_data=b"\x00\x01")
        message = await client.wait_for(lambda message: str(message.topic) == "mine/1")
        assert message.properties is not None
        assert message.properties.CorrelationData == b"\x00\x01"
        assert message.properties.ContentType == "application/json"
        await client.publish(COMMAND, {"id": "r-2"}, correlation_data=b"\x02")
        message = await client.wait_for(lambda message: str(message.topic) == REPLY)
        assert message.properties is not None
        assert message.properties.CorrelationData == b"\x02"
        assert len(client.on("elsewhere")) == 0


async def test_request_is_answered_where_the_payload_says(broker: Broker) -> None:
    async with echoing(broker), broker.client(MQTT_311) as client:
        await client.subscribe("edge/v1/S001/lane-1/mine/#")
        await client.publish(COMMAND, {"id": "r-1", "reply_to": "edge/v1/S001/lane-1/mine/7"})
        assert client.json((await client.wait_for_count(1))[0])["id"] == "r-1"


BAD = {
    "not_utf8": (b"\xff{}", None, "not UTF-8 at byte 0"),
    "not_json": (b'{"id": "r-1",\n "params": }', None, "line 2, column 12"),
    "empty": (b"", None, "line 1, column 1"),
    "no_object": (b'["id"]', None, "expected a JSON object"),
    "too_large": (b'{"id": "r-1", "params": {"text": "' + b"x" * 5000 + b'"}}', "r-1", "at most 4096 are taken"),
    "far_too_large": (b'{"id": "r-1", "params": {"text": "' + b"x" * 17000 + b'"}}', None, "at most 4096 are taken"),
    "no_id": (b'{"params": {}}', None, "id: is missing"),
    "id_is_a_number": (b'{"id": 7}', None, "id:"),
    "unknown_field": (b'{"id": "r-1", "parameters": {}}', "r-1", "parameters: is not a field"),
    "params_is_a_list": (b'{"id": "r-1", "params": []}', "r-1", "params:"),
    "expiry_without_zone": (b'{"id": "r-1", "expires_at": "2099-01-01T00:00:00"}', "r-1", "expires_at:"),
    "nan": (b'{"id": "r-1", "params": {"a": NaN}}', None, "NaN is not JSON"),
    "infinite": (b'{"id": "r-1", "params": {"a": 1e999}}', None, "out of range"),
    "long_number": (b'{"id": "r-1", "params": {"a": ' + b"9" * 1000 + b"}}", None, "out of range"),
    "twice": (b'{"id": "r-1", "params": {"a": 1, "a": 2}}', None, "stands twice"),
    "half_a_pair": (b'{"id": "r-1", "params": {"a": "\\ud800"}}', None, "surrogate"),
    "deep": (b'{"id": ' + b"[" * 40 + b"]" * 40 + b"}", None, "nested too deeply"),
    "very_deep": (b"[" * 4000, None, "payload: n"),
    "reply_to_command": (json.dumps({"id": "r-1", "reply_to": COMMAND}).encode(), "r-1", "reply_to:"),
    "reply_to_other_lane": (b'{"id": "r-1", "reply_to": "edge/v1/S001/lane-2/x"}', "r-1", "reply_to:"),
    "reply_to_wildcard": (b'{"id": "r-1", "reply_to": "edge/v1/S001/lane-1/#"}', "r-1", "reply_to:"),
}


@pytest.mark.parametrize("version", [MQTT_5, MQTT_311])
async def test_bad_requests_each_get_one_clear_reply(broker: Broker, version: Any) -> None:
    async with echoing(broker, request_bytes_max=4096) as (echo, subscriber), broker.client(version) as client:
        await client.subscribe(REPLY)
        for name, (payload, request_id, expected) in BAD.items():
            client.messages.clear()
            await client.publish(COMMAND, payload)
            # A good one behind it: when that is answered, all replies to the bad one are here.
            reply = client.json((await client.wait_for_count(1))[0])
            await client.publish(COMMAND, {"id": "good"})
            replies = await client.wait_for_count(2)
            assert [client.json(found)["id"] for found in replies] == [request_id, "good"], name
            assert reply["status"] == "failed", name
            assert reply["error"]["code"] == "invalid_request", name
            assert expected in reply["error"]["message"], name
            assert reply["error"]["retryable"] is False, name
        assert len(echo.requests) == len(BAD)
        assert subscriber.counters["refused:invalid_request"] == len(BAD)
        assert subscriber.counters["replies:failed"] == len(BAD)


async def test_request_on_an_impossible_topic_is_refused(broker: Broker) -> None:
    async with echoing(broker) as (echo, _), broker.client() as client:
        await client.subscribe("edge/v1/S001/lane 1/pos/T1/reply")
        await client.publish("edge/v1/S001/lane 1/pos/T1/command/echo", {"id": "r-1"})
        reply = client.json((await client.wait_for_count(1))[0])
        assert (reply["id"], reply["error"]["code"]) == ("r-1", "invalid_request")
        assert echo.requests == []


async def test_request_carries_its_claim(broker: Broker) -> None:
    async with echoing(broker) as (echo, _), broker.client() as client:
        await client.subscribe(REPLY)
        await client.publish(COMMAND, {"id": "r-1", "claim": "token"})
        await client.publish(COMMAND, {"id": "r-2", "claim": None})
        await client.wait_for_count(2)
        assert [request.claim for request in echo.requests] == ["token", None]
        assert "token" not in repr(echo.requests[0])


async def test_retained_request_is_refused(broker: Broker) -> None:
    async with broker.client() as client:
        await client.subscribe(REPLY)
        # One that waits at the broker before the gateway comes is not even looked at.
        await client.publish(COMMAND, {"id": "old"}, is_retained=True)
        async with echoing(broker) as (echo, _):
            await client.publish(COMMAND, {"id": "live"}, is_retained=True)
            reply = client.json((await client.wait_for_count(1))[0])
            assert (reply["error"]["code"], "retain" in reply["error"]["message"]) == ("invalid_request", True)
            await client.publish(COMMAND, {"id": "good"})
            assert client.json((await client.wait_for_count(2))[1])["id"] == "good"
            assert len(echo.requests) == 1


async def test_handler_that_fails_is_answered_and_logged_without_its_secrets(broker: Broker) -> None:
    with capture_logs() as logs:
        await check_failing_handlers(broker)
    [line] = [line for line in logs if line["event"] == log_events.REQUEST_FAILED]
    assert (line["error"], "raise ZeroDivisionError" in line["stack"]) == ("ZeroDivisionError", True)
    assert not [value for value in line.values() if isinstance(value, BaseException) or SECRET in str(value)]


async def test_handler_that_fails_for_a_device_is_not_asked_again(broker: Broker) -> None:
    """It may have printed before; a transaction is known by its own id, whatever the request's."""
    async with echoing(broker), broker.client() as client:
        await client.subscribe(REPLY)
        await client.publish(PRINT, {"id": "r-1", "params": {"fail": True}, "reply_to": REPLY})
        reply = client.json((await client.wait_for_count(1))[0])
    assert (reply["status"], reply["error"]["code"], reply["error"]["retryable"]) == ("failed", "internal", False)


async def check_failing_handlers(broker: Broker) -> None:
    async with echoing(broker) as (_, subscriber), broker.client() as client:
        await client.subscribe(REPLY)
        await client.publish(COMMAND, {"id": "r-1", "params": {"fail": True}})
        reply = client.json((await client.wait_for_count(1))[0])
        assert (reply["error"]["code"], reply["error"]["retryable"]) == ("internal", True)
        assert SECRET not in json.dumps(reply)
        assert subscriber.counters["failed:internal"] == 1
        await client.publish(COMMAND, {"id": "r-2", "params": {"refuse": True}})
        assert client.json((await client.wait_for_count(2))[1])["error"]["code"] == "cover_open"


async def test_request_repeated_while_it_is_handled_is_not_run_twice(broker: Broker) -> None:
    async with echoing(broker) as (echo, subscriber), broker.client() as client:
        await client.subscribe("mine/#")
        await client.subscribe(REPLY)
        echo.release.clear()
        await client.publish(COMMAND, {"id": "r-1", "params": {"n": 1}}, response_topic="mine/1")
        await wait_until(lambda: len(echo.requests) == 1)
        await client.publish(COMMAND, {"id": "r-1", "params": {"n": 1}}, response_topic="mine/1")
        await client.publish(COMMAND, {"params": {"n": 1}, "id": "r-1"}, response_topic="mine/2")
        await wait_until(lambda: subscriber.counters["joined"] == 2)
        await client.publish(COMMAND, {"id": "r-1", "params": {"n": 2}}, response_topic="mine/3")
        conflict = await client.wait_for(lambda message: str(message.topic) == "mine/3")
        assert client.json(conflict)["error"]["code"] == "conflict"
        echo.release.set()
        await client.wait_for(lambda message: str(message.topic) == "mine/2")
        await client.publish(COMMAND, {"id": "last"})
        await client.wait_for_count(1, REPLY)
        assert sorted(str(message.topic) for message in client.on("mine/")) == ["mine/1", "mine/2", "mine/3"]
        assert [request.id for request in echo.requests] == ["r-1", "last"]


async def test_printer_that_stalls_holds_up_no_other_lane(broker: Broker) -> None:
    """However often its till repeats one print, or sends others: what a terminal submits finds its way at once."""
    async with echoing(broker, requests_concurrent_max=10) as (echo, subscriber), broker.client() as client:
        await client.subscribe("mine/#")
        await client.subscribe(REPLY)
        echo.stalled = "print"
        echo.release.clear()
        for number in range(100):
            await client.publish(PRINT, {"id": "p-1"}, response_topic=f"mine/{number}")
        for number in range(100):
            await client.publish(PRINT, {"id": f"other-{number}"}, response_topic="mine/others")
        await wait_until(lambda: subscriber.counters["requests"] == 200)
        assert subscriber.counters["joined"] == 99
        await client.publish(COMMAND, {"id": "sale"})
        assert client.json((await client.wait_for_count(1, REPLY, timeout_s=2))[0])["id"] == "sale"
        echo.release.set()
        await client.wait_for_count(200, "mine/")
        assert len({str(message.topic) for message in client.on("mine/")}) == 101
        assert len(echo.requests) == 102


async def test_requests_at_qos_0_that_find_no_room_are_answered_busy(
    broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing holds them back at the broker. Devices do not take the room of sales, and sales at QoS 1 need none."""
    monkeypatch.setattr(in_hand, "UNHELD_BYTES_MAX", 5 * (in_hand.REQUEST_BYTES + 100))
    async with echoing(broker) as (echo, _), broker.client() as client:
        await client.subscribe("edge/v1/S001/lane-1/+/+/reply")
        echo.release.clear()
        for topic in (PRINT, COMMAND):
            for number in range(8):
                await client.publish(topic, {"id": f"r-{number}"}, qos=0)
        for message in await client.wait_for_count(6, timeout_s=2):
            reply = client.json(message)
            assert (reply["status"], reply["error"]["code"], reply["error"]["retryable"]) == ("failed", "busy", True)
        for number in range(20):
            await client.publish(COMMAND, {"id": f"held-back-{number}"})
        await wait_until(lambda: len(echo.requests) == 30)
        echo.release.set()
        await client.wait_for_count(36)
        await client.publish(PRINT, {"id": "r-7"}, qos=0)
        assert client.json((await client.wait_for_count(37))[-1])["status"] == "completed"


async def test_command_to_a_device_that_was_sent_while_the_gateway_was_away_is_not_carried_out(broker: Broker) -> None:
    async with broker.client() as client:
        await client.subscribe(REPLY)
        async with echoing(broker):
            pass
        await client.publish(PRINT, {"id": "old"})
        await client.publish(COMMAND, {"id": "sale"})
        async with echoing(broker) as (echo, _):
            await client.publish(PRINT, {"id": "new", "reply_to": REPLY})
            assert {client.json(message)["id"] for message in await client.wait_for_count(2)} == {"sale", "new"}
            assert {request.id for request in echo.requests} == {"sale", "new"}


async def test_every_request_is_answered_though_the_broker_goes_away(tmp_path: Path) -> None:
    """The gateway has taken the requests; the broker goes away before the replies; the terminal's session survives."""
    broker = Broker(tmp_path, is_persistent=True)
    await broker.start()
    terminal: dict[str, Any] = {"identifier": "pos-T1", "clean_session": False}
    try:
        async with echoing(broker) as (echo, subscriber):
            echo.release.clear()
            async with aiomqtt.Client(broker.host, broker.port, **terminal) as client:
                await client.subscribe(REPLY, qos=1)
                for number in range(50):
                    await client.publish(COMMAND, json.dumps({"id": f"r-{number}"}), qos=1)
                await wait_until(lambda: len(echo.requests) == 50)
            await broker.stop()
            echo.release.set()
            await wait_until(lambda: subscriber.counters["replies:completed"] == 50)
            await broker.start()
            answered = set()
            async with aiomqtt.Client(broker.host, broker.port, **terminal) as client, asyncio.timeout(10):
                async for message in client.messages:
                    assert isinstance(message.payload, bytes)
                    answered.add(json.loads(message.payload)["id"])
                    if len(answered) == 50:
                        break
        assert len(answered) == 50
    finally:
        await broker.stop()
