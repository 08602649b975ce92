"""A handful of MQTT 3.1.1 packets by hand (OASIS MQTT 3.1.1, sections 3.1, 3.3, 3.8), for the floors of benchmarks."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator

CONNACK_ACCEPTED = b"\x20\x02\x00\x00"
KEEPALIVE_S = 600


def _text(value: str) -> bytes:
    encoded = value.encode()
    return struct.pack("!H", len(encoded)) + encoded


def _packet(kind: int, body: bytes) -> bytes:
    length = bytearray()
    remaining = len(body)
    while True:
        remaining, digit = divmod(remaining, 128)
        length.append(digit | (0x80 if remaining else 0))
        if not remaining:
            return bytes((kind,)) + bytes(length) + body


def connect(port: int, client_id: str) -> socket.socket:
    """A connected session, TCP_NODELAY set. Raises ConnectionError if the broker refuses it."""
    broker = socket.create_connection(("127.0.0.1", port), 5.0)
    broker.settimeout(None)
    broker.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    broker.sendall(_packet(0x10, _text("MQTT") + b"\x04\x02" + struct.pack("!H", KEEPALIVE_S) + _text(client_id)))
    answer = broker.recv(4)
    if answer != CONNACK_ACCEPTED:
        raise ConnectionError(f"broker on port {port}: CONNACK {answer.hex()}, expected {CONNACK_ACCEPTED.hex()}")
    return broker


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """QoS 1."""
    return _packet(0x32, _text(topic) + struct.pack("!H", packet_id) + payload)


def subscribe(topic_filter: str) -> bytes:
    """At QoS 0: the broker hands on at once and waits for nothing."""
    return _packet(0x82, b"\x00\x01" + _text(topic_filter) + b"\x00")


def packets(broker: socket.socket) -> Iterator[tuple[int, bytes]]:
    """Type byte and body of each packet, until the broker hangs up."""
    buffer = b""
    while data := broker.recv(65536):
        buffer += data
        while (split := _split(buffer)) is not None:
            kind, body, buffer = split
            yield kind, body


def _split(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    length = 0
    for position, digit in enumerate(buffer[1:5]):
        length |= (digit & 0x7F) << (7 * position)
        if not digit & 0x80:
            start = position + 2
            if len(buffer) < start + length:
                return None
            return buffer[0], buffer[start : start + length], buffer[start + length :]
    return None
