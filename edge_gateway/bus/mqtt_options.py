"""From the settings to what a connection needs: names, secrets, certificates, the last will."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import aiomqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge_gateway.bus.states import gateway_state
from edge_gateway.bus.tls import tls_context
from edge_gateway.bus.topics import Topics
from edge_gateway.settings import BusSettings

RECEIVE_MAX: Final = 65535
"""The largest that MQTT 5 can say (3.1.2.11.3)."""


@dataclass(frozen=True, slots=True)
class ConnectionOptions:
    """How to reach the broker, and who we are. ``receive_max``: messages it may send us unacknowledged."""

    host: str
    port: int
    client_id: str
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None
    keepalive_s: int
    session_expiry_s: int
    receive_max: int
    will: aiomqtt.Will


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
    )


def _read_secret(path: Path) -> str:
    return path.read_text(encoding="utf-8").strip()


class PackedProperties(Properties):
    """Properties of a publish that are the same each time. paho packs them anew for every message, looking at each of
    the 27 there are, which is a tenth of the way of a scan; these are packed once."""

    def __init__(self, content_type: str) -> None:
        super().__init__(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        self.ContentType = content_type
        # past paho's own __setattr__, which takes only names of properties
        object.__setattr__(self, "_packed", super().pack())  # type: ignore[no-untyped-call]

    def pack(self) -> bytes:
        packed: bytes = self.__dict__["_packed"]
        return packed


def properties(packet_type: int) -> Properties:
    """An empty set of MQTT 5 properties."""
    return Properties(packet_type)  # type: ignore[no-untyped-call]  # paho has no annotations here
