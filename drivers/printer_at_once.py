"""A watch for what is printed without the print service: a drawer pulse, a recording that is replayed."""

from __future__ import annotations

import asyncio

from edge_gateway.contracts.errors import ErrorCode
from edge_gateway.contracts.printing import PaperPolicy


class AtOnce:
    """Implements PrintWatch: nothing is kept."""

    def __init__(self, paper_policy: PaperPolicy) -> None:
        self.paper_policy = paper_policy
        self.job_id: str | None = None
        self.cancelled = asyncio.Event()
        self.is_begun = False

    async def begin(self) -> None:
        """Nothing is kept that a crash could lose."""
        self.is_begun = True

    def progress(
        self,
        sent_bytes: int,
        confirmed_bytes: int = 0,
        waiting_for: ErrorCode | None = None,
        waiting_reason: str = "",
    ) -> None:
        """Nobody looks."""
