"""The HTTPS uplink against the cloud, and against servers that behave as badly as servers do."""

from __future__ import annotations

import asyncio
import gzip
import json
import ssl
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.settings_uplinks import CloudSettings, OAuthSettings
from edge_gateway.uplinks.http import http_client
from edge_gateway.uplinks.http.https import HttpsUplink
from simulators.cloud import CloudSimulator
from tests.support.clock import FakeClock
from tests.support.http_far_end import Exchange, http_far_end
from tests.support.stores import event
from tests.support.waiting import wait_until


@pytest.fixture
async def cloud() -> AsyncIterator[CloudSimulator]:
    async with CloudSimulator() as simulator:
        yield simulator


def oauth_settings(cloud: CloudSimulator, folder: Path, secret: str | None = None) -> OAuthSettings:
    file = folder / "client-secret"
    file.write_text((secret or cloud.client_secret) + "\n")
    return OAuthSettings(token_url=cloud.token_url, client_id=cloud.client_id, client_secret_file=file)


def uplink_to(url: str, **settings: object) -> HttpsUplink:
    return HttpsUplink(CloudSettings.model_validate({"base_url": url, **settings}), SystemClock())


async def accept_all(exchange: Exchange) -> None:
    body = gzip.decompress(exchange.body) if "content-encoding" in exchange.headers else exchange.body
    results = [{"id": one["id"], "status": "accepted"} for one in json.loads(body)]
    await exchange.answer(200, json.dumps({"results": results}).encode())


@pytest.mark.parametrize(
    ("stream", "endpoint"),
    [
        ("transactions", "/v1/orders/events"),
        ("inventory", "/v1/inventory/events"),
        ("device_events", "/v1/events"),
        ("telemetry", "/v1/events"),
        ("audit", "/v1/events"),
    ],
)
async def test_uplink_sends_each_stream_to_its_service(
    cloud: CloudSimulator, tmp_path: Path, stream: str, endpoint: str
) -> None:
    uplink = uplink_to(cloud.url + "/", oauth=oauth_settings(cloud, tmp_path))
    events = [event(f"e{number}", stream=stream) for number in range(3)]
    assert await uplink.deliver(stream, events) == {"e0": DELIVERED, "e1": DELIVERED, "e2": DELIVERED}
    assert cloud.ledger.entries["e1"].endpoint == endpoint
    assert await uplink.deliver(stream, events) == {"e0": DELIVERED, "e1": DELIVERED, "e2": DELIVERED}
    assert cloud.ledger.summary()["applied_twice"] == 0
    assert cloud.tokens.issued == 1
    await uplink.close()


async def test_uplink_sends_the_very_bytes_that_were_accepted_with_one_key_per_batch() -> None:
    events = [event("e1"), event("e2")]
    async with http_far_end(accept_all) as far_end:
        uplink = uplink_to(far_end.url())
        for batch in (events, events, events[:1]):
            await uplink.deliver("transactions", batch)
        await uplink.close()
    first, again, other = far_end.requests
    assert first.body == b"[" + events[0].payload + b"," + events[1].payload + b"]"
    assert first.headers["content-type"] == "application/cloudevents-batch+json"
    assert first.headers["idempotency-key"] == again.headers["idempotency-key"] != other.headers["idempotency-key"]
    assert "content-encoding" not in first.headers
    assert "authorization" not in first.headers
    assert far_end.connections == 1


@pytest.mark.parametrize("padding", [2_000, 200_000])
async def test_uplink_compresses_what_is_large(padding: int) -> None:
    async with http_far_end(accept_all) as far_end:
        uplink = uplink_to(far_end.url())
        large = replace(event("e1"), payload=json.dumps({"id": "e1", "padding": "x" * padding}).encode())
        assert await uplink.deliver("transactions", [large]) == {"e1": DELIVERED}
        await uplink.close()
    assert far_end.requests[0].headers["content-encoding"] == "gzip"
    assert len(far_end.requests[0].body) < 1_500


async def test_uplink_gives_the_reason_of_a_refusal(cloud: CloudSimulator, tmp_path: Path) -> None:
    uplink = uplink_to(cloud.url, oauth=oauth_settings(cloud, tmp_path))
    await uplink.deliver("transactions", [event("e1")])
    outcomes = await uplink.deliver("transactions", [event("e1", padding=5), event("e2")])
    assert "conflict" in outcomes["e1"]
    assert outcomes["e2"] == DELIVERED
    await uplink.close()


