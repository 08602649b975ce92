"""The till of the print benchmarks: asks for a print and waits for its end, or looks how it stands."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from random import Random
from types import TracebackType
from typing import Any, Final

from edge_gateway.contracts.clock import SystemClock
from simulators.pos_client_link import PosAddress, PosLink
from simulators.pos_client_statistics import PosStatistics

STORE_ID: Final = "BENCH"
LANE: Final = "lane-1"
PRINT_S_MAX: Final = 120.0


class PrintTill:
    """One till, used as an async context manager."""

    def __init__(self, broker_port: int) -> None:
        address = PosAddress(STORE_ID, LANE, "T1", port=broker_port)
        self._link = PosLink(address, Random(1), PosStatistics(), lambda *event: None, SystemClock())
        self._running: asyncio.Task[None] | None = None
        self._asked = 0

    async def __aenter__(self) -> PrintTill:
        self._running = asyncio.create_task(self._link.run())
        await self._link.wait_connected()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._running is not None
        self._running.cancel()
        await asyncio.wait({self._running})

    async def print(
        self, printer: str, document: Sequence[Mapping[str, Any]], *, answer: str = "completed"
    ) -> dict[str, Any]:
        """The reply. Raises RuntimeError if it is none that was hoped for."""
        return await self._ask(printer, "print", {"document": document, "answer": answer}, answer)

    async def state(self, printer: str, job_id: str) -> str:
        """Of a job."""
        reply = await self._ask(printer, "read_job", {"job_id": job_id}, "completed")
        return str(reply["result"]["job"]["state"])

    async def _ask(self, printer: str, name: str, params: Mapping[str, Any], expected: str) -> dict[str, Any]:
        self._asked += 1
        reply = await self._link.request(
            f"pos_printer/{printer}/command/{name}",
            params,
            request_id=f"bench-{self._asked}",
            repeat_s=PRINT_S_MAX,
            deadline_s=PRINT_S_MAX,
        )
        if reply.get("status") != expected:
            raise RuntimeError(f"{printer}: {name} was answered {reply}, expected {expected}")
        return reply
