"""The Kafka uplink: an idempotent producer that waits for all in-sync replicas; the source is each record's key.

Topic ``{prefix}.{stream}``; the value is the CloudEvent, byte for byte as it was accepted (structured mode of the
CloudEvents binding: header ``content-type``), headers ``ce_id``, ``ce_type`` and ``ce_source`` repeat what is in it.
The key makes a source's events go to one partition, where they stay in order; the producer's sequence numbers let the
broker drop what aiokafka sends again by itself.

They do not outlive the producer: after an outage longer than ``response_timeout_s``, or a restart, events that were
stored while their answer was lost are sent under a new producer id, and are in the topic twice. Whoever reads it must
know the ids it has applied.

The topics must exist (or brokers must create them), and this user must be allowed to write to them and to write
idempotently. To any box but this one it is TLS; with a user name it is SASL, SCRAM-SHA-512.
"""

from __future__ import annotations

from edge_gateway.contracts.clock import Clock
from edge_gateway.settings_uplinks import KafkaUplinkSettings
from edge_gateway.uplinks.carriage import EngineConnection
from edge_gateway.uplinks.engines.engine import EngineUplink
from edge_gateway.uplinks.engines.engine_secrets import password, tls_context


class KafkaUplink(EngineUplink[KafkaUplinkSettings]):
    """Implements ``contracts.uplink.Uplink``."""

    library = "aiokafka"
    extra = "kafka"

    def __init__(self, settings: KafkaUplinkSettings, store_id: str, clock: Clock) -> None:
        super().__init__(settings, f"Kafka at {', '.join(settings.bootstrap_servers)}", clock)
        self._store_id = store_id

    async def _open(self) -> EngineConnection:
        from edge_gateway.uplinks.engines.kafka_connection import KafkaConnection

        settings = self._settings
        connection = KafkaConnection(
            self._where,
            settings.topic_prefix,
            bootstrap_servers=settings.bootstrap_servers,
            client_id=f"edge-gateway-{self._store_id}",
            answer_timeout_s=settings.response_timeout_s,
            tls=await tls_context(settings),
            username=settings.username,
            password=await password(settings),
        )
        await connection.open()
        return connection