async def test_uplink_gets_a_new_token_when_the_cloud_forgot_it(cloud: CloudSimulator, tmp_path: Path) -> None:
    uplink = uplink_to(cloud.url, oauth=oauth_settings(cloud, tmp_path))
    await uplink.deliver("transactions", [event("e1")])
    cloud.tokens.forget_all()
    assert await uplink.deliver("transactions", [event("e2")]) == {"e2": DELIVERED}
    assert cloud.tokens.issued == 2
    cloud.set_fault("unauthorized")
    with pytest.raises(CloudTransientError, match=r"401.*check cloud.oauth"):
        await uplink.deliver("transactions", [event("e3")])
    assert cloud.tokens.issued == 3, "a 401 is answered with one new token, not with one after the other"
    await uplink.close()


async def test_uplink_replaces_its_token_before_it_expires(tmp_path: Path) -> None:
    clock = FakeClock()
    async with CloudSimulator(token_lifetime_s=100, monotonic=clock.monotonic) as cloud:
        settings = CloudSettings(base_url=cloud.url, oauth=oauth_settings(cloud, tmp_path))
        uplink = HttpsUplink(settings, clock)
        for elapsed_s, tokens in ((0, 1), (80, 1), (15, 2), (85, 2), (6, 3)):
            await clock.advance(elapsed_s)
            await uplink.deliver("transactions", [event("e1")])
            assert cloud.tokens.issued == tokens
        assert uplink.counters["answers:401"] == 0
        await uplink.close()


async def test_uplink_asks_for_one_token_however_many_streams_want_one(cloud: CloudSimulator, tmp_path: Path) -> None:
    uplink = uplink_to(cloud.url, oauth=oauth_settings(cloud, tmp_path))
    streams = ("transactions", "inventory", "device_events", "telemetry", "audit")
    await asyncio.gather(*(uplink.deliver(name, [event(name, stream=name)]) for name in streams))
    assert cloud.tokens.issued == 1
    await uplink.close()


async def test_uplink_says_what_is_wrong_with_its_credentials_without_showing_them(
    cloud: CloudSimulator, tmp_path: Path
) -> None:
    oauth = oauth_settings(cloud, tmp_path, secret="wrong-secret")
    uplink = uplink_to(cloud.url, oauth=oauth)
    with pytest.raises(CloudTransientError, match=r"refuses this client \(401\)") as caught:
        await uplink.deliver("transactions", [event("e1")])
    assert "wrong-secret" not in str(caught.value)
    oauth.client_secret_file.write_text(" \n")
    with pytest.raises(CloudTransientError, match="client-secret is empty"):
        await uplink.deliver("transactions", [event("e1")])
    oauth.client_secret_file.unlink()
    with pytest.raises(CloudTransientError, match="cannot be read: No such file"):
        await uplink.deliver("transactions", [event("e1")])
    oauth.client_secret_file.write_text(cloud.client_secret)
    assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
    await uplink.close()


