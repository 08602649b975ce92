"""From the settings to what a connection needs: names, secrets, certificates, the last will."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import aiomqtt
from paho.mqtt.packettypes import PacketTypes

from edge_gateway.bus.states import gateway_state
from edge_gateway.bus.tls import tls_context
from edge_gateway.bus.topics import Topics
from edge_gateway.mqtt.connection import ConnectionOptions
from edge_gateway.mqtt.properties import properties
from edge_gateway.settings import BusSettings

CONNECT_TIMEOUT_S: Final = 3.0
"""To reach the broker: it stands in the store. It bounds how long a stop may wait for the connecting thread."""
RECEIVE_MAX: Final = 65535
"""The largest that MQTT 5 can say (3.1.2.11.3)."""


async def connection_options(settings: BusSettings, topics: Topics, version: str) -> ConnectionOptions:
    """Password and certificates are read at each connect: they are renewed without a restart. Raises OSError."""
    password = None
    if settings.password_file is not None:
        password = await asyncio.to_thread(_read_secret, settings.password_file)
    will = properties(PacketTypes.WILLMESSAGE)
    will.ContentType = "application/json"
    return ConnectionOptions(
        host=settings.host,
        port=settings.port,
        client_id=settings.client_id or f"edge-gateway-{topics.store_id}",
        username=settings.username,
        password=password,
        tls=await asyncio.to_thread(tls_context, settings),
        keepalive_s=settings.keepalive_s,
        session_expiry_s=settings.session_expiry_s,
        receive_max=min(settings.requests_concurrent_max, RECEIVE_MAX),
        will=aiomqtt.Will(topics.gateway_state, gateway_state("offline", None, version), 1, True, will),
        connect_timeout_s=CONNECT_TIMEOUT_S,
    )


def _read_secret(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()
