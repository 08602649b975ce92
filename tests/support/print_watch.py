"""The print service's side of one job, for a driver that is tried without the service."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from edge_gateway.contracts.errors import ErrorCode, RequestError
from edge_gateway.contracts.printing import PaperPolicy
from tests.support.waiting import wait_until


@dataclass
class Watch:
    """Implements PrintWatch, and keeps what it was told. ``refusal``: raised by ``begin``.

    ``cancelled``: set it to have the job given up.
    """

    paper_policy: PaperPolicy = PaperPolicy.CONTINUE
    job_id: str | None = "job-1"
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    refusal: RequestError | None = None
    begun: int = 0
    told: list[tuple[int, int, ErrorCode | None]] = field(default_factory=list)
    """Each progress that was news: bytes sent, bytes confirmed, what it waits for."""
    reasons: list[str] = field(default_factory=list)
    """What it waits for, in words."""

    async def begin(self) -> None:
        self.begun += 1
        if self.refusal is not None:
            raise self.refusal

    def progress(
        self,
        sent_bytes: int,
        confirmed_bytes: int = 0,
        waiting_for: ErrorCode | None = None,
        waiting_reason: str = "",
    ) -> None:
        news = (sent_bytes, confirmed_bytes, waiting_for)
        if (self.told[-1:], self.reasons[-1:]) != ([news], [waiting_reason]):
            self.told.append(news)
            self.reasons.append(waiting_reason)

    @property
    def waiting_for(self) -> ErrorCode | None:
        return self.told[-1][2] if self.told else None

    @property
    def waiting_reason(self) -> str:
        return self.reasons[-1] if self.reasons else ""

    @property
    def confirmed_bytes(self) -> int:
        return self.told[-1][1] if self.told else 0

    async def until_waiting_for(self, code: ErrorCode) -> None:
        await wait_until(lambda: self.waiting_for is code, what=f"waiting for {code}")