@pytest.mark.parametrize("answer", [b"", b"[]", b'{"access_token": 5}', b'{"access_token": "a\\r\\nb"}', b"<html>"])
async def test_uplink_takes_no_token_that_is_none(tmp_path: Path, answer: bytes) -> None:
    async def strange(exchange: Exchange) -> None:
        await exchange.answer(200, answer)

    (tmp_path / "secret").write_text("s")
    async with http_far_end(strange) as far_end:
        oauth = {"token_url": far_end.url(), "client_id": "c", "client_secret_file": tmp_path / "secret"}
        uplink = uplink_to(far_end.url(), oauth=oauth)
        with pytest.raises(CloudTransientError, match="without a usable access_token"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


async def test_uplink_tells_refused_from_unknown_from_stalled(cloud: CloudSimulator) -> None:
    port = cloud.port
    await cloud.stop()
    uplink = uplink_to(f"http://127.0.0.1:{port}")
    with pytest.raises(CloudTransientError, match=rf"http://127.0.0.1:{port}/v1/orders/events: .*refused|failed"):
        await uplink.deliver("transactions", [event("e1")])
    await uplink.close()
    uplink = uplink_to("https://host.invalid")
    with pytest.raises(CloudTransientError, match=r"^https://host.invalid/v1/orders/events: "):
        await uplink.deliver("transactions", [event("e1")])
    await uplink.close()


def test_uplink_shows_no_password_and_no_query_of_an_address() -> None:
    """The configuration refuses such addresses already; what goes into logs does not rely on it."""
    shown = http_client.speakable("https://user:pass-word@cloud.invalid:8443/v1/events?token=t-1")
    assert shown == "https://cloud.invalid:8443/v1/events"


async def test_uplink_drops_the_connection_of_a_server_that_stalls() -> None:
    async def stall(exchange: Exchange) -> None:
        if len(far_end.requests) > 1:
            await accept_all(exchange)

    async with http_far_end(stall) as far_end:
        uplink = uplink_to(far_end.url(), response_timeout_s=0.1)
        with pytest.raises(CloudTransientError, match=r"took the request and gave no whole answer in 0.1 s"):
            await uplink.deliver("transactions", [event("e1")])
        await wait_until(lambda: far_end.connections_lost == 1, what="the end of the stalled connection")
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        assert far_end.connections == 2
        await uplink.close()


async def test_uplink_does_not_wait_for_ever_on_an_answer_that_trickles() -> None:
    async def trickle(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while not exchange.writer.is_closing():
            exchange.writer.write(b" ")
            await exchange.writer.drain()
            await asyncio.sleep(0.01)

    async with http_far_end(trickle) as far_end:
        uplink = uplink_to(far_end.url(), response_timeout_s=0.2, connect_timeout_s=0.1)
        async with asyncio.timeout(5):
            with pytest.raises(CloudTransientError, match="no whole answer"):
                await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


async def test_uplink_reads_no_endless_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_client, "ANSWER_BYTES_MAX", 1000)

    async def endless(exchange: Exchange) -> None:
        await exchange.answer(200, b"x" * 5000)

    async with http_far_end(endless) as far_end:
        uplink = uplink_to(far_end.url())
        with pytest.raises(CloudTransientError, match="longer than 1000 bytes"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


@pytest.mark.parametrize(
    "raw",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", b"HTTP/1.1 200 OK\r\nContent-Le"],
    ids=["closed", "no HTTP", "cut in the body", "cut in the head"],
)
async def test_uplink_survives_answers_that_are_cut_or_no_http(raw: bytes) -> None:
    async def broken(exchange: Exchange) -> None:
        exchange.writer.write(raw)
        await exchange.writer.drain()
        exchange.writer.close()

    async with http_far_end(broken) as far_end:
        uplink = uplink_to(far_end.url())
        with pytest.raises(CloudTransientError):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


async def test_uplink_follows_no_redirect() -> None:
    async def redirect(exchange: Exchange) -> None:
        await exchange.answer(307, headers="Location: http://127.0.0.1:1/elsewhere\r\n")

    async with http_far_end(redirect) as far_end:
        uplink = uplink_to(far_end.url())
        with pytest.raises(CloudTransientError, match="307"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


async def test_uplink_tells_the_forwarder_when_a_request_is_refused_as_a_whole(cloud: CloudSimulator) -> None:
    async def refuse(exchange: Exchange) -> None:
        await exchange.answer(400, b'{"detail": "no"}')

    async with http_far_end(refuse) as far_end:
        uplink = uplink_to(far_end.url())
        with pytest.raises(CloudPermanentError, match=r"400 \(no\)"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()


async def test_uplink_trusts_the_configured_authority_and_no_other(tmp_path: Path) -> None:
    authority = trustme.CA()
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with http_far_end(accept_all, tls=tls) as far_end:
        uplink = uplink_to(far_end.url("https"), ca_file=tmp_path / "ca.pem")
        assert await uplink.deliver("transactions", [event("e1")]) == {"e1": DELIVERED}
        await uplink.close()
        uplink = uplink_to(far_end.url("https"))
        with pytest.raises(CloudTransientError, match="its certificate is not trusted"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()
        uplink = uplink_to(far_end.url("https"), ca_file=tmp_path / "missing.pem")
        with pytest.raises(CloudTransientError, match=r"cloud.ca_file .*missing.pem cannot be used"):
            await uplink.deliver("transactions", [event("e1")])
        await uplink.close()
