"""The RabbitMQ uplink against a real RabbitMQ: what must be there, alarms, limits. One server for the whole story."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.clock import SystemClock
from edge_gateway.contracts.errors import CloudPermanentError, CloudTransientError
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.contracts.uplink import Uplink
from edge_gateway.settings_uplinks import RabbitmqUplinkSettings
from edge_gateway.uplinks.engines.rabbitmq import RabbitmqUplink
from simulators.mosquitto import free_port
from simulators.rabbitmq_server import RabbitmqServer
from tests.uplinks.engine_events import STREAM, certificates, events, large
from tests.uplinks.far_ends import QUICK, STORE, RabbitmqFarEnd


@pytest.fixture
async def far_end(tmp_path: Path) -> AsyncIterator[RabbitmqFarEnd]:
    end = RabbitmqFarEnd(tmp_path)
    end.server = RabbitmqServer(tmp_path / "rabbitmq", extra="max_message_size = 100000")
    try:
        yield end
    finally:
        await end.close()


async def test_rabbitmq_says_what_is_missing_or_full_and_keeps_every_event(far_end: RabbitmqFarEnd) -> None:
    await far_end.serve()
    uplink, sent = far_end.uplink(port=far_end.server.port), events(60)
    with pytest.raises(CloudTransientError, match=r"there is no exchange 'edge\.v1'"):
        await uplink.probe()
    async with far_end.channel() as channel:
        await channel.exchange_declare("edge.v1", exchange_type="topic", durable=True)
    with pytest.raises(CloudTransientError, match=r"no queue is bound to the exchange 'edge\.v1' for S001\.t"):
        await uplink.deliver(STREAM, sent[:20])
    async with far_end.channel() as channel:
        full = {"x-max-length": 5, "x-overflow": "reject-publish"}
        await channel.queue_declare("full", durable=True, arguments=full)
        await channel.queue_bind("full", "edge.v1", f"{STORE}.#")
    with pytest.raises(CloudTransientError, match=r"could not take an event \(nack\)"):
        await _deliver_often(uplink, sent[:20])
    async with far_end.channel() as channel:
        await channel.queue_delete("full")
        await channel.queue_declare(far_end.queue, durable=True)
        await channel.queue_bind(far_end.queue, "edge.v1", f"{STORE}.#")
    assert len(await uplink.deliver(STREAM, sent)) == 60
    await _alarm(far_end, uplink)
    await _too_large(uplink)
    assert {one.id for one in await far_end.received(60)} == {event.id for event in sent}
    await _users(far_end)
    await uplink.close()


async def _deliver_often(uplink: Uplink, sent: list[OutboxEvent]) -> None:
    """A queue is full only about when it is full: each batch must be taken, until none is."""
    for _ in range(20):
        await uplink.deliver(STREAM, sent)


async def _alarm(far_end: RabbitmqFarEnd, uplink: Uplink) -> None:
    """A broker without memory stops reading: the uplink says so at once, instead of waiting for a time-out."""
    await far_end.server.control("set_vm_memory_high_watermark", "absolute", "1")
    for call in (uplink.deliver(STREAM, events(20)), uplink.probe(), uplink.deliver(STREAM, events(20))):
        with pytest.raises(CloudTransientError, match=r"takes no messages for now \(low on memory\)"):
            await call
    await far_end.server.control("set_vm_memory_high_watermark", "0.4")
    assert len(await uplink.deliver(STREAM, events(20))) == 20


async def _too_large(uplink: Uplink) -> None:
    """The broker closes the channel: whose fault it was shows when the events go one by one."""
    with pytest.raises(CloudPermanentError, match="larger than"):
        await uplink.deliver(STREAM, [large(200_000)])
    assert len(await uplink.deliver(STREAM, events(5))) == 5


async def _users(far_end: RabbitmqFarEnd) -> None:
    password = far_end.directory / "password"
    password.write_text("p@ss/w:rd?\n")
    await far_end.server.control("add_user", "till", "p@ss/w:rd?")
    uplink = far_end.uplink(port=far_end.server.port, username="till", password_file=password)
    with pytest.raises(CloudTransientError, match="virtual host"):
        await uplink.probe()
    await far_end.server.control("set_permissions", "till", "", "nothing", "")
    with pytest.raises(CloudTransientError, match="may not write to the exchange"):
        await uplink.deliver(STREAM, events(1))
    await far_end.server.control("set_permissions", "till", "", r"edge\.v1", "")
    assert len(await uplink.deliver(STREAM, events(1))) == 1
    await uplink.close()
    password.write_text("wrong\n")
    with pytest.raises(CloudTransientError, match="refuses this user; check username"):
        await uplink.probe()


async def test_rabbitmq_speaks_tls_and_knows_the_gateway_by_its_certificate(tmp_path: Path) -> None:
    client = certificates(tmp_path)
    port = free_port()
    lines = [
        f"listeners.ssl.1 = 127.0.0.1:{port}",
        f"ssl_options.cacertfile = {tmp_path}/ca.pem",
        f"ssl_options.certfile = {tmp_path}/127.0.0.1.pem",
        f"ssl_options.keyfile = {tmp_path}/127.0.0.1.key",
        "ssl_options.verify = verify_peer",
        "ssl_options.fail_if_no_peer_cert = true",
        "ssl_cert_login_from = common_name",
        "auth_mechanisms.1 = EXTERNAL",
        "auth_mechanisms.2 = PLAIN",
    ]
    end = RabbitmqFarEnd(tmp_path)
    end.server = RabbitmqServer(tmp_path / "rabbitmq", extra="\n".join(lines), plugins=["rabbitmq_auth_mechanism_ssl"])
    try:
        await end.start()
        uplink = end.uplink(port=port, **client)
        with pytest.raises(CloudTransientError, match="refuses this user"):
            await uplink.probe()
        await end.server.control("add_user", "till-1", "unused")
        await end.server.control("set_permissions", "till-1", "", ".*", "")
        assert len(await uplink.deliver(STREAM, events(3))) == 3
        await uplink.close()
        stranger = {**client, "ca_file": tmp_path / "stranger.pem"}
        with pytest.raises(CloudTransientError, match="not trusted"):
            await end.uplink(port=port, **stranger).probe()
    finally:
        await end.close()


async def test_rabbitmq_uplink_without_its_password_says_which_file(tmp_path: Path) -> None:
    settings = RabbitmqUplinkSettings(
        kind="rabbitmq",
        name="head-office",
        host="127.0.0.1",
        port=1,
        username="u",
        password_file=tmp_path / "absent",
        **QUICK,
    )
    uplink = RabbitmqUplink(settings, STORE, SystemClock())
    with pytest.raises(CloudTransientError, match=r"'head-office': password_file .*absent cannot be used: No such"):
        await uplink.deliver(STREAM, events(1))
