"""The store's bus over MQTT: keeps connected, publishes until the broker has taken it, hands requests to handlers.

Promises: at least once (QoS 1); order per topic; a retained topic shows its newest value, again after each reconnect.
Messages of a queued subscription (QoS 1) wait at the broker while we are away, and are acknowledged in their order,
each after its handler: one that was being handled when the gateway died comes again. Those of others (QoS 0) do not.

Five precautions make aiomqtt keep them, each with its test in ``tests/bus``:

1. TCP_NODELAY on our socket (``mqtt.connection.SOCKET_OPTIONS``), and ``set_tcp_nodelay`` in the broker: without both
   a publish waits 40 ms for its acknowledgement.
2. The reason code of each PUBACK is read: a refused publish looks like one that was taken.
3. What was in flight when the link died is sent again, whatever exception tells of it: aiomqtt tells only after its
   time-out, and not always as an MqttError.
4. Requests are acknowledged by hand, after their handler: paho acknowledges before anybody has seen them.
5. The code of each SUBACK is read, and a refusal tried again: subscribing raises nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from random import Random
from typing import Final

import aiomqtt
import structlog

from edge_gateway.bus.dispute import Dispute
from edge_gateway.bus.mqtt_connection import Connection
from edge_gateway.bus.mqtt_incoming import Incoming
from edge_gateway.bus.mqtt_options import connection_options
from edge_gateway.bus.mqtt_pipeline import Pipeline
from edge_gateway.bus.mqtt_reasons import in_words
from edge_gateway.bus.outgoing import Outgoing, OutgoingQueue
from edge_gateway.bus.states import gateway_state
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts import log_events
from edge_gateway.contracts.backoff import Backoff
from edge_gateway.contracts.bus import MessageHandler, Urgency
from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.waiting import done_before
from edge_gateway.mqtt.connection import REFUSED
from edge_gateway.settings import BusSettings

RECONNECT_S_MIN: Final = 0.1
RECONNECT_S_MAX: Final = 5.0
"""A broker on the same box or LAN: a lane must not stand still longer than this after its return."""
STABLE_S: Final = 5.0
"""A connection that held this long resets the back-off; a broker that throws us out at once must not be hammered."""
RESUBSCRIBE_S: Final = 30.0
"""How often a refused subscription is tried again: somebody may have mended the broker's access list."""
STOP_S: Final = 2.0
"""To get rid of what waits at a stop."""

log = structlog.get_logger(__name__)


