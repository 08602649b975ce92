"""Webhooks: signed, once each, in the order of their source, and what each answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

import pytest

from edge_gateway.contracts.clock import Clock, SystemClock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.settings_uplinks import WebhookSettings
from edge_gateway.uplinks.http.webhook import WebhookUplink
from edge_gateway.uplinks.http.webhook_signature import read_secrets, signature
from simulators.webhook_receiver import TOLERANCE_S, ReceiverFault, WebhookReceiver, make_secret
from tests.support.clock import FakeClock
from tests.support.http_far_end import Exchange, http_far_end
from tests.support.stores import event


def uplink_to(url: str, folder: Path, *secrets: str, clock: Clock | None = None, **settings: Any) -> WebhookUplink:
    (folder / "secret").write_text("\n".join(secrets) + "\n")
    wanted = {"kind": "webhook", "name": "hook", "url": url, "secret_file": folder / "secret", **settings}
    return WebhookUplink(WebhookSettings.model_validate(wanted), "S001", clock or SystemClock())


def of_source(event_id: str, source: str, kind: str = "com.edge-gateway.scanner.barcode_scanned.v1") -> OutboxEvent:
    return OutboxEvent(event_id, "device_events", source, kind, json.dumps({"id": event_id}).encode())


def test_signature_is_that_of_the_specification() -> None:
    """The example of the specification's own libraries."""
    keys = read_secrets("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert signature(keys, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


async def test_event_arrives_signed_once_as_the_bytes_that_were_accepted(tmp_path: Path) -> None:
    secret = make_secret()
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        batch = [event("e1"), event("e2")]
        assert await uplink.deliver("transactions", batch) == {"e1": DELIVERED, "e2": DELIVERED}
        assert await uplink.deliver("transactions", batch[:1]) == {"e1": DELIVERED}
        await uplink.close()
        assert list(receiver.events.values()) == [json.loads(each.payload) for each in batch]
        assert receiver.counters["duplicates"] == 1
        assert receiver.refusals == []


async def test_request_is_made_of_the_standards(tmp_path: Path) -> None:
    async def take(exchange: Exchange) -> None:
        await exchange.answer(200)

    secret = make_secret()
    sent = event("e1")
    async with http_far_end(take) as far_end:
        uplink = uplink_to(far_end.url() + "/hook?tenant=1", tmp_path, secret)
        await uplink.deliver("transactions", [sent])
        await uplink.close()
    [request] = far_end.requests
    assert (request.path, request.body) == ("/hook?tenant=1", sent.payload)
    assert request.headers["content-type"] == "application/cloudevents+json"
    assert (request.headers["webhook-id"], request.headers["edge-store"]) == ("e1", "S001")
    timestamp = request.headers["webhook-timestamp"]
    assert abs(time.time() - int(timestamp)) < 60
    key = base64.b64decode(secret.removeprefix("whsec_"))
    digest = hmac.digest(key, b"e1." + timestamp.encode() + b"." + sent.payload, hashlib.sha256)
    assert request.headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


async def test_secret_is_replaced_without_a_gap(tmp_path: Path) -> None:
    old, new = make_secret(), make_secret()
    async with WebhookReceiver([old]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, old)
        for number, (file, known) in enumerate(((f"{old}\n{new}", old), (f"{old}\n{new}", new), (new, new))):
            (tmp_path / "secret").write_text(file)
            receiver.secrets = [known]
            assert await uplink.deliver("transactions", [event(f"e{number}")]) == {f"e{number}": DELIVERED}
        await uplink.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("hunter2-hunter2-hunter2", r"line 1: expected whsec_"),
        ("whsec_c2hvcnQ=", r"line 1: expected whsec_"),
        ("whsec_!!!", r"line 1: expected whsec_"),
        ("\n".join([make_secret()] * 3), "has 3 lines"),
    ],
)
async def test_secret_that_is_none_is_told_without_showing_it(tmp_path: Path, content: str, words: str) -> None:
    uplink = uplink_to("http://127.0.0.1:1/hook", tmp_path, content)
    with pytest.raises(CloudTransientError, match=rf"uplink.hook.secret_file .*secret.*{words}") as caught:
        await uplink.deliver("transactions", [event("e1")])
    assert "hunter2" not in str(caught.value)
    await uplink.close()


@pytest.mark.parametrize("status", [400, 409, 413, 422])
async def test_event_that_is_refused_does_not_stop_the_others(tmp_path: Path, status: int) -> None:
    secret = make_secret()
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        receiver.fault = ReceiverFault("status", status, requests=1)
        outcomes = await uplink.deliver("transactions", [event("e1"), event("e2")])
        assert outcomes == {"e1": f"refused by the receiver: {status}", "e2": DELIVERED}
        await uplink.close()


@pytest.mark.parametrize("status", [307, 401, 403, 404, 408, 425, 429, 500, 503])
async def test_trouble_that_is_not_the_events_is_tried_again(tmp_path: Path, status: int) -> None:
    secret = make_secret()
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        receiver.fault = ReceiverFault("status", status, retry_after_s=7)
        with pytest.raises(CloudTransientError, match=str(status)) as caught:
            await uplink.deliver("transactions", [event("e1"), event("e2")])
        assert receiver.counters["requests"] == 1, "the second waits as well"
        assert caught.value.retry_after_s == (None if status in (401, 403) else 7)
        await uplink.close()


