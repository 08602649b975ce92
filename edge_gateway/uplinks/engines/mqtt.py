"""The MQTT uplink: a bridge to a second broker, MQTT 5, QoS 1, every PUBACK and its reason code awaited.

Topic ``{prefix}/{store}/{stream}``; the payload is the CloudEvent, byte for byte as it was accepted (content type
``application/cloudevents+json``), the user properties ``id``, ``type`` and ``source`` repeat what is in it. Not
retained, no expiry.

A PUBACK says that the broker has the event, not that anybody reads it: one without a subscriber is counted
(``no_subscriber``), and sent again if it is of a stream that may not be lost (``NEEDS_READER``). Whoever reads must
have a durable session or a bridge at the broker, and must know the ids it has applied: after a cut an event comes
twice. The broker must let this user publish to ``{prefix}/{store}/#``.
"""

from __future__ import annotations

from edge_gateway.contracts.clock import Clock
from edge_gateway.settings_uplinks import MqttUplinkSettings
from edge_gateway.uplinks.carriage import EngineConnection
from edge_gateway.uplinks.engines.engine import EngineUplink
from edge_gateway.uplinks.engines.engine_secrets import password, tls_context


class MqttUplink(EngineUplink[MqttUplinkSettings]):
    """Implements ``contracts.uplink.Uplink``. Needs no extra: the bus has the library."""

    library = "aiomqtt"
    extra = ""

    def __init__(self, settings: MqttUplinkSettings, store_id: str, clock: Clock) -> None:
        super().__init__(settings, f"MQTT broker at {settings.host}:{settings.port}", clock)
        self._store_id = store_id

    async def _open(self) -> EngineConnection:
        from edge_gateway.uplinks.engines.mqtt_connection import MqttEngineConnection

        settings = self._settings
        connection = MqttEngineConnection(
            self._where,
            f"{settings.topic_prefix}/{self._store_id}",
            self.counters,
            host=settings.host,
            port=settings.port,
            client_id=settings.client_id or f"edge-uplink-{self._store_id}",
            keepalive_s=settings.keepalive_s,
            connect_timeout_s=settings.connect_timeout_s,
            tls=await tls_context(settings),
            username=settings.username,
            password=await password(settings),
        )
        await connection.open()
        return connection
