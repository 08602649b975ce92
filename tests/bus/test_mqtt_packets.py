"""Packets made by hand are packets to a real broker."""

from __future__ import annotations

import asyncio

import pytest

from edge_gateway.bench import mqtt_wire
from edge_gateway.bus import mqtt_packets
from tests.support.broker import Broker


async def test_packets_by_hand_reach_a_subscriber_through_the_broker(broker: Broker) -> None:
    """A length of one, two and three bytes on the way out and back."""
    payloads = [b"x", b"y" * 200, b"z" * 20_000]
    assert await asyncio.to_thread(_round_trip, broker.port, payloads) == payloads


def test_packet_is_split_off_only_when_it_is_whole() -> None:
    packet = mqtt_packets.publish("a/b", b"c" * 300, 7)
    for length in range(len(packet)):
        assert mqtt_packets.split(packet[:length]) is None
    kind, body, rest = mqtt_packets.split(packet + b"more") or pytest.fail("nothing was split off")
    assert (kind, body, rest) == (mqtt_packets.PUBLISH_QOS_1, b"\x00\x03a/b\x00\x07" + b"c" * 300, b"more")


def _round_trip(port: int, payloads: list[bytes]) -> list[bytes]:
    """What comes back at QoS 0: topic, then payload."""
    topic, received = "edge/by-hand", []
    with mqtt_wire.connect(port, "by-hand") as connection:
        connection.settimeout(5.0)
        connection.sendall(mqtt_packets.subscribe(topic))
        for packet_id, payload in enumerate(payloads, 1):
            connection.sendall(mqtt_packets.publish(topic, payload, packet_id))
        for kind, body in mqtt_wire.packets(connection):
            if kind & 0xF0 == mqtt_packets.PUBLISH_QOS_1 & 0xF0:
                received.append(body[2 + len(topic) :])
            if len(received) == len(payloads):
                break
        connection.sendall(mqtt_packets.DISCONNECT)
    return received
