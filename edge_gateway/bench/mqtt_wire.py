"""A blocking MQTT 3.1.1 connection, as lean as can be, for the floors of benchmarks."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from edge_gateway.bus import mqtt_packets

CONNACK_ACCEPTED = b"\x20\x02\x00\x00"
KEEPALIVE_S = 600


def connect(port: int, client_id: str) -> socket.socket:
    """A connected session, TCP_NODELAY set. Raises ConnectionError if the broker refuses it."""
    broker = socket.create_connection(("127.0.0.1", port), 5.0)
    broker.settimeout(None)
    broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    broker.sendall(mqtt_packets.connect(client_id, version=4, keepalive_s=KEEPALIVE_S))
    answer = broker.recv(4)
    if answer != CONNACK_ACCEPTED:
        raise ConnectionError(f"broker on port {port}: CONNACK {answer.hex()}, expected {CONNACK_ACCEPTED.hex()}")
    return broker


def packets(broker: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Type byte and body of each packet, until the broker hangs up."""
    buffer = b""
    while data := broker.recv(65536):
        buffer += data
        while (found := mqtt_packets.split(buffer)) is not None:
            kind, body, buffer = found
            yield kind, body
