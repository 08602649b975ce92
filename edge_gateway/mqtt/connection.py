"""One MQTT 5 connection to a broker, from CONNECT until it is lost or closed; never used twice.

aiomqtt hides what must be known to lose nothing, so some of its hooks are taken over here (aiomqtt 2.5, paho 2.1):
the reason code of each PUBACK, and the properties of the CONNACK. What was in flight when the link died is the
caller's to send again: a new connection knows nothing of it, and so sends nothing behind its back.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge_gateway.mqtt.properties import properties
from edge_gateway.mqtt.socket_client import SocketClient

ANSWER_TIMEOUT_S: Final = 5.0
"""For CONNACK and SUBACK; publishes have none: they end with their answer or with the connection."""
DISCONNECT_TIMEOUT_S: Final = 0.5
"""To get the DISCONNECT into the kernel."""
UNACKNOWLEDGED_TIMEOUT_MS: Final = 10_000
"""TCP_USER_TIMEOUT: a cable that was pulled is noticed by the first publish after it, before keep-alive would."""
PACKET_BYTES_MAX: Final = 16 * 1024 * 1024
"""Larger packets the broker keeps from us. Well above the limit of requests, so that these can be refused by name."""
REFUSED: Final = 0x80
"""Reason codes from here on are refusals: MQTT 5, 2.4."""
TOO_LARGE: Final = 0x95
PACKET_OVERHEAD_BYTES: Final = 512
"""Headers and properties of a publish beside topic, payload and correlation data."""

SOCKET_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_TIMEOUT_MS),
)
"""Without the first a publish waits 40 ms for its acknowledgement."""

_SILENT: Final = logging.getLogger("edge_gateway.mqtt.paho")
"""paho logs each broken pipe as an error; whoever holds the connection says once that the link is lost."""
_SILENT.setLevel(logging.CRITICAL + 1)

# Mosquitto acknowledges a publish above its message_size_limit with this code, which MQTT 5 does not list for PUBACK.
# paho takes that for a broken broker and ends the connection: sent again and again, one message would stop everything.
ReasonCode.names = MappingProxyType(
    {
        **ReasonCode.names,
        TOO_LARGE: {"Packet too large": [PacketTypes.CONNACK, PacketTypes.PUBACK, PacketTypes.DISCONNECT]},
    }
)


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
    will: aiomqtt.Will | None
    connect_timeout_s: float


class MqttConnection(SocketClient, ABC):
    """A subclass hears of each PUBACK in ``_acknowledged``, on the event loop; there it may send, not ``flush``."""

    def __init__(self, options: ConnectionOptions) -> None:
        connect = properties(PacketTypes.CONNECT)
        connect.SessionExpiryInterval = options.session_expiry_s
        connect.ReceiveMaximum = options.receive_max
        connect.MaximumPacketSize = PACKET_BYTES_MAX
        self.is_session_present = False
        self.receive_max = 65535
        self.packet_bytes_max: int | None = None
        super().__init__(
            options.host,
            options.port,
            identifier=options.client_id,
            username=options.username,
            password=options.password,
            protocol=aiomqtt.ProtocolVersion.V5,
            will=options.will,
            timeout=ANSWER_TIMEOUT_S,
            keepalive=options.keepalive_s,
            clean_start=False,
            max_inflight_messages=0,
            properties=connect,
            tls_context=options.tls,
            socket_options=SOCKET_OPTIONS,
            logger=_SILENT,
        )
        self._client.connect_timeout = options.connect_timeout_s

    async def open(self) -> None:
        """Raises aiomqtt.MqttError, OSError or ValueError; the connection is closed then."""
        try:
            await self.__aenter__()
        except BaseException:
            self.close()
            raise

    def send_publish(self, topic: str, payload: bytes, publish: Properties | None, *, is_retained: bool = False) -> int:
        """Hand a QoS 1 publish to paho; its packet id. Raises ConnectionError if the link is gone, ValueError if
        the message can never be sent."""
        info = self._client.publish(topic, payload, qos=1, retain=is_retained, properties=publish)
        if info.rc == paho.MQTT_ERR_PAYLOAD_SIZE:
            raise ValueError(f"{len(payload)} bytes")
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise ConnectionError(paho.error_string(info.rc))
        return info.mid

    async def ended(self) -> Exception | None:
        """Return when the connection is gone, with what ended it; None: it was disconnected."""
        try:
            await asyncio.shield(self._disconnected)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - any end of the link is one thing here: it is gone, connect again
            return error
        return None

    async def disconnect(self) -> None:
        """The orderly end: the broker forgets the last will."""
        with suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                await self.__aexit__(None, None, None)
        self.close()

    @abstractmethod
    def _acknowledged(self, mid: int, code: int) -> None:
        """A PUBACK with its reason code; ``REFUSED`` and above are refusals, which aiomqtt takes for success."""

    def _on_connect(
        self,
        client: paho.Client,
        userdata: Any,
        flags: paho.ConnectFlags,
        reason_code: ReasonCode,
        properties: Properties | None = None,
    ) -> None:
        self.is_session_present = flags.session_present
        self.receive_max = getattr(properties, "ReceiveMaximum", self.receive_max)
        self.packet_bytes_max = getattr(properties, "MaximumPacketSize", None)
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self._acknowledged(mid, reason_code.value)


def reason_code(error: BaseException) -> int | None:
    """The broker's own word, of its CONNACK or DISCONNECT; None: the link failed."""
    code = error.rc if isinstance(error, aiomqtt.MqttCodeError) else None
    return code.value if isinstance(code, ReasonCode) else None


def is_too_large(limit: int | None, topic: str, payload: bytes, extra_bytes: int = 0) -> bool:
    """A broker closes the connection on a packet above its limit: sent again and again, it would stop everything."""
    return limit is not None and len(payload) + len(topic) * 4 + extra_bytes + PACKET_OVERHEAD_BYTES > limit