class MqttBus:
    """Implements ``contracts.bus.Bus``. ``subscribe``, then ``run`` until ``stop`` (or cancelled)."""

    def __init__(self, settings: BusSettings, store_id: str, clock: Clock, random: Random, version: str) -> None:
        self.counters: Counter[str] = Counter()
        self._settings = settings
        self._topics = Topics(store_id)
        self._clock = clock
        self._backoff = Backoff(RECONNECT_S_MIN, RECONNECT_S_MAX, random)
        self._dispute = Dispute(clock, random)
        self._lost_because: str | None = None
        self._version = version
        self._queue = OutgoingQueue(settings.queue_messages_max, self.counters)
        self._incoming = Incoming(self.counters)
        self._pipeline = Pipeline(self._queue, self.counters)
        self._connection: Connection | None = None
        self._refused_filters: tuple[str, ...] = ()
        self._is_lost_logged = False
        self._dropping: set[str] = set()
        self._is_running = False
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()

    @property
    def is_connected(self) -> bool:
        return self._pipeline.connection is not None

    @property
    def reason(self) -> str | None:
        """Why there is no connection, in words. Connected: None, or that another client takes our place."""
        return self._dispute.words if self.is_connected else self._lost_because

    @property
    def refused_subscriptions(self) -> tuple[str, ...]:
        """Filters that the broker does not let us subscribe to: no request of these reaches us."""
        return self._refused_filters

    @property
    def dropped(self) -> Mapping[str, int]:
        return self._queue.dropped

    @property
    def queued(self) -> int:
        """Messages that wait for the broker or for its answer."""
        return self._pipeline.queued

    def publish(
        self,
        topic: str,
        payload: bytes,
        *,
        urgency: Urgency = Urgency.EVENT,
        content_type: str = "application/json",
        correlation_data: bytes | None = None,
        source: str = "",
    ) -> None:
        """Sent within this call if the broker is there and the pipeline has room."""
        if self._dropping and not self._queue:
            self._dropping.clear()  # another flood, some other day
        message = Outgoing(topic, payload, content_type, urgency, correlation_data, source=source)
        dropped = self._queue.add(message)
        if dropped is not None and dropped.source not in self._dropping:
            self._dropping.add(dropped.source)
            limit = self._settings.queue_messages_max
            log.warning(log_events.BUS_MESSAGES_DROPPED, reason="queue_full", limit=limit, source=dropped.source)
        self._pipeline.send_now()

    def retain(self, topic: str, payload: bytes) -> None:
        self._queue.retain(topic, payload)
        self._pipeline.send_now()

    def subscribe(self, topic_filter: str, handler: MessageHandler, *, is_queued: bool = True) -> None:
        self._incoming.subscribe(topic_filter, handler, is_queued=is_queued)

    async def run(self) -> None:
        """Until ``stop``. The broker may be absent at the start, and for a week. Cancelled: ends at once, and the
        broker publishes our last will."""
        self.retain(self._topics.gateway_state, gateway_state("online", self._clock.now(), self._version))
        self._is_running = True
        try:
            async with asyncio.TaskGroup() as tasks:
                self._incoming.start(tasks)
                stopping = tasks.create_task(self._stopping.wait())
                while not stopping.done():
                    connecting = asyncio.ensure_future(self._connect())
                    away_s: float | None = None
                    if await done_before(stopping, connecting) and (connection := connecting.result()) is not None:
                        away_s = await self._serve(connection, stopping)
                    delay_s = self._backoff.next_delay() if away_s is None else away_s
                    await done_before(stopping, self._clock.sleep(delay_s))
                self._incoming.stop()
        finally:
            if self._connection is not None:
                self._connection.close()  # cancelled just when it was made
            self._stopped.set()

    async def stop(self, deadline_s: float = STOP_S) -> None:
        """Get rid of what waits, say offline, disconnect. What is not taken by the deadline is counted as dropped."""
        try:
            async with asyncio.timeout(deadline_s):
                await self._pipeline.drain()
                self.retain(self._topics.gateway_state, gateway_state("offline", self._clock.now(), self._version))
                await self._pipeline.drain()
        except TimeoutError:
            pass  # counted below, like what waits for a broker that is not there
        self.counters["dropped:stopped"] += self.queued
        self._stopping.set()
        if self._is_running:
            await self._stopped.wait()

    async def _connect(self) -> Connection | None:
        try:
            options = await connection_options(self._settings, self._topics, self._version)
            self._connection = connection = Connection(options, self._incoming.received, self._pipeline.acknowledged)
            await connection.open()
        except (aiomqtt.MqttError, OSError, ValueError) as error:
            self.counters["connect_failed"] += 1
            self._dispute.failed()
            self._tell_lost(in_words(error))
            return None
        return connection

    async def _serve(self, connection: Connection, stopping: asyncio.Task[bool]) -> float | None:
        """One connection, from its subscriptions to its end. How long to stay away; None: as the back-off says."""
        started_s = self._clock.monotonic()
        reason: str | None = None
        watching = asyncio.ensure_future(connection.lost())
        ending = asyncio.ensure_future(asyncio.wait({watching, stopping}, return_when=asyncio.FIRST_COMPLETED))
        try:
            await done_before(ending, self._subscribe_all(connection))
            if not ending.done():
                self._opened(connection)
            while not ending.done():
                if not self._refused_filters:
                    await ending
                await done_before(ending, self._clock.sleep(RESUBSCRIBE_S))
                await done_before(ending, self._subscribe_all(connection))
            if watching.done():
                reason = watching.result()
            else:
                await connection.disconnect()
        except aiomqtt.MqttError as error:
            reason = watching.result() if watching.done() else in_words(error)
        finally:
            watching.cancel()
            ending.cancel()
            self._pipeline.detach()
            connection.close()
            lasted_s = self._clock.monotonic() - started_s
            if lasted_s >= STABLE_S:
                self._backoff.reset()
        if reason is None:  # we ended it
            return None
        away_s = self._dispute.lost(reason, lasted_s, is_session_present=connection.is_session_present)
        self._tell_lost(self._dispute.words or reason)
        return away_s

    async def _subscribe_all(self, connection: Connection) -> None:
        """Refused subscriptions do not raise: their codes are read, and a refusal is tried again from time to time."""
        refused = []
        for each in self._incoming.subscriptions:
            code = await connection.subscribe_requests(each.topic_filter, each.identifier, each.qos)
            if code >= REFUSED:
                refused.append(each.topic_filter)
                self.counters["subscribe_refused"] += 1
                if each.topic_filter not in self._refused_filters:
                    log.error(log_events.BUS_SUBSCRIBE_REFUSED, topic_filter=each.topic_filter, code=f"0x{code:02X}")
        self._refused_filters = tuple(refused)

    def _opened(self, connection: Connection) -> None:
        self.counters["connected"] += 1
        self._is_lost_logged = False
        self._dropping.clear()
        log.info(
            log_events.BUS_CONNECTED,
            host=self._settings.host,
            port=self._settings.port,
            is_session_present=connection.is_session_present,
            queued=self.queued,
        )
        self._pipeline.attach(connection)

    def _tell_lost(self, reason: str) -> None:
        self._lost_because = reason
        if not self._is_lost_logged:
            self._is_lost_logged = True
            log.warning(log_events.BUS_LOST, host=self._settings.host, port=self._settings.port, reason=reason)
