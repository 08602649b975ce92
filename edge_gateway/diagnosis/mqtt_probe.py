"""One MQTT CONNECT and its answer, under an id of its own and without a will.

The daemon's adapter is not used for this: with the daemon's client id it would throw the running daemon off the
broker, and its will would say that the gateway is offline. (MQTT 5.0, sections 3.1 and 3.2.)
"""

from __future__ import annotations

import asyncio
import os
import ssl

from edge_gateway.settings import BusSettings

_REASONS = {
    0x84: "the broker does not speak MQTT 5",
    0x85: "the client id is refused",
    0x86: "user name or password is wrong",
    0x87: "not authorised",
    0x8A: "we are banned",
    0x9F: "too many connections",
}
_USER_NAME, _PASSWORD, _CLEAN_START = 0x80, 0x40, 0x02
KEEPALIVE_S = 10


class ProbeError(Exception):
    """The broker answered, and does not take us."""


async def probe_broker(bus: BusSettings) -> None:
    """Connect and disconnect. Raises ProbeError, OSError (SSLError included). The caller bounds the time."""
    reader, writer = await asyncio.open_connection(bus.host, bus.port, ssl=_tls(bus))
    try:
        password = bus.password_file.read_bytes().strip() if bus.password_file else None
        writer.write(connect_packet(f"edge-gateway-doctor-{os.getpid()}", bus.username, password))
        try:
            head = await reader.readexactly(4)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ProbeError("it closed the connection without an answer; is this an MQTT port without TLS?") from error
        if head[0] != 0x20:
            raise ProbeError(f"it answered 0x{head[0]:02x}, which is not MQTT")
        if head[3]:
            raise ProbeError(_REASONS.get(head[3], f"refused with reason code 0x{head[3]:02x}"))
        writer.write(b"\xe0\x00")  # DISCONNECT
        await writer.drain()
    finally:
        writer.close()


def connect_packet(client_id: str, username: str | None, password: bytes | None) -> bytes:
    """MQTT 5 CONNECT, clean start, no will, session ends with the connection."""
    flags = _CLEAN_START | (_USER_NAME if username is not None else 0) | (_PASSWORD if password is not None else 0)
    body = _field(b"MQTT") + bytes([5, flags]) + KEEPALIVE_S.to_bytes(2, "big") + b"\x00" + _field(client_id.encode())
    if username is not None:
        body += _field(username.encode())
    if password is not None:
        body += _field(password)
    return b"\x10" + _length(len(body)) + body


def _field(content: bytes) -> bytes:
    return len(content).to_bytes(2, "big") + content


def _length(value: int) -> bytes:
    """Variable byte integer, section 1.5.5."""
    encoded = bytearray()
    while True:
        value, digit = divmod(value, 128)
        encoded.append(digit | (0x80 if value else 0))
        if not value:
            return bytes(encoded)


def _tls(bus: BusSettings) -> ssl.SSLContext | None:
    if bus.ca_file is None:
        return None
    context = ssl.create_default_context(cafile=bus.ca_file)
    if bus.certificate_file is not None:
        context.load_cert_chain(bus.certificate_file, bus.key_file)
    return context
