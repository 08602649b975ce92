"""The RabbitMQ uplink: persistent messages to a topic exchange, each confirmed by the broker.

Exchange from the settings, routing key ``{store}.{stream}``; the body is the CloudEvent, byte for byte as it was
accepted (content type ``application/cloudevents+json``), ``message_id`` its id, ``type`` its type. ``mandatory``: a
message for which no queue is bound comes back and is kept here, where RabbitMQ would confirm it and throw it away.

RabbitMQ knows no ids: after a cut an event may be in a queue twice, and whoever reads it must know the ids it has
applied. The broker must have the exchange (type topic, durable) with at least one durable queue bound to it, and this
user must be allowed to write to it. Nothing is created from here.

Over aiormq rather than aio-pika: the latter reconnects by itself and sends again on its own account, which would put
old events behind newer ones.
"""

from __future__ import annotations

from edge_gateway.contracts.clock import Clock
from edge_gateway.settings_uplinks import RabbitmqUplinkSettings
from edge_gateway.uplinks.carriage import EngineConnection
from edge_gateway.uplinks.engines.engine import EngineUplink
from edge_gateway.uplinks.engines.engine_secrets import password, tls_context


class RabbitmqUplink(EngineUplink[RabbitmqUplinkSettings]):
    """Implements ``contracts.uplink.Uplink``."""

    library = "aiormq"
    extra = "rabbitmq"

    def __init__(self, settings: RabbitmqUplinkSettings, store_id: str, clock: Clock) -> None:
        super().__init__(settings, f"RabbitMQ at {settings.host}:{settings.port}", clock)
        self._store_id = store_id

    async def _open(self) -> EngineConnection:
        from edge_gateway.uplinks.engines.rabbitmq_connection import RabbitmqConnection

        settings = self._settings
        connection = RabbitmqConnection(self._where, settings.exchange, self._store_id)
        await connection.open(
            settings.host,
            settings.port,
            settings.virtual_host,
            tls=await tls_context(settings),
            username=settings.username,
            password=await password(settings),
            is_certificate_identity=settings.certificate_file is not None and settings.username is None,
        )
        return connection
