"""The bus's connection to the broker: what it adds to any MQTT connection is the requests.

aiomqtt hides what the bus must know, so some more of its hooks are taken over here (aiomqtt 2.5, paho 2.1): the moment
of arrival, manual acknowledgement, the code of each SUBACK.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import aiomqtt
import paho.mqtt.client as paho
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from edge_gateway.bus.acknowledgements import Acknowledgements
from edge_gateway.bus.mqtt_reasons import in_words
from edge_gateway.bus.outgoing import Outgoing
from edge_gateway.mqtt.connection import ConnectionOptions, MqttConnection
from edge_gateway.mqtt.properties import PackedProperties, properties


class Connection(MqttConnection):
    """Callbacks come on the event loop. In ``on_acknowledged`` only ``send`` may be called, not ``flush``."""

    def __init__(
        self,
        options: ConnectionOptions,
        on_message: Callable[[Connection, paho.MQTTMessage], None],
        on_acknowledged: Callable[[Connection, int, int], None],
    ) -> None:
        self._message_handler = on_message
        self._acknowledged_handler = on_acknowledged
        self._content_types: dict[str, Properties] = {}
        self._acknowledgements = Acknowledgements()
        self._has_subscription_ids = True
        self.subscriptions_answered = 0
        """SUBACKs so far. What comes before the one of its subscription has waited at the broker."""
        super().__init__(options)
        self._client.manual_ack_set(True)

    async def open(self) -> None:
        """Raises aiomqtt.MqttError, OSError or ValueError; the connection is closed then."""
        await super().open()
        if not self._has_subscription_ids:
            self.close()
            raise aiomqtt.MqttError("the broker has no subscription identifiers (MQTT 5, 3.2.2.3.12)")

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
        return self.send_publish(
            message.topic, message.payload, self._properties_of(message), is_retained=message.is_retained
        )

    def acknowledge(self, message: paho.MQTTMessage) -> None:
        """It was handled: acknowledge it, and what was handled before it, as soon as all that came earlier is."""
        if not self._is_closed and self._acknowledge(message):
            self.flush()

    def acknowledge_later(self, message: paho.MQTTMessage) -> None:
        """From within ``on_message``, where paho must not be made to write."""
        self._acknowledge(message)

    async def lost(self) -> str:
        """Return, with the reason, when the connection is gone."""
        error = await self.ended()
        return "disconnected" if error is None else in_words(error)

    def _acknowledged(self, mid: int, code: int) -> None:
        self._acknowledged_handler(self, mid, code)

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
