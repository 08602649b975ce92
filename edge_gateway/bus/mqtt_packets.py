"""A handful of MQTT packets made and split by hand (OASIS MQTT 3.1.1 and 5.0), for probes and the floors of benchmarks.

The daemon's own connection goes through paho: see ``bus/mqtt_connection.py``.
"""

from __future__ import annotations

from typing import Final, Literal

CONNECT, CONNACK, PUBLISH_QOS_1, SUBSCRIBE = 0x10, 0x20, 0x32, 0x82
DISCONNECT: Final = b"\xe0\x00"
"""The whole packet, of both versions."""
_USER_NAME, _PASSWORD, _CLEAN_START = 0x80, 0x40, 0x02
_VERSION_5: Final = 5


def connect(
    client_id: str,
    *,
    version: Literal[4, 5],
    keepalive_s: int,
    username: str | None = None,
    password: bytes | None = None,
) -> bytes:
    """CONNECT (section 3.1): clean start, no will, the session ends with the connection. ``version`` 4 is 3.1.1."""
    flags = _CLEAN_START | (_USER_NAME if username is not None else 0) | (_PASSWORD if password is not None else 0)
    body = _field(b"MQTT") + bytes([version, flags]) + keepalive_s.to_bytes(2, "big")
    body += (b"\x00" if version == _VERSION_5 else b"") + _field(client_id.encode())
    if username is not None:
        body += _field(username.encode())
    if password is not None:
        body += _field(password)
    return _packet(CONNECT, body)


def publish(topic: str, payload: bytes, packet_id: int) -> bytes:
    """PUBLISH of 3.1.1 at QoS 1 (section 3.3)."""
    return _packet(PUBLISH_QOS_1, _field(topic.encode()) + packet_id.to_bytes(2, "big") + payload)


def subscribe(topic_filter: str) -> bytes:
    """SUBSCRIBE of 3.1.1 (section 3.8) at QoS 0: the broker hands on at once and waits for nothing."""
    return _packet(SUBSCRIBE, b"\x00\x01" + _field(topic_filter.encode()) + b"\x00")


def split(buffer: bytes) -> tuple[int, bytes, bytes] | None:
    """Type byte and body of the first packet, and what follows it; None as long as it is not whole."""
    length = 0
    for position, digit in enumerate(buffer[1:5]):
        length |= (digit & 0x7F) << (7 * position)
        if not digit & 0x80:
            start = position + 2
            if len(buffer) < start + length:
                return None
            return buffer[0], buffer[start : start + length], buffer[start + length :]
    return None


def _packet(kind: int, body: bytes) -> bytes:
    """With the length as a variable byte integer (5.0, section 1.5.5)."""
    length = bytearray()
    remaining = len(body)
    while True:
        remaining, digit = divmod(remaining, 128)
        length.append(digit | (0x80 if remaining else 0))
        if not remaining:
            return bytes([kind]) + bytes(length) + body


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content
