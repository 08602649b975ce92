"""What the uplinks to message engines share: one connection that is kept, and batches carried over it in order."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Generic, TypeVar

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.errors import CloudTransientError, ConfigError, ConfigProblem
from edge_gateway.contracts.events import OutboxEvent
from edge_gateway.settings_uplinks import (
    KafkaUplinkSettings,
    MqttUplinkSettings,
    NatsUplinkSettings,
    RabbitmqUplinkSettings,
)
from edge_gateway.uplinks.carriage import Carriage, EngineConnection
from edge_gateway.uplinks.engines.engine_words import in_words

CLOSE_S_MAX: Final = 2.0
"""An orderly goodbye to a server that may not be listening any more; then the connection is dropped."""

EngineSettings = NatsUplinkSettings | MqttUplinkSettings | KafkaUplinkSettings | RabbitmqUplinkSettings
SettingsT = TypeVar("SettingsT", bound=EngineSettings)


class EngineUplink(ABC, Generic[SettingsT]):
    """Implements ``contracts.uplink.Uplink``; a subclass makes the connection, with ``library``, of the optional
    package ``extra``.

    Several batches of different sources may be under way on the one connection. In order per source: while all goes
    well a batch is on the wire as a whole, in its order; after a failure only one event of a source, until a batch
    went through. So an engine that begins to take events in the middle of a batch takes none before its predecessor.
    """

    library: str
    extra: str

    def __init__(self, settings: SettingsT, where: str, clock: Clock) -> None:
        """Raises ConfigError if the package is not installed; it is imported at the first connect."""
        if find_spec(self.library) is None:
            expected = f"{self.library} is not installed; install it: pip install 'edge-gateway[{self.extra}]'"
            raise ConfigError([ConfigProblem(f"uplink.{settings.name}.kind", settings.kind, expected)], "configuration")
        self.counters: Counter[str] = Counter()
        self._settings = settings
        self._where = where
        self._clock = clock
        self._connection: EngineConnection | None = None
        self._suspect: EngineConnection | None = None
        self._opening = asyncio.Lock()
        self._is_trusted = False

    @property
    def name(self) -> str:
        return self._settings.name

    async def deliver(self, stream: str, events: Sequence[OutboxEvent]) -> Mapping[str, str]:
        connection = await self._connected()
        self.counters["requests"] += 1
        carriage = Carriage(
            connection,
            self._clock,
            answer_timeout_s=self._settings.response_timeout_s,
            is_one_of_a_source=not self._is_trusted,
        )
        try:
            outcomes = await carriage.carry(stream, events)
        except asyncio.CancelledError:
            # Given up before our own time was over. A connection that said nothing meanwhile is not tried again: it may
            # be dead, and would be given up again and again.
            if carriage.is_unanswered:
                self._suspect = connection
            raise
        self.counters["answered"] += len(outcomes)
        failure = carriage.failure
        if carriage.is_stalled:
            failure = CloudTransientError(
                f"{self._where}: no answer to {len(events)} events in {self._settings.response_timeout_s:g} s"
            )
            self.counters["stalled"] += 1
            await self._drop(connection)
        self._is_trusted = failure is None
        if failure is None or outcomes:
            return outcomes
        raise failure

    async def probe(self) -> None:
        connection = await self._connected()
        try:
            async with asyncio.timeout(self._settings.connect_timeout_s):
                await connection.check()
        except TimeoutError:
            await self._drop(connection)
            seconds = self._settings.connect_timeout_s
            raise CloudTransientError(f"{self._where}: does not answer a ping in {seconds:g} s") from None

    def wants(self, event: OutboxEvent) -> bool:
        return True

    async def close(self) -> None:
        async with self._opening:
            if self._connection is not None:
                await self._drop(self._connection)

    @abstractmethod
    async def _open(self) -> EngineConnection:
        """A new connection that is ready to send; leaves nothing behind if it raises or is cancelled."""

    async def _connected(self) -> EngineConnection:
        async with self._opening:
            if self._connection is not None and self._connection.is_open and self._connection is not self._suspect:
                return self._connection
            if self._connection is not None:
                await self._drop(self._connection)
            self._connection = await self._opened()
            self.counters["connected"] += 1
            return self._connection

    async def _opened(self) -> EngineConnection:
        """Raises only CloudTransientError."""
        self._is_trusted = False
        try:
            # The first time this takes tenths of a second of reading files, which no scan should wait for.
            await asyncio.to_thread(import_module, self.library)
            async with asyncio.timeout(self._settings.connect_timeout_s):
                return await self._open()
        except CloudTransientError:
            raise
        except TimeoutError:
            seconds = self._settings.connect_timeout_s
            raise CloudTransientError(
                f"{self._where}: no connection in {seconds:g} s; is the server up, and does a firewall let it through?"
            ) from None
        except Exception as error:  # each library has its own family of errors for a connection that fails
            raise CloudTransientError(f"{self._where}: {in_words(error)}") from error

    async def _drop(self, connection: EngineConnection) -> None:
        """Once; a deliver that finds it gone has its failure already."""
        if self._connection is connection:
            self._connection = self._suspect = None
        try:
            async with asyncio.timeout(CLOSE_S_MAX):
                await connection.close()
        except Exception:  # noqa: BLE001 - it is given up whatever its library says of that
            self.counters["closed_abruptly"] += 1
