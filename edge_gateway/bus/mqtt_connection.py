"""One MQTT 5 connection to the broker: from CONNECT until it is lost or closed. Never used twice.

aiomqtt hides what the bus must know, so some of its hooks are taken over here (aiomqtt 2.5, paho 2.1): the reason
code of each PUBACK, the moment of arrival, manual acknowledgement, and the properties of the CONNACK.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_gateway.bus.acknowledgements import Acknowledgements
from edge_gateway.bus.mqtt_options import ConnectionOptions, PackedProperties, properties
from edge_gateway.bus.mqtt_reasons import in_words
from edge_gateway.bus.mqtt_socket import SocketClient
from edge_gateway.bus.outgoing import Outgoing

CONNECT_TIMEOUT_S: Final = 3.0
"""To reach the broker: it stands in the store. It bounds how long a stop may wait for the connecting thread."""
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

SOCKET_OPTIONS: Final = (
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNACKNOWLEDGED_TIMEOUT_MS),
)


_SILENT: Final = logging.getLogger("edge_gateway.bus.paho")
"""paho logs each broken pipe as an error; the bus says once that the link is lost."""
_SILENT.setLevel(logging.CRITICAL + 1)


class Connection(SocketClient):
    """Callbacks come on the event loop. In ``on_acknowledged`` only ``send`` may be called, not ``flush``."""

    def __init__(
        self,
        options: ConnectionOptions,
        on_message: Callable[[Connection, paho.MQTTMessage], None],
        on_acknowledged: Callable[[Connection, int, int], None],
    ) -> None:
        connect = properties(PacketTypes.CONNECT)
        connect.SessionExpiryInterval = options.session_expiry_s
        connect.ReceiveMaximum = options.receive_max
        connect.MaximumPacketSize = PACKET_BYTES_MAX
        self._message_handler = on_message
        self._acknowledged_handler = on_acknowledged
        self._content_types: dict[str, Properties] = {}
        self._acknowledgements = Acknowledgements()
        self._has_subscription_ids = True
        self.subscriptions_answered = 0
        """SUBACKs so far. What comes before the one of its subscription has waited at the broker."""
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
        self._client.manual_ack_set(True)
        self._client.connect_timeout = CONNECT_TIMEOUT_S

    async def open(self) -> None:
        """Raises aiomqtt.MqttError, OSError or ValueError; the connection is closed then."""
        try:
            await self.__aenter__()
            if not self._has_subscription_ids:
                raise aiomqtt.MqttError("the broker has no subscription identifiers (MQTT 5, 3.2.2.3.12)")
        except BaseException:
            self.close()
            raise

    async def subscribe_requests(self, topic_filter: str, identifier: int, qos: int) -> int:
        """The reason code: ``REFUSED`` and above are refusals, which paho and aiomqtt return as success.

        Retained messages are not sent at subscribing (each reconnect would bring them again); one that arrives live
        keeps its flag, so that it can be refused.
        """
        options = SubscribeOptions(qos=qos, retainAsPublished=True, retainHandling=SubscribeOptions.RETAIN_DO_NOT_SEND)
        subscribe = properties(PacketTypes.SUBSCRIBE)
        subscribe.SubscriptionIdentifier = identifier
        granted = await self.subscribe(topic_filter, options=options, properties=subscribe)
        code = granted[0]
        return code if isinstance(code, int) else code.value

    def send(self, message: Outgoing) -> int:
        """Hand a QoS 1 publish to paho; its packet id. Raises ConnectionError if the link is gone, ValueError if
        the message can never be sent."""
        info = self._client.publish(
            message.topic, message.payload, qos=1, retain=message.is_retained, properties=self._properties_of(message)
        )
        if info.rc == paho.MQTT_ERR_PAYLOAD_SIZE:
            raise ValueError(f"{len(message.payload)} bytes")
        if info.rc != paho.MQTT_ERR_SUCCESS:
            raise ConnectionError(paho.error_string(info.rc))
        return info.mid

    def acknowledge(self, message: paho.MQTTMessage) -> None:
        """It was handled: acknowledge it, and what was handled before it, as soon as all that came earlier is."""
        if not self._is_closed and self._acknowledge(message):
            self.flush()

    def acknowledge_later(self, message: paho.MQTTMessage) -> None:
        """From within ``on_message``, where paho must not be made to write."""
        self._acknowledge(message)

    async def lost(self) -> str:
        """Return, with the reason, when the connection is gone."""
        try:
            await asyncio.shield(self._disconnected)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - any end of the link is one thing here: it is gone, connect again
            return in_words(error)
        return "disconnected"

    async def disconnect(self) -> None:
        """The orderly end: the broker forgets the last will."""
        with suppress(aiomqtt.MqttError, TimeoutError):
            async with asyncio.timeout(DISCONNECT_TIMEOUT_S):
                await self.__aexit__(None, None, None)
        self.close()

    def _acknowledge(self, message: paho.MQTTMessage) -> bool:
        ready = self._acknowledgements.handled(message.mid) if message.qos else []
        for mid in ready:
            self._client.ack(mid, message.qos)
        return bool(ready)

    def _properties_of(self, message: Outgoing) -> Properties:
        """Built once for each content type: paho's properties are slow to fill."""
        if message.correlation_data is None:
            if (known := self._content_types.get(message.content_type)) is None:
                known = self._content_types[message.content_type] = PackedProperties(message.content_type)
            return known
        publish = properties(PacketTypes.PUBLISH)
        publish.ContentType = message.content_type
        publish.CorrelationData = message.correlation_data
        return publish

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
        self._has_subscription_ids = bool(getattr(properties, "SubscriptionIdentifierAvailable", True))
        super()._on_connect(client, userdata, flags, reason_code, properties)

    def _on_message(self, client: paho.Client, userdata: Any, message: paho.MQTTMessage) -> None:
        if message.qos:
            self._acknowledgements.received(message.mid)
        self._message_handler(self, message)

    def _on_subscribe(
        self,
        client: paho.Client,
        userdata: Any,
        mid: int,
        reason_codes: list[ReasonCode],
        properties: Properties | None = None,
    ) -> None:
        self.subscriptions_answered += 1
        super()._on_subscribe(client, userdata, mid, reason_codes, properties)

    def _on_publish(
        self, client: paho.Client, userdata: Any, mid: int, reason_code: ReasonCode, properties: Properties
    ) -> None:
        self._acknowledged_handler(self, mid, reason_code.value)
