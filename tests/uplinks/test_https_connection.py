"""The way to the cloud: TLS versions, client certificates that change, a proxy, a time-out for each step."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.settings_uplinks import CloudSettings
from edge_gateway.uplinks.http.https import HttpsUplink
from simulators.cloud import CloudSimulator
from simulators.cloud.access import CloudTls
from simulators.http_proxy import HttpProxy, ProxyFault
from tests.support.cloud_access import Authority
from tests.support.http_far_end import Exchange, http_far_end
from tests.support.stores import event
from tests.support.tls_far_end import tls_far_end
from tests.support.waiting import wait_until


def uplink_to(url: str, **settings: object) -> HttpsUplink:
    return HttpsUplink(CloudSettings.model_validate({"base_url": url, **settings}), SystemClock())


async def delivers(uplink: HttpsUplink, event_id: str = "e1") -> bool:
    return await uplink.deliver("transactions", [event(event_id)]) == {event_id: DELIVERED}


async def accept_all(exchange: Exchange) -> None:
    results = [{"id": one["id"], "status": "accepted"} for one in json.loads(exchange.body)]
    await exchange.answer(200, json.dumps({"results": results}).encode())


async def test_uplink_speaks_tls_1_3_and_1_2_only_where_it_is_allowed(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    certificate_file, key_file = authority.issue("server")
    old = CloudTls(certificate_file, key_file, version_max=ssl.TLSVersion.TLSv1_2)
    with tls_far_end(old.context()) as port:
        uplink = uplink_to(f"https://127.0.0.1:{port}", ca_file=authority.ca_file)
        with pytest.raises(CloudTransientError, match=r"speaks no TLS 1.3; update it, or see cloud.tls_version_min"):
            await delivers(uplink)
        await uplink.close()
    async with CloudSimulator(is_token_required=False, tls=old) as cloud:
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file)
        with pytest.raises(CloudTransientError, match=r"does it speak TLS 1.3"):
            await delivers(uplink)
        await uplink.close()
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file, tls_version_min="1.2")
        assert await delivers(uplink)
        await uplink.close()


async def test_client_certificate_is_given_to_a_cloud_that_asks_for_one(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    tls = authority.server(client_ca_file=authority.ca_file)
    certificate_file, key_file = authority.issue("client", "store-S001.example")
    async with CloudSimulator(is_token_required=False, tls=tls) as cloud:
        files = {"certificate_file": certificate_file, "key_file": key_file}
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file, **files)
        assert await delivers(uplink)
        await uplink.close()
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file)
        with pytest.raises(CloudTransientError):
            await delivers(uplink, "e2")
        await uplink.close()
        assert cloud.ledger.summary()["events_applied"] == 1


@pytest.mark.parametrize(
    ("is_given", "words"),
    [
        (False, r"asks for a client certificate; give cloud.certificate_file"),
        (True, r"refuses our certificate .*check cloud.certificate_file"),
    ],
)
async def test_client_certificate_that_is_missing_or_strange_is_told(
    tmp_path: Path, is_given: bool, words: str
) -> None:
    authority, stranger = Authority.make(tmp_path), Authority.make(tmp_path, "stranger")
    certificate_file, key_file = stranger.issue("client")
    files = {"certificate_file": certificate_file, "key_file": key_file} if is_given else {}
    with tls_far_end(authority.server(client_ca_file=authority.ca_file).context()) as port:
        uplink = uplink_to(f"https://127.0.0.1:{port}", ca_file=authority.ca_file, **files)
        with pytest.raises(CloudTransientError, match=words):
            await delivers(uplink)
        await uplink.close()


async def test_client_certificate_without_its_key_is_told(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    certificate_file, _ = authority.issue("client")
    _, other_key = authority.issue("other")
    uplink = uplink_to("https://127.0.0.1:1", certificate_file=certificate_file, key_file=other_key)
    words = r"cloud.certificate_file .*client.pem with key_file .*other.key cannot be used: .*the key of this very"
    with pytest.raises(CloudTransientError, match=words):
        await delivers(uplink)
    await uplink.close()


async def test_certificates_are_read_again_when_they_change(tmp_path: Path) -> None:
    old, new = Authority.make(tmp_path), Authority.make(tmp_path, "new")
    for name in ("server", "client"):
        old.issue(name)
    both = tmp_path / "both.pem"
    both.write_bytes((tmp_path / "ca.pem").read_bytes() + (tmp_path / "new.pem").read_bytes())
    tls = CloudTls(tmp_path / "server.pem", tmp_path / "server.key", both)
    async with CloudSimulator(is_token_required=False, tls=tls) as cloud:
        uplink = uplink_to(
            cloud.url, ca_file=both, certificate_file=tmp_path / "client.pem", key_file=tmp_path / "client.key"
        )
        assert await delivers(uplink, "e1")
        await cloud.stop()
        both.write_bytes((tmp_path / "new.pem").read_bytes())
        new.issue("server")
        await cloud.start()
        assert cloud.ledger.summary()["events_applied"] == 1
        with pytest.raises(CloudTransientError):
            await delivers(uplink, "e2")
        new.issue("client")
        assert await delivers(uplink, "e2")
        await uplink.close()


async def test_certificates_that_are_broken_while_it_runs_are_told_and_the_ones_before_used(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    async with CloudSimulator(is_token_required=False, tls=authority.server()) as cloud:
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file)
        assert await delivers(uplink, "e1")
        authority.ca_file.write_text("half a certif")
        with capture_logs() as logs:
            assert await delivers(uplink, "e2")
            assert await delivers(uplink, "e3")
        told = [entry for entry in logs if entry["event"] == "certificates_refused"]
        assert len(told) == 1, "once, not with each request"
        assert "cloud.ca_file" in told[0]["reason"]
        authority.authority.cert_pem.write_to_path(str(authority.ca_file))
        assert await delivers(uplink, "e4")
        await uplink.close()


async def test_requests_under_way_survive_a_change_of_certificates(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    async with CloudSimulator(is_token_required=False, tls=authority.server()) as cloud:
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file)
        cloud.set_fault("latency", delay_s=0.4, requests=1)
        slow = asyncio.create_task(delivers(uplink, "slow"))
        await wait_until(lambda: cloud.paused_requests == 1)
        authority.authority.cert_pem.write_to_path(str(authority.ca_file))
        assert await delivers(uplink, "quick")
        assert await slow
        await uplink.close()


async def test_uplink_goes_through_the_configured_proxy_and_so_does_its_probe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority.make(tmp_path)
    async with HttpProxy() as proxy, CloudSimulator(is_token_required=False, tls=authority.server()) as cloud:
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file, proxy=proxy.url)
        await uplink.probe()
        assert await delivers(uplink)
        assert proxy.targets == [f"127.0.0.1:{cloud.port}"] * 2
        await uplink.close()
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file)
        assert await delivers(uplink)
        assert len(proxy.targets) == 2, "no proxy is taken from the environment"
        await uplink.close()


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ProxyFault.FORBIDDEN, "403 Forbidden"),
        (ProxyFault.AUTHENTICATION, "407 Proxy Authentication Required"),
        (ProxyFault.BAD_GATEWAY, "502 Bad Gateway"),
        (ProxyFault.STALL, "no connection in 0.5 s"),
        (ProxyFault.GARBAGE, "proxy"),
    ],
)
async def test_proxy_that_fails_is_told_from_a_cloud_that_fails(tmp_path: Path, fault: ProxyFault, words: str) -> None:
    authority = Authority.make(tmp_path)
    async with HttpProxy() as proxy, CloudSimulator(is_token_required=False, tls=authority.server()) as cloud:
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file, proxy=proxy.url, connect_timeout_s=0.5)
        proxy.fault = fault
        with pytest.raises(CloudTransientError, match=rf"proxy.*{words}|{words}"):
            await delivers(uplink)
        with pytest.raises(CloudTransientError, match=words):
            await uplink.probe()
        proxy.fault = ProxyFault.NONE
        await uplink.probe()
        assert await delivers(uplink)
        await uplink.close()


async def test_tunnel_that_is_cut_is_made_again(tmp_path: Path) -> None:
    authority = Authority.make(tmp_path)
    async with HttpProxy() as proxy, CloudSimulator(is_token_required=False, tls=authority.server()) as cloud:
        uplink = uplink_to(cloud.url, ca_file=authority.ca_file, proxy=proxy.url)
        cloud.set_fault("stall", requests=1)
        stalled = asyncio.create_task(delivers(uplink))
        await wait_until(lambda: cloud.paused_requests == 1)
        await proxy.cut()
        with pytest.raises(CloudTransientError):
            await stalled
        assert await delivers(uplink)
        await uplink.close()


async def test_proxy_that_is_away_is_named(tmp_path: Path) -> None:
    async with HttpProxy() as proxy:
        address = proxy.url
    uplink = uplink_to("https://cloud.invalid", proxy=address)
    with pytest.raises(CloudTransientError, match=rf"the way through the proxy {address}: "):
        await delivers(uplink)
    await uplink.close()


async def test_probe_finds_out_whether_the_cloud_is_there_without_sending_anything() -> None:
    async with CloudSimulator() as cloud:
        uplink = uplink_to(cloud.url)
        await uplink.probe()
        assert cloud.ledger.summary()["events_received"] == 0
    with pytest.raises(CloudTransientError):
        await uplink.probe()
    await uplink.close()


async def test_each_time_out_has_its_own_words() -> None:
    async def hold(exchange: Exchange) -> None:
        await exchange.reader.read()

    async def begin(exchange: Exchange) -> None:
        exchange.writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
        await exchange.reader.read()

    for behave, limits, words in (
        (hold, {"first_byte_timeout_s": 0.1}, r"took the request and gave no byte of an answer in 0.1 s"),
        (begin, {"first_byte_timeout_s": 0.1, "response_timeout_s": 0.3}, r"gave no whole answer in 0.3 s"),
    ):
        async with http_far_end(behave) as far_end:
            uplink = uplink_to(far_end.url(), **limits)
            with pytest.raises(CloudTransientError, match=words):
                await delivers(uplink)
            await wait_until(lambda: far_end.connections_lost == 1)
            await uplink.close()


async def test_request_that_is_not_taken_has_words_of_its_own() -> None:
    """Accepted and never read: what does not fit into the buffers of both sides is not taken."""
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        uplink = uplink_to(f"http://127.0.0.1:{deaf.getsockname()[1]}", send_timeout_s=0.3)
        with pytest.raises(CloudTransientError, match=r"did not take the whole request in 0.3 s"):
            await uplink._cloud.post("/v1/events", b"x" * 30_000_000, {})
        await uplink.close()


async def test_handshake_that_stalls_counts_as_time_to_connect() -> None:
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        uplink = uplink_to(f"https://127.0.0.1:{deaf.getsockname()[1]}", connect_timeout_s=0.3)
        with pytest.raises(CloudTransientError, match=r"no connection in 0.3 s"):
            await delivers(uplink)
        await uplink.close()
