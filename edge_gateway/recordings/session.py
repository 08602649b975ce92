"""One driver on one transport without a supervisor: every word of the driver becomes one JSON-able line."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from edge_gateway.contracts.clock import Clock
from edge_gateway.contracts.driver import Driver
from edge_gateway.contracts.errors import RequestError, TransportError
from edge_gateway.contracts.events import FrameRejected
from edge_gateway.contracts.transport import Transport

Line = dict[str, Any]
VOLATILE_KEYS = frozenset({"age_ms", "measured_at", "duration_ms", "open_s", "open_since", "reason"})
"""Ages and times, which differ from run to run, and words for people: left out where lines are compared."""


def without_times(value: Any) -> Any:
    """A line, or a part of one, without what differs from run to run."""
    if isinstance(value, Mapping):
        return {key: without_times(item) for key, item in value.items() if key not in VOLATILE_KEYS}
    if isinstance(value, (list, tuple)):
        return [without_times(item) for item in value]
    return value


class TellingSession:
    """Implements ``edge_gateway.contracts.driver.Session``."""

    def __init__(
        self,
        device_id: str,
        transport: Transport,
        clock: Clock,
        tell: Callable[[Line], None],
        forget_raw: Callable[[bool], None] = lambda is_sent_too: None,
    ) -> None:
        self.device_id = device_id
        self.transport = transport
        self.clock = clock
        self.details: Mapping[str, Any] = {}
        self.frame_count = 0
        self.counters: Counter[str] = Counter()
        self._tell = tell
        self._forget_raw = forget_raw
        self._flags: frozenset[str] = frozenset()
        self._info: Mapping[str, Any] = {}
        self._answering: bool | None = None

    def emit(self, name: str, data: Mapping[str, Any]) -> None:
        self._tell({"event": name, "data": dict(data)})

    def frame_seen(self) -> None:
        self.frame_count += 1

    def frame_rejected(self, rejected: FrameRejected) -> None:
        self._tell({"frame_rejected": rejected.reason, "hex": rejected.data.hex()})

    def count(self, name: str) -> None:
        self.counters[name] += 1

    def set_answering(self, is_answering: bool | None, reason: str | None = None) -> None:
        if self._answering is not is_answering:
            self._answering = is_answering
            self._tell({"answering": is_answering, "reason": reason})

    def set_flags(self, flags: frozenset[str]) -> None:
        if flags != self._flags:
            self._flags = flags
            self._tell({"flags": sorted(flags)})

    def set_details(self, details: Mapping[str, Any]) -> None:
        self.details = details

    def set_condition(self, flags: frozenset[str], details: Mapping[str, Any]) -> None:
        self.set_flags(flags)
        self.set_details(details)

    def set_info(self, info: Mapping[str, Any]) -> None:
        if info != self._info:
            self._info = info
            self._tell({"info": dict(info)})

    def forget_raw(self, *, is_sent_too: bool = False) -> None:
        self._forget_raw(is_sent_too)


class DriverRun:
    """``async with``: opens the transport and runs the driver until the block ends or the connection is lost.

    Raises TransportError where the transport cannot be opened, and what the driver raised when the block ends.
    """

    def __init__(self, session: TellingSession, driver: Driver, on_lost: Callable[[], None] = lambda: None) -> None:
        self.session = session
        self.driver = driver
        self._on_lost = on_lost
        self._running: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        await self.session.transport.open(self)
        self._running = asyncio.ensure_future(self.driver.run())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        running = self._running
        try:
            if running is not None:
                running.cancel()
                with suppress(asyncio.CancelledError, TransportError):
                    await running
        finally:
            await self.session.transport.close()

    async def execute(self, name: str, params: Mapping[str, Any]) -> Line:
        """One command, as the line that tells its result."""
        try:
            result = await self.driver.execute(name, params)
        except RequestError as error:
            return {"command": name, "error": error.code.value}
        return {"command": name, "result": dict(result)}

    def data_received(self, data: bytes) -> None:
        self.driver.data_received(data)

    def connection_lost(self, error: Exception | None) -> None:
        if self._running is not None:
            self._running.cancel()
        self._on_lost()