async def test_subscription_that_is_over_is_told_and_its_events_are_kept(tmp_path: Path) -> None:
    secret = make_secret()
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        receiver.fault = ReceiverFault("status", 410)
        with pytest.raises(CloudTransientError, match=r"ended this subscription; remove \[\[uplink\]\] hook") as caught:
            await uplink.deliver("transactions", [event("e1")])
        assert caught.value.retry_after_s == 900
        await uplink.close()


async def test_what_was_delivered_before_the_trouble_is_told(tmp_path: Path) -> None:
    async def two_then_none(exchange: Exchange) -> None:
        await exchange.answer(200 if len(far_end.requests) <= 2 else 500)

    async with http_far_end(two_then_none) as far_end:
        uplink = uplink_to(far_end.url(), tmp_path, make_secret())
        outcomes = await uplink.deliver("transactions", [event(f"e{number}") for number in range(5)])
        assert outcomes == {"e0": DELIVERED, "e1": DELIVERED}
        assert len(far_end.requests) == 3
        await uplink.close()


@pytest.mark.parametrize("kind", ["lost_reply", "reset"])
async def test_event_whose_answer_is_lost_has_its_effect_once(tmp_path: Path, kind: str) -> None:
    secret = make_secret()
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        receiver.fault = ReceiverFault(kind, requests=1)
        with pytest.raises(CloudTransientError):
            await uplink.deliver("transactions", [event("e1")])
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        assert receiver.counters["applied"] == 1
        await uplink.close()


async def test_receiver_that_stalls_is_left(tmp_path: Path) -> None:
    secret = make_secret()
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret, first_byte_timeout_s=0.2)
        receiver.fault = ReceiverFault("stall", requests=1)
        with pytest.raises(CloudTransientError, match=r"no byte of an answer in 0\.2 s"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


async def test_each_source_keeps_its_order_while_sources_go_side_by_side(tmp_path: Path) -> None:
    secret = make_secret()
    batch = [of_source(f"s{index % 7}-{index:03}", f"lane-1/s{index % 7}") for index in range(70)]
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        assert set((await uplink.deliver("device_events", batch)).values()) == {DELIVERED}
        for source in range(7):
            arrived = [event_id for event_id in receiver.events if event_id.startswith(f"s{source}-")]
            assert arrived == sorted(arrived)
            assert len(arrived) == 10
        await uplink.close()


async def test_box_with_a_wrong_clock_is_told_so_and_loses_no_event(tmp_path: Path) -> None:
    secret = make_secret()
    clock = FakeClock()
    clock.jump_wall_clock(time.time() - clock.now().timestamp() - TOLERANCE_S - 100)
    async with WebhookReceiver([secret]) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret, clock=clock)
        with pytest.raises(CloudTransientError, match=r"this box's clock is .* behind"):
            await uplink.deliver("transactions", [event("e1")])
        assert receiver.refusals == ["webhook-timestamp: too old, or in the future"]
        clock.jump_wall_clock(TOLERANCE_S + 100)
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        await uplink.close()


@pytest.mark.parametrize(
    ("types", "sources", "is_wanted"),
    [
        ((), (), True),
        (("com.edge-gateway.scanner.*",), (), True),
        (("com.edge-gateway.scanner.barcode_scanned.v1",), (), True),
        (("com.edge-gateway.scanner.barcode_scanned",), (), False),
        (("com.edge-gateway.scale.*", "*"), (), True),
        (("com.edge-gateway.scale.*",), (), False),
        ((), ("scanner-1",), True),
        ((), ("scanner-2",), False),
        (("com.edge-gateway.scale.*",), ("scanner-1",), False),
    ],
)
def test_filters_say_what_is_wanted(
    tmp_path: Path, types: tuple[str, ...], sources: tuple[str, ...], is_wanted: bool
) -> None:
    uplink = uplink_to("https://hook.example", tmp_path, make_secret(), types=types, sources=sources)
    assert uplink.wants(of_source("e1", "lane-1/scanner-1")) is is_wanted
    assert uplink.wants(of_source("e1", "/stores/S001/devices/scanner-1")) is is_wanted


async def test_receiver_refuses_replays_and_forgeries(tmp_path: Path) -> None:
    now = time.time()
    secret = make_secret()
    async with WebhookReceiver([secret], now=lambda: now) as receiver:
        uplink = uplink_to(receiver.url, tmp_path, secret)
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        receiver.secrets = [make_secret()]
        with pytest.raises(CloudTransientError, match=r"401; check uplink.hook.secret_file"):
            await uplink.deliver("transactions", [event("e2")])
        receiver.secrets, now = [secret], now + TOLERANCE_S + 10
        assert await uplink.deliver("transactions", [event("e2")]) == {"e2": "refused by the receiver: 400"}
        assert len(receiver.refusals) == 2
        await uplink.close()
