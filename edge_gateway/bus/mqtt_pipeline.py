"""Publishes on their way: several in flight, in order per topic, each until the broker has answered for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Final

import structlog

from edge_gateway.bus.mqtt_connection import Connection
from edge_gateway.bus.outgoing import Outgoing, OutgoingQueue
from edge_gateway.contracts import log_events
from edge_gateway.mqtt.connection import REFUSED, is_too_large

IN_FLIGHT_MAX: Final = 100
"""Publishes that wait for their PUBACK at once; the broker may ask for fewer."""
REFUSED_TOPICS_LOGGED_MAX: Final = 1000
"""Topics whose refusal is logged, once each for a connection."""

log = structlog.get_logger(__name__)


class Pipeline:
    """Between the queue and whichever connection there is. Owned by the bus; runs on the event loop."""

    def __init__(self, queue: OutgoingQueue, counters: Counter[str]) -> None:
        self._queue = queue
        self._counters = counters
        self._connection: Connection | None = None
        self._in_flight: dict[int, Outgoing] = {}
        self._in_flight_max = IN_FLIGHT_MAX
        self._logged_refusals: set[str] = set()
        self._is_moving = asyncio.Event()

    @property
    def connection(self) -> Connection | None:
        return self._connection

    @property
    def queued(self) -> int:
        """Messages that wait for the broker or for its answer."""
        return len(self._queue) + len(self._in_flight)

    def attach(self, connection: Connection) -> None:
        """A new connection: retained values go again, then all that waited."""
        self._connection = connection
        self._in_flight_max = min(IN_FLIGHT_MAX, connection.receive_max)
        self._logged_refusals.clear()
        self._queue.republish_retained()
        self.send_now()

    def detach(self) -> None:
        """The connection is gone: what was in flight is requeued, whatever ended the link."""
        self._connection = None
        self._queue.requeue(self._in_flight.values())
        self._counters["requeued"] += len(self._in_flight)
        self._in_flight.clear()
        self._is_moving.set()

    def send_now(self) -> None:
        """What fits into the pipeline reaches the socket within this call."""
        if self._connection is not None and self._fill(self._connection):
            self._connection.flush()

    async def drain(self) -> None:
        """Until nothing waits, or the connection is gone."""
        while self._connection is not None and self.queued:
            self._is_moving.clear()
            await self._is_moving.wait()

    def acknowledged(self, connection: Connection, mid: int, code: int) -> None:
        """A PUBACK. aiomqtt takes a refusal for success; a refused message is given up, not tried for ever."""
        if connection is not self._connection or (message := self._in_flight.pop(mid, None)) is None:
            return
        if code >= REFUSED:
            self._refuse(message, f"0x{code:02X}")
        else:
            self._queue.settle(message)
            self._counters["published"] += 1
        self._fill(connection)  # without flush: we are inside one of paho's callbacks
        if not self.queued:
            self._is_moving.set()

    def _fill(self, connection: Connection) -> bool:
        """Whether something was handed over."""
        is_sent = False
        while len(self._in_flight) < self._in_flight_max and (message := self._queue.next()) is not None:
            extra_bytes = len(message.correlation_data or b"")
            if is_too_large(connection.packet_bytes_max, message.topic, message.payload, extra_bytes):
                self._refuse(message, "too_large")
                continue
            try:
                self._in_flight[connection.send(message)] = message
            except ValueError:
                self._refuse(message, "unsendable")
            except OSError:
                # The end of the link is already on its way; detach puts the rest in front of this one.
                self._queue.requeue([message])
                break
            else:
                is_sent = True
        return is_sent

    def _refuse(self, message: Outgoing, reason: str) -> None:
        self._queue.settle(message)
        self._counters[f"refused:{reason}"] += 1
        if message.topic not in self._logged_refusals and len(self._logged_refusals) < REFUSED_TOPICS_LOGGED_MAX:
            self._logged_refusals.add(message.topic)
            log.error(log_events.BUS_PUBLISH_REFUSED, topic=message.topic, reason=reason)
