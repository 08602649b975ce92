"""The NATS uplink: each event to a JetStream, acknowledged one by one; over a leaf node or straight to the cloud.

Subject ``{prefix}.{store}.{stream}``; the body is the CloudEvent, byte for byte as it was accepted (structured mode);
header ``Nats-Msg-Id`` is the event's id, and ``ce-id``, ``ce-type`` and ``ce-source`` repeat what is in the body.

**Once in effect.** The server drops an event whose id it has seen within its de-duplication window (``duplicates`` of
the stream, 2 minutes unless set), and answers ``duplicate``, which counts as delivered. The window bridges a cut in
the middle of a batch, not a longer outage: an event that was stored while its acknowledgement was lost, and that is
sent again after the window, is in the stream twice. So whoever reads the stream must know the ids it has applied for
good, as with every other uplink; the window only saves it work. A larger window costs the server memory.

The server must have a stream whose subjects cover ``{prefix}.{store}.>``, and must let this user publish there and
subscribe to ``_INBOX.>``. Nothing is created from here.
"""

from __future__ import annotations

from edge_gateway.contracts.clock import Clock
from edge_gateway.settings_uplinks import NatsUplinkSettings
from edge_gateway.uplinks.carriage import EngineConnection
from edge_gateway.uplinks.engines.engine import EngineUplink
from edge_gateway.uplinks.engines.engine_secrets import password, tls_context


class NatsUplink(EngineUplink[NatsUplinkSettings]):
    """Implements ``contracts.uplink.Uplink``."""

    library = "nats"
    extra = "nats"

    def __init__(self, settings: NatsUplinkSettings, store_id: str, clock: Clock) -> None:
        super().__init__(settings, f"NATS at {settings.host}:{settings.port}", clock)
        self._store_id = store_id

    async def _open(self) -> EngineConnection:
        from edge_gateway.uplinks.engines.nats_connection import NatsConnection

        settings = self._settings
        connection = NatsConnection(self._where, f"{settings.subject_prefix}.{self._store_id}", self.counters)
        await connection.open(
            settings.host,
            settings.port,
            name=f"edge-gateway {self._store_id}",
            connect_timeout_s=settings.connect_timeout_s,
            tls=await tls_context(settings),
            username=settings.username,
            password=await password(settings),
            credentials_file=settings.credentials_file,
        )
        return connection
