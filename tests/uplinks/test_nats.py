"""The NATS uplink against a real nats-server: streams that are missing, duplicates, limits, users, TLS, a leaf node."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import nats
import nkeys
import pytest
import trustme

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.settings_uplinks import NatsUplinkSettings
from edge_gateway.uplinks.engines.nats import NatsUplink
from simulators.nats_server import NatsServer
from tests.uplinks.engine_events import STREAM, certificates, events, large
from tests.uplinks.far_ends import QUICK, STORE

SUBJECTS = ["edge.v1.>"]


@contextlib.asynccontextmanager
async def running(*servers: NatsServer) -> AsyncIterator[None]:
    try:
        for server in servers:
            await server.start()
        yield
    finally:
        for server in servers:
            await server.kill()


def uplink_to(server: NatsServer, **settings: object) -> NatsUplink:
    values = {"kind": "nats", "name": "cloud", "host": server.host, "port": server.port, **QUICK, **settings}
    return NatsUplink(NatsUplinkSettings.model_validate(values), STORE, SystemClock())


async def add_stream(server: NatsServer, login: str = "", **limits: object) -> None:
    client = await nats.connect(f"nats://{login}{server.host}:{server.port}")
    try:
        await client.jetstream().add_stream(name="EDGE", subjects=SUBJECTS, **limits)
    finally:
        await client.close()


async def test_nats_without_a_stream_says_which_one_the_server_needs(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    async with running(server):
        uplink = uplink_to(server)
        with pytest.raises(CloudTransientError, match=r"no JetStream stream takes edge\.v1\.S001\.transactions"):
            await uplink.deliver(STREAM, events(20))
        await uplink.probe()
        await add_stream(server)
        assert len(await uplink.deliver(STREAM, events(20))) == 20
        await uplink.close()


async def test_nats_counts_a_duplicate_as_delivered(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    async with running(server):
        await add_stream(server)
        uplink = uplink_to(server)
        for _ in range(2):
            assert set((await uplink.deliver(STREAM, events(10))).values()) == {DELIVERED}
        assert uplink.counters["duplicates"] == 10
        await uplink.close()


@pytest.mark.parametrize("limits", [{}, {"max_msg_size": 5_000}], ids=["server", "stream"])
async def test_nats_refuses_only_the_event_that_is_too_large(tmp_path: Path, limits: dict[str, int]) -> None:
    server = NatsServer(tmp_path, extra="max_payload: 100000")
    async with running(server):
        await add_stream(server, **limits)
        uplink, sent = uplink_to(server), events(3, sources=1)
        answers = await uplink.deliver(STREAM, [sent[0], large(99_900 if not limits else 6_000), *sent[1:]])
        if len(answers) < 4:  # one at a time until the first batch went through
            answers = {**answers, **await uplink.deliver(STREAM, sent[1:])}
        assert [answers[event.id] for event in sent] == [DELIVERED] * 3
        assert "bytes" in answers["large"] or "size" in answers["large"]
        await uplink.close()


async def test_nats_stream_that_is_full_is_a_passing_trouble(tmp_path: Path) -> None:
    server = NatsServer(tmp_path)
    async with running(server):
        await add_stream(server, max_msgs=5, discard="new")
        uplink, sent = uplink_to(server), events(10, sources=1)
        assert list(await uplink.deliver(STREAM, sent)) == [event.id for event in sent[:5]]
        with pytest.raises(CloudTransientError, match="the stream takes no events now: maximum messages exceeded"):
            await uplink.deliver(STREAM, sent[5:])
        await uplink.close()


async def test_nats_server_that_refuses_the_user_or_the_subject_says_so(tmp_path: Path) -> None:
    users = """authorization { users: [
      {user: till, password: right, permissions: {publish: ["other.>"], subscribe: ["_INBOX.>"]}},
      {user: admin, password: admin} ] }"""
    server = NatsServer(tmp_path / "nats", extra=users)
    password = tmp_path / "password"
    async with running(server):
        await add_stream(server, "admin:admin@")
        password.write_text("wrong\n")
        uplink = uplink_to(server, username="till", password_file=password)
        with pytest.raises(CloudTransientError, match="refuses this user; check username"):
            await uplink.probe()
        password.write_text("right\n")
        await uplink.probe()
        started_s = time.monotonic()
        with pytest.raises(CloudTransientError, match=r"may not do it: .*publish to \"edge\.v1\.s001\.trans"):
            await uplink.deliver(STREAM, events(3))
        assert time.monotonic() - started_s < QUICK["response_timeout_s"]
        await uplink.close()


async def test_nats_speaks_tls_with_client_certificates(tmp_path: Path) -> None:
    client = certificates(tmp_path)
    keys = f'cert_file: "{tmp_path}/127.0.0.1.pem", key_file: "{tmp_path}/127.0.0.1.key", ca_file: "{tmp_path}/ca.pem"'
    server = NatsServer(tmp_path / "nats", extra=f"tls {{ {keys}, verify: true }}")
    async with running(server):
        uplink = uplink_to(server, **client)
        await uplink.probe()
        await uplink.close()
        with pytest.raises(CloudTransientError, match="not trusted"):
            await uplink_to(server, **{**client, "ca_file": tmp_path / "stranger.pem"}).probe()
        with pytest.raises(CloudTransientError, match=r"key_file .* cannot be used"):
            await uplink_to(server, ca_file=tmp_path / "ca.pem", certificate_file=tmp_path / "ca.pem").probe()


async def test_nats_password_does_not_go_to_a_server_without_the_tls_that_was_asked_for(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "password").write_text("secret")
    heard = bytearray()

    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b'INFO {"server_id":"x","version":"2.9.10","max_payload":1048576,"auth_required":true}\r\n')
        heard.extend(await reader.read())
        writer.close()

    impostor = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with impostor:
        settings = NatsUplinkSettings(
            kind="nats",
            name="cloud",
            host="127.0.0.1",
            port=impostor.sockets[0].getsockname()[1],
            ca_file=tmp_path / "ca.pem",
            username="till",
            password_file=tmp_path / "password",
            **QUICK,
        )
        uplink = NatsUplink(settings, STORE, SystemClock())
        with pytest.raises(CloudTransientError, match="speaks no TLS"):
            await uplink.probe()
        await uplink.close()
    assert b"secret" not in heard


async def test_nats_takes_a_credentials_file(tmp_path: Path) -> None:
    creds = _Credentials(tmp_path)
    server = NatsServer(tmp_path / "nats", extra=creds.server)
    async with running(server):
        uplink = uplink_to(server, credentials_file=creds.file)
        await uplink.probe()
        await uplink.close()
        with pytest.raises(CloudTransientError):
            await uplink_to(server).probe()


async def test_nats_leaf_node_passes_events_to_the_hub_and_says_when_its_link_is_down(tmp_path: Path) -> None:
    hub = NatsServer(tmp_path / "hub", with_leaf_port=True)
    leaf = NatsServer(tmp_path / "leaf", leaf_of=hub)
    async with running(hub, leaf):
        await add_stream(hub)
        uplink, sent = uplink_to(leaf), events(30)
        await _until_delivered(uplink, sent[:10])
        await hub.kill()
        with pytest.raises(CloudTransientError, match=r"link to the hub may be down|no answer"):
            await uplink.deliver(STREAM, sent[10:20])
        await uplink.probe()
        await hub.start()
        await _until_delivered(uplink, sent[10:])
        client = await nats.connect(f"nats://{hub.host}:{hub.port}")
        assert (await client.jetstream().stream_info("EDGE")).state.messages == 30
        await client.close()
        await uplink.close()


async def _until_delivered(uplink: NatsUplink, sent: list[object]) -> None:
    """A leaf takes a moment to find its hub."""
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(CloudTransientError):
                assert len(await uplink.deliver(STREAM, sent)) == len(sent)  # type: ignore[arg-type]
                return
            await asyncio.sleep(0.05)


class _Credentials:
    """An operator, an account and a user, as nsc(1) would make them: JWTs signed with Ed25519 keys."""

    def __init__(self, directory: Path) -> None:
        operator, account, user = (self._pair(prefix) for prefix in (b"O", b"A", b"U"))
        operator_jwt = self._jwt(operator, operator, {"type": "operator", "version": 2})
        limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "conn": -1, "leaf": -1}
        account_jwt = self._jwt(operator, account, {"type": "account", "version": 2, "limits": limits})
        user_jwt = self._jwt(account, user, {"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1})
        system = self._pair(b"S")
        system_jwt = self._jwt(operator, system, {"type": "account", "version": 2, "limits": limits})
        names = [each.public_key.decode() for each in (system, account)]
        self.server = (
            f"operator: {operator_jwt}\nsystem_account: {names[0]}\nresolver: MEMORY\n"
            f"resolver_preload: {{ {names[0]}: {system_jwt}, {names[1]}: {account_jwt} }}"
        )
        self.file = directory / "till.creds"
        self.file.write_text(
            f"-----BEGIN NATS USER JWT-----\n{user_jwt}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed.decode()}\n------END USER NKEY SEED------\n"
        )

    @staticmethod
    def _pair(prefix: bytes) -> nkeys.KeyPair:
        kinds = {b"O": nkeys.PREFIX_BYTE_OPERATOR, b"U": nkeys.PREFIX_BYTE_USER}
        raw = bytearray(b"\x07" * 31 + prefix)
        return nkeys.from_seed(nkeys.encode_seed(raw, kinds.get(prefix, nkeys.PREFIX_BYTE_ACCOUNT)))

    @staticmethod
    def _jwt(issuer: nkeys.KeyPair, subject: nkeys.KeyPair, claims: dict[str, object]) -> str:
        def packed(value: bytes) -> str:
            return base64.urlsafe_b64encode(value).rstrip(b"=").decode()

        body = {
            "jti": "x",
            "iat": 1,
            "iss": issuer.public_key.decode(),
            "sub": subject.public_key.decode(),
            "name": "edge",
            "nats": claims,
        }
        text = (
            f"{packed(json.dumps({'typ': 'JWT', 'alg': 'ed25519-nkey'}).encode())}.{packed(json.dumps(body).encode())}"
        )
        return f"{text}.{packed(issuer.sign(text.encode()))}"
