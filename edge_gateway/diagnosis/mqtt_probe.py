"""One MQTT CONNECT and its answer, under an id of its own and without a will.

The daemon's adapter is not used for this: with the daemon's client id it would throw the running daemon off the
broker, and its will would say that the gateway is offline. (MQTT 5.0, sections 3.1 and 3.2.)
"""

from __future__ import annotations

import asyncio
import os

from edge_gateway.bus import mqtt_packets
from edge_gateway.bus.tls import tls_context
from edge_gateway.settings import BusSettings

_REASONS = {
    0x84: "the broker does not speak MQTT 5",
    0x85: "the client id is refused",
    0x86: "user name or password is wrong",
    0x87: "not authorised",
    0x8A: "we are banned",
    0x9F: "too many connections",
}
KEEPALIVE_S = 10


class ProbeError(Exception):
    """The broker answered, and does not take us."""


async def probe_broker(bus: BusSettings) -> None:
    """Connect and disconnect. Raises ProbeError, OSError (SSLError included). The caller bounds the time."""
    reader, writer = await asyncio.open_connection(bus.host, bus.port, ssl=tls_context(bus))
    try:
        password = bus.password_file.read_bytes().strip() if bus.password_file else None
        client_id = f"edge-gateway-doctor-{os.getpid()}"
        writer.write(
            mqtt_packets.connect(
                client_id, version=5, keepalive_s=KEEPALIVE_S, username=bus.username, password=password
            )
        )
        try:
            head = await reader.readexactly(4)
        except (asyncio.IncompleteReadError, ConnectionError) as error:
            raise ProbeError("it closed the connection without an answer; is this an MQTT port without TLS?") from error
        if head[0] != mqtt_packets.CONNACK:
            raise ProbeError(f"it answered 0x{head[0]:02x}, which is not MQTT")
        if head[3]:
            raise ProbeError(_REASONS.get(head[3], f"refused with reason code 0x{head[3]:02x}"))
        writer.write(mqtt_packets.DISCONNECT)
        await writer.drain()
    finally:
        writer.close()
