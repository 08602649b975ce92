"""The MQTT uplink against a real Mosquitto: reason codes, limits, the order of what is sent again."""

from __future__ import annotations

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edge_gateway.contracts.errors import CloudTransientError
from edge_gateway.contracts.store import StreamNames
from edge_gateway.contracts.uplink import DELIVERED
from edge_gateway.uplinks.engines import mqtt_connection
from tests.uplinks.engine_events import STREAM, certificates, events, large
from tests.uplinks.far_ends import MqttFarEnd


@pytest.fixture
async def far_end(tmp_path: Path) -> AsyncIterator[MqttFarEnd]:
    end = MqttFarEnd(tmp_path)
    try:
        yield end
    finally:
        await end.close()


@pytest.mark.parametrize("stream", [StreamNames.TRANSACTIONS, StreamNames.INVENTORY, StreamNames.AUDIT])
async def test_mqtt_event_that_may_not_be_lost_is_kept_until_somebody_reads(far_end: MqttFarEnd, stream: str) -> None:
    await far_end.start()
    uplink = far_end.uplink(topic_prefix="elsewhere")
    with pytest.raises(CloudTransientError, match=f"the broker has nobody who reads elsewhere/S001/{stream}: "):
        await uplink.deliver(stream, events(10))
    assert uplink.counters["no_subscriber"] >= 1
    async with far_end.server.client() as reader:
        await reader.subscribe("elsewhere/#")
        assert set((await uplink.deliver(stream, events(10))).values()) == {DELIVERED}
    await uplink.close()


@pytest.mark.parametrize("stream", [StreamNames.TELEMETRY, StreamNames.DEVICE_EVENTS])
async def test_mqtt_other_event_without_a_reader_is_delivered_and_counted(far_end: MqttFarEnd, stream: str) -> None:
    await far_end.start()
    uplink = far_end.uplink(topic_prefix="elsewhere")
    assert set((await uplink.deliver(stream, events(10))).values()) == {DELIVERED}
    assert uplink.counters["no_subscriber"] == 10
    await uplink.close()


async def test_mqtt_broker_that_may_not_be_published_to_keeps_the_events_here(far_end: MqttFarEnd) -> None:
    far_end.server.write_acl("topic read #\n")
    await far_end.start()
    uplink = far_end.uplink()
    with pytest.raises(CloudTransientError, match="does not let this user publish to edge/v1/S001/transactions"):
        await uplink.deliver(STREAM, events(10))
    await far_end.end()
    far_end.server.write_acl("topic readwrite #\n")
    await far_end.start()
    assert len(await uplink.deliver(STREAM, events(10))) == 10
    await uplink.close()


async def test_mqtt_broker_that_refuses_the_password_says_so(tmp_path: Path) -> None:
    end = MqttFarEnd(tmp_path)
    end.server._passwords = {"till": "right"}
    password = tmp_path / "password"
    password.write_text("wrong\n")
    await end.server.start()
    try:
        uplink = end.uplink(port=end.server.port, username="till", password_file=password)
        with pytest.raises(CloudTransientError, match="check username, password_file"):
            await uplink.probe()
        password.write_text("right\n")
        await uplink.probe()
        await uplink.close()
    finally:
        await end.server.kill()


# paho leaves the socket of a failed handshake to the garbage collector, which closes it and says so
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
async def test_mqtt_speaks_tls_with_client_certificates(tmp_path: Path) -> None:
    client = certificates(tmp_path)
    files = f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/127.0.0.1.pem\nkeyfile {tmp_path}/127.0.0.1.key"
    end = MqttFarEnd(tmp_path, extra=f"{files}\nrequire_certificate true")
    await end.server.start()
    try:
        uplink = end.uplink(port=end.server.port, **client)
        assert len(await uplink.deliver(StreamNames.DEVICE_EVENTS, events(300))) == 300
        await uplink.close()
        stranger = {**client, "ca_file": tmp_path / "stranger.pem"}
        with pytest.raises(CloudTransientError, match="not trusted"):
            await end.uplink(port=end.server.port, **stranger).probe()
        gc.collect()
    finally:
        await end.server.kill()


@pytest.mark.parametrize("limit", ["message_size_limit 100000", "max_packet_size 100000"])
async def test_mqtt_refuses_only_the_event_that_is_too_large(tmp_path: Path, limit: str) -> None:
    end = MqttFarEnd(tmp_path, extra=limit)
    await end.start()
    try:
        uplink, sent = end.uplink(), events(3, sources=1)
        answers = await uplink.deliver(STREAM, [sent[0], large(200_000, sent[0].source), *sent[1:]])
        assert [answers[event.id] for event in sent] == [DELIVERED] * 3
        assert "size" in answers["large"] or "bytes" in answers["large"]
        assert uplink.counters["connected"] == 1
        await uplink.close()
    finally:
        await end.close()


async def test_mqtt_keeps_within_the_receive_maximum_of_the_broker(tmp_path: Path) -> None:
    end = MqttFarEnd(tmp_path, extra="max_inflight_messages 2")
    await end.start()
    try:
        uplink, sent = end.uplink(), events(200)
        assert len(await uplink.deliver(STREAM, sent[:20])) == 20
        assert len(await uplink.deliver(STREAM, sent[20:])) == 180
        assert len(await end.received(200)) == 200
        assert uplink.counters["connected"] == 1
        await uplink.close()
    finally:
        await end.close()


def test_mqtt_reason_codes_are_each_in_one_table() -> None:
    assert not mqtt_connection.FINAL.keys() & mqtt_connection.PASSING.keys()
    assert mqtt_connection.FINAL.keys() | mqtt_connection.PASSING.keys() == {
        *(0x80, 0x83, 0x87, 0x90, 0x91, 0x97, 0x99),  # MQTT 5, 3.4.2.1
        0x95,  # Mosquitto's, of its message_size_limit
    }
