"""A broker in memory, the gateway's connection to it, and the tills' connections."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Final

from paho.mqtt.client import topic_matches_sub

from edge_gateway.bus.states import gateway_state
from edge_gateway.bus.topics import Topics
from edge_gateway.contracts.bus import BusMessage, MessageHandler, Urgency
from edge_gateway.contracts.clock import Clock
from simulators.pos_client_link import EventHandler, PosAddress, PosLink
from simulators.pos_client_statistics import PosStatistics
from tests.sim.process import SimulatedProcess

Listener = Callable[[str, bytes, bytes | None], None]
"""Topic, payload, correlation data."""

UNACKNOWLEDGED_MAX: Final = 20
"""Messages of the gateway on their way when the connection is lost: some of them came, and come again."""
QUEUE_MAX: Final = 1000
"""For a client that is away: a broker has its limits too."""


@dataclass(frozen=True, slots=True)
class Published:
    """What a client published, as the broker took it."""

    at_s: float
    topic: str
    payload: bytes
    is_repeat: bool = False
    """Sent again, since its acknowledgement was lost with the connection (QoS 1: at least once)."""


class MemoryBroker:
    """Keeps retained messages, and what was sent to a gateway that is away for a while; messages arrive in order."""

    def __init__(self, store_id: str, clock: Clock) -> None:
        self.journal: list[Published] = []
        """Everything that the gateway published. Whoever has looked at it may clear it."""
        self.sent: list[BusMessage] = []
        """Everything that tills sent to the gateway. Whoever has looked at it may clear it."""
        self.is_up = True
        self.counters: Counter[str] = Counter()
        self.connected: MemoryBus | None = None
        self._state_topic = Topics(store_id).gateway_state
        self._clock = clock
        self._retained: dict[str, bytes] = {}
        self._listeners: list[tuple[str, Listener]] = []
        self._queue: deque[BusMessage] = deque(maxlen=QUEUE_MAX)
        self._came_back = asyncio.Event()

    def stop(self) -> None:
        """All connections are lost; what is retained, and what waits, is kept."""
        self.is_up = False
        self._came_back.clear()
        if self.connected is not None:
            self.connected.lose()

    def start(self) -> None:
        self.is_up = True
        self._came_back.set()

    async def wait_up(self) -> None:
        if not self.is_up:
            await self._came_back.wait()

    def take(self, topic: str, payload: bytes, correlation_data: bytes | None, *, is_repeat: bool = False) -> None:
        """From the gateway."""
        self.journal.append(Published(self._clock.monotonic(), topic, payload, is_repeat))
        for topic_filter, listener in self._listeners:
            if topic_matches_sub(topic_filter, topic):
                asyncio.get_running_loop().call_soon(listener, topic, payload, correlation_data)

    def retain(self, topic: str, payload: bytes) -> None:
        self._retained[topic] = payload
        self.take(topic, payload, None)

    def connect(self, bus: MemoryBus) -> None:
        """The gateway is there: what waited for it goes to it, what it had not acknowledged again."""
        self.connected = bus
        waiting, self._queue = list(self._queue), deque(maxlen=QUEUE_MAX)
        for message in waiting:
            bus.receive(message)

    def disconnect(self, bus: MemoryBus, last_will: bytes | None) -> None:
        """``last_will``: it did not say good-bye."""
        if self.connected is not bus:
            return
        self.connected = None
        for message in bus.in_hand:
            self._queue.append(message)
        if last_will is not None:
            self.retain(self._state_topic, last_will)

    def listen(self, topic_filter: str, listener: Listener) -> None:
        """Subscribe for good; what is retained comes at once."""
        self._listeners.append((topic_filter, listener))
        for topic, payload in self._retained.items():
            if topic_matches_sub(topic_filter, topic):
                listener(topic, payload, None)

    def send(self, message: BusMessage) -> None:
        """From a till, to the gateway."""
        self.sent.append(message)
        if not self.is_up:
            self.counters["lost:down"] += 1
        elif self.connected is None:
            self._queue.append(message)
        else:
            self.connected.receive(message)


class MemoryBus:
    """Implements ``edge_gateway.contracts.bus.StoreBus`` for one process of the gateway."""

    def __init__(
        self, broker: MemoryBroker, process: SimulatedProcess, random: Random, store_id: str, clock: Clock, version: str
    ) -> None:
        self.counters: Counter[str] = Counter()
        self.refused_subscriptions: tuple[str, ...] = ()
        self.in_hand: dict[BusMessage, None] = {}
        """Handled and not acknowledged yet."""
        self.is_connected = False
        self._broker = broker
        self._process = process
        self._random = random
        self._topics = Topics(store_id)
        self._clock = clock
        self._version = version
        self._handlers: list[tuple[str, MessageHandler, bool]] = []
        self._handling: set[asyncio.Task[Any]] = set()
        self._waiting: list[tuple[str, bytes, bytes | None]] = []
        self._repeated: list[tuple[str, bytes, bytes | None]] = []
        self._retained: dict[str, bytes] = {}
        self._newest: deque[tuple[str, bytes, bytes | None]] = deque(maxlen=UNACKNOWLEDGED_MAX)
        self._stopping = asyncio.Event()
        self._lost = asyncio.Event()

    @property
    def reason(self) -> str | None:
        return None if self.is_connected else "the broker cannot be reached"

    @property
    def dropped(self) -> Mapping[str, int]:
        return {}

    @property
    def queued(self) -> int:
        return len(self._waiting) + len(self._repeated)

    # the gateway's side

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
        if self._process.is_killed:
            return
        self.counters["published"] += 1
        if not self.is_connected:
            self._waiting.append((topic, payload, correlation_data))
            return
        self._newest.append((topic, payload, correlation_data))
        self._process.run_outside(self._broker.take, topic, payload, correlation_data)

    def retain(self, topic: str, payload: bytes) -> None:
        if self._process.is_killed:
            return
        self._retained[topic] = payload
        if self.is_connected:
            self._process.run_outside(self._broker.retain, topic, payload)

    def subscribe(self, topic_filter: str, handler: MessageHandler, *, is_queued: bool = True) -> None:
        self._handlers.append((topic_filter, handler, is_queued))

    async def run(self) -> None:
        while not self._stopping.is_set():
            await self._broker.wait_up()
            self._lost.clear()
            self.is_connected = True
            online = gateway_state("online", self._clock.now(), self._version)
            for topic, payload in {**self._retained, self._topics.gateway_state: online}.items():
                self._process.run_outside(self._broker.retain, topic, payload)
            repeated, waiting, self._repeated, self._waiting = self._repeated, self._waiting, [], []
            for each in (*repeated, *waiting):
                self._newest.append(each)
                self._process.run_outside(partial(self._broker.take, *each, is_repeat=each in repeated))
            self._process.run_outside(self._broker.connect, self)
            await self._lost.wait()

    async def stop(self, deadline_s: float) -> None:
        self.retain(self._topics.gateway_state, gateway_state("offline", self._clock.now(), self._version))
        self._broker.disconnect(self, None)
        self.is_connected = False
        self._stopping.set()
        self._lost.set()

    # the world's side

    def receive(self, message: BusMessage) -> None:
        self._process.run_inside(self._handle, message)

    def lose(self) -> None:
        """The connection is gone. Of the newest messages some acknowledgements were on their way: these come again."""
        self._broker.disconnect(self, self._last_will())
        self.is_connected = False
        self._repeated = list(self._newest)[len(self._newest) - self._random.randint(0, len(self._newest)) :]
        self._newest.clear()
        self._lost.set()

    def die(self) -> None:
        """Its process was killed: the kernel closes the connection, and the broker publishes the will."""
        self._broker.disconnect(self, self._last_will())
        self.is_connected = False

    def _last_will(self) -> bytes:
        return gateway_state("offline", self._clock.now(), self._version)

    def _handle(self, message: BusMessage) -> None:
        for topic_filter, handler, _ in self._handlers:
            if topic_matches_sub(topic_filter, message.topic):
                self.in_hand[message] = None
                task = asyncio.ensure_future(handler(message))
                self._handling.add(task)
                task.add_done_callback(lambda done, message=message: self._handled(done, message))
                break  # a message is delivered once, however many filters it matches

    def _handled(self, task: asyncio.Task[Any], message: BusMessage) -> None:
        self._handling.discard(task)
        self.in_hand.pop(message, None)


class MemoryPosLink(PosLink):
    """A till's connection to a MemoryBroker."""

    def __init__(
        self,
        broker: MemoryBroker,
        address: PosAddress,
        random: Random,
        statistics: PosStatistics,
        on_event: EventHandler,
        clock: Clock,
    ) -> None:
        super().__init__(address, random, statistics, on_event, clock)
        self._broker = broker
        self._is_listening = False

    async def run(self) -> None:
        if not self._is_listening:
            self._is_listening = True
            lane = self.address.lane_topic
            for topic_filter in (f"{lane}/+/+/event/#", f"{lane}/+/+/state", self.address.reply_topic):
                self._broker.listen(topic_filter, self._receive)
        self._is_connected.set()
        try:
            await asyncio.Event().wait()
        finally:
            self._is_connected.clear()

    async def _publish(self, topic: str, payload: bytes, request_id: str) -> None:
        self._broker.send(
            BusMessage(topic, payload, response_topic=self.address.reply_topic, correlation_data=request_id.encode())
        )
